/** XINFO: what is known of a stream, its groups and their consumers. */
import type { PendingEntry, StreamConsumer, StreamGroup } from '../../keyspace/values/stream-group.js';
import { MAX_STREAM_ID, MIN_STREAM_ID } from '../../keyspace/values/stream-id.js';
import type { StreamValue } from '../../keyspace/values/stream-value.js';
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import { integerArgument } from '../arguments.js';
import { NO_SUCH_KEY } from '../error-texts.js';
import { writeHelp } from '../help.js';
import { readCollection } from '../lookups.js';
import { wrongSubcommandUse } from '../subcommand-use.js';
import { lagOf } from './reading-position.js';
import { entriesBetween, writeEntries, writeEntry, writeStreamId } from './replies.js';

const DEFAULT_FULL_COUNT = 10;

function requiredStream(client: Client, key: string): StreamValue | null {
  const stream = readCollection(client, key, 'stream');
  if (stream === undefined) client.reply.error(NO_SUCH_KEY);
  return stream ?? null;
}

function writeKnown(client: Client, value: number | null): void {
  if (value === null) client.reply.nullBulk();
  else client.reply.integer(value);
}

export function streamInfo(client: Client, args: string[]): void {
  const { reply } = client;
  const stream = requiredStream(client, args[2]);
  if (stream === null) return;
  const isFull = args.length > 3;
  let count = DEFAULT_FULL_COUNT;
  if (isFull) {
    const hasCount = args.length === 6 && isWord(args[4], 'count');
    if (!isWord(args[3], 'full') || (args.length !== 4 && !hasCount)) {
      reply.error(wrongSubcommandUse('xinfo', args[1]));
      return;
    }
    if (hasCount) count = integerArgument(client, args[5]);
    if (Number.isNaN(count)) return;
    if (count < 0) count = DEFAULT_FULL_COUNT;
  }
  reply.mapHeader(isFull ? 9 : 10);
  writeHead(client, stream);
  if (isFull) writeFull(client, stream, count);
  else writeEdges(client, stream);
}

function writeHead(client: Client, stream: StreamValue): void {
  const { reply } = client;
  reply.bulk('length');
  reply.integer(stream.length);
  reply.bulk('radix-tree-keys');
  reply.integer(stream.nodeCount);
  reply.bulk('radix-tree-nodes');
  // There is no radix tree; one node per key and a root is what a small one has.
  reply.integer(stream.nodeCount + 1);
  reply.bulk('last-generated-id');
  writeStreamId(client, stream.lastId);
  reply.bulk('max-deleted-entry-id');
  writeStreamId(client, stream.maxDeletedId);
  reply.bulk('entries-added');
  reply.integer(stream.entriesAdded);
  reply.bulk('recorded-first-entry-id');
  writeStreamId(client, stream.firstId);
}

function writeEdges(client: Client, stream: StreamValue): void {
  const { reply } = client;
  reply.bulk('groups');
  reply.integer(stream.groupCount);
  for (const [name, backwards] of [
    ['first-entry', false],
    ['last-entry', true],
  ] as const) {
    const [entry] = entriesBetween(stream, MIN_STREAM_ID, MAX_STREAM_ID, 1, backwards);
    reply.bulk(name);
    if (entry === undefined) reply.nullBulk();
    else writeEntry(client, entry);
  }
}

function writeFull(client: Client, stream: StreamValue, count: number): void {
  const { reply } = client;
  reply.bulk('entries');
  writeEntries(client, entriesBetween(stream, MIN_STREAM_ID, MAX_STREAM_ID, count));
  reply.bulk('groups');
  const { groups } = stream;
  reply.arrayHeader(groups.length);
  for (const group of groups) writeFullGroup(client, stream, group, count);
}

function writeFullGroup(client: Client, stream: StreamValue, group: StreamGroup, count: number): void {
  const { reply } = client;
  reply.mapHeader(7);
  reply.bulk('name');
  reply.bulk(group.name);
  reply.bulk('last-delivered-id');
  writeStreamId(client, group.lastDeliveredId);
  reply.bulk('entries-read');
  writeKnown(client, group.entriesRead);
  reply.bulk('lag');
  writeKnown(client, lagOf(stream, group));
  reply.bulk('pel-count');
  reply.integer(group.pending.size);
  reply.bulk('pending');
  writePending(client, group, count, true);
  reply.bulk('consumers');
  const { consumers } = group;
  reply.arrayHeader(consumers.length);
  for (const consumer of consumers) {
    reply.mapHeader(5);
    reply.bulk('name');
    reply.bulk(consumer.name);
    reply.bulk('seen-time');
    reply.integer(consumer.seenAtMs);
    reply.bulk('active-time');
    reply.integer(consumer.activeAtMs);
    reply.bulk('pel-count');
    reply.integer(consumer.pending.size);
    reply.bulk('pending');
    writePending(client, consumer, count, false);
  }
}

function writePending(
  client: Client,
  { pending }: StreamGroup | StreamConsumer,
  count: number,
  withConsumer: boolean,
): void {
  const { reply } = client;
  const shown: PendingEntry[] = [];
  pending.walk(MIN_STREAM_ID, (entry) => shown.push(entry) !== count);
  reply.arrayHeader(shown.length);
  for (const entry of shown) {
    reply.arrayHeader(withConsumer ? 4 : 3);
    writeStreamId(client, entry.key);
    if (withConsumer) reply.bulk(entry.consumer.name);
    reply.integer(entry.deliveredAtMs);
    reply.integer(entry.deliveryCount);
  }
}

export function groupsInfo(client: Client, args: string[]): void {
  const { reply } = client;
  const stream = requiredStream(client, args[2]);
  if (stream === null) return;
  const { groups } = stream;
  reply.arrayHeader(groups.length);
  for (const group of groups) {
    reply.mapHeader(6);
    reply.bulk('name');
    reply.bulk(group.name);
    reply.bulk('consumers');
    reply.integer(group.consumerCount);
    reply.bulk('pending');
    reply.integer(group.pending.size);
    reply.bulk('last-delivered-id');
    writeStreamId(client, group.lastDeliveredId);
    reply.bulk('entries-read');
    writeKnown(client, group.entriesRead);
    reply.bulk('lag');
    writeKnown(client, lagOf(stream, group));
  }
}

export function consumersInfo(client: Client, args: string[]): void {
  const { reply, server } = client;
  const [, , key, name] = args;
  const stream = requiredStream(client, key);
  if (stream === null) return;
  const group = stream.group(name);
  if (group === undefined) {
    reply.error(`NOGROUP No such consumer group '${name}' for key name '${key}'`);
    return;
  }
  const { nowMs } = server.keyspace;
  const { consumers } = group;
  reply.arrayHeader(consumers.length);
  for (const consumer of consumers) {
    reply.mapHeader(4);
    reply.bulk('name');
    reply.bulk(consumer.name);
    reply.bulk('pending');
    reply.integer(consumer.pending.size);
    reply.bulk('idle');
    reply.integer(Math.max(0, nowMs - consumer.seenAtMs));
    reply.bulk('inactive');
    reply.integer(consumer.activeAtMs === -1 ? -1 : nowMs - consumer.activeAtMs);
  }
}

export function infoHelp(client: Client): void {
  writeHelp(client, 'xinfo', [
    ['CONSUMERS <key> <groupname>', 'Show the consumers of a group.'],
    ['GROUPS <key>', 'Show the consumer groups of a stream.'],
    ['STREAM <key> [FULL [COUNT <count>]', 'Show what is known of a stream.'],
  ]);
}
