/** Commands that look at a hash as a whole: HGETALL, HKEYS, HVALS, HLEN, HSCAN, HRANDFIELD. */
import type { HashValue } from '../../keyspace/values/hash-value.js';
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import { SYNTAX_ERROR } from '../error-texts.js';
import { readCollection } from '../lookups.js';
import { distinctPositions, pickCountArgument, writeRepeatedPicks } from '../random-picks.js';
import { cursorArgument, isMatch, scanOptions, writeScanReply } from '../scanning.js';

export function hashLength(client: Client, args: string[]): void {
  const hash = readCollection(client, args[1], 'hash');
  if (hash !== null) client.reply.integer(hash?.size ?? 0);
}

export function getAll(client: Client, args: string[]): void {
  const { reply } = client;
  const hash = readCollection(client, args[1], 'hash');
  if (hash === null) return;
  reply.mapHeader(hash?.size ?? 0);
  hash?.forEach((field, value) => {
    reply.bulk(field);
    reply.bulk(value);
  });
}

export function fieldNames(client: Client, args: string[]): void {
  const hash = readCollection(client, args[1], 'hash');
  if (hash === null) return;
  client.reply.arrayHeader(hash?.size ?? 0);
  hash?.forEach((field) => client.reply.bulk(field));
}

export function fieldValues(client: Client, args: string[]): void {
  const hash = readCollection(client, args[1], 'hash');
  if (hash === null) return;
  client.reply.arrayHeader(hash?.size ?? 0);
  hash?.forEach((_field, value) => client.reply.bulk(value));
}

export function scanFields(client: Client, args: string[]): void {
  const cursor = cursorArgument(client, args[2]);
  if (Number.isNaN(cursor)) return;
  const hash = readCollection(client, args[1], 'hash');
  if (hash === null) return;
  if (hash === undefined) {
    writeScanReply(client, 0, []);
    return;
  }
  const options = scanOptions(client, args, 3);
  if (options === null) return;
  const found: string[] = [];
  const next = hash.scan(cursor, options.count, (field, value) => {
    if (isMatch(options, field)) found.push(field, value);
  });
  writeScanReply(client, next, found);
}

export function randomFields(client: Client, args: string[]): void {
  if (args.length === 2) {
    randomField(client, args[1]);
    return;
  }
  const withValues = args.length === 4 && isWord(args[3], 'withvalues');
  const count = pickCountArgument(client, args[2], withValues);
  if (Number.isNaN(count)) return;
  if (args.length > 3 && !withValues) {
    client.reply.error(SYNTAX_ERROR);
    return;
  }
  const hash = readCollection(client, args[1], 'hash');
  if (hash === null) return;
  if (hash === undefined || count === 0) {
    client.reply.arrayHeader(0);
    return;
  }
  if (count < 0) writeRepeatedFields(client, hash, -count, withValues);
  else writeDistinctFields(client, hash, Math.min(count, hash.size), withValues);
}

function randomField(client: Client, key: string): void {
  const hash = readCollection(client, key, 'hash');
  if (hash === null) return;
  if (hash === undefined) client.reply.nullBulk();
  else client.reply.bulk(hash.fieldAt(client.server.platform.random.integer(hash.size)));
}

function writeRepeatedFields(client: Client, hash: HashValue, count: number, withValues: boolean): void {
  writePairsHeader(client, count, withValues);
  writeRepeatedPicks(client, hash.size, count, (position) => writePair(client, hash, position, withValues));
}

function writeDistinctFields(client: Client, hash: HashValue, count: number, withValues: boolean): void {
  writePairsHeader(client, count, withValues);
  const { random } = client.server.platform;
  for (const position of distinctPositions(random, hash.size, count)) {
    writePair(client, hash, position, withValues);
  }
}

/** With values, RESP3 has an array of pairs where RESP2 has one flat array. */
function writePairsHeader(client: Client, count: number, withValues: boolean): void {
  const { reply } = client;
  reply.arrayHeader(withValues && reply.protocol === 2 ? count * 2 : count);
}

function writePair(client: Client, hash: HashValue, position: number, withValues: boolean): void {
  const { reply } = client;
  if (withValues && reply.protocol === 3) reply.arrayHeader(2);
  reply.bulk(hash.fieldAt(position));
  if (withValues) reply.bulk(hash.valueAt(position));
}
