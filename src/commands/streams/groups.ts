/** XGROUP: making, changing and removing consumer groups and their consumers. */
import type { StreamGroup } from '../../keyspace/values/stream-group.js';
import { MIN_STREAM_ID } from '../../keyspace/values/stream-id.js';
import { StreamValue } from '../../keyspace/values/stream-value.js';
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import { EventClass } from '../../server/notifications.js';
import { integerArgument } from '../arguments.js';
import { writeHelp } from '../help.js';
import { collectionForWrite, notify } from '../lookups.js';
import { wrongSubcommandUse } from '../subcommand-use.js';
import { findOrAddConsumer } from './consumers.js';
import { edgeIdArgument, streamIdArgument } from './ids.js';

const KEY_REQUIRED =
  'ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM ' +
  'option to create an empty stream automatically.';

interface GroupOptions {
  makeStream: boolean;
  /** Null: not known. */
  entriesRead: number | null;
}

/** Reads MKSTREAM (if allowed) and ENTRIESREAD from argument 5 on; null after an error. */
function groupOptions(client: Client, args: readonly string[], mayMakeStream: boolean): GroupOptions | null {
  const options: GroupOptions = { makeStream: false, entriesRead: null };
  for (let i = 5; i < args.length; i++) {
    if (mayMakeStream && isWord(args[i], 'mkstream')) {
      options.makeStream = true;
    } else if (isWord(args[i], 'entriesread') && i + 1 < args.length) {
      const count = integerArgument(client, args[++i]);
      if (Number.isNaN(count)) return null;
      if (count < -1) {
        client.reply.error('ERR value for ENTRIESREAD must be positive or -1');
        return null;
      }
      options.entriesRead = count === -1 ? null : count;
    } else {
      client.reply.error(wrongSubcommandUse('xgroup', args[1]));
      return null;
    }
  }
  return options;
}

/** The stream of a key, which must exist; null after an error. */
function requiredStream(client: Client, key: string): StreamValue | null {
  const stream = collectionForWrite(client, key, 'stream');
  if (stream === undefined) client.reply.error(KEY_REQUIRED);
  return stream ?? null;
}

function requiredGroup(client: Client, key: string, name: string): StreamGroup | null {
  const stream = requiredStream(client, key);
  if (stream === null) return null;
  const group = stream.group(name);
  if (group === undefined)
    client.reply.error(`NOGROUP No such consumer group '${name}' for key name '${key}'`);
  return group ?? null;
}

export function createGroup(client: Client, args: string[]): void {
  const [, , key, name, idText] = args;
  const options = groupOptions(client, args, true);
  if (options === null) return;
  const known = options.makeStream ? collectionForWrite(client, key, 'stream') : requiredStream(client, key);
  if (known === null) return;
  const id = idText === '$' ? (known?.lastId ?? MIN_STREAM_ID) : streamIdArgument(client, idText);
  if (id === null) return;
  const stream = known ?? new StreamValue(client.server.keyspace.limits);
  if (known === undefined) {
    client.database.add(key, stream);
    client.database.touched(key);
  }
  if (stream.addGroup(name, id, options.entriesRead) === undefined) {
    client.reply.error('BUSYGROUP Consumer Group name already exists');
    return;
  }
  client.reply.ok();
  tell(client, key, 'xgroup-create');
}

export function setGroupPosition(client: Client, args: string[]): void {
  const [, , key, name, idText] = args;
  const options = groupOptions(client, args, false);
  if (options === null) return;
  const group = requiredGroup(client, key, name);
  if (group === null) return;
  const stream = requiredStream(client, key);
  if (stream === null) return;
  const id = idText === '$' ? stream.lastId : edgeIdArgument(client, idText, 0);
  if (id === null) return;
  group.lastDeliveredId = id;
  group.entriesRead = options.entriesRead;
  client.reply.ok();
  tell(client, key, 'xgroup-setid');
}

export function destroyGroup(client: Client, args: string[]): void {
  const [, , key, name] = args;
  const stream = requiredStream(client, key);
  if (stream === null) return;
  const removed = stream.removeGroup(name);
  client.reply.integer(removed ? 1 : 0);
  if (!removed) return;
  tell(client, key, 'xgroup-destroy');
  // Consumers that wait for the group hear of its end.
  client.database.ready(key);
}

export function createConsumer(client: Client, args: string[]): void {
  const [, , key, name, consumerName] = args;
  const group = requiredGroup(client, key, name);
  if (group === null) return;
  client.reply.integer(findOrAddConsumer(client, key, group, consumerName).isNew ? 1 : 0);
}

export function deleteConsumer(client: Client, args: string[]): void {
  const [, , key, name, consumerName] = args;
  const group = requiredGroup(client, key, name);
  if (group === null) return;
  const pending = group.removeConsumer(consumerName);
  client.reply.integer(Math.max(0, pending));
  if (pending >= 0) tell(client, key, 'xgroup-delconsumer');
}

/** A group is no part of what WATCH looks at. */
function tell(client: Client, key: string, event: string): void {
  client.server.keyspace.dirty++;
  notify(client, EventClass.Stream, event, key);
}

export function groupHelp(client: Client): void {
  writeHelp(client, 'xgroup', [
    ['CREATE <key> <groupname> <id|$> [MKSTREAM] [ENTRIESREAD <entries-read>]', 'Make a consumer group.'],
    ['CREATECONSUMER <key> <groupname> <consumer>', 'Make a consumer.'],
    ['DELCONSUMER <key> <groupname> <consumer>', 'Remove a consumer.'],
    ['DESTROY <key> <groupname>', 'Remove a consumer group.'],
    ['SETID <key> <groupname> <id|$> [ENTRIESREAD <entries-read>]', 'Set how far a group has read.'],
  ]);
}
