/** Commands about whole keys, whatever they hold: DEL, EXISTS, TYPE, RENAME, COPY, MOVE, KEYS, RANDOMKEY. */
import { copyOf, typeOf } from '../../keyspace/values/value.js';
import { isWord } from '../../resp/ascii.js';
import { matchesGlob } from '../../resp/glob.js';
import type { Client } from '../../server/client.js';
import { EventClass } from '../../server/notifications.js';
import { DATABASE_OUT_OF_RANGE, NO_SUCH_KEY, SAME_OBJECT, SYNTAX_ERROR } from '../error-texts.js';
import { notify } from '../lookups.js';
import { databaseIndexArgument } from './databases.js';

/** How often RANDOMKEY of a replica tries for a key that has not expired. */
const MAX_TRIES = 100;

/** DEL and UNLINK: memory is reclaimed by the garbage collector either way. */
export function deleteKeys(client: Client, args: string[]): void {
  const { database } = client;
  let deleted = 0;
  for (let i = 1; i < args.length; i++) {
    if (!database.delete(args[i])) continue;
    database.modified(args[i]);
    notify(client, EventClass.Generic, 'del', args[i]);
    deleted++;
  }
  client.reply.integer(deleted);
}

export function exists(client: Client, args: string[]): void {
  let count = 0;
  for (let i = 1; i < args.length; i++) {
    if (client.database.readEntry(args[i]) !== undefined) count++;
  }
  client.reply.integer(count);
}

export function touch(client: Client, args: string[]): void {
  let count = 0;
  for (let i = 1; i < args.length; i++) {
    if (client.database.read(args[i]) !== undefined) count++;
  }
  client.reply.integer(count);
}

export function type(client: Client, args: string[]): void {
  const entry = client.database.readEntry(args[1]);
  client.reply.simple(entry === undefined ? 'none' : typeOf(entry.value));
}

export function rename(client: Client, args: string[]): void {
  if (renameKey(client, args[1], args[2], false) !== 'no such key') client.reply.ok();
}

export function renameIfMissing(client: Client, args: string[]): void {
  const outcome = renameKey(client, args[1], args[2], true);
  if (outcome !== 'no such key') client.reply.integer(outcome === 'renamed' ? 1 : 0);
}

function renameKey(
  client: Client,
  from: string,
  to: string,
  onlyIfMissing: boolean,
): 'renamed' | 'left' | 'no such key' {
  const { database } = client;
  const entry = database.entryForWrite(from);
  if (entry === undefined) {
    client.reply.error(NO_SUCH_KEY);
    return 'no such key';
  }
  if (from === to || (onlyIfMissing && database.exists(to))) return 'left';
  const expiresAtMs = entry.expiry?.atMs ?? null;
  database.delete(to);
  database.remove(entry);
  const renamed = database.add(to, entry.value);
  if (expiresAtMs !== null) database.setExpiry(renamed, expiresAtMs);
  database.touched(from);
  database.modified(to);
  notify(client, EventClass.Generic, 'rename_from', from);
  notify(client, EventClass.Generic, 'rename_to', to);
  return 'renamed';
}

export function move(client: Client, args: string[]): void {
  const { database: source, reply, server } = client;
  if (server.mode === 'cluster') {
    reply.error('ERR MOVE is not allowed in cluster mode');
    return;
  }
  const key = args[1];
  const index = databaseIndexArgument(client, args[2]);
  if (Number.isNaN(index)) return;
  const target = server.keyspace.databases[index];
  if (target === undefined || source === target) {
    reply.error(target === undefined ? DATABASE_OUT_OF_RANGE : SAME_OBJECT);
    return;
  }
  const entry = source.entryForWrite(key);
  if (entry === undefined || target.entryForWrite(key) !== undefined) {
    reply.integer(0);
    return;
  }
  const expiresAtMs = entry.expiry?.atMs ?? null;
  source.remove(entry);
  const moved = target.add(key, entry.value);
  if (expiresAtMs !== null) target.setExpiry(moved, expiresAtMs);
  source.touched(key);
  target.modified(key);
  server.notify(EventClass.Generic, 'move_from', key, source.index);
  server.notify(EventClass.Generic, 'move_to', key, target.index);
  reply.integer(1);
}

export function copy(client: Client, args: string[]): void {
  const { database: source, reply, server } = client;
  const [, from, to] = args;
  let target = source;
  let replace = false;
  for (let i = 3; i < args.length; i++) {
    if (isWord(args[i], 'replace')) {
      replace = true;
    } else if (isWord(args[i], 'db') && i + 1 < args.length) {
      const index = databaseIndexArgument(client, args[++i]);
      if (Number.isNaN(index)) return;
      const chosen = server.keyspace.databases[index];
      if (chosen === undefined) {
        reply.error(DATABASE_OUT_OF_RANGE);
        return;
      }
      target = chosen;
    } else {
      reply.error(SYNTAX_ERROR);
      return;
    }
  }
  if (source === target && from === to) {
    reply.error(SAME_OBJECT);
    return;
  }
  const value = source.read(from);
  const taken = target.entryForWrite(to);
  if (value === undefined || (taken !== undefined && !replace)) {
    reply.integer(0);
    return;
  }
  const expiresAtMs = source.peek(from)?.expiry?.atMs ?? null;
  if (taken !== undefined) target.remove(taken);
  const copied = target.add(to, copyOf(value));
  if (expiresAtMs !== null) target.setExpiry(copied, expiresAtMs);
  target.modified(to);
  server.notify(EventClass.Generic, 'copy_to', to, target.index);
  reply.integer(1);
}

export function keys(client: Client, args: string[]): void {
  const { database, reply } = client;
  const pattern = args[1];
  const found: string[] = [];
  database.entries.forEach((entry) => {
    if (database.isExpired(entry)) return;
    if (pattern === '*' || matchesGlob(pattern, entry.key)) found.push(entry.key);
  });
  reply.arrayHeader(found.length);
  for (const key of found) reply.bulk(key);
}

export function randomKey(client: Client): void {
  const { database, reply, server } = client;
  for (let tries = 1; ; tries++) {
    const entry = database.entries.randomEntry(server.platform.random);
    if (entry === undefined) {
      reply.nullBulk();
      return;
    }
    // A replica cannot delete what has expired, so where everything might have, it must give up at some time.
    const mayGiveUp = tries > MAX_TRIES && database.expiries.size === database.size;
    if (database.peek(entry.key) !== undefined || (mayGiveUp && server.keyspace.expiryMode !== 'delete')) {
      reply.bulk(entry.key);
      return;
    }
  }
}
