/**
 * Finds values of one type. `undefined` means that there is no such key; `null` that it holds another type, which
 * the client has then been told.
 */
import type { Collection, StringValue, Value } from '../keyspace/values/value.js';
import { isStringValue } from '../keyspace/values/value.js';
import type { Client } from '../server/client.js';
import { EventClass } from '../server/notifications.js';
import { WRONG_TYPE } from './error-texts.js';

/** The container class of a type. */
export type CollectionOf<Type extends Collection['type']> = Extract<Collection, { readonly type: Type }>;

export function readString(client: Client, key: string): StringValue | undefined | null {
  const value = client.database.read(key);
  if (value === undefined || isStringValue(value)) return value;
  client.reply.error(WRONG_TYPE);
  return null;
}

export function readCollection<Type extends Collection['type']>(
  client: Client,
  key: string,
  type: Type,
): CollectionOf<Type> | undefined | null {
  return checkedCollection(client, client.database.read(key), type);
}

/** As {@link readCollection}, for a change in place: a running snapshot has saved the value when this returns. */
export function collectionForWrite<Type extends Collection['type']>(
  client: Client,
  key: string,
  type: Type,
): CollectionOf<Type> | undefined | null {
  return checkedCollection(client, client.database.valueForWrite(key), type);
}

/** Tells a client whose value is of another type; for commands that look at several keys before they act. */
export function checkedCollection<Type extends Collection['type']>(
  client: Client,
  value: Value | undefined,
  type: Type,
): CollectionOf<Type> | undefined | null {
  if (value === undefined) return undefined;
  if (typeof value === 'object' && (value as Collection).type === type) return value as CollectionOf<Type>;
  client.reply.error(WRONG_TYPE);
  return null;
}

/** Publishes a keyspace event of the client's database. */
export function notify(client: Client, eventClass: EventClass, event: string, key: string): void {
  client.server.notify(eventClass, event, key, client.database.index);
}

/** Deletes a key whose last element is gone, and tells of it. The change itself has been counted. */
export function deleteEmptied(client: Client, key: string): void {
  client.database.delete(key);
  notify(client, EventClass.Generic, 'del', key);
}
