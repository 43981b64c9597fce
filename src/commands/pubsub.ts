/**
 * Publishing and subscribing, to channels, patterns and shard channels. Who listens, and how messages are
 * delivered, is in server/pubsub.ts; in cluster mode the cluster's gate sees to shard channels' slots.
 */
import { matchesGlob } from '../resp/glob.js';
import type { Client } from '../server/client.js';
import { keyAt, keyRange, type CommandFlag, type CommandSpec } from '../server/command.js';
import type { SubscriptionKind } from '../server/pubsub.js';
import { writeHelp } from './help.js';

function subscribeTo(kind: SubscriptionKind): (client: Client, args: string[]) => void {
  return (client, args) => {
    for (let i = 1; i < args.length; i++) client.server.pubsub.subscribe(client, kind, args[i]);
  };
}

function unsubscribeFrom(kind: SubscriptionKind): (client: Client, args: string[]) => void {
  return (client, args) => {
    const { pubsub } = client.server;
    if (args.length === 1) pubsub.unsubscribeAll(client, kind);
    for (let i = 1; i < args.length; i++) pubsub.unsubscribe(client, kind, args[i]);
  };
}

function publish(client: Client, args: string[]): void {
  const receivers = client.server.pubsub.publish(args[1], args[2]);
  passOn(client, args, false);
  client.reply.integer(receivers);
}

function publishToShard(client: Client, args: string[]): void {
  const receivers = client.server.pubsub.publishToShard(args[1], args[2]);
  passOn(client, args, true);
  client.reply.integer(receivers);
}

/**
 * Messages reach the clients of replicas through the replication stream, whether or not anyone listens here; in a
 * cluster they reach all nodes through its bus.
 */
function passOn(client: Client, args: string[], sharded: boolean): void {
  const { cluster, dispatcher } = client.server;
  if (cluster === null) dispatcher.propagateAs(client, args);
  else cluster.publish(args[1], args[2], sharded);
}

/** PUBSUB CHANNELS and SHARDCHANNELS: names that have subscribers, all or those that match a pattern. */
function writeChannels(client: Client, args: string[], channels: ReadonlyMap<string, unknown>): void {
  const names = [...channels.keys()].filter((name) => args.length < 3 || matchesGlob(args[2], name));
  client.reply.arrayHeader(names.length);
  for (const name of names) client.reply.bulk(name);
}

function writeCounts(
  client: Client,
  args: string[],
  channels: ReadonlyMap<string, ReadonlySet<Client>>,
): void {
  client.reply.arrayHeader((args.length - 2) * 2);
  for (let i = 2; i < args.length; i++) {
    client.reply.bulk(args[i]);
    client.reply.integer(channels.get(args[i])?.size ?? 0);
  }
}

function pubsubHelp(client: Client): void {
  writeHelp(client, 'pubsub', [
    ['CHANNELS [<pattern>]', 'List the channels that have subscribers.'],
    ['NUMPAT', 'Count the patterns that are subscribed to.'],
    ['NUMSUB [<channel> ...]', 'Count the subscribers of channels, those by pattern left out.'],
    ['SHARDCHANNELS [<pattern>]', 'List the shard channels that have subscribers.'],
    ['SHARDNUMSUB [<shardchannel> ...]', 'Count the subscribers of shard channels.'],
  ]);
}

const SUBSCRIBE_FLAGS: readonly CommandFlag[] = ['pubsub', 'noscript', 'loading', 'stale'];
const PUBLISH_FLAGS: readonly CommandFlag[] = ['pubsub', 'loading', 'stale', 'fast', 'may_replicate'];
const INTROSPECTION_FLAGS: readonly CommandFlag[] = ['pubsub', 'loading', 'stale'];

