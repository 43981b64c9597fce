/** Messages that are no replies, and how they are written. Who gets them is in pubsub.ts and tracking.ts. */
import type { Client } from './client.js';

/** A message as its receiver is told of it. */
export interface Message {
  readonly word: 'message' | 'pmessage' | 'smessage';
  readonly pattern: string | null;
  readonly channel: string;
  readonly text: string;
}

/** Writes a message. CLIENT REPLY mutes replies, not what a client has subscribed to. */
export function writeMessage(
  client: Client,
  word: Message['word'],
  pattern: string | null,
  channel: string,
  text: string,
): void {
  const { reply } = client;
  const { isMuted } = reply;
  reply.isMuted = false;
  reply.pushHeader(pattern === null ? 3 : 4);
  reply.bulk(word);
  if (pattern !== null) reply.bulk(pattern);
  reply.bulk(channel);
  reply.bulk(text);
  reply.isMuted = isMuted;
  client.scheduleFlush();
}

/**
 * Tells a client which keys it must no longer have in its cache; null: none at all. In RESP2, where only a subscriber
 * can be told, it looks like a message of a channel.
 */
export function writeInvalidation(client: Client, keys: readonly string[] | null): void {
  const { reply } = client;
  const { isMuted } = reply;
  reply.isMuted = false;
  if (reply.protocol === 3) {
    reply.pushHeader(2);
    reply.bulk('invalidate');
  } else {
    reply.pushHeader(3);
    reply.bulk('message');
    reply.bulk('__redis__:invalidate');
  }
  if (keys === null) {
    reply.nullBulk();
  } else {
    reply.arrayHeader(keys.length);
    for (const key of keys) reply.bulk(key);
  }
  reply.isMuted = isMuted;
  client.scheduleFlush();
}

/** Tells a client that the one to which its invalidations go is gone. */
export function writeRedirectionBroken(client: Client, targetId: number): void {
  const { reply } = client;
  const { isMuted } = reply;
  reply.isMuted = false;
  reply.pushHeader(2);
  reply.bulk('tracking-redir-broken');
  reply.integer(targetId);
  reply.isMuted = isMuted;
  client.scheduleFlush();
}
