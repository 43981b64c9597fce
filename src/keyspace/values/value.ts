/**
 * What a key can hold. A string value is a byte string; a number only while it is a safe integer in canonical
 * form; a Buffer when it is changed in place (SETBIT, APPEND) or very large. Collections are containers that
 * must not be left in the keyspace without elements, streams excepted.
 */

import type { HashValue } from './hash-value.js';
import type { ListValue } from './list-value.js';
import { OBJECT_BYTES, stringMemory } from './memory-estimate.js';
import type { SetValue } from './set-value.js';
import type { SortedSetValue } from './sorted-set-value.js';
import type { StreamValue } from './stream-value.js';

export type { EncodingLimits } from './encoding-limits.js';

export type StringValue = string | number | Buffer;
export type Collection = ListValue | HashValue | SetValue | SortedSetValue | StreamValue;
export type Value = StringValue | Collection;
export type ValueType = 'string' | Collection['type'];

/** A Buffer object with its backing store. */
const BUFFER_BYTES = 200;

export function isStringValue(value: Value): value is StringValue {
  return typeof value !== 'object' || Buffer.isBuffer(value);
}

/** The name that TYPE replies with. */
export function typeOf(value: Value): ValueType {
  return isStringValue(value) ? 'string' : value.type;
}

/** The bytes of a string value. */
export function bytesOfString(value: StringValue): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : value.latin1Slice();
}

/** Estimate of what a value takes, in bytes, without its key. */
export function memoryOf(value: Value): number {
  if (typeof value === 'string') return stringMemory(value);
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) < 0x8000_0000 ? 0 : 16;
  return Buffer.isBuffer(value) ? BUFFER_BYTES + value.length : OBJECT_BYTES + value.memoryBytes;
}

/** An independent value with the same content. */
export function copyOf(value: Value): Value {
  if (typeof value !== 'object') return value;
  return Buffer.isBuffer(value) ? Buffer.from(value) : value.copy();
}
