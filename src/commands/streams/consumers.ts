/** Consumers of stream groups, which come into being when they are first named. */
import type { StreamConsumer, StreamGroup } from '../../keyspace/values/stream-group.js';
import type { Client } from '../../server/client.js';
import { EventClass } from '../../server/notifications.js';
import { notify } from '../lookups.js';

export function findOrAddConsumer(
  client: Client,
  key: string,
  group: StreamGroup,
  name: string,
): { readonly consumer: StreamConsumer; readonly isNew: boolean } {
  const known = group.consumer(name);
  if (known !== undefined) return { consumer: known, isNew: false };
  const consumer = group.addConsumer(name, client.server.keyspace.nowMs);
  if (consumer === undefined) throw new Error('stream group: a consumer is there and not there');
  client.server.keyspace.dirty++;
  notify(client, EventClass.Stream, 'xgroup-createconsumer', key);
  return { consumer, isNew: true };
}
