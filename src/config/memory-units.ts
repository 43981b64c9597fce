/**
 * Amounts of memory as configuration files write them: `100mb`, `1g`, `512`.
 *
 * `k`, `m`, `g` are powers of ten; `kb`, `mb`, `gb` powers of two; case does not matter.
 */

import { toLowerAscii } from '../resp/ascii.js';

const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  ['k', 1000],
  ['kb', 1024],
  ['m', 1000 * 1000],
  ['mb', 1024 * 1024],
  ['g', 1000 * 1000 * 1000],
  ['gb', 1024 * 1024 * 1024],
]);

/**
 * Reads an amount of memory. No digits are a zero, as in Redis: an empty value means "none".
 * @returns bytes; NaN when the text is not an amount; Infinity when it is beyond what a number holds exactly.
 */
export function parseMemorySize(text: string): number {
  let digits = 0;
  while (digits < text.length && text.charCodeAt(digits) >= 48 && text.charCodeAt(digits) <= 57) digits++;
  const unit = UNITS.get(toLowerAscii(text.slice(digits)));
  if (unit === undefined) return NaN;
  const bytes = Number(text.slice(0, digits)) * unit;
  return Number.isSafeInteger(bytes) ? bytes : Infinity;
}

/** Writes an amount of memory in the largest unit that divides it, as CONFIG REWRITE does. */
export function formatMemorySize(bytes: number): string {
  for (const unit of ['gb', 'mb', 'kb']) {
    const size = UNITS.get(unit) ?? 1;
    if (bytes !== 0 && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return String(bytes);
}
