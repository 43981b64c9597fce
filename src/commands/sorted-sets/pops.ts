/** ZPOPMIN, ZPOPMAX, ZMPOP, and the forms that wait for a member: BZPOPMIN, BZPOPMAX, BZMPOP. */
import type { ScoredMember, SortedSetValue } from '../../keyspace/values/sorted-set-value.js';
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import { EventClass } from '../../server/notifications.js';
import { countArgument, integerInRange, timeoutArgument } from '../arguments.js';
import { SYNTAX_ERROR } from '../error-texts.js';
import { collectionForWrite, deleteEmptied, notify } from '../lookups.js';

/** An end of a sorted set, under the names it goes by. */
export interface SortedSetEnd {
  readonly isMinimum: boolean;
  readonly event: 'zpopmin' | 'zpopmax';
  /** The command that pops here, as it is propagated. */
  readonly command: 'ZPOPMIN' | 'ZPOPMAX';
}

export const MINIMUM: SortedSetEnd = { isMinimum: true, event: 'zpopmin', command: 'ZPOPMIN' };
export const MAXIMUM: SortedSetEnd = { isMinimum: false, event: 'zpopmax', command: 'ZPOPMAX' };

const nullArray = (client: Client): void => client.reply.nullArray();

/** ZPOPMIN and ZPOPMAX. */
export function pop(end: SortedSetEnd): (client: Client, args: string[]) => void {
  return (client, args) => {
    const { reply } = client;
    if (args.length > 3) {
      reply.error(SYNTAX_ERROR);
      return;
    }
    const hasCount = args.length === 3;
    const count = hasCount ? countArgument(client, args[2]) : 1;
    if (Number.isNaN(count)) return;
    const set = collectionForWrite(client, args[1], 'zset');
    if (set === null) return;
    const popped = set === undefined || count === 0 ? [] : take(client, args[1], set, end, count);
    const nested = hasCount && reply.protocol === 3;
    reply.arrayHeader(nested ? popped.length : popped.length * 2);
    writePopped(client, popped, nested);
  };
}

/** Removes up to `count` members from an end, the outermost first, and tells of it. */
function take(
  client: Client,
  key: string,
  set: SortedSetValue,
  { isMinimum, event }: SortedSetEnd,
  count: number,
): ScoredMember[] {
  const { size } = set;
  const taken = Math.min(count, size);
  const popped: ScoredMember[] = [];
  const start = isMinimum ? 0 : size - taken;
  set.removeRange(start, start + taken, (member, score) => popped.push({ key: member, score }));
  if (!isMinimum) popped.reverse();
  notify(client, EventClass.SortedSet, event, key);
  if (set.size === 0) deleteEmptied(client, key);
  client.database.modified(key, taken);
  return popped;
}

function writePopped(client: Client, popped: readonly ScoredMember[], nested: boolean): void {
  const { reply } = client;
  for (const { key, score } of popped) {
    if (nested) reply.arrayHeader(2);
    reply.bulk(key);
    reply.double(score);
  }
}

/** BZPOPMIN and BZPOPMAX: the first of several sorted sets that has a member gives it. */
export function blockingPop(end: SortedSetEnd): (client: Client, args: string[]) => void {
  return (client, args) => {
    const timeoutMs = timeoutArgument(client, args[args.length - 1]);
    if (Number.isNaN(timeoutMs)) return;
    const keys = args.slice(1, -1);
    for (const key of keys) {
      const set = collectionForWrite(client, key, 'zset');
      if (set === null) return;
      if (set === undefined) continue;
      const popped = take(client, key, set, end, 1);
      client.reply.arrayHeader(3);
      client.reply.bulk(key);
      writePopped(client, popped, false);
      client.server.dispatcher.propagateAs(client, [end.command, key]);
      return;
    }
    waitForSortedSet(client, keys, timeoutMs);
  };
}

interface PopRequest {
  readonly keys: string[];
  readonly end: SortedSetEnd;
  readonly count: number;
}

export function popFromFirst(client: Client, args: string[]): void {
  const request = popRequest(client, args, 1);
  if (request !== null && !tryPopFromFirst(client, request)) client.reply.nullArray();
}

export function blockingPopFromFirst(client: Client, args: string[]): void {
  const request = popRequest(client, args, 2);
  if (request === null) return;
  const timeoutMs = timeoutArgument(client, args[1]);
  if (Number.isNaN(timeoutMs)) return;
  if (!tryPopFromFirst(client, request)) waitForSortedSet(client, request.keys, timeoutMs);
}

/** Reads `numkeys key ... MIN|MAX [COUNT count]` from argument `from` on; null after an error. */
function popRequest(client: Client, args: string[], from: number): PopRequest | null {
  const keyCount = integerInRange(client, args[from], 1, Infinity, 'ERR numkeys should be greater than 0');
  if (Number.isNaN(keyCount)) return null;
  const endIndex = from + keyCount + 1;
  const endWord = args[endIndex] ?? '';
  const end = isWord(endWord, 'min') ? MINIMUM : isWord(endWord, 'max') ? MAXIMUM : null;
  const hasCount = args.length === endIndex + 3 && isWord(args[endIndex + 1], 'count');
  if (end === null || (args.length > endIndex + 1 && !hasCount)) {
    client.reply.error(SYNTAX_ERROR);
    return null;
  }
  const countError = 'ERR count should be greater than 0';
  const count = hasCount ? integerInRange(client, args[endIndex + 2], 1, Infinity, countError) : 1;
  return Number.isNaN(count) ? null : { keys: args.slice(from + 1, endIndex), end, count };
}

/** False when none of the sets has a member; true also after an error. */
function tryPopFromFirst(client: Client, { keys, end, count }: PopRequest): boolean {
  const { reply, server } = client;
  for (const key of keys) {
    const set = collectionForWrite(client, key, 'zset');
    if (set === null) return true;
    if (set === undefined) continue;
    const popped = take(client, key, set, end, count);
    reply.arrayHeader(2);
    reply.bulk(key);
    reply.arrayHeader(popped.length);
    writePopped(client, popped, true);
    server.dispatcher.propagateAs(client, [end.command, key, String(popped.length)]);
    return true;
  }
  return false;
}

/** Blocks the client until one of the keys is a sorted set, or replies at once where nothing may block. */
function waitForSortedSet(client: Client, keys: readonly string[], timeoutMs: number): void {
  const { blocking } = client.server;
  if (!blocking.mayBlock(client)) client.reply.nullArray();
  else blocking.blockOnKeys(client, { keys, type: 'zset', timeoutMs, onTimeout: nullArray });
}
