/** Who listens to which channel, and delivery of messages. */
import { matchesGlob } from '../resp/glob.js';
import { Subscriptions, type Client } from './client.js';
import { writeMessage, type Message } from './message.js';

type SubscriberMap = Map<string, Set<Client>>;

/** The three kinds of subscription and the words their replies use. */
export type SubscriptionKind = 'channel' | 'pattern' | 'shard';

const WORDS = {
  channel: { subscribe: 'subscribe', unsubscribe: 'unsubscribe' },
  pattern: { subscribe: 'psubscribe', unsubscribe: 'punsubscribe' },
  shard: { subscribe: 'ssubscribe', unsubscribe: 'sunsubscribe' },
} as const;

const NOBODY: ReadonlySet<Client> = new Set();

export class PubSub {
  readonly channels: SubscriberMap = new Map();
  readonly patterns: SubscriberMap = new Map();
  readonly shardChannels: SubscriberMap = new Map();

  /** Subscribes and writes the confirmation. */
  subscribe(client: Client, kind: SubscriptionKind, name: string): void {
    const subscriptions = (client.subscriptions ??= new Subscriptions());
    const own = ownSet(subscriptions, kind);
    if (!own.has(name)) {
      own.add(name);
      const map = this.mapOf(kind);
      const subscribers = map.get(name);
      if (subscribers === undefined) map.set(name, new Set([client]));
      else subscribers.add(client);
    }
    if (client.kind === 'normal') client.kind = 'pubsub';
    this.confirm(client, WORDS[kind].subscribe, name, countOf(subscriptions, kind));
  }

  /** Unsubscribes and, unless silent, writes the confirmation (also when there was no such subscription). */
  unsubscribe(client: Client, kind: SubscriptionKind, name: string, silent = false): void {
    const { subscriptions } = client;
    if (subscriptions !== null && ownSet(subscriptions, kind).delete(name)) {
      const map = this.mapOf(kind);
      const subscribers = map.get(name);
      subscribers?.delete(client);
      if (subscribers?.size === 0) map.delete(name);
      if (subscriptions.isEmpty) {
        client.subscriptions = null;
        if (client.kind === 'pubsub') client.kind = 'normal';
      }
    }
    if (!silent) {
      this.confirm(
        client,
        WORDS[kind].unsubscribe,
        name,
        subscriptions === null ? 0 : countOf(subscriptions, kind),
      );
    }
  }

  /** Unsubscribes from everything of a kind, confirming each; one confirmation with null when there was nothing. */
  unsubscribeAll(client: Client, kind: SubscriptionKind): void {
    const names = client.subscriptions === null ? [] : [...ownSet(client.subscriptions, kind)];
    for (const name of names) this.unsubscribe(client, kind, name);
    if (names.length > 0) return;
    const remaining = client.subscriptions === null ? 0 : countOf(client.subscriptions, kind);
    this.confirm(client, WORDS[kind].unsubscribe, null, remaining);
  }

  /** Forgets a client that closes. */
  release(client: Client): void {
    if (client.subscriptions === null) return;
    for (const name of [...client.subscriptions.channels]) this.unsubscribe(client, 'channel', name, true);
    for (const name of [...(client.subscriptions?.patterns ?? [])]) {
      this.unsubscribe(client, 'pattern', name, true);
    }
    for (const name of [...(client.subscriptions?.shardChannels ?? [])]) {
      this.unsubscribe(client, 'shard', name, true);
    }
  }

  /** Delivers to channel and pattern subscribers; returns how many receipts that made. */
  publish(channel: string, message: string): number {
    let receivers = 0;
    for (const client of this.channels.get(channel) ?? NOBODY) {
      deliver(client, 'message', null, channel, message);
      receivers++;
    }
    if (this.patterns.size === 0) return receivers;
    for (const [pattern, clients] of this.patterns) {
      if (!matchesGlob(pattern, channel)) continue;
      for (const client of clients) {
        deliver(client, 'pmessage', pattern, channel, message);
        receivers++;
      }
    }
    return receivers;
  }

  publishToShard(channel: string, message: string): number {
    const subscribers = this.shardChannels.get(channel) ?? NOBODY;
    for (const client of subscribers) deliver(client, 'smessage', null, channel, message);
    return subscribers.size;
  }

  private confirm(client: Client, word: string, name: string | null, count: number): void {
    const { reply } = client;
    const { isMuted } = reply;
    reply.isMuted = false;
    reply.pushHeader(3);
    reply.bulk(word);
    if (name === null) reply.nullBulk();
    else reply.bulk(name);
    reply.integer(count);
    reply.isMuted = isMuted;
    client.scheduleFlush();
  }

  private mapOf(kind: SubscriptionKind): SubscriberMap {
    return kind === 'channel' ? this.channels : kind === 'pattern' ? this.patterns : this.shardChannels;
  }
}

/** Hands a message to a client; one that it sends to itself comes after the reply to the command that sent it. */
function deliver(
  client: Client,
  word: Message['word'],
  pattern: string | null,
  channel: string,
  text: string,
): void {
  if (client.isAnswering) {
    client.messagesAfterReply.push(() => writeMessage(client, word, pattern, channel, text));
  } else {
    writeMessage(client, word, pattern, channel, text);
  }
}

function ownSet(subscriptions: Subscriptions, kind: SubscriptionKind): Set<string> {
  return kind === 'channel'
    ? subscriptions.channels
    : kind === 'pattern'
      ? subscriptions.patterns
      : subscriptions.shardChannels;
}

/** Channels and patterns are counted together, shard channels on their own. */
function countOf(subscriptions: Subscriptions, kind: SubscriptionKind): number {
  return kind === 'shard' ? subscriptions.shardChannels.size : subscriptions.count;
}
