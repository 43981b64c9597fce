/** Keyspace notifications: which classes of events are published, and how (`notify-keyspace-events`). */
import type { PubSub } from './pubsub.js';

/** One bit per class, named by the letters of the directive. */
export const enum EventClass {
  Keyspace = 1 << 0,
  Keyevent = 1 << 1,
  Generic = 1 << 2,
  String = 1 << 3,
  List = 1 << 4,
  Set = 1 << 5,
  Hash = 1 << 6,
  SortedSet = 1 << 7,
  Expired = 1 << 8,
  Evicted = 1 << 9,
  Stream = 1 << 10,
  KeyMiss = 1 << 11,
  Module = 1 << 12,
  New = 1 << 13,
}

const LETTERS: readonly (readonly [string, number])[] = [
  ['g', EventClass.Generic],
  ['$', EventClass.String],
  ['l', EventClass.List],
  ['s', EventClass.Set],
  ['h', EventClass.Hash],
  ['z', EventClass.SortedSet],
  ['x', EventClass.Expired],
  ['e', EventClass.Evicted],
  ['t', EventClass.Stream],
  ['d', EventClass.Module],
];

const ALL = LETTERS.reduce((bits, [, bit]) => bits | bit, 0);

/** The classes that the letters of the directive select; -1 for an unknown letter. */
export function parseEventClasses(letters: string): number {
  let bits = 0;
  for (const letter of letters) {
    if (letter === 'A') bits |= ALL;
    else if (letter === 'K') bits |= EventClass.Keyspace;
    else if (letter === 'E') bits |= EventClass.Keyevent;
    else if (letter === 'm') bits |= EventClass.KeyMiss;
    else if (letter === 'n') bits |= EventClass.New;
    else {
      const found = LETTERS.find(([known]) => known === letter);
      if (found === undefined) return -1;
      bits |= found[1];
    }
  }
  return bits;
}

/** The directive's canonical form, as CONFIG GET shows it. */
export function formatEventClasses(bits: number): string {
  let text = '';
  if ((bits & ALL) === ALL) text = 'A';
  else for (const [letter, bit] of LETTERS) if ((bits & bit) !== 0) text += letter;
  if ((bits & EventClass.Keyspace) !== 0) text += 'K';
  if ((bits & EventClass.Keyevent) !== 0) text += 'E';
  if ((bits & EventClass.KeyMiss) !== 0) text += 'm';
  if ((bits & EventClass.New) !== 0) text += 'n';
  return text;
}

export class Notifications {
  /** Selected classes; 0 switches everything off. */
  classes = 0;

  constructor(private readonly pubsub: PubSub) {}

  /** Publishes that `event` happened to `key`, to the channels that are switched on. */
  publish(eventClass: EventClass, event: string, key: string, databaseIndex: number): void {
    const { classes } = this;
    if ((classes & eventClass) === 0) return;
    if ((classes & EventClass.Keyspace) !== 0) {
      this.pubsub.publish(`__keyspace@${databaseIndex}__:${key}`, event);
    }
    if ((classes & EventClass.Keyevent) !== 0) {
      this.pubsub.publish(`__keyevent@${databaseIndex}__:${event}`, key);
    }
  }
}
