/**
 * Arithmetic of INCRBYFLOAT and HINCRBYFLOAT. Redis computes with C's `long double`, which on the usual machines
 * has a 64-bit mantissa; doubles would show clients other digits (0.1 + 0.2). Values are exact integers here, and
 * every result is rounded once to 64 bits, ties to even, as the processor does.
 */

/** `mantissa * 2 ** exponent`, with at most 64 bits of mantissa; or too large for the format. */
export type LongDouble = { readonly mantissa: bigint; readonly exponent: number } | 'infinite';

const MANTISSA_BITS = 64;
/** 2 ** 16384 and more is infinite. */
const OVERFLOW_EXPONENT = 16384;
/** Decimal exponents beyond this are too large or too small whatever the digits are (which are at most 5120). */
const EXPONENT_BOUND = 12000;
const MAX_TEXT_LENGTH = 5120;
const SHOWN_DECIMALS = 17;

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;
const HEXADECIMAL = /^([+-]?)0[xX]([0-9a-fA-F]+)$/;
const INFINITE = /^[+-]?[iI][nN][fF](?:[iI][nN][iI][tT][yY])?$/;

/** Parses as Redis does with strtold; null for what is no number, is nan, or does not fit the format. */
export function parseLongDouble(text: string): LongDouble | null {
  if (text.length >= MAX_TEXT_LENGTH) return null;
  if (INFINITE.test(text)) return 'infinite';
  const hexadecimal = HEXADECIMAL.exec(text);
  if (hexadecimal !== null) {
    return rounded(signed(hexadecimal[1], BigInt(`0x${hexadecimal[2]}`)), 0);
  }
  const match = DECIMAL.exec(text);
  if (match === null) return null;
  const [, sign, whole, fraction = '', exponentText = '0'] = match;
  if (whole.length + fraction.length === 0) return null;
  const digits = signed(sign, BigInt(whole + fraction));
  if (digits === 0n) return { mantissa: 0n, exponent: 0 };
  const exponent = Number(exponentText) - fraction.length;
  if (Math.abs(exponent) > EXPONENT_BOUND) return null;
  const value =
    exponent >= 0 ? rounded(digits * 10n ** BigInt(exponent), 0) : quotient(digits, 10n ** BigInt(-exponent));
  return value === 'infinite' ? null : value;
}

/** A double, exactly. */
export function longDoubleOf(value: number): Exclude<LongDouble, 'infinite'> {
  let mantissa = value;
  let exponent = 0;
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2;
    exponent--;
  }
  return { mantissa: BigInt(mantissa), exponent };
}

export function addLongDoubles(a: LongDouble, b: LongDouble): LongDouble {
  if (a === 'infinite' || b === 'infinite') return 'infinite';
  const exponent = Math.min(a.exponent, b.exponent);
  const sum = (a.mantissa << BigInt(a.exponent - exponent)) + (b.mantissa << BigInt(b.exponent - exponent));
  return rounded(sum, exponent);
}

/** The form clients see: 17 decimals, without the zeros at the end. */
export function formatLongDouble(value: Exclude<LongDouble, 'infinite'>): string {
  if (value.exponent >= 0) return (value.mantissa << BigInt(value.exponent)).toString();
  const negative = value.mantissa < 0n;
  const scaled = magnitude(value.mantissa) * 10n ** BigInt(SHOWN_DECIMALS);
  const shown = shiftedToNearest(scaled, -value.exponent)
    .toString()
    .padStart(SHOWN_DECIMALS + 1, '0');
  const whole = shown.slice(0, -SHOWN_DECIMALS);
  const fraction = shown.slice(-SHOWN_DECIMALS).replace(/0+$/, '');
  const text = fraction === '' ? whole : `${whole}.${fraction}`;
  return negative && text !== '0' ? `-${text}` : text;
}

function signed(sign: string, digits: bigint): bigint {
  return sign === '-' ? -digits : digits;
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}

/** Rounds `integer * 2 ** exponent` to the format. */
function rounded(integer: bigint, exponent: number): LongDouble {
  if (integer === 0n) return { mantissa: 0n, exponent: 0 };
  const surplus = Math.max(0, bitLength(magnitude(integer)) - MANTISSA_BITS);
  const mantissa = shiftedToNearest(magnitude(integer), surplus);
  if (bitLength(mantissa) + exponent + surplus > OVERFLOW_EXPONENT) return 'infinite';
  return { mantissa: integer < 0n ? -mantissa : mantissa, exponent: exponent + surplus };
}

/** Rounds a fraction. Enough extra bits are computed that the last one can stand for all that are cut off. */
function quotient(numerator: bigint, denominator: bigint): LongDouble {
  const top = magnitude(numerator);
  const shift = Math.max(0, MANTISSA_BITS + 2 - (bitLength(top) - bitLength(denominator)));
  const dividend = top << BigInt(shift);
  const isExact = dividend % denominator === 0n;
  const bits = ((dividend / denominator) << 1n) | (isExact ? 0n : 1n);
  return rounded(numerator < 0n ? -bits : bits, -shift - 1);
}

/** `value / 2 ** bits`, to the nearest integer, ties to the even one. */
function shiftedToNearest(value: bigint, bits: number): bigint {
  if (bits === 0) return value;
  const shift = BigInt(bits);
  const floor = value >> shift;
  const rest = value - (floor << shift);
  const half = 1n << (shift - 1n);
  return rest > half || (rest === half && (floor & 1n) === 1n) ? floor + 1n : floor;
}
