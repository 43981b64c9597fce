/**
 * Finds the keys and channels among a command's arguments, as its declaration says it. ACL, COMMAND GETKEYS and
 * cluster routing all read keys through here.
 *
 * The rules are those of Redis's key specifications: find where keys begin (a fixed index, or behind a keyword),
 * then how many there are (a range, or a count among the arguments).
 */
import { isWord, toLowerAscii } from '../resp/ascii.js';
import type { CommandSpec, KeySpec, KeySpecFlag } from './command.js';

/** One key of a command. */
export interface KeyReference {
  /** Index among the arguments. */
  readonly position: number;
  /** What the command does to it. */
  readonly flags: readonly KeySpecFlag[];
}

/**
 * The keys in `args`, in order. Empty when there are none; null when the arguments are such that they cannot be
 * told.
 */
export function findKeys(spec: CommandSpec, args: readonly string[]): KeyReference[] | null {
  const { keyFlags } = spec;
  const references =
    spec.findKeys === undefined
      ? keysBySpecifications(spec, args)
      : (spec.findKeys(args)?.map((position) => ({ position, flags: spec.keys?.[0]?.flags ?? [] })) ?? null);
  if (references === null || keyFlags === undefined) return references;
  return references.map(({ position }) => ({ position, flags: keyFlags(args, position) }));
}

/** As {@link findKeys}, for those who do not ask what is done to the keys, of which there may be thousands. */
export function findKeyPositions(spec: CommandSpec, args: readonly string[]): readonly number[] | null {
  if (spec.findKeys !== undefined) return spec.findKeys(args);
  return keysBySpecifications(spec, args)?.map(({ position }) => position) ?? null;
}

function keysBySpecifications(spec: CommandSpec, args: readonly string[]): KeyReference[] | null {
  const references: KeyReference[] = [];
  for (const keySpec of spec.keys ?? []) {
    if (keySpec.flags.includes('not_key')) continue;
    if (!collect(keySpec, args, references)) return null;
  }
  return references;
}

/** Adds the keys of one specification; false when the arguments do not fit it. */
function collect(spec: KeySpec, args: readonly string[], into: KeyReference[]): boolean {
  const first = firstIndex(spec, args);
  if (first === null || spec.find === 'unknown') return true;
  const { flags } = spec;
  if ('lastKey' in spec.find) {
    const { lastKey, step, limit } = spec.find;
    let last = lastKey >= 0 ? first + lastKey : args.length + lastKey;
    if (lastKey < 0 && limit > 1) last = first + Math.floor((args.length - first) / limit) + lastKey;
    if (last >= args.length || last < first) return false;
    for (let position = first; position <= last; position += step) into.push({ position, flags });
    return true;
  }
  const countText = args[first + spec.find.keyCountIndex];
  if (countText === undefined || !/^[0-9]{1,9}$/.test(countText)) return false;
  const count = Number(countText);
  const start = first + spec.find.firstKey;
  if (start + (count - 1) * spec.find.step >= args.length) return false;
  for (let i = 0; i < count; i++) into.push({ position: start + i * spec.find.step, flags });
  return true;
}

/** Where the keys of a specification begin; null when they do not occur. */
function firstIndex(spec: KeySpec, args: readonly string[]): number | null {
  if (spec.begin === 'unknown') return null;
  if ('index' in spec.begin) return spec.begin.index;
  const { keyword, startFrom } = spec.begin;
  const wanted = toLowerAscii(keyword);
  const step = startFrom > 0 ? 1 : -1;
  const start = startFrom > 0 ? startFrom : args.length + startFrom;
  // The keyword never stands last: keys follow it.
  for (let i = start; i > 0 && i < args.length; i += step) {
    if (isWord(args[i] ?? '', wanted) && i + 1 < args.length) return i + 1;
  }
  return null;
}
