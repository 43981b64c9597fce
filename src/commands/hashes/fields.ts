/** Commands that set, read and remove single fields of hashes. */
import { HashValue } from '../../keyspace/values/hash-value.js';
import { INT64_MAX, INT64_MIN, parseInt64 } from '../../resp/numbers.js';
import type { Client } from '../../server/client.js';
import { EventClass } from '../../server/notifications.js';
import {
  NOT_A_FLOAT,
  NOT_AN_INTEGER,
  WOULD_BE_INFINITE,
  WOULD_OVERFLOW,
  wrongArgumentCount,
} from '../error-texts.js';
import { addLongDoubles, formatLongDouble, parseLongDouble } from '../long-double.js';
import { collectionForWrite, deleteEmptied, notify, readCollection } from '../lookups.js';

/** The hash of a key, made when there is none; null after an error. */
function hashForWrite(client: Client, key: string): HashValue | null {
  const hash = collectionForWrite(client, key, 'hash');
  if (hash !== undefined) return hash;
  const created = new HashValue(client.server.keyspace.limits);
  client.database.add(key, created);
  return created;
}

export function setFields(client: Client, args: string[]): void {
  const created = storeFields(client, args, 'hset');
  if (created >= 0) client.reply.integer(created);
}

/** HMSET, which HSET has replaced. */
export function setFieldsReplyOk(client: Client, args: string[]): void {
  if (storeFields(client, args, 'hmset') >= 0) client.reply.ok();
}

/** Returns how many fields are new; -1 after an error. */
function storeFields(client: Client, args: readonly string[], name: string): number {
  if (args.length % 2 === 1) {
    client.reply.error(wrongArgumentCount(name));
    return -1;
  }
  const key = args[1];
  const hash = hashForWrite(client, key);
  if (hash === null) return -1;
  let created = 0;
  for (let i = 2; i < args.length; i += 2) {
    if (hash.set(args[i], args[i + 1])) created++;
  }
  client.database.modified(key, (args.length - 2) / 2);
  notify(client, EventClass.Hash, 'hset', key);
  return created;
}

export function setFieldIfMissing(client: Client, args: string[]): void {
  const [, key, field, value] = args;
  const known = collectionForWrite(client, key, 'hash');
  if (known === null) return;
  if (known?.has(field) === true) {
    client.reply.integer(0);
    return;
  }
  (known ?? hashForWrite(client, key))?.set(field, value);
  client.reply.integer(1);
  client.database.modified(key);
  notify(client, EventClass.Hash, 'hset', key);
}

export function getField(client: Client, args: string[]): void {
  const hash = readCollection(client, args[1], 'hash');
  if (hash !== null) writeField(client, hash, args[2]);
}

function writeField(client: Client, hash: HashValue | undefined, field: string): void {
  const value = hash?.get(field);
  if (value === undefined) client.reply.nullBulk();
  else client.reply.bulk(value);
}

export function getFields(client: Client, args: string[]): void {
  const hash = readCollection(client, args[1], 'hash');
  if (hash === null) return;
  client.reply.arrayHeader(args.length - 2);
  for (let i = 2; i < args.length; i++) writeField(client, hash, args[i]);
}

export function hasField(client: Client, args: string[]): void {
  const hash = readCollection(client, args[1], 'hash');
  if (hash !== null) client.reply.integer(hash?.has(args[2]) === true ? 1 : 0);
}

export function fieldLength(client: Client, args: string[]): void {
  const hash = readCollection(client, args[1], 'hash');
  if (hash !== null) client.reply.integer(hash?.get(args[2])?.length ?? 0);
}

export function deleteFields(client: Client, args: string[]): void {
  const key = args[1];
  const hash = collectionForWrite(client, key, 'hash');
  if (hash === null) return;
  let deleted = 0;
  if (hash !== undefined) {
    for (let i = 2; i < args.length && hash.size > 0; i++) if (hash.delete(args[i])) deleted++;
  }
  if (hash !== undefined && deleted > 0) {
    notify(client, EventClass.Hash, 'hdel', key);
    if (hash.size === 0) deleteEmptied(client, key);
    client.database.modified(key, deleted);
  }
  client.reply.integer(deleted);
}

export function incrementField(client: Client, args: string[]): void {
  const { reply } = client;
  const [, key, field, amountText] = args;
  const amount = parseInt64(amountText);
  if (amount === null) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  const hash = collectionForWrite(client, key, 'hash');
  if (hash === null) return;
  const current = parseInt64(hash?.get(field) ?? '0');
  if (current === null) {
    reply.error('ERR hash value is not an integer');
    return;
  }
  const sum = current + amount;
  if (sum > INT64_MAX || sum < INT64_MIN) {
    reply.error(WOULD_OVERFLOW);
    return;
  }
  (hash ?? hashForWrite(client, key))?.set(field, sum.toString());
  reply.bigInteger(sum);
  client.database.modified(key);
  notify(client, EventClass.Hash, 'hincrby', key);
}

/** Replicas are given the result, so that their arithmetic does not matter. */
export function incrementFieldByFloat(client: Client, args: string[]): void {
  const { reply } = client;
  const [, key, field, amountText] = args;
  const amount = parseLongDouble(amountText);
  if (amount === null || amount === 'infinite') {
    reply.error(amount === null ? NOT_A_FLOAT : 'ERR value is NaN or Infinity');
    return;
  }
  const hash = collectionForWrite(client, key, 'hash');
  if (hash === null) return;
  const current = parseLongDouble(hash?.get(field) ?? '0');
  if (current === null) {
    reply.error('ERR hash value is not a float');
    return;
  }
  const sum = addLongDoubles(current, amount);
  if (sum === 'infinite') {
    reply.error(WOULD_BE_INFINITE);
    return;
  }
  const text = formatLongDouble(sum);
  (hash ?? hashForWrite(client, key))?.set(field, text);
  reply.bulk(text);
  client.database.modified(key);
  notify(client, EventClass.Hash, 'hincrbyfloat', key);
  client.server.dispatcher.propagateAs(client, ['HSET', key, field, text]);
}
