/**
 * The first key, last key and step that COMMAND has shown since its beginnings, worked out of the key
 * specifications by Redis's rule: plain ranges that follow each other make one, everything else makes the keys
 * "movable".
 */
import type { KeySpec } from './command.js';

export interface LegacyKeyRange {
  /** Index among the arguments; 0: no keys, or none at fixed places. */
  readonly first: number;
  /** Index, or counted from the end if negative. */
  readonly last: number;
  readonly step: number;
  /** The range does not tell all keys. */
  readonly isMovable: boolean;
}

const NO_RANGE = { first: 0, last: 0, step: 0 } as const;

export function legacyKeyRange(specs: readonly KeySpec[]): LegacyKeyRange {
  const [only] = specs;
  if (only === undefined) return { ...NO_RANGE, isMovable: false };
  const onlyRange = rangeOf(only);
  if (specs.length === 1 && onlyRange !== null) {
    return { ...onlyRange, isMovable: only.flags.includes('incomplete') };
  }
  let first = 0;
  let last = 0;
  let isMovable = false;
  for (const spec of specs) {
    const range = rangeOf(spec);
    if (range === null || range.step !== 1 || (last !== 0 && range.first !== last + 1)) {
      isMovable = true;
      continue;
    }
    if (spec.flags.includes('incomplete')) isMovable = true;
    if (first === 0 || range.first < first) first = range.first;
    // A range that reaches to the end covers any other.
    if (last >= 0) last = range.last < 0 ? range.last : Math.max(last, range.last);
  }
  return first === 0 ? { ...NO_RANGE, isMovable: true } : { first, last, step: 1, isMovable };
}

function rangeOf(spec: KeySpec): { first: number; last: number; step: number } | null {
  const { begin, find } = spec;
  if (begin === 'unknown' || find === 'unknown' || !('index' in begin) || !('lastKey' in find)) return null;
  const { lastKey, step } = find;
  return { first: begin.index, last: lastKey < 0 ? lastKey : begin.index + lastKey, step };
}
