/**
 * What a key can hold. A string value is a byte string; a number only while it is a safe integer in canonical
 * form; a Buffer when it is changed in place (SETBIT, APPEND) or very large. Collections are containers that
 * must not be left in the keyspace without elements, streams excepted.
 */

import type { HashValue, HashView } from './hash-value.js';
import type { ListValue, ListView } from './list-value.js';
import { OBJECT_BYTES, stringMemory } from './memory-estimate.js';
import type { SetValue, SetView } from './set-value.js';
import type { SortedSetValue, SortedSetView } from './sorted-set-value.js';
import type { StreamValue, StreamView } from './stream-value.js';

export type { EncodingLimits } from './encoding-limits.js';

export type StringValue = string | number | Buffer;
export type Collection = ListValue | HashValue | SetValue | SortedSetValue | StreamValue;
export type Value = StringValue | Collection;
/** A value that later changes do not touch. A Buffer is the exception: it shows them. */
export type FrozenValue = StringValue | ListView | HashView | SetView | SortedSetView | StreamView;
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

/** The value of this moment, at a cost that does not grow with its elements; it can be read piece by piece. */
export function freezeValue(value: Value): FrozenValue {
  return isStringValue(value) ? value : value.freeze();
}

/** An independent value with the same content. */
export function copyOf(value: Value): Value {
  if (typeof value !== 'object') return value;
  return Buffer.isBuffer(value) ? Buffer.from(value) : value.copy();
}
