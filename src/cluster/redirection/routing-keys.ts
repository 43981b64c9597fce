/**
 * Where a command has the keys, or shard channels, that decide which node serves it. Worked out once per command, so
 * that those at fixed places are found without looking through key specifications for every request.
 */
import type { Command, KeySpec } from '../../server/command.js';

export type RoutingKeys =
  | { readonly kind: 'none' }
  /** From `first` to `last` (negative: counted from the end), every `step` arguments. */
  | { readonly kind: 'range'; readonly first: number; readonly last: number; readonly step: number }
  | { readonly kind: 'search' };

const NONE: RoutingKeys = { kind: 'none' };
const SEARCH: RoutingKeys = { kind: 'search' };

/** Shard channels are hashed like keys, but nobody keeps them. */
export function isShardPubSub({ name }: Command): boolean {
  return name === 'spublish' || name === 'ssubscribe' || name === 'sunsubscribe';
}

export function routingKeysOf(command: Command): RoutingKeys {
  const { keys = [], findKeys: ownFinder } = command.spec;
  if (ownFinder !== undefined) return SEARCH;
  const specs = isShardPubSub(command) ? keys : keys.filter(({ flags }) => !flags.includes('not_key'));
  const [only] = specs;
  if (only === undefined) return NONE;
  return specs.length === 1 ? rangeOf(only) : SEARCH;
}

function rangeOf({ begin, find }: KeySpec): RoutingKeys {
  if (begin === 'unknown' || find === 'unknown' || !('index' in begin) || !('lastKey' in find)) return SEARCH;
  const { lastKey, step, limit } = find;
  if (limit > 1) return SEARCH;
  return { kind: 'range', first: begin.index, last: lastKey < 0 ? lastKey : begin.index + lastKey, step };
}

/** Calls `take` with each key; stops when it answers false. Nothing is taken from arguments that make no sense. */
export function eachRoutingKey(
  routing: RoutingKeys,
  command: Command,
  args: readonly string[],
  take: (key: string) => boolean,
): void {
  switch (routing.kind) {
    case 'none':
      return;
    case 'range': {
      const last = routing.last < 0 ? args.length + routing.last : routing.last;
      if (last >= args.length) return;
      for (let i = routing.first; i <= last; i += routing.step) if (!take(args[i])) return;
      return;
    }
    case 'search':
      for (const position of command.keyPositions(args) ?? []) if (!take(args[position])) return;
  }
}
