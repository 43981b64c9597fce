/** XREAD and XREADGROUP, at once or waiting for entries. */
import type { StreamConsumer, StreamGroup } from '../../keyspace/values/stream-group.js';
import {
  formatStreamId,
  MAX_STREAM_ID,
  MIN_STREAM_ID,
  nextStreamId,
  type StreamId,
} from '../../keyspace/values/stream-id.js';
import type { StreamEntry } from '../../keyspace/values/stream-node.js';
import type { StreamValue } from '../../keyspace/values/stream-value.js';
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import { integerArgument, timeoutMsArgument } from '../arguments.js';
import { SYNTAX_ERROR } from '../error-texts.js';
import { collectionForWrite, readCollection } from '../lookups.js';
import { findOrAddConsumer } from './consumers.js';
import { propagateClaim, propagateConsumer, propagateGroupPosition } from './group-propagation.js';
import { streamIdArgument } from './ids.js';
import { advance } from './reading-position.js';
import { entriesBetween, greatestId, writeEntries, writeEntry, writeStreamId } from './replies.js';

interface ReadRequest {
  /** 0 for all. */
  count: number;
  /** Null: do not wait. */
  timeoutMs: number | null;
  noAck: boolean;
  group: { readonly name: string; readonly consumer: string } | null;
  /** Where the keys begin; as many ids follow behind them. */
  firstKey: number;
  keyCount: number;
}

/** One stream to read: entries behind `after`, or what is new to the group. */
interface Source {
  readonly key: string;
  readonly stream: StreamValue | undefined;
  readonly group: StreamGroup | null;
  readonly after: StreamId | 'new';
}

const nullArray = (client: Client): void => client.reply.nullArray();

export function read(client: Client, args: string[]): void {
  run(client, args, false);
}

export function readGroup(client: Client, args: string[]): void {
  // What is passed on is what came of it.
  client.server.dispatcher.suppressPropagation();
  run(client, args, true);
}

function run(client: Client, args: string[], forGroup: boolean): void {
  const request = readRequest(client, args, forGroup);
  if (request === null) return;
  const sources = readSources(client, args, request, forGroup);
  if (sources === null) return;
  const served = sources.filter((source) => prepare(client, source, request));
  if (served.length > 0) {
    writeServed(client, served, request);
    return;
  }
  const { blocking } = client.server;
  if (request.timeoutMs === null || !blocking.mayBlock(client)) {
    client.reply.nullArray();
    return;
  }
  client.args = withoutDollars(args, request, sources);
  blocking.blockOnKeys(client, {
    keys: sources.map(({ key }) => key),
    type: 'stream',
    timeoutMs: request.timeoutMs,
    wakeOnDelete: forGroup,
    onTimeout: nullArray,
  });
}

/** `$` means what comes after now; when the command is executed again, now will be later. */
function withoutDollars(args: string[], request: ReadRequest, sources: readonly Source[]): string[] {
  const firstId = request.firstKey + request.keyCount;
  return args.map((arg, index) => {
    const source = sources[index - firstId];
    return arg === '$' && source !== undefined && source.after !== 'new' ? formatStreamId(source.after) : arg;
  });
}

/** Whether a stream has something for the client. For groups, this is where the consumer comes into being. */
function prepare(client: Client, { key, stream, group, after }: Source, request: ReadRequest): boolean {
  if (stream === undefined) return false;
  if (group === null) {
    const greatest = greatestId(stream);
    return greatest !== null && after !== 'new' && greatest > after;
  }
  const { consumer, isNew } = findOrAddConsumer(client, key, group, request.group?.consumer ?? '');
  if (isNew && request.noAck) propagateConsumer(client, key, group, consumer.name);
  consumer.seenAtMs = client.server.keyspace.nowMs;
  if (after !== 'new') return true;
  const greatest = greatestId(stream);
  return greatest !== null && greatest > group.lastDeliveredId;
}

function writeServed(client: Client, served: readonly Source[], request: ReadRequest): void {
  const { reply } = client;
  if (reply.protocol === 2) reply.arrayHeader(served.length);
  else reply.mapHeader(served.length);
  for (const source of served) {
    if (reply.protocol === 2) reply.arrayHeader(2);
    reply.bulk(source.key);
    writeSource(client, source, request);
  }
}

function writeSource(client: Client, { key, stream, group, after }: Source, request: ReadRequest): void {
  if (stream === undefined) return;
  const { count, noAck } = request;
  if (group === null) {
    writeEntries(client, entriesAfter(stream, after === 'new' ? MIN_STREAM_ID : after, count));
    return;
  }
  client.server.keyspace.dirty++;
  // Again: other streams have been opened since.
  client.database.entryForWrite(key);
  const consumer = group.consumer(request.group?.consumer ?? '');
  if (consumer === undefined) return;
  if (after !== 'new') {
    writeHistory(client, stream, group, consumer, after, count);
    return;
  }
  const entries = entriesAfter(stream, group.lastDeliveredId, count);
  writeEntries(client, entries);
  for (const { id } of entries) {
    advance(stream, group, id);
    if (noAck) continue;
    const pending = group.assign(id, consumer, client.server.keyspace.nowMs, 1);
    consumer.activeAtMs = client.server.keyspace.nowMs;
    propagateClaim(client, key, group, pending);
  }
  if (noAck && entries.length > 0) propagateGroupPosition(client, key, group);
}

