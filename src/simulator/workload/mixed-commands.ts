/**
 * Commands on keys that are changed again and again, of every type: what a replica, a log, a snapshot or a moved slot
 * could get wrong and numbered writes of fresh keys would not show. Nothing is promised of any single one; but whoever
 * stands at one point of a history must hold the same dataset.
 *
 * None of them blocks or asks anything of the answer.
 */
import type { Randomness } from '../../platform/platform.js';
import { between, oneOf } from '../plan/draw.js';

/** Keys begin with this: they are no numbered writes. */
export const SHARED_KEY_PREFIX = 'o:';

const KEYS_OF_A_TYPE = 3;
/** Enough for values that a snapshot writes piece by piece. */
const MANY = 400;
const LONGEST = 3000;

type Command = readonly string[];

/** Names keys of a type. */
type Names = (type: string) => string;

type Draw = (random: Randomness, key: Names) => readonly Command[];

/** A command that stands alone. */
const one =
  (draw: (random: Randomness, key: Names) => Command): Draw =>
  (random, key) => [draw(random, key)];

const STRINGS: readonly Draw[] = [
  one((random, key) => ['SET', key('string'), text(random)]),
  one((random, key) => ['SET', key('string'), text(random), 'PX', lifetime(random)]),
  one((random, key) => ['SET', key('string'), text(random), 'KEEPTTL']),
  one((random, key) => ['APPEND', key('string'), text(random)]),
  one((random, key) => ['SETRANGE', key('string'), number(random, 200), text(random)]),
  one((random, key) => ['SETBIT', key('string'), number(random, 2000), number(random, 1)]),
  one((_random, key) => ['GETDEL', key('string')]),
  one((random, key) => ['GETEX', key('string'), 'PX', lifetime(random)]),
  one((_random, key) => ['INCR', key('counter')]),
  one((_random, key) => ['INCRBYFLOAT', key('float'), '0.1']),
  one((random, key) => ['MSET', key('string'), text(random), key('string'), text(random)]),
];

const LISTS: readonly Draw[] = [
  one((random, key) => ['RPUSH', key('list'), text(random), text(random)]),
  one((random, key) => ['LPUSH', key('list'), text(random)]),
  one((random, key) => ['RPOP', key('list'), number(random, 3)]),
  one((_random, key) => ['LMOVE', key('list'), key('list'), 'LEFT', 'RIGHT']),
  one((random, key) => ['LSET', key('list'), '0', text(random)]),
  (random, key) => {
    const list = key('list');
    const elements = Array.from({ length: MANY }, () => text(random));
    return [
      ['RPUSH', list, ...elements],
      ['LTRIM', list, String(-LONGEST), '-1'],
    ];
  },
];

const SETS: readonly Draw[] = [
  one((random, key) => ['SADD', key('set'), number(random, 50), number(random, 50)]),
  one((random, key) => ['SADD', key('set'), text(random)]),
  one((random, key) => ['SADD', key('set'), ...Array.from({ length: MANY }, () => number(random, LONGEST))]),
  one((random, key) => ['SPOP', key('set'), number(random, 3)]),
  one((random, key) => ['SMOVE', key('set'), key('set'), number(random, 50)]),
  one((_random, key) => ['SUNIONSTORE', key('set'), key('set'), key('set')]),
];

const HASHES: readonly Draw[] = [
  one((random, key) => ['HSET', key('hash'), number(random, 40), text(random)]),
  one((random, key) => ['HINCRBY', key('hash'), 'count', number(random, 9)]),
  one((random, key) => ['HDEL', key('hash'), number(random, 40)]),
  one((random, key) => [
    'HSET',
    key('hash'),
    ...Array.from({ length: MANY }, () => [number(random, LONGEST), text(random)]).flat(),
  ]),
];

const SORTED_SETS: readonly Draw[] = [
  one((random, key) => ['ZADD', key('zset'), number(random, 100), number(random, 60)]),
  one((random, key) => ['ZINCRBY', key('zset'), '0.7', number(random, 60)]),
  one((_random, key) => ['ZPOPMIN', key('zset')]),
  one((_random, key) => ['ZRANGESTORE', key('zset'), key('zset'), '0', '20']),
  one((random, key) => [
    'ZADD',
    key('zset'),
    ...Array.from({ length: MANY }, () => [number(random, 100), number(random, LONGEST)]).flat(),
  ]),
];

const STREAMS: readonly Draw[] = [
  one((random, key) => ['XADD', key('stream'), 'MAXLEN', '~', '200', '*', 'field', text(random)]),
  one((_random, key) => ['XGROUP', 'CREATE', key('stream'), 'group', '0', 'MKSTREAM']),
  one((_random, key) => ['XREADGROUP', 'GROUP', 'group', 'one', 'COUNT', '2', 'STREAMS', key('stream'), '>']),
  one((_random, key) => ['XAUTOCLAIM', key('stream'), 'group', 'two', '0', '0', 'COUNT', '2']),
  one((_random, key) => ['XTRIM', key('stream'), 'MAXLEN', '50']),
];

const TYPES: readonly string[] = ['string', 'counter', 'list', 'set', 'hash', 'zset', 'stream'];

const KEYS: readonly Draw[] = [
  one((random, key) => ['DEL', key(oneOf(random, TYPES))]),
  one((random, key) => ['UNLINK', key(oneOf(random, TYPES)), key(oneOf(random, TYPES))]),
  one((random, key) => ['PEXPIRE', key(oneOf(random, TYPES)), lifetime(random)]),
  one((random, key) => ['EXPIREAT', key(oneOf(random, TYPES)), '1']),
  one((random, key) => ['PERSIST', key(oneOf(random, TYPES))]),
  (random, key) => {
    const type = oneOf(random, TYPES);
    return [['RENAME', key(type), key(type)]];
  },
  (random, key) => {
    const type = oneOf(random, TYPES);
    return [['COPY', key(type), key(type), 'REPLACE']];
  },
];

const GROUPS: readonly (readonly Draw[])[] = [STRINGS, LISTS, SETS, HASHES, SORTED_SETS, STREAMS, KEYS];

const TRANSACTION_SHARE = 0.15;
const OTHER_DATABASE_SHARE = 0.1;

/**
 * What a client sends beside a write.
 *
 * @param tag the hash tag of its keys: a cluster has a slot for them, and one database; empty elsewhere
 */
export function drawMixedCommands(random: Randomness, tag: string): readonly Command[] {
  const key: Names = (type) => `${SHARED_KEY_PREFIX}${type}:${random.integer(KEYS_OF_A_TYPE)}${tag}`;
  const draw = (): readonly Command[] => oneOf(random, oneOf(random, GROUPS))(random, key);
  if (random.fraction() < TRANSACTION_SHARE) return [['MULTI'], ...draw(), ...draw(), ...draw(), ['EXEC']];
  const commands = draw();
  if (tag !== '' || random.fraction() >= OTHER_DATABASE_SHARE) return commands;
  return [['SELECT', '1'], ...commands, ['SELECT', '0']];
}

function text(random: Randomness): string {
  return 'x'.repeat(between(random, 1, 12)) + String(random.integer(1000));
}

function number(random: Randomness, most: number): string {
  return String(between(random, 0, most));
}

function lifetime(random: Randomness): string {
  return String(oneOf(random, [1, 50, 500, 3000]));
}
