/**
 * What differs on purpose between this server and a stock redis-server 7.0, and why: replies to some commands are
 * turned into something that must be equal. Replies to all others must be equal to the byte.
 */
import { DoubleReply, ErrorReply, type TestReply } from '../../support/resp.js';
import type { RandomCommand } from './arguments.js';

/** How two replies to one command are compared: each is turned into something that must be equal. */
export type Rule = (reply: TestReply) => unknown;

export const exactly: Rule = (reply) => reply;

/** Members lie in another order in a hash table than in 7.2's listpack, or in Redis's. */
const unordered: Rule = (reply) => {
  if (Array.isArray(reply)) return sorted(reply);
  if (typeof reply === 'object' && reply !== null && 'set' in reply) return { set: sorted(reply.set) };
  if (typeof reply === 'object' && reply !== null && 'map' in reply) return { map: sorted(reply.map) };
  return reply;
};

/** Fields and values, flat in RESP2. */
const unorderedPairs: Rule = (reply) => {
  if (!Array.isArray(reply)) return unordered(reply);
  const pairs: TestReply[][] = [];
  for (let i = 0; i < reply.length; i += 2) pairs.push(reply.slice(i, i + 2));
  return sorted(pairs);
};

function sorted(items: readonly unknown[]): string[] {
  return items.map((item) => JSON.stringify(item)).sort();
}

/** The cursor, then what was found. */
function scanned(rule: Rule): Rule {
  return (reply) => (Array.isArray(reply) ? [reply[0], rule(reply[1])] : reply);
}

/** 7.2 writes the shortest digits of a double, 7.0 seventeen of them. A result that is not stored may be -0 there. */
const withDoubles: Rule = (reply) => {
  if (reply instanceof ErrorReply) return reply;
  if (reply instanceof DoubleReply) return { double: Number(reply.text.replace('inf', 'Infinity')) + 0 };
  if (Array.isArray(reply)) return reply.map(withDoubles);
  return typeof reply === 'string' && reply !== '' && !Number.isNaN(Number(reply))
    ? Number(reply) + 0
    : reply;
};

/** Nobody knows which elements; how many there are, and of what kind, is known. */
const byShape: Rule = (reply) => {
  if (Array.isArray(reply)) return reply.map(byShape);
  return reply === null || reply instanceof ErrorReply ? reply : typeof reply;
};

/** The two servers' clocks do not read the same: seconds may differ by one, milliseconds by some hundred. */
const aboutTheSame: Rule = (reply) => (typeof reply === 'number' && reply > 0 ? reply > 0 : reply);

/** Idle times of pending entries count from different moments. */
const withoutIdleTimes: Rule = (reply) =>
  Array.isArray(reply)
    ? reply.map((entry) =>
        Array.isArray(entry) && entry.length === 4 ? [entry[0], entry[1], entry[3]] : entry,
      )
    : reply;

/** There is no radix tree here, and 7.2 makes consumers of those who find nothing to read, too. */
const FIELDS_OF_THEIR_OWN: ReadonlySet<unknown> = new Set([
  'radix-tree-keys',
  'radix-tree-nodes',
  'consumers',
]);

const streamInfo: Rule = (reply) => {
  if (typeof reply === 'object' && reply !== null && !Array.isArray(reply) && 'map' in reply) {
    return { map: reply.map.filter(([field]) => !FIELDS_OF_THEIR_OWN.has(field)) };
  }
  if (!Array.isArray(reply)) return reply;
  if (typeof reply[0] !== 'string') return reply.map(streamInfo);
  return reply.filter((_, index) => !FIELDS_OF_THEIR_OWN.has(reply[index - (index % 2)]));
};

/** 7.2 keeps small lists and sets as listpacks, which 7.0 does not; and to Redis, SORT is a reason for a skip list. */
const COLLECTION_ENCODINGS: ReadonlySet<unknown> = new Set([
  'listpack',
  'quicklist',
  'hashtable',
  'intset',
  'skiplist',
]);

const encoding: Rule = (reply) => (COLLECTION_ENCODINGS.has(reply) ? 'some' : reply);

const RULES: Readonly<Record<string, Rule>> = {
  keys: unordered,
  scan: scanned(unordered),
  smembers: unordered,
  sinter: unordered,
  sunion: unordered,
  sdiff: unordered,
  sscan: scanned(unordered),
  hkeys: unordered,
  hvals: unordered,
  hgetall: unorderedPairs,
  hscan: scanned(unorderedPairs),
  zscan: scanned((reply) => unorderedPairs(withDoubles(reply) as TestReply)),
  srandmember: byShape,
  hrandfield: byShape,
  zrandmember: byShape,
  ttl: aboutTheSame,
  pttl: aboutTheSame,
  expiretime: aboutTheSame,
  pexpiretime: aboutTheSame,
  xpending: withoutIdleTimes,
  xinfo: streamInfo,
  object: encoding,
};

export function ruleFor(command: RandomCommand): Rule {
  const name = command[0].toLowerCase();
  // 7.0 asks whether the consumer was there; see streamInfo.
  if (name === 'xgroup' && command[1].toLowerCase() === 'createconsumer') return byShape;
  // Then it is the order of the set.
  if (name.startsWith('sort') && command.includes('nosort')) return unordered;
  return RULES[name] ?? (/^b?z|^geo/.test(name) ? withDoubles : exactly);
}
