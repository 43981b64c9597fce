/** What a client takes, in bytes, as CLIENT LIST shows it and `maxmemory-clients` limits it. */
import { stringMemory } from '../keyspace/values/memory-estimate.js';
import type { Client } from './client.js';

/** The objects of a client and its connection. */
const CLIENT_BYTES = 2048;
const SUBSCRIPTION_BYTES = 64;
const WATCHED_KEY_BYTES = 64;

export interface ClientMemory {
  /** Input that has not been executed. */
  readonly queryBytes: number;
  /** Room for input that is to come. */
  readonly spareQueryBytes: number;
  /** The arguments of the command that waits, or is executed. */
  readonly argumentBytes: number;
  /** What waits for EXEC, and what is watched. */
  readonly transactionBytes: number;
  readonly outputBytes: number;
  readonly totalBytes: number;
}

export function memoryOfClient(client: Client): ClientMemory {
  const { transaction, subscriptions, tracking } = client;
  const queryBytes = client.decoder.heldBytes;
  const spareQueryBytes = client.decoder.spareBytes;
  const waiting = client.blocked?.args ?? client.postponed ?? [];
  // Arguments that have come while others are still to come.
  const partialBytes = Math.max(0, client.decoder.unreturnedBytes - queryBytes);
  const argumentBytes = sum(waiting) + partialBytes;
  const transactionBytes =
    (transaction?.queuedBytes ?? 0) + client.server.watching.watchedKeyCount(client) * WATCHED_KEY_BYTES;
  const outputBytes = client.kind === 'replica' ? 0 : client.pendingOutputBytes;
  let ownBytes = CLIENT_BYTES + client.name.length;
  if (subscriptions !== null) {
    for (const set of [subscriptions.channels, subscriptions.patterns, subscriptions.shardChannels]) {
      for (const name of set) ownBytes += SUBSCRIPTION_BYTES + stringMemory(name);
    }
  }
  for (const prefix of tracking?.prefixes ?? []) ownBytes += SUBSCRIPTION_BYTES + stringMemory(prefix);
  return {
    queryBytes,
    spareQueryBytes,
    argumentBytes,
    transactionBytes,
    outputBytes,
    totalBytes: ownBytes + queryBytes + spareQueryBytes + argumentBytes + transactionBytes + outputBytes,
  };
}

function sum(args: readonly string[]): number {
  let bytes = 0;
  for (const arg of args) bytes += arg.length;
  return bytes;
}
