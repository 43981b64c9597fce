/** Intersection, union and difference of sets, replied, stored or counted. */
import { parseIntegerMember } from '../../keyspace/values/integer-set.js';
import { SetValue } from '../../keyspace/values/set-value.js';
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import { EventClass } from '../../server/notifications.js';
import { integerInRange } from '../arguments.js';
import { SYNTAX_ERROR } from '../error-texts.js';
import { notify, readCollection } from '../lookups.js';
import { writeSet } from './members.js';

/** Makes one set of several; undefined stands for a key that does not exist. */
type Operation = (sets: readonly (SetValue | undefined)[], client: Client) => SetValue;

export function reply(operation: Operation): (client: Client, args: string[]) => void {
  return (client, args) => {
    const sets = readSets(client, args.slice(1));
    if (sets !== null) writeSet(client, operation(sets, client));
  };
}

export function store(operation: Operation, event: string): (client: Client, args: string[]) => void {
  return (client, args) => {
    const { database } = client;
    const destination = args[1];
    const sets = readSets(client, args.slice(2));
    if (sets === null) return;
    const result = operation(sets, client);
    if (result.size > 0) {
      database.set(destination, result);
      database.modified(destination);
      notify(client, EventClass.Set, event, destination);
    } else if (database.delete(destination)) {
      database.modified(destination);
      notify(client, EventClass.Generic, 'del', destination);
    }
    client.reply.integer(result.size);
  };
}

/** Null after an error: one of the keys holds another type. */
function readSets(client: Client, keys: readonly string[]): (SetValue | undefined)[] | null {
  const sets: (SetValue | undefined)[] = [];
  for (const key of keys) {
    const set = readCollection(client, key, 'set');
    if (set === null) return null;
    sets.push(set);
  }
  return sets;
}

export function union(sets: readonly (SetValue | undefined)[], client: Client): SetValue {
  const result = new SetValue(client.server.keyspace.limits);
  for (const set of sets) set?.forEach((member) => result.add(member));
  return result;
}

export function difference(sets: readonly (SetValue | undefined)[], client: Client): SetValue {
  const result = new SetValue(client.server.keyspace.limits);
  const [first, ...others] = sets;
  if (first === undefined || others.includes(first)) return result;
  first.forEach((member) => {
    if (!others.some((other) => other?.has(member) === true)) result.add(member);
  });
  return result;
}

export function intersection(sets: readonly (SetValue | undefined)[], client: Client): SetValue {
  const { limits } = client.server.keyspace;
  const common: string[] = [];
  const smallest = forEachCommon(sets, (member) => common.push(member) > 0);
  // Redis begins with a listpack, which keeps the order of mixed members, unless only integers can come.
  const onlyIntegers = common.every((member) => parseIntegerMember(member) !== null);
  const startsAsIntset = onlyIntegers || smallest?.encoding === 'intset';
  const result = startsAsIntset ? new SetValue(limits) : SetValue.expecting('', 0, limits);
  for (const member of common) result.add(member);
  return result;
}

/**
 * Visits the members that all sets have, while `visit` returns true.
 * @returns the smallest of the sets, whose order the visit follows
 */
function forEachCommon(
  sets: readonly (SetValue | undefined)[],
  visit: (member: string) => boolean,
): SetValue | undefined {
  const present = sets.filter((set) => set !== undefined);
  if (present.length < sets.length) return undefined;
  const [smallest, ...others] = present.sort((a, b) => a.size - b.size);
  for (let position = 0; position < smallest.size; position++) {
    const member = smallest.at(position);
    if (others.every((other) => other.has(member)) && !visit(member)) break;
  }
  return smallest;
}

export function countIntersection(client: Client, args: string[]): void {
  const keyCount = integerInRange(client, args[1], 1, Infinity, 'ERR numkeys should be greater than 0');
  if (Number.isNaN(keyCount)) return;
  if (keyCount > args.length - 2) {
    client.reply.error("ERR Number of keys can't be greater than number of args");
    return;
  }
  let limit = 0;
  for (let i = 2 + keyCount; i < args.length; i += 2) {
    if (!isWord(args[i], 'limit') || i + 1 === args.length) {
      client.reply.error(SYNTAX_ERROR);
      return;
    }
    limit = integerInRange(client, args[i + 1], 0, Infinity, "ERR LIMIT can't be negative");
    if (Number.isNaN(limit)) return;
  }
  const sets = readSets(client, args.slice(2, 2 + keyCount));
  if (sets === null) return;
  let count = 0;
  forEachCommon(sets, () => ++count !== limit);
  client.reply.integer(count);
}
