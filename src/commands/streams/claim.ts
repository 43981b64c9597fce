/** XCLAIM and XAUTOCLAIM: pending entries change hands. */
import type { PendingEntry, StreamConsumer, StreamGroup } from '../../keyspace/values/stream-group.js';
import {
  formatStreamId,
  MIN_STREAM_ID,
  parseStreamId,
  type StreamId,
} from '../../keyspace/values/stream-id.js';
import type { StreamEntry } from '../../keyspace/values/stream-node.js';
import type { StreamValue } from '../../keyspace/values/stream-value.js';
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import { integerArgument, integerInRange } from '../arguments.js';
import { SYNTAX_ERROR } from '../error-texts.js';
import { collectionForWrite } from '../lookups.js';
import { findOrAddConsumer } from './consumers.js';
import { propagateClaim, propagateGroupPosition } from './group-propagation.js';
import { intervalStart, streamIdArgument } from './ids.js';
import { writeEntry, writeStreamId } from './replies.js';

interface ClaimOptions {
  /** When the entries count as delivered. */
  deliveredAtMs: number | null;
  deliveryCount: number | null;
  /** Make entries pending that are not. */
  force: boolean;
  justIds: boolean;
  lastId: StreamId;
}

/** XAUTOCLAIM looks at this many entries for each that it may claim. */
const LOOKS_PER_CLAIM = 10;
const DEFAULT_COUNT = 100;
const HIGHEST_COUNT = 2 ** 63 / 16;

/** The stream and group of `args[1]` and `args[2]`; null after an error. */
function groupOf(
  client: Client,
  args: readonly string[],
): { stream: StreamValue; group: StreamGroup } | null {
  const stream = collectionForWrite(client, args[1], 'stream');
  if (stream === null) return null;
  const group = stream?.group(args[2]);
  if (stream !== undefined && group !== undefined) return { stream, group };
  client.reply.error(`NOGROUP No such key '${args[1]}' or consumer group '${args[2]}'`);
  return null;
}

export function claim(client: Client, args: string[]): void {
  const { server } = client;
  const key = args[1];
  const found = groupOf(client, args);
  if (found === null) return;
  const { stream, group } = found;
  const minIdleMs = integerArgument(client, args[4], 'ERR Invalid min-idle-time argument for XCLAIM');
  if (Number.isNaN(minIdleMs)) return;
  const ids: StreamId[] = [];
  let next = 5;
  for (; next < args.length; next++) {
    const id = parseStreamId(args[next], 0);
    if (id === null) break;
    ids.push(id);
  }
  const options = claimOptions(client, args, next);
  if (options === null) return;
  server.dispatcher.suppressPropagation();
  const moved = options.lastId > group.lastDeliveredId;
  if (moved) group.lastDeliveredId = options.lastId;
  const { consumer } = findOrAddConsumer(client, key, group, args[3]);
  consumer.seenAtMs = server.keyspace.nowMs;
  let changes = 0;
  const claimed: StreamEntry[] = [];
  for (const id of ids) {
    const pending = group.pending.get(id);
    const entry = stream.get(id);
    if (entry === undefined) {
      if (pending === undefined) continue;
      drop(client, key, group, pending);
      changes++;
      continue;
    }
    if (pending === undefined && !options.force) continue;
    if (pending !== undefined && minIdleMs > 0 && server.keyspace.nowMs - pending.deliveredAtMs < minIdleMs) {
      continue;
    }
    propagateClaim(client, key, group, take(client, group, consumer, id, pending, options));
    claimed.push(entry);
    changes++;
  }
  if (moved && changes === 0) {
    propagateGroupPosition(client, key, group);
    changes++;
  }
  server.keyspace.dirty += changes;
  writeClaimed(client, claimed, options.justIds);
}

/** Makes an entry pending for the consumer. */
function take(
  client: Client,
  group: StreamGroup,
  consumer: StreamConsumer,
  id: StreamId,
  pending: PendingEntry | undefined,
  options: ClaimOptions,
): PendingEntry {
  const { nowMs } = client.server.keyspace;
  const deliveries = pending?.deliveryCount ?? 1;
  const deliveryCount = options.deliveryCount ?? (options.justIds ? deliveries : deliveries + 1);
  consumer.activeAtMs = nowMs;
  return group.assign(id, consumer, options.deliveredAtMs ?? nowMs, deliveryCount);
}

/** Forgets a pending entry that is no longer in the stream. */
function drop(client: Client, key: string, group: StreamGroup, pending: PendingEntry): void {
  propagateClaim(client, key, group, pending);
  group.acknowledge(pending.key);
}

