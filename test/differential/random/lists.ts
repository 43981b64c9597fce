/** Random commands on lists. */
import fc, { type Arbitrary } from 'fast-check';
import {
  key,
  index,
  count,
  value,
  countedKeys,
  command,
  row,
  maybe,
  several,
  options,
  type RandomCommand,
} from './arguments.js';

const end = fc.constantFrom('left', 'RIGHT', 'Left', 'middle');

/** 7.2 refuses the least of all integers, which 7.0 takes. */
const rank = fc.integer({ min: -4, max: 4 }).map(String);

export const lists: Arbitrary<RandomCommand> = fc.oneof(
  command('lpush', key, several(value)),
  command('rpush', key, several(value)),
  command('lpushx', key, several(value)),
  command('rpushx', key, several(value)),
  command('lpop', key, maybe(count)),
  command('rpop', key, maybe(count)),
  command('llen', key),
  command('lindex', key, index),
  command('lrange', key, index, index),
  command('lset', key, index, value),
  command('linsert', key, fc.constantFrom('before', 'AFTER', 'x'), value, value),
  command('lrem', key, index, value),
  command('ltrim', key, index, index),
  command('lpos', key, value, options(row('rank', rank), row('count', index), row('maxlen', index))),
  command('lmove', key, key, end, end),
  command('rpoplpush', key, key),
  command('lmpop', countedKeys, end, maybe('count', index)),
  // Inside a transaction, or with something to take, these do not wait.
  command('multi'),
  command('exec'),
  command('exec'),
);

const timeout = fc.constantFrom('0', '1', '0.5', '-1', 'x', '');

/** What waits if there is nothing; to be sent within MULTI. */
export const blocking: Arbitrary<RandomCommand> = fc.oneof(
  command('blpop', several(key), timeout),
  command('brpop', several(key), timeout),
  command('blmove', key, key, end, end, timeout),
  command('brpoplpush', key, key, timeout),
  command('blmpop', timeout, countedKeys, end, maybe('count', index)),
  command('bzpopmin', several(key), timeout),
  command('bzpopmax', several(key), timeout),
  command('bzmpop', timeout, countedKeys, fc.constantFrom('min', 'MAX', 'x'), maybe('count', index)),
);
