/**
 * What V8 spends on things, in bytes, on a 64-bit build: the basis of every container's own memory account.
 * These are estimates for `maxmemory`, INFO and MEMORY USAGE; they are never measured at run time.
 */

/** A reference in an array or object. */
export const REFERENCE_BYTES = 8;
/** An object with no fields, or an array without its elements. */
export const OBJECT_BYTES = 24;
/** The elements of an array, apart from the references. */
export const ELEMENTS_BYTES = 16;
/** A boxed double. */
export const DOUBLE_BYTES = 16;

/** A latin1 string: a header and one byte per character, in words of eight bytes. */
export function stringMemory(text: string): number {
  return (text.length + 23) & ~7;
}
