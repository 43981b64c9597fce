/**
 * The commands that make a key: what the base of an append-only log consists of with `aof-use-rdb-preamble no`. Same
 * commands as Redis writes, at most 64 items each.
 */
import type { StreamGroup } from '../../keyspace/values/stream-group.js';
import { formatStreamId } from '../../keyspace/values/stream-id.js';
import type { StreamValue } from '../../keyspace/values/stream-value.js';
import { bytesOfString, isStringValue, type Value } from '../../keyspace/values/value.js';
import { formatDouble } from '../../resp/numbers.js';

/** Stock's AOF_REWRITE_ITEMS_PER_CMD. */
const ITEMS_PER_COMMAND = 64;

type Command = readonly string[];

/** @param expireAtMs -1 for none */
export function* commandsFor(key: string, value: Value, expireAtMs: number): Generator<Command, void> {
  yield* valueCommands(key, value);
  if (expireAtMs !== -1) yield ['PEXPIREAT', key, String(expireAtMs)];
}

function* valueCommands(key: string, value: Value): Generator<Command, void> {
  if (isStringValue(value)) {
    yield ['SET', key, bytesOfString(value)];
    return;
  }
  switch (value.type) {
    case 'list':
      for (let start = 0; start < value.length; start += ITEMS_PER_COMMAND) {
        yield ['RPUSH', key, ...value.range(start, Math.min(start + ITEMS_PER_COMMAND, value.length) - 1)];
      }
      return;
    case 'set':
      return yield* inGroups(['SADD', key], value.size, (at) => [value.at(at)]);
    case 'zset':
      return yield* inGroups(['ZADD', key], value.size, (rank) => {
        const entry = value.at(rank);
        return entry === undefined ? [] : [formatDouble(entry.score), entry.key];
      });
    case 'hash':
      return yield* inGroups(['HMSET', key], value.size, (at) => [value.fieldAt(at), value.valueAt(at)]);
    case 'stream':
      return yield* streamCommands(key, value);
  }
}

function* inGroups(head: Command, count: number, itemAt: (at: number) => string[]): Generator<Command, void> {
  for (let start = 0; start < count; start += ITEMS_PER_COMMAND) {
    const command = [...head];
    const end = Math.min(count, start + ITEMS_PER_COMMAND);
    for (let at = start; at < end; at++) command.push(...itemAt(at));
    yield command;
  }
}

function* streamCommands(key: string, stream: StreamValue): Generator<Command, void> {
  const { nodes, length, lastId, entriesAdded, maxDeletedId } = stream.freeze();
  const last = formatStreamId(lastId);
  if (length === 0) {
    // A stream without entries exists all the same; what it must look like is said by XSETID.
    yield ['XADD', key, 'MAXLEN', '0', last === '0-0' ? '0-1' : last, 'x', 'y'];
  }
  for (const { entries } of nodes) {
    for (const { id, fields, values } of entries) {
      const command = ['XADD', key, formatStreamId(id)];
      fields.forEach((field, i) => command.push(field, values[i]));
      yield command;
    }
  }
  yield [
    'XSETID',
    key,
    last,
    'ENTRIESADDED',
    String(entriesAdded),
    'MAXDELETEDID',
    formatStreamId(maxDeletedId),
  ];
  for (const group of stream.groups) yield* groupCommands(key, group);
}

function* groupCommands(key: string, group: StreamGroup): Generator<Command, void> {
  const { name, lastDeliveredId, entriesRead } = group;
  yield [
    'XGROUP',
    'CREATE',
    key,
    name,
    formatStreamId(lastDeliveredId),
    'ENTRIESREAD',
    String(entriesRead ?? -1),
  ];
  for (const consumer of group.consumers) {
    const pending = consumer.pending.freeze();
    if (pending.size === 0) yield ['XGROUP', 'CREATECONSUMER', key, name, consumer.name];
    for (const piece of pending.pieces) {
      for (const { key: id, deliveredAtMs, deliveryCount } of piece) {
        yield [
          ...['XCLAIM', key, name, consumer.name, '0', formatStreamId(id)],
          ...['TIME', String(deliveredAtMs), 'RETRYCOUNT', String(deliveryCount), 'JUSTID', 'FORCE'],
        ];
      }
    }
  }
}
