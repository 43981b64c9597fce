/**
 * The classes of keyspace notifications that `notify-keyspace-events` names by one letter each, as a bit set:
 * whether an event is to be published is asked on every write.
 */

import { accepted, refused } from './directive.js';
import type { Directive, Parsed, Traits } from './directive.js';

/** Bits of the value of `notify-keyspace-events`. */
export const KeyspaceEvents = {
  /** Publish on `__keyspace@<db>__:<key>`. */
  Keyspace: 1 << 0,
  /** Publish on `__keyevent@<db>__:<event>`. */
  Keyevent: 1 << 1,
  Generic: 1 << 2,
  String: 1 << 3,
  List: 1 << 4,
  Set: 1 << 5,
  Hash: 1 << 6,
  SortedSet: 1 << 7,
  Expired: 1 << 8,
  Evicted: 1 << 9,
  Stream: 1 << 10,
  KeyMiss: 1 << 11,
  Module: 1 << 12,
  NewKey: 1 << 13,
} as const;

const LETTERS: readonly (readonly [string, number])[] = [
  ['g', KeyspaceEvents.Generic],
  ['$', KeyspaceEvents.String],
  ['l', KeyspaceEvents.List],
  ['s', KeyspaceEvents.Set],
  ['h', KeyspaceEvents.Hash],
  ['z', KeyspaceEvents.SortedSet],
  ['x', KeyspaceEvents.Expired],
  ['e', KeyspaceEvents.Evicted],
  ['t', KeyspaceEvents.Stream],
  ['d', KeyspaceEvents.Module],
];

/** What the letter A stands for: every class but new keys and misses, which are too many to be wanted by chance. */
const ALL = LETTERS.reduce((bits, [, bit]) => bits | bit, 0);

const BIT_OF_LETTER: ReadonlyMap<string, number> = new Map([
  ...LETTERS,
  ['A', ALL],
  ['n', KeyspaceEvents.NewKey],
  ['K', KeyspaceEvents.Keyspace],
  ['E', KeyspaceEvents.Keyevent],
  ['m', KeyspaceEvents.KeyMiss],
]);

function parse(words: readonly string[]): Parsed<number> {
  let bits = 0;
  for (const letter of words[0] ?? '') {
    const bit = BIT_OF_LETTER.get(letter);
    if (bit === undefined) return refused("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
    bits |= bit;
  }
  return accepted(bits);
}

function format(bits: number): string {
  const lettersOf = (pairs: readonly (readonly [string, number])[]): string =>
    pairs.map(([letter, bit]) => ((bits & bit) !== 0 ? letter : '')).join('');
  return (
    ((bits & ALL) === ALL ? 'A' : lettersOf(LETTERS)) +
    lettersOf([
      ['n', KeyspaceEvents.NewKey],
      ['K', KeyspaceEvents.Keyspace],
      ['E', KeyspaceEvents.Keyevent],
      ['m', KeyspaceEvents.KeyMiss],
    ])
  );
}

/** The directive's type: letters in the file, {@link KeyspaceEvents} bits as the value. */
export function keyspaceEvents(traits: Traits = {}): Directive<number> {
  return {
    ...traits,
    defaultValue: 0,
    type: {
      severalWords: false,
      parse,
      format,
      equals: (a, b) => a === b,
      rewrite: (bits) => [{ text: `"${format(bits)}"`, force: bits !== 0 }],
    },
  };
}
