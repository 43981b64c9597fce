/** Lua's numbers as text and back: the conversions of C's `%.14g` and `strtod` that Lua 5.1 is built on. */

/** `%.{precision}g` of C, for finite numbers and the others alike. */
export function formatGeneral(value: number, precision: number): string {
  if (Number.isNaN(value)) return isNegativeNaN(value) ? '-nan' : 'nan';
  if (value === Infinity) return 'inf';
  if (value === -Infinity) return '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const digits = Math.max(1, precision);
  const [mantissa, exponentText] = exponential(value, digits - 1).split('e');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= digits) {
    return `${withoutTrailingZeros(mantissa)}e${exponentSuffix(exponent)}`;
  }
  return withoutTrailingZeros(fixed(value, Math.max(0, digits - 1 - exponent)));
}

/** `toExponential` beyond the hundred digits that it takes. */
export function exponential(value: number, digits: number): string {
  if (digits <= 100) return value.toExponential(digits);
  const [mantissa, exponent] = value.toExponential(100).split('e');
  return `${mantissa}${'0'.repeat(digits - 100)}e${exponent}`;
}

/** `%.{digits}f` of C: exact also where `toFixed` turns to exponents or refuses. */
export function fixed(value: number, digits: number): string {
  const kept = Math.min(digits, 100);
  const text = Math.abs(value) < 1e21 ? value.toFixed(kept) : bigFixed(value, kept);
  return digits === kept ? text : text + '0'.repeat(digits - kept);
}

function bigFixed(value: number, digits: number): string {
  const whole = BigInt(value).toString();
  return digits === 0 ? whole : `${whole}.${'0'.repeat(digits)}`;
}

/** At least two digits and a sign, as C writes exponents. */
export function exponentSuffix(exponent: number): string {
  const digits = String(Math.abs(exponent));
  return `${exponent < 0 ? '-' : '+'}${digits.length < 2 ? '0' : ''}${digits}`;
}

function withoutTrailingZeros(text: string): string {
  if (!text.includes('.')) return text;
  let end = text.length;
  while (text.charCodeAt(end - 1) === 48) end--;
  if (text.charCodeAt(end - 1) === 46) end--;
  return text.slice(0, end);
}

/** The processor's own NaN is negative, and C prints it so; JavaScript cannot tell without a look at the bits. */
function isNegativeNaN(value: number): boolean {
  return new DataView(new Float64Array([value]).buffer).getUint8(7) >= 0x80;
}

/** A number as Lua writes it (`%.14g`). */
export function numberToString(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e14 && !Object.is(value, -0)) return String(value);
  return formatGeneral(value, 14);
}

const NUMERAL =
  /^[ \t-\r]*(?:([-+]?)(?:(0[xX])([0-9a-fA-F]+)|((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)|(inf(?:inity)?|nan)))[ \t-\r]*$/;
const SPECIAL_WORD = /^[ \t-\r]*[-+]?(?:inf|nan)/i;

/** The number a string stands for, or undefined. */
export function stringToNumber(text: string): number | undefined {
  const match = NUMERAL.exec(SPECIAL_WORD.test(text) ? text.toLowerCase() : text);
  if (match === null) return undefined;
  const [, sign, hexPrefix, hexDigits, decimal, word] = match;
  let value: number;
  if (hexPrefix !== undefined) value = hexNumber(hexDigits);
  else if (decimal !== undefined) value = Number(decimal);
  else value = word === 'nan' ? NaN : Infinity;
  return sign === '-' ? -value : value;
}

/** Hexadecimal digits as a number, of any length. */
export function hexNumber(digits: string): number {
  return digits.length <= 13 ? parseInt(digits, 16) : Number(BigInt(`0x${digits}`));
}
