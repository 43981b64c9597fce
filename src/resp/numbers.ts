/**
 * Numbers in byte strings: strict parsing as Redis does it (no blanks, no plus sign, no leading zeros) and
 * formatting of doubles.
 *
 * A 64-bit integer is a JavaScript number only while it is a safe integer; beyond that it is a bigint, and
 * values travel as text.
 */

export const INT64_MAX = 9223372036854775807n;
export const INT64_MIN = -9223372036854775808n;

/** Most digits for which every value is a safe integer. */
const SAFE_DIGITS = 15;

/**
 * Parses a canonical decimal integer in the safe range.
 * @returns NaN when the text is not canonical or not a safe integer; {@link parseInt64} decides the rest.
 */
export function parseSafeInteger(text: string): number {
  const length = text.length;
  if (length === 0) return NaN;
  let i = 0;
  let negative = false;
  let code = text.charCodeAt(0);
  if (code === 45) {
    negative = true;
    i = 1;
    if (length === 1) return NaN;
    code = text.charCodeAt(1);
  }
  if (code === 48) return length === 1 ? 0 : NaN;
  if (length - i > SAFE_DIGITS) {
    const wide = parseInt64(text);
    if (wide === null) return NaN;
    const narrow = Number(wide);
    return Number.isSafeInteger(narrow) ? narrow : NaN;
  }
  let value = 0;
  for (; i < length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  return negative ? -value : value;
}

/** Parses a canonical decimal signed 64-bit integer; null when it is not one. */
export function parseInt64(text: string): bigint | null {
  const negative = text.charCodeAt(0) === 45;
  const digits = text.length - (negative ? 1 : 0);
  if (digits < 1 || digits > 19) return null;
  const first = text.charCodeAt(negative ? 1 : 0);
  if (first === 48) return text.length === 1 ? 0n : null;
  for (let i = negative ? 1 : 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 48 || code > 57) return null;
  }
  const value = BigInt(text);
  return value > INT64_MAX || value < INT64_MIN ? null : value;
}

/** Parses a canonical decimal unsigned 64-bit integer; null when it is not one. */
export function parseUint64(text: string): bigint | null {
  if (text.length < 1 || text.length > 20) return null;
  if (text.charCodeAt(0) === 48) return text.length === 1 ? 0n : null;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 48 || code > 57) return null;
  }
  const value = BigInt(text);
  return value > 18446744073709551615n ? null : value;
}

/**
 * Parses a double as Redis's strtod use does: decimal form, hexadecimal integers, `inf` or `infinity` with sign,
 * any case; no blanks around it. Returns NaN for everything else: `nan`, and what is too large or too small.
 */
export function parseDouble(text: string): number {
  const length = text.length;
  if (length === 0 || length > 5000) return NaN;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    const allowed =
      (code >= 48 && code <= 57) || code === 43 || code === 45 || code === 46 || code === 69 || code === 101;
    if (!allowed) return parseUnusualDouble(text);
  }
  if (!isDecimalForm(text)) return NaN;
  const value = Number(text);
  if (value === 0) return hasNonZeroMantissa(text) ? NaN : value;
  return Number.isFinite(value) ? value : NaN;
}

function isDecimalForm(text: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text);
}

function hasNonZeroMantissa(text: string): boolean {
  return /^[^eE]*[1-9]/.test(text);
}

function parseUnusualDouble(text: string): number {
  const match = /^([+-]?)([iI][nN][fF]([iI][nN][iI][tT][yY])?|0[xX][0-9a-fA-F]+)$/.exec(text);
  if (match === null) return NaN;
  const sign = match[1] === '-' ? -1 : 1;
  const body = match[2] ?? '';
  return body.charCodeAt(1) === 120 || body.charCodeAt(1) === 88 ? sign * Number(body) : sign * Infinity;
}

/** Integers up to this magnitude are written in full, whatever their last digits (Redis's double2ll). */
const PLAIN_INTEGER_LIMIT = 2 ** 62;

/** Formats a double as Redis 7.2 does: the shortest digits that read back the same. */
export function formatDouble(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) <= PLAIN_INTEGER_LIMIT) {
    if (Object.is(value, -0)) return '-0';
    return Number.isSafeInteger(value) ? String(value) : BigInt(value).toString();
  }
  if (value === Infinity) return 'inf';
  if (value === -Infinity) return '-inf';
  return Number.isNaN(value) ? 'nan' : formatShortest(value);
}

/** Where the point goes, and when an exponent is written instead, follows fpconv, which Redis prints with. */
function formatShortest(value: number): string {
  const [mantissa = '', exponentText = ''] = Math.abs(value).toExponential().split('e');
  const sign = value < 0 ? '-' : '';
  const digits = mantissa.replace('.', '');
  const exponent = Number(exponentText);
  /** The last digit's power of ten. */
  const scale = exponent - digits.length + 1;
  const magnitude = Math.abs(exponent);
  if (scale >= 0 && magnitude < digits.length + 7) return sign + digits + '0'.repeat(scale);
  if (scale < 0 && (scale > -7 || magnitude < 4)) {
    const point = digits.length + scale;
    if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
    return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
  }
  return `${sign}${mantissa}e${exponent < 0 ? '-' : '+'}${magnitude}`;
}

/** Formats a double with 17 significant digits, as C's `%.17g`: exact, but not the shortest form. */
export function formatSeventeenDigits(value: number): string {
  if (!Number.isFinite(value)) return formatDouble(value);
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa = '', exponentText = ''] = value.toExponential(16).split('e');
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 17) return withoutTrailingZeros(value.toFixed(16 - exponent));
  const sign = exponent < 0 ? '-' : '+';
  return `${withoutTrailingZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function withoutTrailingZeros(digits: string): string {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
}
