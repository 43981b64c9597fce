/** OBJECT: how a value is kept and when it was last used. */
import type { Entry } from '../../keyspace/entry.js';
import { encodingOf } from '../../keyspace/values/string-value.js';
import type { Client } from '../../server/client.js';
import { writeHelp } from '../help.js';

/** Redis shares the objects of small integers, and shows their count of references as this. */
const SHARED_REFERENCES = 0x7fffffff;
const SHARED_INTEGERS = 10000;
const ACCESS_MARK_MASK = 0xffffff;

const SWITCHING_NOTE =
  'Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.';

/** The entry, or a null reply. */
function find(client: Client, key: string): Entry | undefined {
  const entry = client.database.peek(key);
  if (entry === undefined) client.reply.nullBulk();
  return entry;
}

function isFrequencyTracked(client: Client): boolean {
  const policy = client.server.config.values['maxmemory-policy'];
  return policy === 'allkeys-lfu' || policy === 'volatile-lfu';
}

/** Where each key needs its own mark of access, Redis shares no integers. */
function keepsMarks(client: Client): boolean {
  const { maxmemory, 'maxmemory-policy': policy } = client.server.config.values;
  return maxmemory > 0 && (policy.endsWith('-lru') || policy.endsWith('-lfu'));
}

export function objectEncoding(client: Client, args: string[]): void {
  const entry = find(client, args[2]);
  if (entry !== undefined) client.reply.bulk(encodingOf(entry.value));
}

export function objectReferences(client: Client, args: string[]): void {
  const entry = find(client, args[2]);
  if (entry === undefined) return;
  const { value } = entry;
  const isShared = typeof value === 'number' && value >= 0 && value < SHARED_INTEGERS && !keepsMarks(client);
  client.reply.integer(isShared ? SHARED_REFERENCES : 1);
}

export function objectIdleTime(client: Client, args: string[]): void {
  const entry = find(client, args[2]);
  if (entry === undefined) return;
  if (isFrequencyTracked(client)) {
    client.reply.error(`ERR An LFU maxmemory policy is selected, idle time not tracked. ${SWITCHING_NOTE}`);
    return;
  }
  client.reply.integer((client.server.keyspace.accessMark - entry.access) & ACCESS_MARK_MASK);
}

export function objectFrequency(client: Client, args: string[]): void {
  const entry = find(client, args[2]);
  if (entry === undefined) return;
  if (!isFrequencyTracked(client)) {
    client.reply.error(
      `ERR An LFU maxmemory policy is not selected, access frequency not tracked. ${SWITCHING_NOTE}`,
    );
    return;
  }
  const { frequency } = client.server.keyspace;
  client.reply.integer(frequency?.countOf(entry.access) ?? entry.access & 0xff);
}

export function objectHelp(client: Client): void {
  writeHelp(client, 'object', [
    ['ENCODING <key>', 'Show how the value is encoded.'],
    ['FREQ <key>', 'Show the logarithmic count of accesses, under an LFU policy.'],
    ['IDLETIME <key>', 'Show how many seconds ago the key was last used.'],
    ['REFCOUNT <key>', 'Show the number of references to the value.'],
  ]);
}
