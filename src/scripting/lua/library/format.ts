/** `string.format`: the directives of C's printf that Lua knows. */
import { Complaint } from '../error.js';
import type { Machine } from '../machine.js';
import { exponential, exponentSuffix, fixed, formatGeneral } from '../numbers.js';
import type { LuaValue } from '../value.js';
import { checkNumber, checkString, type Args } from './arguments.js';

const DIRECTIVE = /([-+ #0]*)(\d*)(?:(\.)(\d*))?/y;
const MAX_FLAGS = 5;

interface Directive {
  readonly flags: string;
  readonly width: number;
  /** -1: none. */
  readonly precision: number;
  readonly conversion: string;
}

export function format(args: LuaValue[], machine: Machine): LuaValue[] {
  const template = checkString(args, 0);
  let result = '';
  let argument = 0;
  let at = 0;
  for (;;) {
    const percent = template.indexOf('%', at);
    if (percent === -1) break;
    result += template.slice(at, percent);
    if (template[percent + 1] === '%') {
      result += '%';
      at = percent + 2;
      continue;
    }
    const directive = parseDirective(template, percent + 1);
    at = DIRECTIVE.lastIndex + 1;
    argument++;
    result += formatOne(directive, args, argument);
  }
  result += template.slice(at);
  machine.account(result.length);
  return [result];
}

function parseDirective(template: string, from: number): Directive {
  DIRECTIVE.lastIndex = from;
  const match = DIRECTIVE.exec(template);
  const [, flags, width, point, precision] = match ?? ['', '', '', undefined, ''];
  if (flags.length > MAX_FLAGS) throw new Complaint('invalid format (repeated flags)');
  if (width.length > 2 || (precision ?? '').length > 2) {
    throw new Complaint('invalid format (width or precision too long)');
  }
  return {
    flags,
    width: Number(width),
    precision: point === undefined ? -1 : Number(precision),
    conversion: template[DIRECTIVE.lastIndex] ?? '',
  };
}

function formatOne(directive: Directive, args: Args, position: number): string {
  const { conversion, precision } = directive;
  switch (conversion) {
    case 'c':
      return pad(directive, String.fromCharCode(checkNumber(args, position) & 0xff), false);
    case 'd':
    case 'i':
      return signedInteger(directive, checkNumber(args, position));
    case 'o':
    case 'u':
    case 'x':
    case 'X':
      return unsignedInteger(directive, checkNumber(args, position));
    case 'e':
    case 'E':
    case 'f':
    case 'g':
    case 'G':
      return floating(directive, checkNumber(args, position));
    case 'q':
      return quoted(checkString(args, position));
    case 's': {
      const text = checkString(args, position);
      return pad(directive, precision >= 0 ? text.slice(0, precision) : text, false);
    }
    default:
      throw new Complaint(`invalid option '%${conversion}' to 'format'`);
  }
}

function signedInteger(directive: Directive, value: number): string {
  const { flags } = directive;
  const whole = toInt64(value);
  const sign = whole < 0n ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  return integerText(directive, sign, (whole < 0n ? -whole : whole).toString());
}

function unsignedInteger(directive: Directive, value: number): string {
  const { conversion, flags } = directive;
  const whole = BigInt.asUintN(64, toInt64(value));
  const radix = conversion === 'o' ? 8 : conversion === 'u' ? 10 : 16;
  const digits = whole.toString(radix);
  const isMarked = flags.includes('#') && whole !== 0n;
  const prefix = !isMarked ? '' : radix === 8 ? '0' : radix === 16 ? '0x' : '';
  const text = integerText(directive, prefix, digits);
  return conversion === 'X' ? upper(text) : text;
}

function integerText(directive: Directive, prefix: string, digits: string): string {
  const { precision, flags, width } = directive;
  let text = precision === 0 && digits === '0' ? '' : digits;
  if (precision > text.length) text = '0'.repeat(precision - text.length) + text;
  if (flags.includes('0') && !flags.includes('-') && precision === -1) {
    text = '0'.repeat(Math.max(0, width - prefix.length - text.length)) + text;
  }
  return pad(directive, prefix + text, false);
}

/** C's cast of a double to a 64-bit integer: what does not fit becomes the smallest one. */
export function toInt64(value: number): bigint {
  if (!(value >= -9223372036854775808 && value < 9223372036854775808)) return -9223372036854775808n;
  return BigInt(Math.trunc(value));
}

function floating(directive: Directive, value: number): string {
  const { conversion, flags } = directive;
  const precision = directive.precision === -1 ? 6 : directive.precision;
  const magnitude = Math.abs(value);
  let text: string;
  if (!Number.isFinite(magnitude)) text = Number.isNaN(value) ? 'nan' : 'inf';
  else if (conversion === 'f') text = fixed(magnitude, precision);
  else if (conversion === 'e' || conversion === 'E') {
    const [mantissa, exponent] = exponential(magnitude, precision).split('e');
    text = `${mantissa}e${exponentSuffix(Number(exponent))}`;
  } else text = formatGeneral(magnitude, precision === 0 ? 1 : precision);
  const isNegative = value < 0 || Object.is(value, -0) || formatGeneral(value, 1) === '-nan';
  const sign = isNegative ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  const shown = pad(directive, sign + text, Number.isFinite(value));
  return conversion === 'E' || conversion === 'G' ? upper(shown) : shown;
}

function pad({ flags, width }: Directive, text: string, zeroes: boolean): string {
  if (text.length >= width) return text;
  if (flags.includes('-')) return text.padEnd(width);
  if (!zeroes || !flags.includes('0')) return text.padStart(width);
  const sign = /^[-+ ]/.exec(text)?.[0] ?? '';
  return sign + text.slice(sign.length).padStart(width - sign.length, '0');
}

function upper(text: string): string {
  return text.toUpperCase();
}

/** A string as Lua source. */
function quoted(text: string): string {
  return `"${text.replace(/["\\\n\r\0]/g, (character) => {
    switch (character) {
      case '\r':
        return '\\r';
      case '\0':
        return '\\000';
      default:
        return `\\${character}`;
    }
  })}"`;
}
