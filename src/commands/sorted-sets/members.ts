/** Commands about single members of sorted sets: ZADD, ZINCRBY, ZREM, ZSCORE, ZRANK, ZCARD, ZSCAN. */
import { SortedSetValue } from '../../keyspace/values/sorted-set-value.js';
import { isWord } from '../../resp/ascii.js';
import { formatDouble } from '../../resp/numbers.js';
import type { Client } from '../../server/client.js';
import { EventClass } from '../../server/notifications.js';
import { doubleArgument } from '../arguments.js';
import { SYNTAX_ERROR, wrongArgumentCount } from '../error-texts.js';
import { collectionForWrite, deleteEmptied, notify, readCollection } from '../lookups.js';
import { cursorArgument, isMatch, scanOptions, writeScanReply } from '../scanning.js';

interface AddOptions {
  nx: boolean;
  xx: boolean;
  gt: boolean;
  lt: boolean;
  /** CH: reply with the members changed instead of those added. */
  countChanged: boolean;
  /** INCR: scores are added to what is there. */
  increment: boolean;
  /** Where the scores and members begin. */
  firstScore: number;
}

export function addMembers(client: Client, args: string[]): void {
  add(client, args, false);
}

export function incrementMember(client: Client, args: string[]): void {
  add(client, args, true);
}

function add(client: Client, args: string[], increment: boolean): void {
  const { reply, database, server } = client;
  const options = addOptions(client, args, increment);
  if (options === null) return;
  const scores: number[] = [];
  for (let i = options.firstScore; i < args.length; i += 2) {
    const score = doubleArgument(client, args[i]);
    if (Number.isNaN(score)) return;
    scores.push(score);
  }
  const key = args[1];
  let set = collectionForWrite(client, key, 'zset');
  if (set === null) return;
  if (set === undefined && !options.xx) {
    set = SortedSetValue.expecting(
      scores.length,
      args[options.firstScore + 1].length,
      server.keyspace.limits,
    );
    database.add(key, set);
  }
  if (set === undefined) {
    if (options.increment) reply.nullBulk();
    else reply.integer(0);
    return;
  }
  let added = 0;
  let updated = 0;
  let lastScore: number | null = null;
  for (let i = 0; i < scores.length; i++) {
    const member = args[options.firstScore + 2 * i + 1];
    const score = newScore(set, member, scores[i], options);
    lastScore = score;
    if (score === null) continue;
    if (Number.isNaN(score)) {
      reply.error('ERR resulting score is not a number (NaN)');
      return;
    }
    const change = set.set(member, score);
    if (change === 'added') added++;
    else if (change === 'updated') updated++;
  }
  if (!options.increment) reply.integer(options.countChanged ? added + updated : added);
  else if (lastScore === null) reply.nullBulk();
  else reply.double(lastScore);
  if (added + updated === 0) return;
  database.modified(key, added + updated);
  notify(client, EventClass.SortedSet, options.increment ? 'zincr' : 'zadd', key);
}

/** The score that a member is to have; null when the options say to leave it alone. */
function newScore(set: SortedSetValue, member: string, given: number, options: AddOptions): number | null {
  const current = set.score(member);
  if (current === undefined) return options.xx ? null : given;
  if (options.nx) return null;
  const score = options.increment ? current + given : given;
  if ((options.lt && score >= current) || (options.gt && score <= current)) return null;
  return score;
}

function addOptions(client: Client, args: readonly string[], increment: boolean): AddOptions | null {
  const { reply } = client;
  const options = {
    nx: false,
    xx: false,
    gt: false,
    lt: false,
    countChanged: false,
    increment,
    firstScore: 2,
  };
  for (; options.firstScore < args.length; options.firstScore++) {
    const word = args[options.firstScore];
    if (isWord(word, 'nx')) options.nx = true;
    else if (isWord(word, 'xx')) options.xx = true;
    else if (isWord(word, 'gt')) options.gt = true;
    else if (isWord(word, 'lt')) options.lt = true;
    else if (isWord(word, 'ch')) options.countChanged = true;
    else if (isWord(word, 'incr')) options.increment = true;
    else break;
  }
  const { nx, xx, gt, lt } = options;
  const count = args.length - options.firstScore;
  if (count === 0 || count % 2 === 1) reply.error(SYNTAX_ERROR);
  else if (nx && xx) reply.error('ERR XX and NX options at the same time are not compatible');
  else if ((gt && nx) || (lt && nx) || (gt && lt)) {
    reply.error('ERR GT, LT, and/or NX options at the same time are not compatible');
  } else if (options.increment && count > 2) {
    reply.error('ERR INCR option supports a single increment-element pair');
  } else {
    return options;
  }
  return null;
}

export function removeMembers(client: Client, args: string[]): void {
  const key = args[1];
  const set = collectionForWrite(client, key, 'zset');
  if (set === null) return;
  let removed = 0;
  if (set !== undefined) {
    for (let i = 2; i < args.length && set.size > 0; i++) if (set.delete(args[i])) removed++;
  }
  if (set !== undefined && removed > 0) {
    notify(client, EventClass.SortedSet, 'zrem', key);
    if (set.size === 0) deleteEmptied(client, key);
    client.database.modified(key, removed);
  }
  client.reply.integer(removed);
}

export function memberCount(client: Client, args: string[]): void {
  const set = readCollection(client, args[1], 'zset');
  if (set !== null) client.reply.integer(set?.size ?? 0);
}

export function memberScore(client: Client, args: string[]): void {
  const set = readCollection(client, args[1], 'zset');
  if (set !== null) writeScore(client, set, args[2]);
}

export function memberScores(client: Client, args: string[]): void {
  const set = readCollection(client, args[1], 'zset');
  if (set === null) return;
  client.reply.arrayHeader(args.length - 2);
  for (let i = 2; i < args.length; i++) writeScore(client, set, args[i]);
}

function writeScore(client: Client, set: SortedSetValue | undefined, member: string): void {
  const score = set?.score(member);
  if (score === undefined) client.reply.nullBulk();
  else client.reply.double(score);
}

/** ZRANK and ZREVRANK. */
export function memberRank(reverse: boolean): (client: Client, args: string[]) => void {
  return (client, args) => {
    const { reply } = client;
    const withScore = args.length > 3;
    if (args.length > 4) {
      reply.error(wrongArgumentCount(reverse ? 'zrevrank' : 'zrank'));
      return;
    }
    if (withScore && !isWord(args[3], 'withscore')) {
      reply.error(SYNTAX_ERROR);
      return;
    }
    const set = readCollection(client, args[1], 'zset');
    if (set === null) return;
    const score = set?.score(args[2]);
    if (set === undefined || score === undefined) {
      if (withScore) reply.nullArray();
      else reply.nullBulk();
      return;
    }
    const rank = set.rank(args[2]);
    if (withScore) reply.arrayHeader(2);
    reply.integer(reverse ? set.size - 1 - rank : rank);
    if (withScore) reply.double(score);
  };
}

export function scanMembers(client: Client, args: string[]): void {
  const cursor = cursorArgument(client, args[2]);
  if (Number.isNaN(cursor)) return;
  const set = readCollection(client, args[1], 'zset');
  if (set === null) return;
  if (set === undefined) {
    writeScanReply(client, 0, []);
    return;
  }
  const options = scanOptions(client, args, 3);
  if (options === null) return;
  const found: string[] = [];
  const next = set.scan(cursor, options.count, (member, score) => {
    if (isMatch(options, member)) found.push(member, formatDouble(score));
  });
  writeScanReply(client, next, found);
}
