/**
 * How many entries of a stream a group has read, and how many it lags behind. Deleted entries make the count
 * uncertain; null then says that it is not known.
 */
import type { StreamGroup } from '../../keyspace/values/stream-group.js';
import { MIN_STREAM_ID, type StreamId } from '../../keyspace/values/stream-id.js';
import type { StreamValue } from '../../keyspace/values/stream-value.js';

/** Whether an entry that was deleted may lie at `from` or behind it. */
function hasDeletedFrom(stream: StreamValue, from: StreamId): boolean {
  const { maxDeletedId } = stream;
  if (stream.length === 0 || maxDeletedId === MIN_STREAM_ID || stream.firstId > maxDeletedId) return false;
  return from <= maxDeletedId;
}

/** How many entries were ever added up to an id; null when that cannot be told. */
export function entriesReadAt(stream: StreamValue, id: StreamId): number | null {
  const { entriesAdded, length, lastId, firstId, maxDeletedId } = stream;
  if (entriesAdded === 0) return 0;
  if (length === 0 && id <= lastId) return entriesAdded;
  if (id === lastId) return entriesAdded;
  if (id > lastId) return null;
  const isWhole = maxDeletedId === MIN_STREAM_ID || maxDeletedId < firstId;
  if (!isWhole || id > firstId) return null;
  return entriesAdded - length + (id === firstId ? 1 : 0);
}

/** Moves a group on to an entry that it is given. */
export function advance(stream: StreamValue, group: StreamGroup, id: StreamId): void {
  if (group.entriesRead !== null && !hasDeletedFrom(stream, id)) group.entriesRead++;
  else if (stream.entriesAdded > 0) group.entriesRead = entriesReadAt(stream, id);
  group.lastDeliveredId = id;
}

/** How many entries the group has still to read; null when that cannot be told. */
export function lagOf(stream: StreamValue, group: StreamGroup): number | null {
  if (stream.entriesAdded === 0) return 0;
  if (group.entriesRead !== null && !hasDeletedFrom(stream, group.lastDeliveredId)) {
    return stream.entriesAdded - group.entriesRead;
  }
  const read = entriesReadAt(stream, group.lastDeliveredId);
  return read === null ? null : stream.entriesAdded - read;
}
