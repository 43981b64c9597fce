/** XADD, XTRIM, XDEL, XLEN and XSETID. */
import {
  formatStreamId,
  makeStreamId,
  MAX_STREAM_ID,
  MIN_STREAM_ID,
  nextStreamId,
  streamIdMs,
  type StreamId,
} from '../../keyspace/values/stream-id.js';
import { StreamValue } from '../../keyspace/values/stream-value.js';
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import { EventClass } from '../../server/notifications.js';
import { integerArgument } from '../arguments.js';
import { NO_SUCH_KEY, SYNTAX_ERROR, wrongArgumentCount } from '../error-texts.js';
import { collectionForWrite, notify, readCollection } from '../lookups.js';
import { streamIdArgument } from './ids.js';
import { greatestId, writeStreamId } from './replies.js';
import { rewriteTrim, trim, trimOptions } from './trim.js';

/** What XADD is told about the new entry's id. */
type WantedId = 'next' | { readonly sequenceOf: StreamId } | { readonly exact: StreamId };

const ID_TOO_SMALL = 'ERR The ID specified in XADD is equal or smaller than the target stream top item';

export function addEntry(client: Client, args: string[]): void {
  const { database, reply, server } = client;
  const key = args[1];
  const options = trimOptions(client, args, true);
  if (options === null) return;
  const { trimming, next: idIndex, makeStream } = options;
  const wanted = wantedId(client, args[idIndex]);
  if (wanted === null) return;
  if (options.problem !== null) {
    reply.error(options.problem);
    return;
  }
  const first = idIndex + 1;
  if (args.length - first < 2 || (args.length - first) % 2 === 1) {
    reply.error(wrongArgumentCount('xadd'));
    return;
  }
  if (typeof wanted === 'object' && 'exact' in wanted && wanted.exact === MIN_STREAM_ID) {
    reply.error('ERR The ID specified in XADD must be greater than 0-0');
    return;
  }
  const known = collectionForWrite(client, key, 'stream');
  if (known === null) return;
  if (known === undefined && !makeStream) {
    reply.nullBulk();
    return;
  }
  const stream = known ?? new StreamValue(server.keyspace.limits);
  const id = idFor(client, stream, wanted);
  if (id === null) return;
  if (known === undefined) database.add(key, stream);
  append(stream, id, args, first);
  writeStreamId(client, id);
  database.modified(key);
  notify(client, EventClass.Stream, 'xadd', key);
  const propagated = [...args];
  if (trimming !== null) {
    if (trim(stream, trimming) > 0) notify(client, EventClass.Stream, 'xtrim', key);
    rewriteTrim(propagated, stream, trimming);
  }
  propagated[idIndex] = formatStreamId(id);
  client.args = propagated;
  database.ready(key);
}

function append(stream: StreamValue, id: StreamId, args: readonly string[], first: number): void {
  const fields: string[] = [];
  const values: string[] = [];
  for (let i = first; i < args.length; i += 2) {
    fields.push(args[i]);
    values.push(args[i + 1]);
  }
  stream.append(id, fields, values);
}

function wantedId(client: Client, text: string | undefined): WantedId | null {
  if (text === undefined) {
    client.reply.error(wrongArgumentCount('xadd'));
    return null;
  }
  if (text === '*') return 'next';
  if (text.endsWith('-*')) {
    const sequenceOf = streamIdArgument(client, text.slice(0, -2));
    return sequenceOf === null ? null : { sequenceOf };
  }
  const exact = streamIdArgument(client, text);
  return exact === null ? null : { exact };
}

/** The id of the entry to add; null after an error. */
function idFor(client: Client, stream: StreamValue, wanted: WantedId): StreamId | null {
  const { lastId } = stream;
  if (lastId === MAX_STREAM_ID) {
    client.reply.error('ERR The stream has exhausted the last possible ID, unable to add more items');
    return null;
  }
  let id: StreamId | null;
  if (wanted === 'next') {
    const now = makeStreamId(client.server.keyspace.nowMs, 0);
    id = streamIdMs(now) > streamIdMs(lastId) ? now : nextStreamId(lastId);
  } else if ('exact' in wanted) {
    id = wanted.exact;
  } else {
    const ms = streamIdMs(wanted.sequenceOf);
    id = streamIdMs(lastId) === ms ? nextStreamId(lastId) : wanted.sequenceOf;
    // Out of sequence numbers: going on with the next millisecond would not be what was asked for.
    if (id !== null && streamIdMs(id) !== ms) id = null;
  }
  if (id !== null && id > lastId) return id;
  client.reply.error(ID_TOO_SMALL);
  return null;
}

