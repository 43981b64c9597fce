/** Random commands on hashes. */
import fc, { type Arbitrary } from 'fast-check';
import {
  randomCount,
  key,
  number,
  float,
  value,
  field,
  pattern,
  command,
  row,
  maybe,
  several,
  options,
  type RandomCommand,
} from './arguments.js';

export const hashes: Arbitrary<RandomCommand> = fc.oneof(
  command('hset', key, several(row(field, value)), maybe(field)),
  command('hmset', key, several(row(field, value))),
  command('hsetnx', key, field, value),
  command('hget', key, field),
  command('hmget', key, several(field)),
  command('hgetall', key),
  command('hkeys', key),
  command('hvals', key),
  command('hlen', key),
  command('hexists', key, field),
  command('hstrlen', key, field),
  command('hdel', key, several(field)),
  command('hincrby', key, field, number),
  command('hincrbyfloat', key, field, float),
  command('hrandfield', key, maybe(randomCount, maybe('withvalues'))),
  command('hscan', key, '0', options(row('match', pattern), row('count', fc.constant('1000')))),
  command('object', 'encoding', key),
);
