/** Values as plain data, so that tests can compare and generate them. */
import { HashValue } from '../../../../src/keyspace/values/hash-value.js';
import { ListValue } from '../../../../src/keyspace/values/list-value.js';
import { SetValue } from '../../../../src/keyspace/values/set-value.js';
import { SortedSetValue } from '../../../../src/keyspace/values/sorted-set-value.js';
import { formatStreamId, MAX_STREAM_ID, MIN_STREAM_ID } from '../../../../src/keyspace/values/stream-id.js';
import type { StreamValue } from '../../../../src/keyspace/values/stream-value.js';
import {
  bytesOfString,
  isStringValue,
  type EncodingLimits,
  type Value,
} from '../../../../src/keyspace/values/value.js';

export type Plain =
  | { type: 'string'; value: string }
  | { type: 'list'; value: string[] }
  | { type: 'set'; value: string[] }
  | { type: 'zset'; value: [string, number][] }
  | { type: 'hash'; value: [string, string][] }
  | { type: 'stream'; value: PlainStream };

export interface PlainStream {
  entries: { id: string; fields: string[]; values: string[] }[];
  lastId: string;
  maxDeletedId: string;
  entriesAdded: number;
  groups: {
    name: string;
    lastDeliveredId: string;
    entriesRead: number | null;
    pending: { id: string; consumer: string; deliveredAtMs: number; deliveryCount: number }[];
    consumers: { name: string; seenAtMs: number; activeAtMs: number; pending: string[] }[];
  }[];
}

export function plainOf(value: Value): Plain {
  if (isStringValue(value)) return { type: 'string', value: bytesOfString(value) };
  switch (value.type) {
    case 'list':
      return { type: 'list', value: value.range(0, value.length - 1) };
    case 'set': {
      const members: string[] = [];
      value.forEach((member) => members.push(member));
      return { type: 'set', value: members.sort() };
    }
    case 'zset': {
      const members: [string, number][] = [];
      value.walk(0, 1, (member, score) => members.push([member, score]) > 0);
      return { type: 'zset', value: members };
    }
    case 'hash': {
      const fields: [string, string][] = [];
      value.forEach((field, content) => fields.push([field, content]));
      return { type: 'hash', value: fields.sort(([a], [b]) => (a < b ? -1 : 1)) };
    }
    case 'stream':
      return { type: 'stream', value: plainStreamOf(value) };
  }
}

function plainStreamOf(stream: StreamValue): PlainStream {
  const entries: PlainStream['entries'] = [];
  stream.walk(MIN_STREAM_ID, MAX_STREAM_ID, (entry) => {
    entries.push({ id: formatStreamId(entry.id), fields: [...entry.fields], values: [...entry.values] });
    return true;
  });
  return {
    entries,
    lastId: formatStreamId(stream.lastId),
    maxDeletedId: formatStreamId(stream.maxDeletedId),
    entriesAdded: stream.entriesAdded,
    groups: stream.groups.map((group) => {
      const pending: PlainStream['groups'][number]['pending'] = [];
      group.pending.walk('', (entry) => {
        const { consumer, deliveredAtMs, deliveryCount } = entry;
        pending.push({
          id: formatStreamId(entry.key),
          consumer: consumer.name,
          deliveredAtMs,
          deliveryCount,
        });
        return true;
      });
      return {
        name: group.name,
        lastDeliveredId: formatStreamId(group.lastDeliveredId),
        entriesRead: group.entriesRead,
        pending,
        consumers: group.consumers.map((consumer) => {
          const ids: string[] = [];
          consumer.pending.walk('', (entry) => ids.push(formatStreamId(entry.key)) > 0);
          const { name, seenAtMs, activeAtMs } = consumer;
          return { name, seenAtMs, activeAtMs, pending: ids };
        }),
      };
    }),
  };
}

/** A collection made from plain data, element by element as commands would. */
export function valueOf(plain: Exclude<Plain, { type: 'stream' }>, limits: EncodingLimits): Value {
  switch (plain.type) {
    case 'string':
      return plain.value;
    case 'list': {
      const list = new ListValue(limits);
      for (const element of plain.value) list.pushTail(element);
      return list;
    }
    case 'set': {
      const set = SetValue.expecting(plain.value[0] ?? '', 1, limits);
      for (const member of plain.value) set.add(member);
      return set;
    }
    case 'zset': {
      const set = new SortedSetValue(limits);
      for (const [member, score] of plain.value) set.set(member, score);
      return set;
    }
    case 'hash': {
      const hash = new HashValue(limits);
      for (const [field, value] of plain.value) hash.set(field, value);
      return hash;
    }
  }
}
