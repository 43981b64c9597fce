/** SPOP and SRANDMEMBER. Replicas are told which members went, since their choice would be another one. */
import type { SetValue } from '../../keyspace/values/set-value.js';
import { writeBulks } from '../../resp/reply-sink.js';
import type { Client } from '../../server/client.js';
import { EventClass } from '../../server/notifications.js';
import { countArgument } from '../arguments.js';
import { SYNTAX_ERROR } from '../error-texts.js';
import { collectionForWrite, deleteEmptied, notify, readCollection } from '../lookups.js';
import { distinctPositions, pickCountArgument, writeRepeatedPicks } from '../random-picks.js';
import { writeSet } from './members.js';

/** Members in one propagated SREM. */
const MEMBERS_PER_SREM = 1024;

export function popMembers(client: Client, args: string[]): void {
  if (args.length > 3) {
    client.reply.error(SYNTAX_ERROR);
    return;
  }
  const key = args[1];
  const count = args.length === 3 ? countArgument(client, args[2]) : null;
  if (Number.isNaN(count)) return;
  const set = collectionForWrite(client, key, 'set');
  if (set === null) return;
  if (count === null) popOne(client, key, set);
  else if (set === undefined || count === 0) client.reply.setHeader(0);
  else if (count >= set.size) popAll(client, key, set);
  else popSome(client, key, set, count);
}

function popOne(client: Client, key: string, set: SetValue | undefined): void {
  const member = set?.randomMember(client.server.platform.random);
  if (set === undefined || member === undefined) {
    client.reply.nullBulk();
    return;
  }
  set.delete(member);
  notify(client, EventClass.Set, 'spop', key);
  client.server.dispatcher.propagateAs(client, ['SREM', key, member]);
  client.reply.bulk(member);
  if (set.size === 0) deleteEmptied(client, key);
  client.database.modified(key);
}

function popAll(client: Client, key: string, set: SetValue): void {
  const { server } = client;
  notify(client, EventClass.Set, 'spop', key);
  writeSet(client, set);
  deleteEmptied(client, key);
  const word = server.config.values['lazyfree-lazy-server-del'] ? 'UNLINK' : 'DEL';
  server.dispatcher.propagateAs(client, [word, key]);
  client.database.modified(key, set.size);
}

function popSome(client: Client, key: string, set: SetValue, count: number): void {
  const { server, reply } = client;
  notify(client, EventClass.Set, 'spop', key);
  const popped = distinctPositions(server.platform.random, set.size, count).map((at) => set.at(at));
  for (const member of popped) set.delete(member);
  reply.setHeader(popped.length);
  for (const member of popped) reply.bulk(member);
  for (let i = 0; i < popped.length; i += MEMBERS_PER_SREM) {
    server.dispatcher.propagateAs(client, ['SREM', key, ...popped.slice(i, i + MEMBERS_PER_SREM)]);
  }
  client.database.modified(key, popped.length);
}

export function randomMembers(client: Client, args: string[]): void {
  const { reply, server } = client;
  if (args.length > 3) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const count = args.length === 3 ? pickCountArgument(client, args[2], false) : null;
  if (Number.isNaN(count)) return;
  const set = readCollection(client, args[1], 'set');
  if (set === null) return;
  const { random } = server.platform;
  if (count === null) {
    const member = set?.randomMember(random);
    if (member === undefined) reply.nullBulk();
    else reply.bulk(member);
  } else if (set === undefined || count === 0) {
    reply.arrayHeader(0);
  } else if (count < 0) {
    reply.arrayHeader(-count);
    writeRepeatedPicks(client, set.size, -count, (position) => reply.bulk(set.at(position)));
  } else {
    const positions = distinctPositions(random, set.size, Math.min(count, set.size));
    writeBulks(
      reply,
      positions.map((position) => set.at(position)),
    );
  }
}
