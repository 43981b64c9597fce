/** Commands about the members of one set: SADD, SREM, SMOVE, SISMEMBER, SCARD, SMEMBERS, SSCAN. */
import { SetValue } from '../../keyspace/values/set-value.js';
import type { Client } from '../../server/client.js';
import { EventClass } from '../../server/notifications.js';
import { collectionForWrite, deleteEmptied, notify, readCollection } from '../lookups.js';
import { cursorArgument, isMatch, scanOptions, writeScanReply } from '../scanning.js';

export function addMembers(client: Client, args: string[]): void {
  const key = args[1];
  let set = collectionForWrite(client, key, 'set');
  if (set === null) return;
  if (set === undefined) {
    set = SetValue.expecting(args[2], args.length - 2, client.server.keyspace.limits);
    client.database.add(key, set);
  }
  let added = 0;
  for (let i = 2; i < args.length; i++) if (set.add(args[i])) added++;
  if (added > 0) {
    client.database.modified(key, added);
    notify(client, EventClass.Set, 'sadd', key);
  }
  client.reply.integer(added);
}

export function removeMembers(client: Client, args: string[]): void {
  const key = args[1];
  const set = collectionForWrite(client, key, 'set');
  if (set === null) return;
  let removed = 0;
  if (set !== undefined) {
    for (let i = 2; i < args.length && set.size > 0; i++) if (set.delete(args[i])) removed++;
  }
  if (set !== undefined && removed > 0) {
    notify(client, EventClass.Set, 'srem', key);
    if (set.size === 0) deleteEmptied(client, key);
    client.database.modified(key, removed);
  }
  client.reply.integer(removed);
}

export function moveMember(client: Client, args: string[]): void {
  const { database, reply } = client;
  const [, from, to, member] = args;
  const source = collectionForWrite(client, from, 'set');
  if (source === undefined) reply.integer(0);
  if (source === undefined || source === null) return;
  let target = collectionForWrite(client, to, 'set');
  if (target === null) return;
  if (source === target) {
    reply.integer(source.has(member) ? 1 : 0);
    return;
  }
  if (!source.delete(member)) {
    reply.integer(0);
    return;
  }
  notify(client, EventClass.Set, 'srem', from);
  if (source.size === 0) deleteEmptied(client, from);
  database.modified(from);
  if (target === undefined) {
    target = SetValue.expecting(member, 1, client.server.keyspace.limits);
    database.add(to, target);
  }
  if (target.add(member)) {
    database.modified(to);
    notify(client, EventClass.Set, 'sadd', to);
  }
  reply.integer(1);
}

export function isMember(client: Client, args: string[]): void {
  const set = readCollection(client, args[1], 'set');
  if (set !== null) client.reply.integer(set?.has(args[2]) === true ? 1 : 0);
}

export function areMembers(client: Client, args: string[]): void {
  const set = readCollection(client, args[1], 'set');
  if (set === null) return;
  client.reply.arrayHeader(args.length - 2);
  for (let i = 2; i < args.length; i++) client.reply.integer(set?.has(args[i]) === true ? 1 : 0);
}

export function setSize(client: Client, args: string[]): void {
  const set = readCollection(client, args[1], 'set');
  if (set !== null) client.reply.integer(set?.size ?? 0);
}

export function members(client: Client, args: string[]): void {
  const set = readCollection(client, args[1], 'set');
  if (set !== null) writeSet(client, set);
}

/** Writes a set, or an empty one when there is none. */
export function writeSet(client: Client, set: SetValue | undefined): void {
  client.reply.setHeader(set?.size ?? 0);
  set?.forEach((member) => client.reply.bulk(member));
}

export function scanMembers(client: Client, args: string[]): void {
  const cursor = cursorArgument(client, args[2]);
  if (Number.isNaN(cursor)) return;
  const set = readCollection(client, args[1], 'set');
  if (set === null) return;
  if (set === undefined) {
    writeScanReply(client, 0, []);
    return;
  }
  const options = scanOptions(client, args, 3);
  if (options === null) return;
  const found: string[] = [];
  const next = set.scan(cursor, options.count, (member) => {
    if (isMatch(options, member)) found.push(member);
  });
  writeScanReply(client, next, found);
}