export const pubsubCommands: readonly CommandSpec[] = [
  {
    name: 'subscribe',
    summary: 'Listens to channels.',
    since: '2.0.0',
    group: 'pubsub',
    complexity: 'O(N) in the channels given',
    arity: -2,
    flags: SUBSCRIBE_FLAGS,
    channels: { first: 1, count: 'all', arePatterns: false },
    handler: subscribeTo('channel'),
  },
  {
    name: 'psubscribe',
    summary: 'Listens to all channels that match patterns.',
    since: '2.0.0',
    group: 'pubsub',
    complexity: 'O(N) in the patterns given',
    arity: -2,
    flags: SUBSCRIBE_FLAGS,
    channels: { first: 1, count: 'all', arePatterns: true },
    handler: subscribeTo('pattern'),
  },
  {
    name: 'ssubscribe',
    summary: 'Listens to shard channels.',
    since: '7.0.0',
    group: 'pubsub',
    complexity: 'O(N) in the channels given',
    arity: -2,
    flags: SUBSCRIBE_FLAGS,
    keys: [keyRange(1, -1, 1, 'not_key')],
    channels: { first: 1, count: 'all', arePatterns: false },
    handler: subscribeTo('shard'),
  },
  {
    name: 'unsubscribe',
    summary: 'Stops listening to channels, or to all of them.',
    since: '2.0.0',
    group: 'pubsub',
    complexity: 'O(N) in the channels given',
    arity: -1,
    flags: SUBSCRIBE_FLAGS,
    handler: unsubscribeFrom('channel'),
  },
  {
    name: 'punsubscribe',
    summary: 'Stops listening to patterns, or to all of them.',
    since: '2.0.0',
    group: 'pubsub',
    complexity: 'O(N) in the patterns given',
    arity: -1,
    flags: SUBSCRIBE_FLAGS,
    handler: unsubscribeFrom('pattern'),
  },
  {
    name: 'sunsubscribe',
    summary: 'Stops listening to shard channels, or to all of them.',
    since: '7.0.0',
    group: 'pubsub',
    complexity: 'O(N) in the channels given',
    arity: -1,
    flags: SUBSCRIBE_FLAGS,
    keys: [keyRange(1, -1, 1, 'not_key')],
    handler: unsubscribeFrom('shard'),
  },
  {
    name: 'publish',
    summary: 'Sends a message to a channel.',
    since: '2.0.0',
    group: 'pubsub',
    complexity: 'O(N+M) in the subscribers of the channel and the patterns in use',
    arity: 3,
    flags: PUBLISH_FLAGS,
    channels: { first: 1, count: 1, arePatterns: false },
    handler: publish,
  },
  {
    name: 'spublish',
    summary: 'Sends a message to a shard channel.',
    since: '7.0.0',
    group: 'pubsub',
    complexity: 'O(N) in the subscribers of the channel',
    arity: 3,
    flags: PUBLISH_FLAGS,
    keys: [keyAt(1, 'not_key')],
    channels: { first: 1, count: 1, arePatterns: false },
    handler: publishToShard,
  },
  {
    name: 'pubsub',
    summary: 'Tells who listens to what.',
    since: '2.8.0',
    group: 'pubsub',
    complexity: 'Depends on the subcommand',
    arity: -2,
    flags: [],
    subcommands: [
      {
        name: 'channels',
        summary: 'Lists channels that have subscribers.',
        since: '2.8.0',
        group: 'pubsub',
        complexity: 'O(N) in the channels in use',
        arity: -2,
        flags: INTROSPECTION_FLAGS,
        handler: (client, args) => writeChannels(client, args, client.server.pubsub.channels),
      },
      {
        name: 'numpat',
        summary: 'Counts the patterns that are subscribed to.',
        since: '2.8.0',
        group: 'pubsub',
        complexity: 'O(1)',
        arity: 2,
        flags: INTROSPECTION_FLAGS,
        handler: (client) => client.reply.integer(client.server.pubsub.patterns.size),
      },
      {
        name: 'numsub',
        summary: 'Counts the subscribers of channels.',
        since: '2.8.0',
        group: 'pubsub',
        complexity: 'O(N) in the channels given',
        arity: -2,
        flags: INTROSPECTION_FLAGS,
        handler: (client, args) => writeCounts(client, args, client.server.pubsub.channels),
      },
      {
        name: 'shardchannels',
        summary: 'Lists shard channels that have subscribers.',
        since: '7.0.0',
        group: 'pubsub',
        complexity: 'O(N) in the shard channels in use',
        arity: -2,
        flags: INTROSPECTION_FLAGS,
        handler: (client, args) => writeChannels(client, args, client.server.pubsub.shardChannels),
      },
      {
        name: 'shardnumsub',
        summary: 'Counts the subscribers of shard channels.',
        since: '7.0.0',
        group: 'pubsub',
        complexity: 'O(N) in the channels given',
        arity: -2,
        flags: INTROSPECTION_FLAGS,
        handler: (client, args) => writeCounts(client, args, client.server.pubsub.shardChannels),
      },
      {
        name: 'help',
        summary: 'Describes the subcommands.',
        since: '6.2.0',
        group: 'pubsub',
        complexity: 'O(1)',
        arity: 2,
        flags: ['loading', 'stale'],
        handler: pubsubHelp,
      },
    ],
  },
];
