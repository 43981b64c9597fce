/** XACK and XPENDING: entries that were delivered and wait for being acknowledged. */
import type { PendingEntry, StreamGroup } from '../../keyspace/values/stream-group.js';
import type { StreamId } from '../../keyspace/values/stream-id.js';
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import { integerArgument } from '../arguments.js';
import { SYNTAX_ERROR } from '../error-texts.js';
import { collectionForWrite, readCollection } from '../lookups.js';
import { idsFrom } from './add.js';
import { intervalEnd, intervalStart } from './ids.js';
import { writeStreamId } from './replies.js';

export function acknowledge(client: Client, args: string[]): void {
  const stream = collectionForWrite(client, args[1], 'stream');
  if (stream === null) return;
  const group = stream?.group(args[2]);
  if (group === undefined) {
    client.reply.integer(0);
    return;
  }
  const ids = idsFrom(client, args, 3);
  if (ids === null) return;
  let acknowledged = 0;
  for (const id of ids) if (group.acknowledge(id)) acknowledged++;
  client.server.keyspace.dirty += acknowledged;
  client.reply.integer(acknowledged);
}

interface PendingQuery {
  readonly start: StreamId;
  readonly end: StreamId;
  readonly count: number;
  readonly minIdleMs: number;
  readonly consumer: string | undefined;
}

export function listPending(client: Client, args: string[]): void {
  if (args.length !== 3 && (args.length < 6 || args.length > 9)) {
    client.reply.error(SYNTAX_ERROR);
    return;
  }
  const query = args.length === 3 ? null : pendingQuery(client, args);
  if (args.length > 3 && query === null) return;
  const stream = readCollection(client, args[1], 'stream');
  if (stream === null) return;
  const group = stream?.group(args[2]);
  if (group === undefined)
    client.reply.error(`NOGROUP No such key '${args[1]}' or consumer group '${args[2]}'`);
  else if (query === null) writeSummary(client, group);
  else writePending(client, group, query);
}

/** Reads `[IDLE ms] start end count [consumer]`; null after an error. */
function pendingQuery(client: Client, args: readonly string[]): PendingQuery | null {
  const hasIdle = isWord(args[3], 'idle');
  const minIdleMs = hasIdle ? integerArgument(client, args[4]) : 0;
  if (Number.isNaN(minIdleMs)) return null;
  if (hasIdle && args.length < 8) {
    client.reply.error(SYNTAX_ERROR);
    return null;
  }
  const first = hasIdle ? 5 : 3;
  const count = Math.max(0, integerArgument(client, args[first + 2]));
  if (Number.isNaN(count)) return null;
  const start = intervalStart(client, args[first]);
  if (start === null) return null;
  const end = intervalEnd(client, args[first + 1]);
  return end === null ? null : { start, end, count, minIdleMs, consumer: args[first + 3] };
}

/** How many are pending, between which ids, and for whom. */
function writeSummary(client: Client, { pending, consumers }: StreamGroup): void {
  const { reply } = client;
  const { first, last } = pending;
  reply.arrayHeader(4);
  reply.integer(pending.size);
  if (first === undefined || last === undefined) {
    reply.nullBulk();
    reply.nullBulk();
    reply.nullArray();
    return;
  }
  writeStreamId(client, first.key);
  writeStreamId(client, last.key);
  const busy = consumers.filter((consumer) => consumer.pending.size > 0);
  reply.arrayHeader(busy.length);
  for (const consumer of busy) {
    reply.arrayHeader(2);
    reply.bulk(consumer.name);
    reply.bulkInteger(consumer.pending.size);
  }
}

function writePending(client: Client, group: StreamGroup, query: PendingQuery): void {
  const { reply, server } = client;
  const { nowMs } = server.keyspace;
  const source = query.consumer === undefined ? group : group.consumer(query.consumer);
  const found: PendingEntry[] = [];
  source?.pending.walk(query.start, (entry) => {
    if (entry.key > query.end || found.length === query.count) return false;
    if (query.minIdleMs === 0 || nowMs - entry.deliveredAtMs >= query.minIdleMs) found.push(entry);
    return true;
  });
  reply.arrayHeader(found.length);
  for (const entry of found) {
    reply.arrayHeader(4);
    writeStreamId(client, entry.key);
    reply.bulk(entry.consumer.name);
    reply.integer(Math.max(0, nowMs - entry.deliveredAtMs));
    reply.integer(entry.deliveryCount);
  }
}