function entriesAfter(stream: StreamValue, after: StreamId, count: number): StreamEntry[] {
  const start = nextStreamId(after);
  return start === null ? [] : entriesBetween(stream, start, MAX_STREAM_ID, count);
}

/** What is pending for a consumer, delivered once more; entries that are gone show as an id without fields. */
function writeHistory(
  client: Client,
  stream: StreamValue,
  group: StreamGroup,
  consumer: StreamConsumer,
  after: StreamId,
  count: number,
): void {
  const { reply, server } = client;
  const start = nextStreamId(after);
  const ids: StreamId[] = [];
  if (start !== null) consumer.pending.walk(start, (pending) => ids.push(pending.key) !== count);
  reply.arrayHeader(ids.length);
  for (const id of ids) {
    const entry = stream.get(id);
    if (entry === undefined) {
      reply.arrayHeader(2);
      writeStreamId(client, id);
      reply.nullArray();
      continue;
    }
    writeEntry(client, entry);
    const deliveryCount = consumer.pending.get(id)?.deliveryCount ?? 0;
    group.assign(id, consumer, server.keyspace.nowMs, deliveryCount + 1);
  }
}

function readRequest(client: Client, args: readonly string[], forGroup: boolean): ReadRequest | null {
  const { reply } = client;
  const request: ReadRequest = {
    count: 0,
    timeoutMs: null,
    noAck: false,
    group: null,
    firstKey: 0,
    keyCount: 0,
  };
  for (let i = 1; i < args.length && request.firstKey === 0; i++) {
    const left = args.length - 1 - i;
    if (isWord(args[i], 'block') && left >= 1) {
      if (client.isScript) {
        client.reply.error(`ERR ${args[0]} command is not allowed with BLOCK option from scripts`);
        return null;
      }
      request.timeoutMs = timeoutMsArgument(client, args[++i]);
      if (Number.isNaN(request.timeoutMs)) return null;
    } else if (isWord(args[i], 'count') && left >= 1) {
      request.count = Math.max(0, integerArgument(client, args[++i]));
      if (Number.isNaN(request.count)) return null;
    } else if (isWord(args[i], 'streams') && left >= 1) {
      request.firstKey = i + 1;
      request.keyCount = left / 2;
    } else if (isWord(args[i], 'group') && left >= 2) {
      if (!forGroup) return refuseOption(client, 'GROUP');
      request.group = { name: args[i + 1], consumer: args[i + 2] };
      i += 2;
    } else if (isWord(args[i], 'noack')) {
      if (!forGroup) return refuseOption(client, 'NOACK');
      request.noAck = true;
    } else {
      reply.error(SYNTAX_ERROR);
      return null;
    }
  }
  if (!Number.isInteger(request.keyCount)) {
    reply.error(
      `ERR Unbalanced '${client.command?.fullName ?? ''}' list of streams: for each stream key an ID or ` +
        `'${forGroup ? '>' : '$'}' must be specified.`,
    );
  } else if (request.firstKey === 0) {
    reply.error(SYNTAX_ERROR);
  } else if (forGroup && request.group === null) {
    reply.error('ERR Missing GROUP option for XREADGROUP');
  } else {
    return request;
  }
  return null;
}

function refuseOption(client: Client, option: string): null {
  client.reply.error(`ERR The ${option} option is only supported by XREADGROUP. You called XREAD instead.`);
  return null;
}

function readSources(
  client: Client,
  args: readonly string[],
  request: ReadRequest,
  forGroup: boolean,
): Source[] | null {
  const sources: Source[] = [];
  for (let i = 0; i < request.keyCount; i++) {
    const key = args[request.firstKey + i];
    const idText = args[request.firstKey + request.keyCount + i];
    const stream = forGroup
      ? collectionForWrite(client, key, 'stream')
      : readCollection(client, key, 'stream');
    if (stream === null) return null;
    const group = request.group === null ? null : (stream?.group(request.group.name) ?? null);
    if (request.group !== null && group === null) {
      client.reply.error(
        `NOGROUP No such key '${key}' or consumer group '${request.group.name}' in XREADGROUP with GROUP option`,
      );
      return null;
    }
    const after = positionArgument(client, idText, stream, forGroup);
    if (after === null) return null;
    sources.push({ key, stream, group, after });
  }
  return sources;
}

function positionArgument(
  client: Client,
  text: string,
  stream: StreamValue | undefined,
  forGroup: boolean,
): StreamId | 'new' | null {
  if (text === '$' && !forGroup) return stream?.lastId ?? MIN_STREAM_ID;
  if (text === '>' && forGroup) return 'new';
  if (text === '$') {
    client.reply.error(
      'ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer ' +
        'by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty ' +
        'result set.',
    );
    return null;
  }
  if (text === '>') {
    client.reply.error(
      'ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.',
    );
    return null;
  }
  const id = streamIdArgument(client, text);
  // The greatest ID is how Redis writes `>` to itself.
  return forGroup && id === MAX_STREAM_ID ? 'new' : id;
}
