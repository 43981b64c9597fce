/** Commands that read string values, and the two that read and touch the key: GETDEL and GETEX. */
import { lengthOfString, sliceOfString } from '../../keyspace/values/string-value.js';
import type { StringValue } from '../../keyspace/values/value.js';
import { isStringValue } from '../../keyspace/values/value.js';
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import { EventClass } from '../../server/notifications.js';
import { integerArgument } from '../arguments.js';
import { SYNTAX_ERROR } from '../error-texts.js';
import { applyExpiry, clearExpiry, positiveExpireTimeArgument, type ExpireForm } from '../expire-time.js';
import { notify, readString } from '../lookups.js';
import { expireFormOf } from './expire-forms.js';

/** Writes a string value as a bulk string, in whatever form it is stored. */
export function writeString(client: Client, value: StringValue): void {
  if (typeof value === 'string') client.reply.bulk(value);
  else if (typeof value === 'number') client.reply.bulkInteger(value);
  else client.reply.bulkBuffer(value);
}

/** Replies with the value, or null; false when the key holds no string. */
function replyWithValue(client: Client, key: string): boolean {
  const value = readString(client, key);
  if (value === null) return false;
  if (value === undefined) client.reply.nullBulk();
  else writeString(client, value);
  return true;
}

export function get(client: Client, args: string[]): void {
  replyWithValue(client, args[1]);
}

export function getMany(client: Client, args: string[]): void {
  const { database, reply } = client;
  reply.arrayHeader(args.length - 1);
  for (let i = 1; i < args.length; i++) {
    const value = database.read(args[i]);
    if (value === undefined || !isStringValue(value)) reply.nullBulk();
    else writeString(client, value);
  }
}

export function getAndDelete(client: Client, args: string[]): void {
  const key = args[1];
  if (!replyWithValue(client, key)) return;
  const { database } = client;
  if (!database.delete(key)) return;
  database.modified(key);
  client.server.dispatcher.propagateAs(client, ['DEL', key]);
  notify(client, EventClass.Generic, 'del', key);
}

/** GETEX: what follows the key is either PERSIST or one of the forms of a time to live. */
export function getAndExpire(client: Client, args: string[]): void {
  let persist = false;
  let form: ExpireForm | null = null;
  let expireText = '';
  for (let i = 2; i < args.length; i++) {
    if (isWord(args[i], 'persist') && form === null) {
      persist = true;
      continue;
    }
    const found = expireFormOf(args[i]);
    if (found === null || persist || i + 1 === args.length || (form !== null && form !== found)) {
      client.reply.error(SYNTAX_ERROR);
      return;
    }
    form = found;
    expireText = args[++i];
  }
  const key = args[1];
  const value = readString(client, key);
  if (value === undefined) client.reply.nullBulk();
  if (value === undefined || value === null) return;
  const atMs = form === null ? 0 : positiveExpireTimeArgument(client, expireText, form);
  if (Number.isNaN(atMs)) return;
  writeString(client, value);
  if (!persist && form === null) return;
  const entry = client.database.entryForWrite(key);
  if (entry === undefined) return;
  if (form !== null) applyExpiry(client, entry, atMs);
  else if (clearExpiry(client, entry)) client.server.dispatcher.propagateAs(client, ['PERSIST', key]);
}

export function stringLength(client: Client, args: string[]): void {
  const value = readString(client, args[1]);
  if (value !== null) client.reply.integer(value === undefined ? 0 : lengthOfString(value));
}

/** GETRANGE and SUBSTR: both ends included, negative ones counted from the end. */
export function getRange(client: Client, args: string[]): void {
  let start = integerArgument(client, args[2]);
  if (Number.isNaN(start)) return;
  let end = integerArgument(client, args[3]);
  if (Number.isNaN(end)) return;
  const value = readString(client, args[1]);
  if (value === null) return;
  const length = value === undefined ? 0 : lengthOfString(value);
  const isBackwards = start < 0 && end < 0 && start > end;
  if (start < 0) start = Math.max(0, length + start);
  if (end < 0) end = Math.max(0, length + end);
  end = Math.min(end, length - 1);
  if (value === undefined || isBackwards || start > end) client.reply.bulk('');
  else if (Buffer.isBuffer(value)) client.reply.bulkBuffer(value.subarray(start, end + 1));
  else client.reply.bulk(sliceOfString(value, start, end + 1));
}
