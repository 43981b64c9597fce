/** Entries of streams as replies. */
import type { StreamEntry } from '../../keyspace/values/stream-node.js';
import {
  formatStreamId,
  MAX_STREAM_ID,
  MIN_STREAM_ID,
  type StreamId,
} from '../../keyspace/values/stream-id.js';
import type { StreamValue } from '../../keyspace/values/stream-value.js';
import type { Client } from '../../server/client.js';

export function writeStreamId(client: Client, id: StreamId): void {
  client.reply.bulk(formatStreamId(id));
}

/** The id, then fields and values in turn. */
export function writeEntry(client: Client, { id, fields, values }: StreamEntry): void {
  const { reply } = client;
  reply.arrayHeader(2);
  writeStreamId(client, id);
  reply.arrayHeader(fields.length * 2);
  for (let i = 0; i < fields.length; i++) {
    reply.bulk(fields[i]);
    reply.bulk(values[i]);
  }
}

export function writeEntries(client: Client, entries: readonly StreamEntry[]): void {
  client.reply.arrayHeader(entries.length);
  for (const entry of entries) writeEntry(client, entry);
}

/** Entries from `start` to `end`, at most `count` (0: all), from the end when backwards. */
export function entriesBetween(
  stream: StreamValue,
  start: StreamId,
  end: StreamId,
  count: number,
  backwards = false,
): StreamEntry[] {
  const entries: StreamEntry[] = [];
  const collect = (entry: StreamEntry): boolean => entries.push(entry) !== count;
  if (backwards) stream.walkBackwards(start, end, collect);
  else stream.walk(start, end, collect);
  return entries;
}

/** The id of the last entry that is still there; null when the stream is empty. */
export function greatestId(stream: StreamValue): StreamId | null {
  return entriesBetween(stream, MIN_STREAM_ID, MAX_STREAM_ID, 1, true)[0]?.id ?? null;
}
