/** APPEND and SETRANGE: commands that change a string value in place. */
import { appended, lengthOfString, storedString, writableBytes } from '../../keyspace/values/string-value.js';
import { isStringValue } from '../../keyspace/values/value.js';
import type { Client } from '../../server/client.js';
import { EventClass } from '../../server/notifications.js';
import { integerArgument } from '../arguments.js';
import { WRONG_TYPE } from '../error-texts.js';
import { notify } from '../lookups.js';

const TOO_LONG = 'ERR string exceeds maximum allowed size (proto-max-bulk-len)';

/** False, and an error for the client, when a string may not become that long. A master's word is taken. */
export function mayHaveLength(client: Client, length: number): boolean {
  if (client.isTrusted || length <= client.server.config.values['proto-max-bulk-len']) return true;
  client.reply.error(TOO_LONG);
  return false;
}

export function append(client: Client, args: string[]): void {
  const { database } = client;
  const [, key, text] = args;
  const entry = database.entryForWrite(key);
  let length = text.length;
  if (entry === undefined) {
    database.add(key, storedString(text));
  } else {
    const { value } = entry;
    if (!isStringValue(value)) {
      client.reply.error(WRONG_TYPE);
      return;
    }
    length += lengthOfString(value);
    if (!mayHaveLength(client, length)) return;
    entry.value = appended(value, text);
  }
  database.modified(key);
  notify(client, EventClass.String, 'append', key);
  client.reply.integer(length);
}

export function setRange(client: Client, args: string[]): void {
  const { database, reply } = client;
  const [, key, offsetText, text] = args;
  const offset = integerArgument(client, offsetText);
  if (Number.isNaN(offset)) return;
  if (offset < 0) {
    reply.error('ERR offset is out of range');
    return;
  }
  const entry = database.entryForWrite(key);
  const value = entry === undefined ? '' : entry.value;
  if (!isStringValue(value)) {
    reply.error(WRONG_TYPE);
    return;
  }
  if (text.length === 0) {
    reply.integer(lengthOfString(value));
    return;
  }
  if (!mayHaveLength(client, offset + text.length)) return;
  const bytes = writableBytes(value, offset + text.length);
  bytes.latin1Write(text, offset, text.length);
  if (entry === undefined) database.add(key, bytes);
  else entry.value = bytes;
  database.modified(key);
  notify(client, EventClass.String, 'setrange', key);
  reply.integer(bytes.length);
}
