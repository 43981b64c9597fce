/** Commands that read, count, store or remove a range of a sorted set. */
import { SortedSetValue } from '../../keyspace/values/sorted-set-value.js';
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import { EventClass } from '../../server/notifications.js';
import { integerArgument } from '../arguments.js';
import { SYNTAX_ERROR } from '../error-texts.js';
import { collectionForWrite, deleteEmptied, notify, readCollection } from '../lookups.js';
import { intervalOf, intervalSize, rangeArguments, type Range, type RangeKind } from './ranges.js';
import { writeMember, writeMembersHeader } from './replies.js';

interface RangeQuery {
  kind: RangeKind;
  reverse: boolean;
  withScores: boolean;
  /** LIMIT: how many to skip, and how many to take at most (negative: all). */
  offset: number;
  limit: number;
}

/** What the old range commands have in their names and ZRANGE takes as options. */
export interface FixedRange {
  readonly kind: RangeKind;
  readonly reverse: boolean;
}

/** ZRANGE (with `fixed` null) and ZREVRANGE, ZRANGEBYSCORE, ZREVRANGEBYSCORE, ZRANGEBYLEX, ZREVRANGEBYLEX. */
export function readRange(fixed: FixedRange | null): (client: Client, args: string[]) => void {
  return (client, args) => {
    const query = queryArguments(client, args, 4, fixed, true);
    if (query === null) return;
    const range = boundArguments(client, query, args[2], args[3]);
    if (range === null) return;
    const set = readCollection(client, args[1], 'zset');
    if (set === null) return;
    if (set === undefined) {
      client.reply.arrayHeader(0);
      return;
    }
    const { first, count } = selection(set, range, query);
    writeMembersHeader(client, count, query.withScores);
    visit(set, first, count, query.reverse, (member, score) => {
      writeMember(client, member, score, query.withScores);
    });
  };
}

export function storeRange(client: Client, args: string[]): void {
  const { database, server, reply } = client;
  const [, destination, source] = args;
  const query = queryArguments(client, args, 5, null, false);
  if (query === null) return;
  const range = boundArguments(client, query, args[3], args[4]);
  if (range === null) return;
  const set = readCollection(client, source, 'zset');
  if (set === null) return;
  const { first, count } = set === undefined ? { first: 0, count: 0 } : selection(set, range, query);
  if (set !== undefined && count > 0) {
    const result = SortedSetValue.expecting(count, 0, server.keyspace.limits);
    visit(set, first, count, query.reverse, (member, score) => result.set(member, score));
    database.set(destination, result);
    database.modified(destination);
    notify(client, EventClass.SortedSet, 'zrangestore', destination);
  } else if (database.delete(destination)) {
    database.modified(destination);
    notify(client, EventClass.Generic, 'del', destination);
  }
  reply.integer(count);
}

/** Reads the options from argument `from` on; null after an error. */
function queryArguments(
  client: Client,
  args: readonly string[],
  from: number,
  fixed: FixedRange | null,
  mayShowScores: boolean,
): RangeQuery | null {
  const query: RangeQuery = {
    kind: fixed?.kind ?? 'rank',
    reverse: fixed?.reverse ?? false,
    withScores: false,
    offset: 0,
    limit: -1,
  };
  let isKindGiven = fixed !== null;
  for (let i = from; i < args.length; i++) {
    if (isWord(args[i], 'withscores') && mayShowScores) {
      query.withScores = true;
    } else if (isWord(args[i], 'limit') && i + 2 < args.length) {
      query.offset = integerArgument(client, args[++i]);
      if (Number.isNaN(query.offset)) return null;
      query.limit = integerArgument(client, args[++i]);
      if (Number.isNaN(query.limit)) return null;
    } else if (isWord(args[i], 'rev') && fixed === null && !query.reverse) {
      query.reverse = true;
    } else if ((isWord(args[i], 'byscore') || isWord(args[i], 'bylex')) && !isKindGiven) {
      query.kind = isWord(args[i], 'byscore') ? 'score' : 'member';
      isKindGiven = true;
    } else {
      client.reply.error(SYNTAX_ERROR);
      return null;
    }
  }
  return isConsistent(client, query) ? query : null;
}

function isConsistent(client: Client, { kind, limit, withScores }: RangeQuery): boolean {
  if (limit !== -1 && kind === 'rank') {
    client.reply.error(
      'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX',
    );
    return false;
  }
  if (withScores && kind === 'member') {
    client.reply.error('ERR syntax error, WITHSCORES not supported in combination with BYLEX');
    return false;
  }
  return true;
}

/** A reversed range of scores or members is given from its upper end. */
function boundArguments(client: Client, { kind, reverse }: RangeQuery, a: string, b: string): Range | null {
  return reverse && kind !== 'rank' ? rangeArguments(client, kind, b, a) : rangeArguments(client, kind, a, b);
}

/** The rank at which to begin, and how many members to take from there. */
function selection(set: SortedSetValue, range: Range, query: RangeQuery): { first: number; count: number } {
  const interval = intervalOf(set, range, query.reverse);
  const { limit } = query;
  // Without a limit (-1), LIMIT is accepted for ranks, but skips nothing.
  const offset = range.kind === 'rank' ? 0 : query.offset;
  // A negative offset skips everything, as it does in Redis.
  const left = offset < 0 ? 0 : Math.max(0, intervalSize(interval) - offset);
  const count = limit < 0 ? left : Math.min(left, limit);
  return { first: query.reverse ? interval.end - 1 - offset : interval.start + offset, count };
}

function visit(
  set: SortedSetValue,
  first: number,
  count: number,
  reverse: boolean,
  visitor: (member: string, score: number) => void,
): void {
  if (count === 0) return;
  let left = count;
  set.walk(first, reverse ? -1 : 1, (member, score) => {
    visitor(member, score);
    return --left > 0;
  });
}

/** ZCOUNT and ZLEXCOUNT. */
export function countRange(kind: 'score' | 'member'): (client: Client, args: string[]) => void {
  return (client, args) => {
    const range = rangeArguments(client, kind, args[2], args[3]);
    if (range === null) return;
    const set = readCollection(client, args[1], 'zset');
    if (set !== null) client.reply.integer(set === undefined ? 0 : intervalSize(intervalOf(set, range)));
  };
}

/** ZREMRANGEBYRANK, ZREMRANGEBYSCORE, ZREMRANGEBYLEX. */
export function removeRange(kind: RangeKind, event: string): (client: Client, args: string[]) => void {
  return (client, args) => {
    const key = args[1];
    const range = rangeArguments(client, kind, args[2], args[3]);
    if (range === null) return;
    const set = collectionForWrite(client, key, 'zset');
    if (set === null) return;
    const interval = set === undefined ? { start: 0, end: 0 } : intervalOf(set, range);
    const removed = intervalSize(interval);
    if (set !== undefined && removed > 0) {
      set.removeRange(interval.start, interval.end);
      notify(client, EventClass.SortedSet, event, key);
      if (set.size === 0) deleteEmptied(client, key);
      client.database.modified(key, removed);
    }
    client.reply.integer(removed);
  };
}
