/** Random commands on bits of strings. */
import fc, { type Arbitrary } from 'fast-check';
import {
  key,
  number,
  index,
  offset,
  value,
  command,
  row,
  maybe,
  several,
  type RandomCommand,
} from './arguments.js';

const bitType = fc.oneof(
  fc
    .tuple(fc.constantFrom('u', 'i'), fc.integer({ min: 1, max: 64 }))
    .map(([sign, bits]) => `${sign}${bits}`),
  fc.constantFrom('x3', 'u', ''),
);
const bitOffset = fc.oneof(
  offset,
  fc.integer({ min: 0, max: 3 }).map((n) => `#${n}`),
);
const unit = fc.constantFrom('bit', 'BYTE', 'x');

export const bitmaps: Arbitrary<RandomCommand> = fc.oneof(
  command('set', key, value),
  command('setbit', key, bitOffset, fc.constantFrom('0', '1', '1', '2')),
  command('getbit', key, bitOffset),
  command('bitcount', key, maybe(index, index, maybe(unit))),
  command('bitpos', key, fc.constantFrom('0', '1', '2'), maybe(index, maybe(index, maybe(unit)))),
  command('bitop', fc.constantFrom('and', 'OR', 'xor', 'not', 'x'), key, several(key, 3)),
  command(
    'bitfield',
    key,
    several(
      fc.oneof(
        row('get', bitType, bitOffset),
        row('set', bitType, bitOffset, number),
        row('incrby', bitType, bitOffset, number),
        row('overflow', fc.constantFrom('wrap', 'SAT', 'fail', 'x')),
      ),
    ),
  ),
  command('bitfield_ro', key, several(row('get', bitType, bitOffset))),
);
