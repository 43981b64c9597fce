/** When keys expire: reading the times that commands are given, and setting, clearing and passing on the result. */
import type { Entry } from '../keyspace/entry.js';
import { INT64_MAX, INT64_MIN, parseInt64, parseSafeInteger } from '../resp/numbers.js';
import type { Client } from '../server/client.js';
import { EventClass } from '../server/notifications.js';
import { invalidExpireTime, NOT_AN_INTEGER } from './error-texts.js';
import { notify } from './lookups.js';

/** In seconds or milliseconds; counted from now or from the Unix epoch. */
export interface ExpireForm {
  readonly inSeconds: boolean;
  readonly isRelative: boolean;
}

export const SECONDS_FROM_NOW: ExpireForm = { inSeconds: true, isRelative: true };
export const MS_FROM_NOW: ExpireForm = { inSeconds: false, isRelative: true };
export const UNIX_SECONDS: ExpireForm = { inSeconds: true, isRelative: false };
export const UNIX_MS: ExpireForm = { inSeconds: false, isRelative: false };

/** Below this, no unit or base can leave the range of safe integers. */
const PLAINLY_SAFE = 1e12;

/**
 * The Unix time in milliseconds that an argument stands for.
 * @returns NaN after telling the client that it is no integer or beyond 64 bits.
 */
export function expireTimeArgument(client: Client, text: string, form: ExpireForm): number {
  const unitMs = form.inSeconds ? 1000 : 1;
  const baseMs = form.isRelative ? client.server.keyspace.nowMs : 0;
  const given = parseSafeInteger(text);
  if (Math.abs(given) < PLAINLY_SAFE) return given * unitMs + baseMs;
  const wide = parseInt64(text);
  if (wide === null) {
    client.reply.error(NOT_AN_INTEGER);
    return NaN;
  }
  const spanMs = wide * BigInt(unitMs);
  const atMs = spanMs + BigInt(baseMs);
  if (spanMs < INT64_MIN || atMs > INT64_MAX) {
    client.reply.error(invalidExpireTime(client.command?.fullName ?? ''));
    return NaN;
  }
  return Number(atMs);
}

/** As {@link expireTimeArgument}, for SET and GETEX, which refuse times that are not positive. */
export function positiveExpireTimeArgument(client: Client, text: string, form: ExpireForm): number {
  const given = parseInt64(text);
  if (given === null || given > 0n) return expireTimeArgument(client, text, form);
  client.reply.error(invalidExpireTime(client.command?.fullName ?? ''));
  return NaN;
}

/**
 * Makes a key expire, and passes that on with the absolute time. A master deletes it at once when the time has
 * passed; a replica leaves that to its master.
 */
export function applyExpiry(client: Client, entry: Entry, atMs: number): void {
  const { database, server } = client;
  const { key } = entry;
  if (atMs <= server.keyspace.nowMs && server.keyspace.expiryMode === 'delete') {
    database.remove(entry);
    const word = server.config.values['lazyfree-lazy-expire'] ? 'UNLINK' : 'DEL';
    server.dispatcher.propagateAs(client, [word, key]);
    notify(client, EventClass.Generic, 'del', key);
  } else {
    database.setExpiry(entry, atMs);
    server.dispatcher.propagateAs(client, ['PEXPIREAT', key, String(atMs)]);
    notify(client, EventClass.Generic, 'expire', key);
  }
  database.modified(key);
}

/** Makes a key persistent; false when it was. */
export function clearExpiry(client: Client, entry: Entry): boolean {
  const { database } = client;
  if (!database.clearExpiry(entry)) return false;
  database.modified(entry.key);
  notify(client, EventClass.Generic, 'persist', entry.key);
  return true;
}
