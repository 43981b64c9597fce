/** Random commands on streams and their consumer groups. */
import fc, { type Arbitrary } from 'fast-check';
import {
  key,
  index,
  count,
  value,
  field,
  command,
  row,
  maybe,
  several,
  options,
  type RandomCommand,
} from './arguments.js';

const streamId = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 3 }))
      .map((id) => id.join('-')),
  },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 9 }).map(String) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('18446744073709551615-18446744073709551615', '1-x', '', '-', '+', '5-*'),
  },
);
const streamBound = fc.oneof(
  streamId,
  streamId.map((id) => `(${id}`),
  fc.constantFrom('-', '+'),
);
const group = fc.constantFrom('g1', 'g2');
const consumer = fc.constantFrom('alice', 'bob');
const trimming = fc.oneof(
  row('maxlen', maybe(fc.constantFrom('=', '~')), count),
  row('minid', maybe(fc.constantFrom('=', '~')), streamId),
);

const entriesRead = fc.integer({ min: -2, max: 6 }).map(String);

export const streams: Arbitrary<RandomCommand> = fc.oneof(
  {
    weight: 4,
    arbitrary: command('xadd', key, options('nomkstream', trimming), streamId, several(row(field, value))),
  },
  command('xtrim', key, trimming, options(row('limit', count))),
  command('xdel', key, several(streamId)),
  command('xlen', key),
  command('xrange', key, streamBound, streamBound, options(row('count', index))),
  command('xrevrange', key, streamBound, streamBound, options(row('count', index))),
  command(
    'xread',
    options(row('count', index)),
    'streams',
    fc.oneof(row(key, streamId), row(key, key, streamId, fc.constantFrom('$', '0', '>'))),
  ),
  // 7.2 refuses what lies below the greatest deleted ID, which 7.0 does not look at.
  command(
    'xsetid',
    key,
    fc.constantFrom('9-9', '9-10', '30', 'x'),
    options(row('entriesadded', count), row('maxdeletedid', streamId)),
  ),
  command(
    'xgroup',
    'create',
    key,
    group,
    fc.constantFrom('0', '$', '3-1', 'x'),
    options('mkstream', row('entriesread', entriesRead)),
  ),
  command(
    'xgroup',
    'setid',
    key,
    group,
    fc.constantFrom('0', '$', '3-1'),
    options(row('entriesread', entriesRead)),
  ),
  command('xgroup', 'destroy', key, group),
  command('xgroup', 'createconsumer', key, group, consumer),
  command('xgroup', 'delconsumer', key, group, consumer),
  {
    weight: 3,
    arbitrary: command(
      'xreadgroup',
      'group',
      group,
      consumer,
      options(row('count', count), 'noack'),
      'streams',
      key,
      fc.oneof(fc.constant('>'), fc.constant('>'), streamId),
    ),
  },
  command('xack', key, group, several(streamId)),
  command('xpending', key, group, maybe(streamBound, streamBound, count, maybe(consumer))),
  command('xinfo', 'stream', key),
  command('xinfo', 'groups', key),
);

/** What {@link claims} needs: a group with consumers, who come into being at another moment in 7.0. */
export const BEFORE_CLAIMS: readonly RandomCommand[] = [
  ['xgroup', 'create', 'k1', 'g1', '0', 'mkstream'],
  ['xgroup', 'createconsumer', 'k1', 'g1', 'alice'],
  ['xgroup', 'createconsumer', 'k1', 'g1', 'bob'],
];

/** Redis would allocate room for as many entries as are asked for. */
const claimCount = fc.constantFrom('-1', '0', '1', '2', '5', 'x', '9223372036854775808');
const claimed = row(fc.constant('k1'), fc.constant('g1'), consumer);

export const claims: Arbitrary<RandomCommand> = fc.oneof(
  command('xadd', fc.constant('k1'), streamId, fc.constant(['f', 'v'])),
  command('xdel', fc.constant('k1'), several(streamId)),
  command(
    'xreadgroup',
    'group',
    fc.constant('g1'),
    consumer,
    maybe('count', count),
    'streams',
    fc.constant('k1'),
    fc.constantFrom('>', '0'),
  ),
  command('xack', fc.constant(['k1', 'g1']), several(streamId)),
  command('xpending', fc.constant(['k1', 'g1']), maybe(streamBound, streamBound, count, maybe(consumer))),
  command(
    'xclaim',
    claimed,
    '0',
    several(streamId),
    options('force', 'justid', row('retrycount', count), row('lastid', streamId)),
  ),
  command('xautoclaim', claimed, '0', streamBound, options(row('count', claimCount), 'justid')),
);
