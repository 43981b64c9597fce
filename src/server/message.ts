/** Pub/sub messages, and how they are written. Who gets them is in pubsub.ts. */
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
