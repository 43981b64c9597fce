/** What vedette-cli has to know of certain commands to show their replies and to keep secrets. */
import { isWord, toLowerAscii } from '../resp/ascii.js';
import type { WireReply } from '../resp/reply-reader.js';

/** Commands (and their subcommands) whose reply is text made to be read. */
const PRINTED_VERBATIM: readonly (readonly [command: string, subcommand?: string])[] = [
  ['info'],
  ['lolwut'],
  ['debug', 'htstats'],
  ['debug', 'htstats-key'],
  ['debug', 'client-eviction'],
  ['memory', 'malloc-stats'],
  ['memory', 'doctor'],
  ['cluster', 'nodes'],
  ['cluster', 'info'],
  ['client', 'list'],
  ['client', 'info'],
  ['latency', 'graph'],
  ['latency', 'doctor'],
];

export function isPrintedVerbatim(args: readonly string[]): boolean {
  const [command = '', subcommand = ''] = args;
  return PRINTED_VERBATIM.some(
    ([name, sub]) => isWord(command, name) && (sub === undefined || isWord(subcommand, sub)),
  );
}

/** Commands that subscriptions answer, and what those messages are. */
const SUBSCRIBING = ['subscribe', 'psubscribe', 'ssubscribe', 'unsubscribe', 'punsubscribe', 'sunsubscribe'];
const MESSAGES = ['message', 'pmessage', 'smessage'];

/** Its lower-case name when a command changes subscriptions, otherwise null. */
export function subscribingCommand(command: string): string | null {
  const name = toLowerAscii(command);
  return SUBSCRIBING.includes(name) ? name : null;
}

export interface SubscriptionMessage {
  /** subscribe, message, sunsubscribe, ... */
  readonly kind: string;
  /** How many subscriptions there are now, of shard channels or of all others; null in a message. */
  readonly count: number | null;
  readonly isShard: boolean;
}

/** A reply as what a subscriber is sent; null when it is something else. */
export function readSubscriptionMessage(reply: WireReply): SubscriptionMessage | null {
  if ((reply.type !== 'array' && reply.type !== 'push') || reply.items.length < 3) return null;
  const [kind, , last] = reply.items;
  if (kind?.type !== 'bulk') return null;
  if (MESSAGES.includes(kind.text))
    return { kind: kind.text, count: null, isShard: kind.text === 'smessage' };
  if (!SUBSCRIBING.includes(kind.text) || last?.type !== 'integer') return null;
  const isShard = kind.text === 'ssubscribe' || kind.text === 'sunsubscribe';
  return { kind: kind.text, count: Number(last.digits), isShard };
}

/** Whether a command holds a password, and so must not be remembered. */
export function isSensitive(args: readonly string[]): boolean {
  const words = args.map(toLowerAscii);
  const [command, subcommand] = words;
  switch (command) {
    case 'auth':
      return true;
    case 'acl':
      return subcommand === 'setuser';
    case 'config':
      return subcommand === 'set' && words.some((word) => /^(masterauth|masteruser|requirepass)$/.test(word));
    case 'sentinel':
      return words.some((word) => /^(auth-pass|sentinel-pass)$/.test(word));
    case 'hello':
    case 'migrate':
      return words.includes('auth') || words.includes('auth2');
    default:
      return false;
  }
}
