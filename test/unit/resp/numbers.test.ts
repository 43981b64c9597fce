/** Numbers in byte strings: what Redis takes for one, and how it writes them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatDouble,
  formatSeventeenDigits,
  INT64_MAX,
  INT64_MIN,
  parseDouble,
  parseInt64,
  parseSafeInteger,
  parseUint64,
} from '../../../src/resp/numbers.js';

describe('integers', () => {
  test.each([
    ['0', 0],
    ['-1', -1],
    ['42', 42],
    ['999999999999999', 999999999999999],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['-9007199254740991', Number.MIN_SAFE_INTEGER],
  ])('%s is a safe integer', (text, value) => {
    expect(parseSafeInteger(text)).toBe(value);
    expect(parseInt64(text)).toBe(BigInt(value));
  });

  const notCanonical = [
    '',
    '-',
    '+1',
    '-0',
    '00',
    '01',
    '-01',
    ' 1',
    '1 ',
    '1.0',
    '1e3',
    '0x10',
    'a',
    '1a',
    '\xb2',
    '1\0',
  ];

  test.each(notCanonical)('%j is none', (text) => {
    expect(parseSafeInteger(text)).toBeNaN();
    expect(parseInt64(text)).toBeNull();
    expect(parseUint64(text)).toBeNull();
  });

  test('beyond the safe range need a bigint', () => {
    expect(parseSafeInteger('9007199254740992')).toBeNaN();
    expect(parseSafeInteger('-9007199254740992')).toBeNaN();
    expect(parseInt64('9007199254740993')).toBe(9007199254740993n);
  });

  test('end with 64 bits', () => {
    expect(parseInt64('9223372036854775807')).toBe(INT64_MAX);
    expect(parseInt64('-9223372036854775808')).toBe(INT64_MIN);
    expect(parseInt64('9223372036854775808')).toBeNull();
    expect(parseInt64('-9223372036854775809')).toBeNull();
    expect(parseUint64('18446744073709551615')).toBe(18446744073709551615n);
    expect(parseUint64('18446744073709551616')).toBeNull();
    expect(parseUint64('-1')).toBeNull();
  });

  test('read back as they are written', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: INT64_MIN, max: INT64_MAX }), (value) => {
        expect(parseInt64(String(value))).toBe(value);
        const isSafe = Number.isSafeInteger(Number(value));
        expect(parseSafeInteger(String(value))).toBe(isSafe ? Number(value) : NaN);
      }),
    );
  });
});

describe('doubles', () => {
  test.each([
    ['1', 1],
    ['+1', 1],
    ['-1.5', -1.5],
    ['.5', 0.5],
    ['5.', 5],
    ['1e3', 1000],
    ['1E-3', 0.001],
    ['0.0', 0],
    ['0e999', 0],
    ['-0', -0],
    ['inf', Infinity],
    ['+INF', Infinity],
    ['-Infinity', -Infinity],
    ['0x10', 16],
    ['-0XfF', -255],
    ['4.9e-324', 5e-324],
    ['1.7976931348623157e308', Number.MAX_VALUE],
  ])('%s is %d', (text, value) => expect(parseDouble(text)).toBe(value));

  test.each([
    '',
    ' 1',
    '1 ',
    'nan',
    'e1',
    '.',
    '+',
    '1e',
    '1e+',
    '1.2.3',
    '--1',
    '0x',
    '0xg',
    'infinit',
    'in',
    '1,5',
    '\xa01',
    '1e309',
    '-1e309',
    '1e-400',
  ])('%j is none', (text) => expect(parseDouble(text)).toBeNaN());

  test('text of any length is refused in time', () => {
    expect(parseDouble('1'.repeat(5001))).toBeNaN();
    expect(parseDouble('0'.repeat(4999) + '7')).toBe(7);
  });

  // The values beside each are what Redis 7.2 prints: its layout depends on the number of digits, not only on size.
  test.each([
    [0, '0'],
    [-0, '-0'],
    [3, '3'],
    [-7, '-7'],
    [1.5, '1.5'],
    [0.1, '0.1'],
    [-0.001, '-0.001'],
    [0.000001, '0.000001'],
    [0.0000001, '1e-7'],
    [0.00012345678, '1.2345678e-4'],
    [1.1 + 2.2, '3.3000000000000003'],
    [123456.789, '123456.789'],
    [1234.5678901234567, '1234.5678901234567'],
    [12345.678901234567, '1.2345678901234567e+4'],
    [9007199254740993, '9007199254740992'],
    [1e17, '100000000000000000'],
    [2 ** 60, '1152921504606846976'],
    [2 ** 62, '4611686018427387904'],
    [-(2 ** 62), '-4611686018427387904'],
    [1e19, '1e+19'],
    [12345678901234567890, '12345678901234567000'],
    [1e100, '1e+100'],
    [-1.5e300, '-1.5e+300'],
    [5e-324, '5e-324'],
    [Infinity, 'inf'],
    [-Infinity, '-inf'],
    [NaN, 'nan'],
  ])('%d is written %s', (value, text) => expect(formatDouble(value)).toBe(text));

  test('read back as they are written, by us and by JavaScript', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = formatDouble(value);
        expect(parseDouble(text)).toBe(value);
        expect(Number(text)).toBe(value);
        expect(parseDouble(formatSeventeenDigits(value))).toBe(value);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    [0, '0'],
    [-0, '-0'],
    [3, '3'],
    [0.1, '0.10000000000000001'],
    [1e16, '10000000000000000'],
    [1e17, '1e+17'],
    [0.0001, '0.0001'],
    [0.00001, '1.0000000000000001e-05'],
    [1.5e300, '1.5000000000000001e+300'],
    [-Infinity, '-inf'],
  ])('%d has the seventeen digits %s', (value, text) => expect(formatSeventeenDigits(value)).toBe(text));
});
