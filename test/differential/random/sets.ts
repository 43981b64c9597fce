/** Random commands on sets. */
import fc, { type Arbitrary } from 'fast-check';
import {
  randomCount,
  key,
  index,
  member,
  pattern,
  countedKeys,
  command,
  row,
  maybe,
  several,
  options,
  type RandomCommand,
} from './arguments.js';

export const sets: Arbitrary<RandomCommand> = fc.oneof(
  command('sadd', key, several(member)),
  command('srem', key, several(member)),
  command('smove', key, key, member),
  command('sismember', key, member),
  command('smismember', key, several(member)),
  command('scard', key),
  command('smembers', key),
  command('srandmember', key, maybe(randomCount)),
  command('sscan', key, '0', options(row('match', pattern), row('count', fc.constant('1000')))),
  command('sinter', several(key)),
  command('sunion', several(key)),
  command('sdiff', several(key)),
  command('sinterstore', key, several(key)),
  command('sunionstore', key, several(key)),
  command('sdiffstore', key, several(key)),
  command('sintercard', countedKeys, options(row('limit', index))),
);
