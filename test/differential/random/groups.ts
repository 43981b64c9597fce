/** The groups of random commands: each on a type of data, with some that put other types in its way. */
import fc, { type Arbitrary } from 'fast-check';
import type { RandomCommand } from './arguments.js';
import { bitmaps } from './bitmaps.js';
import { geo } from './geo.js';
import { hashes } from './hashes.js';
import { hyperLogLogs } from './hyper-log-logs.js';
import { generic } from './keys.js';
import { lists } from './lists.js';
import { sets } from './sets.js';
import { sortedByMember, sortedSets } from './sorted-sets.js';
import { streams } from './streams.js';
import { strings } from './strings.js';

function mixed(
  main: Arbitrary<RandomCommand>,
  ...others: Arbitrary<RandomCommand>[]
): Arbitrary<RandomCommand> {
  return fc.oneof({ weight: 8, arbitrary: main }, ...others.map((arbitrary) => ({ weight: 1, arbitrary })));
}

export const GROUPS: Readonly<Record<string, Arbitrary<RandomCommand>>> = {
  strings: mixed(strings, generic),
  keys: mixed(generic, strings, lists, hashes, sets, sortedSets),
  lists: mixed(lists, strings, generic),
  hashes: mixed(hashes, strings, generic),
  sets: mixed(sets, strings, generic),
  'sorted sets': mixed(sortedSets, sets, generic),
  'sorted sets by member': sortedByMember,
  bitmaps: mixed(bitmaps, strings),
  HyperLogLogs: hyperLogLogs,
  geo: mixed(geo, sortedSets),
  streams: mixed(streams, strings),
};
