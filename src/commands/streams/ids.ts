/** Stream ids as arguments: exact ones, and the ends of intervals. */
import {
  MAX_STREAM_ID,
  MIN_STREAM_ID,
  nextStreamId,
  parseStreamId,
  previousStreamId,
  type StreamId,
  type Uint64,
} from '../../keyspace/values/stream-id.js';
import type { Client } from '../../server/client.js';

const MAX_SEQUENCE = 0xffff_ffff_ffff_ffffn;
const INVALID_ID = 'ERR Invalid stream ID specified as stream command argument';

/** An id, whose sequence number may be left out; null after an error. */
export function streamIdArgument(client: Client, text: string, missingSequence: Uint64 = 0): StreamId | null {
  const id = parseStreamId(text, missingSequence);
  if (id === null) client.reply.error(INVALID_ID);
  return id;
}

/** An id that may be `-` or `+`: XGROUP SETID. */
export function edgeIdArgument(client: Client, text: string, missingSequence: Uint64): StreamId | null {
  if (text === '-') return MIN_STREAM_ID;
  return text === '+' ? MAX_STREAM_ID : streamIdArgument(client, text, missingSequence);
}

/** The first id of an interval: `-`, an id, or `(id` for what comes after it. */
export function intervalStart(client: Client, text: string): StreamId | null {
  if (!isExclusive(text)) return edgeIdArgument(client, text, 0);
  const excluded = streamIdArgument(client, text.slice(1), 0);
  const start = excluded === null ? null : nextStreamId(excluded);
  if (excluded !== null && start === null) client.reply.error('ERR invalid start ID for the interval');
  return start;
}

/** The last id of an interval: `+`, an id, or `(id` for what comes before it. */
export function intervalEnd(client: Client, text: string): StreamId | null {
  if (!isExclusive(text)) return edgeIdArgument(client, text, MAX_SEQUENCE);
  const excluded = streamIdArgument(client, text.slice(1), MAX_SEQUENCE);
  const end = excluded === null ? null : previousStreamId(excluded);
  if (excluded !== null && end === null) client.reply.error('ERR invalid end ID for the interval');
  return end;
}

function isExclusive(text: string): boolean {
  return text.length > 1 && text.startsWith('(');
}
