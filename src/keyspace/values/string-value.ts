/**
 * How string values are kept, and the encoding that Redis would show for them.
 *
 * A value is text, a number when that says the same, or a Buffer once it is changed in place or very large. Values
 * are stored whole: a part of a bigger string is never kept, because it would pin the whole of it.
 */
import { parseInt64, parseSafeInteger } from '../../resp/numbers.js';
import { isStringValue, type StringValue, type Value } from './value.js';

/** Longer values live outside V8's heap. */
const LARGE_STRING_LENGTH = 1024 * 1024;
/** Digits and sign of the longest safe integer. */
const LONGEST_SAFE_INTEGER = 17;
const LONGEST_INTEGER = 20;
/** Redis's OBJ_ENCODING_EMBSTR_SIZE_LIMIT. */
const EMBEDDED_LENGTH = 44;
/** Spare room doubles a growing value up to this much at a time (Redis's SDS_MAX_PREALLOC). */
const MAX_SPARE_BYTES = 1024 * 1024;

/** The form in which text from a client is stored. */
export function storedString(text: string): StringValue {
  const { length } = text;
  if (length <= LONGEST_SAFE_INTEGER && length > 0) {
    const first = text.charCodeAt(0);
    if ((first >= 48 && first <= 57) || first === 45) {
      const integer = parseSafeInteger(text);
      if (!Number.isNaN(integer)) return integer;
    }
  }
  return length > LARGE_STRING_LENGTH ? Buffer.from(text, 'latin1') : text;
}

/** The form in which the result of 64-bit arithmetic is stored. */
export function storedInteger(integer: bigint): StringValue {
  const narrow = Number(integer);
  return Number.isSafeInteger(narrow) ? narrow : integer.toString();
}

export function lengthOfString(value: StringValue): number {
  return typeof value === 'number' ? String(value).length : value.length;
}

/** The bytes from `start` up to but not including `end`; both lie inside. */
export function sliceOfString(value: StringValue, start: number, end: number): string {
  if (typeof value === 'string') return value.slice(start, end);
  return typeof value === 'number' ? String(value).slice(start, end) : value.latin1Slice(start, end);
}

/** What OBJECT ENCODING says of a string. */
export function encodingOfString(value: StringValue): 'int' | 'embstr' | 'raw' {
  if (typeof value === 'number') return 'int';
  if (typeof value !== 'string' || value.length > EMBEDDED_LENGTH) return 'raw';
  // Only what is no safe integer has its text for the sake of its digits; others were stored as text on purpose.
  const isWideInteger =
    value.length <= LONGEST_INTEGER && parseInt64(value) !== null && Number.isNaN(parseSafeInteger(value));
  return isWideInteger ? 'int' : 'embstr';
}

/** What OBJECT ENCODING says of any value. */
export function encodingOf(value: Value): string {
  return isStringValue(value) ? encodingOfString(value) : value.encoding;
}

/** The value as a Buffer of at least `sizeBytes`, zeros behind what it holds, to be changed in place and stored. */
export function writableBytes(value: StringValue, sizeBytes: number): Buffer {
  const length = lengthOfString(value);
  const needed = Math.max(length, sizeBytes);
  if (Buffer.isBuffer(value)) return needed === length ? value : grown(value, needed);
  // A pooled Buffer would keep its slab alive as long as the value lives.
  const bytes = Buffer.allocUnsafeSlow(needed);
  bytes.latin1Write(typeof value === 'number' ? String(value) : value, 0, length);
  return bytes.fill(0, length);
}

/** The value with `text` behind it, to be stored. Growing again and again costs amortized constant time per byte. */
export function appended(value: StringValue, text: string): Buffer {
  const length = lengthOfString(value);
  const bytes = writableBytes(value, length + text.length);
  bytes.latin1Write(text, length, text.length);
  return bytes;
}

/**
 * Makes a Buffer longer, with zeros. Where its memory has room behind it, that is used: the memory is its own if it
 * begins where the Buffer does and is no slab of Node's pool.
 */
function grown(bytes: Buffer, sizeBytes: number): Buffer {
  const memory = bytes.buffer;
  const isOwn = bytes.byteOffset === 0 && memory.byteLength !== Buffer.poolSize;
  if (isOwn && memory.byteLength >= sizeBytes) {
    return Buffer.from(memory, 0, sizeBytes).fill(0, bytes.length);
  }
  const roomBytes = sizeBytes + Math.min(sizeBytes, MAX_SPARE_BYTES);
  const target = Buffer.from(Buffer.allocUnsafeSlow(roomBytes).buffer, 0, sizeBytes);
  bytes.copy(target);
  return target.fill(0, bytes.length);
}

/** The bytes of a value for reading; they must not be changed. */
export function readableBytes(value: StringValue): Buffer {
  if (Buffer.isBuffer(value)) return value;
  return Buffer.from(typeof value === 'number' ? String(value) : value, 'latin1');
}

/** One byte of a value; 0 behind its end. */
export function byteAt(value: StringValue, index: number): number {
  if (Buffer.isBuffer(value)) return value[index] ?? 0;
  const text = typeof value === 'number' ? String(value) : value;
  return index < text.length ? text.charCodeAt(index) : 0;
}
