/** Glob patterns. The expectations were compared with redis-server's KEYS. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchesGlob } from '../../../src/resp/glob.js';

const HIGH = '\xe9';

test.each([
  ['', ''],
  ['*', 'anything'],
  ['a', 'a'],
  ['h?llo', 'hello'],
  ['h*llo', 'hllo'],
  ['h*llo', 'heeeello'],
  ['h**l*o', 'hello'],
  ['*o', 'hello'],
  ['*l?', 'hello'],
  ['h[ae]llo', 'hallo'],
  ['h[^e]llo', 'hallo'],
  ['h[a-c]llo', 'hbllo'],
  ['h[c-a]llo', 'hbllo'],
  ['[a-c-e]', '-'],
  ['[-a]', '-'],
  // A range up to the bracket, which then ends nothing.
  ['[a-]', '`'],
  ['[a\\]b]', ']'],
  ['[\\^a]', '^'],
  ['[a^]', '^'],
  ['\\*', '*'],
  ['a\\?c', 'a?c'],
  ['a\\\\c', 'a\\c'],
  ['a\\', 'a\\'],
  // A class without its end takes the rest of the pattern.
  ['[ab', 'b'],
  ['[a-', '-'],
  ['[^', 'x'],
  ['[\\', '\\'],
  [`[${HIGH}]`, HIGH],
  ['?', HIGH],
  ['[a-\xff]', HIGH],
  ['?', '\0'],
  ['a\0*', 'a\0b'],
])('%j matches %j', (pattern, text) => expect(matchesGlob(pattern, text)).toBe(true));

test.each([
  ['', 'a'],
  ['a', ''],
  ['?', ''],
  ['a', 'A'],
  ['a', 'ab'],
  ['ab', 'a'],
  ['h?llo', 'hllo'],
  ['h[ae]llo', 'hillo'],
  ['h[^e]llo', 'hello'],
  ['[]', ']'],
  ['[]a]', 'a'],
  ['[', '['],
  ['[a-', 'b'],
  ['[a-]', '-'],
  ['\\*', 'a'],
  ['*a', 'ab'],
  ['*[^a]', 'aa'],
  ['a*b*c', 'acb'],
])('%j does not match %j', (pattern, text) => expect(matchesGlob(pattern, text)).toBe(false));

test('a star matches an empty text', () => {
  expect(matchesGlob('*', '')).toBe(true);
  expect(matchesGlob('**', '')).toBe(true);
});

describe('ignoring case', () => {
  test('folds A-Z and nothing else', () => {
    expect(matchesGlob('MAX*', 'maxmemory', true)).toBe(true);
    expect(matchesGlob('[a-c]x', 'BX', true)).toBe(true);
    expect(matchesGlob('[ABC]x', 'bX', true)).toBe(true);
    expect(matchesGlob('\\A', 'a', true)).toBe(true);
    expect(matchesGlob('\xe9', '\xc9', true)).toBe(false);
    expect(matchesGlob('[', '{', true)).toBe(false);
  });
});

test('hostile patterns take no time', () => {
  const text = 'a'.repeat(20_000);
  const began = process.cpuUsage();
  expect(matchesGlob(`${'a*'.repeat(500)}b`, text)).toBe(false);
  expect(matchesGlob(`${'*a'.repeat(5000)}*b`, text)).toBe(false);
  expect(matchesGlob('*'.repeat(50_000), text)).toBe(true);
  expect(matchesGlob('?*'.repeat(900), text)).toBe(true);
  expect(matchesGlob('['.repeat(50_000), text)).toBe(false);
  expect(process.cpuUsage(began).user / 1e6).toBeLessThan(5);
});

test('a pattern with more than a thousand asterisks apart matches nothing, as in Redis', () => {
  expect(matchesGlob('?*'.repeat(20_000), 'a'.repeat(20_000))).toBe(false);
});

describe('any pattern', () => {
  const alphabet = fc.constantFrom('a', 'b', '*', '?', '[', ']', '^', '-', '\\');
  const patterns = fc.string({ unit: alphabet, maxLength: 10 });
  const texts = fc.string({ unit: alphabet, minLength: 1, maxLength: 8 });

  /** The rule as Redis states it, by recursion: what one element takes, and for a star every way to go on. */
  function matchesByRecursion(pattern: string, text: string): boolean {
    if (pattern === '') return text === '';
    if (pattern.startsWith('*')) {
      for (let i = 0; i <= text.length; i++)
        if (matchesByRecursion(pattern.slice(1), text.slice(i))) return true;
      return false;
    }
    if (text === '') return false;
    const length = elementLength(pattern);
    return (
      matchesGlob(pattern.slice(0, length), text.slice(0, 1)) &&
      matchesByRecursion(pattern.slice(length), text.slice(1))
    );
  }

  function elementLength(pattern: string): number {
    if (pattern.startsWith('\\')) return Math.min(2, pattern.length);
    if (!pattern.startsWith('[')) return 1;
    let i = pattern.startsWith('[^') ? 2 : 1;
    while (i < pattern.length && pattern.charAt(i) !== ']') {
      if (pattern.charAt(i) === '\\' && i + 1 < pattern.length) i += 2;
      else if (pattern.charAt(i + 1) === '-' && i + 2 < pattern.length) i += 3;
      else i++;
    }
    return Math.min(i + 1, pattern.length);
  }

  test('matches what trying everything matches', () => {
    fc.assert(
      fc.property(patterns, texts, (pattern, text) => {
        expect(matchesGlob(pattern, text)).toBe(matchesByRecursion(pattern, text));
      }),
      { numRuns: 5000 },
    );
  });
});
