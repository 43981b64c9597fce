/** Commands about numbered databases: DBSIZE, SWAPDB, FLUSHDB, FLUSHALL. */
import type { Database } from '../../keyspace/database.js';
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import { integerInRange } from '../arguments.js';
import { DATABASE_OUT_OF_RANGE, SYNTAX_ERROR } from '../error-texts.js';

const INT_MAX = 0x7fffffff;
const INT_MIN = -0x80000000;

/** A database number as it was sent, which need not exist; NaN after an error. */
export function databaseIndexArgument(client: Client, text: string, error: string | null = null): number {
  return integerInRange(client, text, INT_MIN, INT_MAX, error);
}

export function databaseSize(client: Client): void {
  client.reply.integer(client.database.size);
}

export function swapDatabases(client: Client, args: string[]): void {
  const { server, reply } = client;
  if (server.mode === 'cluster') {
    reply.error('ERR SWAPDB is not allowed in cluster mode');
    return;
  }
  const firstIndex = databaseIndexArgument(client, args[1], 'ERR invalid first DB index');
  if (Number.isNaN(firstIndex)) return;
  const secondIndex = databaseIndexArgument(client, args[2], 'ERR invalid second DB index');
  if (Number.isNaN(secondIndex)) return;
  const { keyspace, blocking } = server;
  const first = keyspace.databases[firstIndex];
  const second = keyspace.databases[secondIndex];
  if (first === undefined || second === undefined) {
    reply.error(DATABASE_OUT_OF_RANGE);
    return;
  }
  if (first !== second) {
    keyspace.swap(first, second);
    blocking.databaseReplaced(first);
    blocking.databaseReplaced(second);
  }
  keyspace.dirty++;
  reply.ok();
}

export function flushDatabase(client: Client, args: string[]): void {
  if (!checkFlushOption(client, args)) return;
  flush(client, [client.database]);
  finishFlush(client, args);
}

export function flushAll(client: Client, args: string[]): void {
  if (!checkFlushOption(client, args)) return;
  flush(client, client.server.keyspace.databases);
  for (const listener of client.server.flushAllListeners) listener();
  finishFlush(client, args);
}

/** SYNC or ASYNC makes no difference here: dictionaries are let go of, whatever their size, in an instant. */
function checkFlushOption(client: Client, args: readonly string[]): boolean {
  if (args.length === 1) return true;
  if (args.length === 2 && (isWord(args[1], 'sync') || isWord(args[1], 'async'))) return true;
  client.reply.error(SYNTAX_ERROR);
  return false;
}

function flush(client: Client, databases: readonly Database[]): void {
  const { keyspace, blocking, tracking } = client.server;
  for (const database of databases) {
    keyspace.dirty += database.flush();
    blocking.databaseReplaced(database);
  }
  tracking.flushed();
}

/** Passed on even if there was nothing to delete: a replica may have something. */
function finishFlush(client: Client, args: readonly string[]): void {
  client.server.dispatcher.propagateAs(client, args);
  client.reply.ok();
}
