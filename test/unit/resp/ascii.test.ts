/** Text operations on bytes: ASCII is changed, every other byte stays what it is. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bytesFromText,
  compareBytes,
  isWord,
  quoteBytes,
  splitWords,
  textFromBytes,
  toLowerAscii,
  toUpperAscii,
} from '../../../src/resp/ascii.js';

const ALL_BYTES = String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code));
const bytes = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
});

describe('case', () => {
  test('is that of A-Z alone', () => {
    expect(toLowerAscii('GeT \xb5\xdf\xc9[@`{')).toBe('get \xb5\xdf\xc9[@`{');
    expect(toUpperAscii('GeT \xb5\xdf\xe9\xff[@`{')).toBe('GET \xb5\xdf\xe9\xff[@`{');
    expect(toLowerAscii(ALL_BYTES)).toHaveLength(256);
    expect(toUpperAscii(ALL_BYTES)).toHaveLength(256);
  });

  test('is ignored when comparing with a word', () => {
    expect(isWord('NoSave', 'nosave')).toBe(true);
    expect(isWord('nosav', 'nosave')).toBe(false);
    expect(isWord('nosave2', 'nosave')).toBe(false);
    expect(isWord('\xcb', '\xeb')).toBe(false);
    expect(isWord('[', '{')).toBe(false);
  });
});

test('bytes are ordered as memcmp orders them, shorter first', () => {
  const words = ['', '\0', '\0\0', 'A', 'a', 'aa', 'b', '\x7f', '\x80', '\xff'];
  expect([...words].reverse().sort(compareBytes)).toEqual(words);
  expect(compareBytes('a', 'a')).toBe(0);
});

test('text travels as the bytes of its UTF-8', () => {
  expect(bytesFromText('plain')).toBe('plain');
  expect(bytesFromText('é€')).toBe('\xc3\xa9\xe2\x82\xac');
  expect(textFromBytes('\xc3\xa9\xe2\x82\xac')).toBe('é€');
  expect(textFromBytes('\xff')).toBe('\ufffd');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(textFromBytes(bytesFromText(text))).toBe(text);
    }),
  );
});

describe('quoting', () => {
  test('shows what cannot be printed', () => {
    expect(quoteBytes('a b"c\\')).toBe('"a b\\"c\\\\"');
    expect(quoteBytes('\n\r\t\x07\b\0\x1f\x7f\xff')).toBe('"\\n\\r\\t\\a\\b\\x00\\x1f\\x7f\\xff"');
  });

  test('is undone by splitting into words', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 5 }), (words) => {
        expect(splitWords(words.map(quoteBytes).join(' '))).toEqual(words);
      }),
    );
  });
});

describe('splitting into words', () => {
  test.each<[string, string[] | null]>([
    ['', []],
    [' \t\r\n\v\f ', []],
    ['a  b', ['a', 'b']],
    ['a\vb\fc', ['a\vb\fc']],
    ['\xa0a\x85', ['\xa0a\x85']],
    ['""', ['']],
    ["''", ['']],
    ['"a b" c', ['a b', 'c']],
    ['a"b"', ['ab']],
    ['"\\x41\\x4G\\q"', ['A' + 'x4Gq']],
    ["'\\x41\\''", ["\\x41'"]],
    ['a\\nb', ['a\\nb']],
    ['"a', null],
    ["'a", null],
    ['"a\\"', null],
    ['"a"b', null],
    ["'a'b", null],
    ['"a""b"', null],
  ])('%j gives %j', (line, words) => expect(splitWords(line)).toEqual(words));

  test('never throws', () => {
    const hostile = fc.string({
      unit: fc.constantFrom('"', "'", '\\', 'x', '4', ' ', 'a', '\0'),
      maxLength: 20,
    });
    fc.assert(
      fc.property(hostile, (line) => {
        const words = splitWords(line);
        if (words !== null) expect(words.join('').length).toBeLessThanOrEqual(line.length);
      }),
    );
  });
});
