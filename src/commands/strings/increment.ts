/** INCR, DECR and their relatives. The usual case is plain arithmetic on numbers; beyond safe integers, bigints. */
import type { Entry } from '../../keyspace/entry.js';
import { lengthOfString, storedInteger } from '../../keyspace/values/string-value.js';
import { bytesOfString, isStringValue, type StringValue } from '../../keyspace/values/value.js';
import { INT64_MAX, INT64_MIN, parseInt64, parseSafeInteger } from '../../resp/numbers.js';
import type { Client } from '../../server/client.js';
import { EventClass } from '../../server/notifications.js';
import {
  NOT_A_FLOAT,
  NOT_AN_INTEGER,
  WOULD_BE_INFINITE,
  WOULD_OVERFLOW,
  WRONG_TYPE,
} from '../error-texts.js';
import { notify } from '../lookups.js';
import { addLongDoubles, formatLongDouble, parseLongDouble } from '../long-double.js';

/** No text longer than this is a number to anybody. */
const LONGEST_NUMBER = 5 * 1024;

export function increment(client: Client, args: string[]): void {
  addTo(client, args[1], 1);
}

export function decrement(client: Client, args: string[]): void {
  addTo(client, args[1], -1);
}

export function incrementBy(client: Client, args: string[]): void {
  const amount = parseSafeInteger(args[2]);
  if (!Number.isNaN(amount)) {
    addTo(client, args[1], amount);
    return;
  }
  const wide = parseInt64(args[2]);
  if (wide === null) client.reply.error(NOT_AN_INTEGER);
  else addWide(client, args[1], wide);
}

export function decrementBy(client: Client, args: string[]): void {
  const amount = parseSafeInteger(args[2]);
  if (!Number.isNaN(amount)) {
    addTo(client, args[1], -amount);
    return;
  }
  const wide = parseInt64(args[2]);
  if (wide === null) client.reply.error(NOT_AN_INTEGER);
  else if (wide === INT64_MIN) client.reply.error('ERR decrement would overflow');
  else addWide(client, args[1], -wide);
}

function addTo(client: Client, key: string, amount: number): void {
  const { database } = client;
  const entry = database.entryForWrite(key);
  if (entry !== undefined && typeof entry.value !== 'number') {
    addToEntry(client, entry, BigInt(amount));
    return;
  }
  // Adding 0 turns a possible -0 (of DECRBY 0) into 0.
  const sum = entry === undefined ? amount + 0 : (entry.value as number) + amount;
  if (!Number.isSafeInteger(sum)) {
    if (entry !== undefined) addToEntry(client, entry, BigInt(amount));
    return;
  }
  if (entry === undefined) database.add(key, sum);
  else entry.value = sum;
  told(client, key);
  client.reply.integer(sum);
}

function addWide(client: Client, key: string, amount: bigint): void {
  const entry = client.database.entryForWrite(key);
  if (entry !== undefined) {
    addToEntry(client, entry, amount);
    return;
  }
  client.database.add(key, storedInteger(amount));
  told(client, key);
  client.reply.bigInteger(amount);
}

function addToEntry(client: Client, entry: Entry, amount: bigint): void {
  const { value } = entry;
  if (!isStringValue(value)) {
    client.reply.error(WRONG_TYPE);
    return;
  }
  const current = parseInt64(textOfNumber(value));
  if (current === null) {
    client.reply.error(NOT_AN_INTEGER);
    return;
  }
  const sum = current + amount;
  if (sum > INT64_MAX || sum < INT64_MIN) {
    client.reply.error(WOULD_OVERFLOW);
    return;
  }
  entry.value = storedInteger(sum);
  told(client, entry.key);
  client.reply.bigInteger(sum);
}

/** The text of a value that may be a number; empty, which is none, when it is too long for one. */
function textOfNumber(value: StringValue): string {
  return lengthOfString(value) > LONGEST_NUMBER ? '' : bytesOfString(value);
}

function told(client: Client, key: string): void {
  client.database.modified(key);
  notify(client, EventClass.String, 'incrby', key);
}

/** Replicas are given the result, so that their arithmetic does not matter. */
export function incrementByFloat(client: Client, args: string[]): void {
  const { database, reply } = client;
  const [, key, amountText] = args;
  const entry = database.entryForWrite(key);
  const value = entry === undefined ? '0' : entry.value;
  if (!isStringValue(value)) {
    reply.error(WRONG_TYPE);
    return;
  }
  const current = parseLongDouble(textOfNumber(value));
  const amount = parseLongDouble(amountText);
  if (current === null || amount === null) {
    reply.error(NOT_A_FLOAT);
    return;
  }
  const sum = addLongDoubles(current, amount);
  if (sum === 'infinite') {
    reply.error(WOULD_BE_INFINITE);
    return;
  }
  const text = formatLongDouble(sum);
  if (entry === undefined) database.add(key, text);
  else entry.value = text;
  database.modified(key);
  notify(client, EventClass.String, 'incrbyfloat', key);
  client.server.dispatcher.propagateAs(client, ['SET', key, text, 'KEEPTTL']);
  reply.bulk(text);
}