export function trimStream(client: Client, args: string[]): void {
  const key = args[1];
  const options = trimOptions(client, args, false);
  if (options === null) return;
  if (options.problem !== null || options.trimming === null) {
    client.reply.error(options.problem ?? SYNTAX_ERROR);
    return;
  }
  const stream = collectionForWrite(client, key, 'stream');
  if (stream === null) return;
  const removed = stream === undefined ? 0 : trim(stream, options.trimming);
  if (stream !== undefined && removed > 0) {
    notify(client, EventClass.Stream, 'xtrim', key);
    const propagated = [...args];
    rewriteTrim(propagated, stream, options.trimming);
    client.args = propagated;
    client.database.modified(key, removed);
  }
  client.reply.integer(removed);
}

export function deleteEntries(client: Client, args: string[]): void {
  const key = args[1];
  const stream = collectionForWrite(client, key, 'stream');
  if (stream === undefined) client.reply.integer(0);
  if (stream === undefined || stream === null) return;
  const ids = idsFrom(client, args, 2);
  if (ids === null) return;
  let deleted = 0;
  for (const id of ids) if (stream.delete(id)) deleted++;
  if (deleted > 0) {
    client.database.modified(key, deleted);
    notify(client, EventClass.Stream, 'xdel', key);
  }
  client.reply.integer(deleted);
}

/** The ids from argument `from` on, all of them or null after an error: nothing is done by halves. */
export function idsFrom(client: Client, args: readonly string[], from: number): StreamId[] | null {
  const ids: StreamId[] = [];
  for (let i = from; i < args.length; i++) {
    const id = streamIdArgument(client, args[i]);
    if (id === null) return null;
    ids.push(id);
  }
  return ids;
}

export function streamLength(client: Client, args: string[]): void {
  const stream = readCollection(client, args[1], 'stream');
  if (stream !== null) client.reply.integer(stream?.length ?? 0);
}

/** XSETID: what replicas and AOF files need beyond the entries themselves. */
export function setLastId(client: Client, args: string[]): void {
  const { reply } = client;
  const id = streamIdArgument(client, args[2]);
  if (id === null) return;
  let entriesAdded: number | null = null;
  let maxDeletedId: StreamId | null = null;
  for (let i = 3; i < args.length; i += 2) {
    if (isWord(args[i], 'entriesadded') && i + 1 < args.length) {
      entriesAdded = integerArgument(client, args[i + 1]);
      if (Number.isNaN(entriesAdded)) return;
      if (entriesAdded < 0) {
        reply.error('ERR entries_added must be positive');
        return;
      }
    } else if (isWord(args[i], 'maxdeletedid') && i + 1 < args.length) {
      maxDeletedId = streamIdArgument(client, args[i + 1]);
      if (maxDeletedId === null) return;
      if (id < maxDeletedId) {
        reply.error('ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id');
        return;
      }
    } else {
      reply.error(SYNTAX_ERROR);
      return;
    }
  }
  const stream = collectionForWrite(client, args[1], 'stream');
  if (stream === undefined) reply.error(NO_SUCH_KEY);
  if (stream === undefined || stream === null) return;
  const problem = problemOfLastId(stream, id, entriesAdded);
  if (problem !== null) {
    reply.error(problem);
    return;
  }
  stream.lastId = id;
  if (entriesAdded !== null) stream.entriesAdded = entriesAdded;
  if (maxDeletedId !== null && maxDeletedId !== MIN_STREAM_ID) stream.maxDeletedId = maxDeletedId;
  reply.ok();
  client.server.keyspace.dirty++;
  notify(client, EventClass.Stream, 'xsetid', args[1]);
}

function problemOfLastId(stream: StreamValue, id: StreamId, entriesAdded: number | null): string | null {
  if (id < stream.maxDeletedId) {
    return 'ERR The ID specified in XSETID is smaller than current max_deleted_entry_id';
  }
  const greatest = greatestId(stream);
  if (greatest === null) return null;
  if (id < greatest) return 'ERR The ID specified in XSETID is smaller than the target stream top item';
  return entriesAdded !== null && stream.length > entriesAdded
    ? 'ERR The entries_added specified in XSETID is smaller than the target stream length'
    : null;
}