function writeClaimed(client: Client, claimed: readonly StreamEntry[], justIds: boolean): void {
  client.reply.arrayHeader(claimed.length);
  for (const entry of claimed) {
    if (justIds) writeStreamId(client, entry.id);
    else writeEntry(client, entry);
  }
}

function claimOptions(client: Client, args: readonly string[], from: number): ClaimOptions | null {
  const { nowMs } = client.server.keyspace;
  const options: ClaimOptions = {
    deliveredAtMs: null,
    deliveryCount: null,
    force: false,
    justIds: false,
    lastId: MIN_STREAM_ID,
  };
  for (let i = from; i < args.length; i++) {
    const hasMore = i + 1 < args.length;
    if (isWord(args[i], 'force')) {
      options.force = true;
    } else if (isWord(args[i], 'justid')) {
      options.justIds = true;
    } else if (isWord(args[i], 'idle') && hasMore) {
      const idleMs = integerArgument(client, args[++i], 'ERR Invalid IDLE option argument for XCLAIM');
      if (Number.isNaN(idleMs)) return null;
      options.deliveredAtMs = nowMs - idleMs;
    } else if (isWord(args[i], 'time') && hasMore) {
      options.deliveredAtMs = integerArgument(
        client,
        args[++i],
        'ERR Invalid TIME option argument for XCLAIM',
      );
      if (Number.isNaN(options.deliveredAtMs)) return null;
    } else if (isWord(args[i], 'retrycount') && hasMore) {
      const count = integerArgument(client, args[++i], 'ERR Invalid RETRYCOUNT option argument for XCLAIM');
      if (Number.isNaN(count)) return null;
      options.deliveryCount = count < 0 ? null : count;
    } else if (isWord(args[i], 'lastid') && hasMore) {
      const id = streamIdArgument(client, args[++i]);
      if (id === null) return null;
      options.lastId = id;
    } else {
      client.reply.error(`ERR Unrecognized XCLAIM option '${args[i]}'`);
      return null;
    }
  }
  // Clients may reckon with another clock: a time that cannot be is taken for now.
  const { deliveredAtMs } = options;
  if (deliveredAtMs !== null && (deliveredAtMs < 0 || deliveredAtMs > nowMs)) options.deliveredAtMs = nowMs;
  return options;
}

export function autoClaim(client: Client, args: string[]): void {
  const { reply, server } = client;
  const key = args[1];
  const minIdleMs = integerArgument(client, args[4], 'ERR Invalid min-idle-time argument for XAUTOCLAIM');
  if (Number.isNaN(minIdleMs)) return;
  const start = intervalStart(client, args[5]);
  if (start === null) return;
  let count = DEFAULT_COUNT;
  let justIds = false;
  for (let i = 6; i < args.length; i++) {
    if (isWord(args[i], 'count') && i + 1 < args.length) {
      count = integerInRange(client, args[++i], 1, HIGHEST_COUNT, 'ERR COUNT must be > 0');
      if (Number.isNaN(count)) return;
    } else if (isWord(args[i], 'justid')) {
      justIds = true;
    } else {
      reply.error(SYNTAX_ERROR);
      return;
    }
  }
  const found = groupOf(client, args);
  if (found === null) return;
  const { stream, group } = found;
  server.dispatcher.suppressPropagation();
  const { consumer } = findOrAddConsumer(client, key, group, args[3]);
  consumer.seenAtMs = server.keyspace.nowMs;
  const options: ClaimOptions = {
    deliveredAtMs: null,
    deliveryCount: null,
    force: false,
    justIds,
    lastId: MIN_STREAM_ID,
  };
  const claimed: StreamEntry[] = [];
  const deleted: StreamId[] = [];
  let cursor: StreamId = MIN_STREAM_ID;
  let looks = count * LOOKS_PER_CLAIM;
  group.pending.walk(start, (pending) => {
    if (looks-- === 0 || claimed.length + deleted.length === count) {
      cursor = pending.key;
      return false;
    }
    const entry = stream.get(pending.key);
    if (entry === undefined) {
      drop(client, key, group, pending);
      deleted.push(pending.key);
    } else if (minIdleMs <= 0 || server.keyspace.nowMs - pending.deliveredAtMs >= minIdleMs) {
      propagateClaim(client, key, group, take(client, group, consumer, pending.key, pending, options));
      claimed.push(entry);
    }
    return true;
  });
  server.keyspace.dirty += claimed.length + deleted.length;
  reply.arrayHeader(3);
  reply.bulk(formatStreamId(cursor));
  writeClaimed(client, claimed, justIds);
  reply.arrayHeader(deleted.length);
  for (const id of deleted) writeStreamId(client, id);
}
