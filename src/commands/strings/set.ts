/** SET and its relatives: commands that replace a whole string value. */
import type { Entry } from '../../keyspace/entry.js';
import { storedString } from '../../keyspace/values/string-value.js';
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import type { KeySpecFlag } from '../../server/command.js';
import { EventClass } from '../../server/notifications.js';
import { positiveExpireTimeArgument, UNIX_MS, type ExpireForm } from '../expire-time.js';
import { SYNTAX_ERROR, wrongArgumentCount } from '../error-texts.js';
import { notify, readString } from '../lookups.js';
import { expireFormOf } from './expire-forms.js';
import { writeString } from './get.js';

interface SetOptions {
  condition: 'nx' | 'xx' | null;
  get: boolean;
  keepTtl: boolean;
  form: ExpireForm | null;
  expireText: string;
}

export function set(client: Client, args: string[]): void {
  if (args.length > 3) {
    setWithOptions(client, args);
    return;
  }
  store(client, args[1], args[2], false);
  client.reply.ok();
}

function setWithOptions(client: Client, args: string[]): void {
  const options = parseOptions(args);
  if (options === null) {
    client.reply.error(SYNTAX_ERROR);
    return;
  }
  const { condition, get, keepTtl, form, expireText } = options;
  const atMs = form === null ? 0 : positiveExpireTimeArgument(client, expireText, form);
  if (Number.isNaN(atMs)) return;
  const key = args[1];
  if (get && !replyWithOldValue(client, key)) return;
  if (condition !== null && client.database.exists(key) !== (condition === 'xx')) {
    if (!get) client.reply.nullBulk();
    return;
  }
  if (form === null) {
    store(client, key, args[2], keepTtl);
    if (get) client.server.dispatcher.propagateAs(client, withoutGet(args));
  } else {
    storeExpiring(client, key, args[2], atMs, form === UNIX_MS ? args : undefined);
  }
  if (!get) client.reply.ok();
}

/** Null for a syntax error. The order of the checks decides which combinations are one. */
function parseOptions(args: readonly string[]): SetOptions | null {
  const options: SetOptions = { condition: null, get: false, keepTtl: false, form: null, expireText: '' };
  for (let i = 3; i < args.length; i++) {
    const word = args[i];
    if (isWord(word, 'nx') && options.condition !== 'xx') {
      options.condition = 'nx';
    } else if (isWord(word, 'xx') && options.condition !== 'nx') {
      options.condition = 'xx';
    } else if (isWord(word, 'get')) {
      options.get = true;
    } else if (isWord(word, 'keepttl') && options.form === null) {
      options.keepTtl = true;
    } else {
      const form = expireFormOf(word);
      if (form === null || options.keepTtl || i + 1 === args.length) return null;
      if (options.form !== null && options.form !== form) return null;
      options.form = form;
      options.expireText = args[++i];
    }
  }
  return options;
}

/** SET reads its key only if it is asked to return the old value. */
export function setKeyFlags(args: readonly string[]): readonly KeySpecFlag[] {
  return args.some((arg, index) => index > 2 && isWord(arg, 'get'))
    ? ['RW', 'access', 'update']
    : ['OW', 'update'];
}

function withoutGet(args: readonly string[]): string[] {
  return args.filter((arg, index) => index < 3 || !isWord(arg, 'get'));
}

/** Answers with the value about to be replaced; false when it is no string, which the client has been told. */
function replyWithOldValue(client: Client, key: string): boolean {
  const value = readString(client, key);
  if (value === null) return false;
  if (value === undefined) client.reply.nullBulk();
  else writeString(client, value);
  return true;
}

function store(client: Client, key: string, text: string, keepExpiry: boolean): Entry {
  const { database } = client;
  const entry = database.set(key, storedString(text), keepExpiry);
  database.modified(key);
  notify(client, EventClass.String, 'set', key);
  return entry;
}

/**
 * Stores a value that expires; a time that has passed is no exception, the key then goes as expired keys do.
 * @param propagated what replicas are given, if not the usual form with the absolute time
 */
function storeExpiring(
  client: Client,
  key: string,
  text: string,
  atMs: number,
  propagated: readonly string[] = ['SET', key, text, 'PXAT', String(atMs)],
): void {
  const entry = store(client, key, text, true);
  client.database.setExpiry(entry, atMs);
  client.server.dispatcher.propagateAs(client, propagated);
  notify(client, EventClass.Generic, 'expire', key);
}

export function setIfMissing(client: Client, args: string[]): void {
  if (client.database.exists(args[1])) {
    client.reply.integer(0);
    return;
  }
  store(client, args[1], args[2], false);
  client.reply.integer(1);
}

/** SETEX and PSETEX. */
export function setExpiring(form: ExpireForm): (client: Client, args: string[]) => void {
  return (client, args) => {
    const atMs = positiveExpireTimeArgument(client, args[2], form);
    if (Number.isNaN(atMs)) return;
    storeExpiring(client, args[1], args[3], atMs);
    client.reply.ok();
  };
}

export function getSet(client: Client, args: string[]): void {
  if (!replyWithOldValue(client, args[1])) return;
  store(client, args[1], args[2], false);
  client.server.dispatcher.propagateAs(client, ['SET', args[1], args[2]]);
}

export function setMany(client: Client, args: string[]): void {
  if (args.length % 2 === 0) {
    client.reply.error(wrongArgumentCount('mset'));
    return;
  }
  for (let i = 1; i < args.length; i += 2) store(client, args[i], args[i + 1], false);
  client.reply.ok();
}

export function setManyIfAllMissing(client: Client, args: string[]): void {
  if (args.length % 2 === 0) {
    client.reply.error(wrongArgumentCount('msetnx'));
    return;
  }
  for (let i = 1; i < args.length; i += 2) {
    if (client.database.exists(args[i])) {
      client.reply.integer(0);
      return;
    }
  }
  for (let i = 1; i < args.length; i += 2) store(client, args[i], args[i + 1], false);
  client.reply.integer(1);
}
