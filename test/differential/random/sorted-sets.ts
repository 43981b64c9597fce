/** Random commands on sorted sets. */
import fc, { type Arbitrary } from 'fast-check';
import {
  randomCount,
  key,
  index,
  count,
  float,
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

const scoreBound = fc.oneof(
  float,
  float.map((score) => `(${score}`),
  fc.constantFrom('-inf', '+inf'),
);
const memberBound = fc.oneof(
  fc.constantFrom('-', '+'),
  member.map((text) => `[${text}`),
  member.map((text) => `(${text}`),
  member,
);
const limit = row('limit', index, index);
const aggregate = row('aggregate', fc.constantFrom('sum', 'MIN', 'max', 'x'));

export const sortedSets: Arbitrary<RandomCommand> = fc.oneof(
  {
    weight: 3,
    arbitrary: command(
      'zadd',
      key,
      options('nx', 'xx', 'gt', 'lt', 'ch', 'incr'),
      several(row(float, member)),
    ),
  },
  command('zincrby', key, float, member),
  command('zrem', key, several(member)),
  command('zcard', key),
  command('zscore', key, member),
  command('zmscore', key, several(member)),
  command('zrank', key, member),
  command('zrevrank', key, member),
  command('zcount', key, scoreBound, scoreBound),
  command('zrange', key, index, index, options('rev', 'withscores', limit)),
  command('zrange', key, scoreBound, scoreBound, 'byscore', options('rev', 'withscores', limit)),
  command('zrangestore', key, key, index, index, options('rev', 'byscore', limit)),
  command('zrevrange', key, index, index, options('withscores')),
  command('zrangebyscore', key, scoreBound, scoreBound, options('withscores', limit)),
  command('zrevrangebyscore', key, scoreBound, scoreBound, options('withscores', limit)),
  command('zremrangebyrank', key, index, index),
  command('zremrangebyscore', key, scoreBound, scoreBound),
  command('zpopmin', key, maybe(count)),
  command('zpopmax', key, maybe(count)),
  command('zmpop', countedKeys, fc.constantFrom('min', 'MAX', 'x'), maybe('count', index)),
  command('zrandmember', key, maybe(randomCount, maybe('withscores'))),
  command('zscan', key, '0', options(row('match', pattern))),
  command('zunion', countedKeys, options('withscores', aggregate, row('weights', float, float))),
  command('zinter', countedKeys, options('withscores', aggregate, row('weights', float))),
  command('zdiff', countedKeys, options('withscores')),
  command('zunionstore', key, countedKeys, options(aggregate, row('weights', float, float))),
  command('zinterstore', key, countedKeys, options(aggregate)),
  command('zdiffstore', key, countedKeys),
  command('zintercard', countedKeys, options(row('limit', index))),
);

/** All members with one score, as ranges by member need it. */
export const sortedByMember: Arbitrary<RandomCommand> = fc.oneof(
  command('zadd', key, several(row(fc.constant('0'), member))),
  command('zrem', key, member),
  command('zrangebylex', key, memberBound, memberBound, options(limit)),
  command('zrevrangebylex', key, memberBound, memberBound, options(limit)),
  command('zrange', key, memberBound, memberBound, 'bylex', options('rev', limit)),
  command('zlexcount', key, memberBound, memberBound),
  command('zremrangebylex', key, memberBound, memberBound),
);
