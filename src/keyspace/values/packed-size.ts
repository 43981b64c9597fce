/**
 * How many bytes elements take in a listpack. Redis decides by these sizes when a list becomes a quicklist and when
 * a stream starts a new node, so they are observable and must be exact. Knows sizes only; the bytes
 * themselves are written by persistence/rdb/.
 */

import { parseInt64, parseSafeInteger } from '../../resp/numbers.js';

/** Header (total bytes, count) and end mark of a listpack. */
export const LISTPACK_OVERHEAD_BYTES = 7;

/** Longest decimal form of a 64-bit integer. */
const LONGEST_INTEGER = 20;

/** Size of an element in a listpack: an integer in its smallest form if it is canonical, else a string. */
export function packedSize(element: string): number {
  const length = element.length;
  if (length > 0 && length <= LONGEST_INTEGER && looksNumeric(element)) {
    const integer = parseSafeInteger(element);
    if (!Number.isNaN(integer)) return packedIntegerSize(integer);
    if (parseInt64(element) !== null) return 10;
  }
  const sizeBytes = length + (length < 64 ? 1 : length < 4096 ? 2 : 5);
  return sizeBytes + backLengthSize(sizeBytes);
}

/** Size of a safe integer in a listpack. */
export function packedIntegerSize(integer: number): number {
  if (integer >= 0 && integer <= 127) return 2;
  if (integer >= -4096 && integer <= 4095) return 3;
  if (integer >= -32768 && integer <= 32767) return 4;
  if (integer >= -8388608 && integer <= 8388607) return 5;
  if (integer >= -2147483648 && integer <= 2147483647) return 6;
  return 10;
}

/** Size of the field that lets a listpack be read backwards. */
export function backLengthSize(sizeBytes: number): number {
  if (sizeBytes <= 127) return 1;
  if (sizeBytes < 16383) return 2;
  if (sizeBytes < 2097151) return 3;
  if (sizeBytes < 268435455) return 4;
  return 5;
}

function looksNumeric(element: string): boolean {
  const first = element.charCodeAt(0);
  const last = element.charCodeAt(element.length - 1);
  return last >= 48 && last <= 57 && ((first >= 48 && first <= 57) || first === 45);
}
