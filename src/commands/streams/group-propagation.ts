/**
 * How changes of consumer groups are passed on: not as the commands that made them, whose outcome depends on time
 * and chance, but as what came of them, in forms that can be applied twice.
 */
import type { PendingEntry, StreamGroup } from '../../keyspace/values/stream-group.js';
import { formatStreamId } from '../../keyspace/values/stream-id.js';
import type { Client } from '../../server/client.js';

/** An entry was delivered, claimed or dropped. */
export function propagateClaim(client: Client, key: string, group: StreamGroup, pending: PendingEntry): void {
  client.server.dispatcher.propagateAs(client, [
    'XCLAIM',
    key,
    group.name,
    pending.consumer.name,
    '0',
    formatStreamId(pending.key),
    'TIME',
    String(pending.deliveredAtMs),
    'RETRYCOUNT',
    String(pending.deliveryCount),
    'FORCE',
    'JUSTID',
    'LASTID',
    formatStreamId(group.lastDeliveredId),
  ]);
}

/** The group has read on without anything becoming pending. */
export function propagateGroupPosition(client: Client, key: string, group: StreamGroup): void {
  client.server.dispatcher.propagateAs(client, [
    'XGROUP',
    'SETID',
    key,
    group.name,
    formatStreamId(group.lastDeliveredId),
    'ENTRIESREAD',
    String(group.entriesRead ?? -1),
  ]);
}

export function propagateConsumer(
  client: Client,
  key: string,
  group: StreamGroup,
  consumerName: string,
): void {
  client.server.dispatcher.propagateAs(client, ['XGROUP', 'CREATECONSUMER', key, group.name, consumerName]);
}
