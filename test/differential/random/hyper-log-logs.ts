/** Random commands on HyperLogLogs. */
import fc, { type Arbitrary } from 'fast-check';
import { key, value, command, several, type RandomCommand } from './arguments.js';

export const hyperLogLogs: Arbitrary<RandomCommand> = fc.oneof(
  command('pfadd', key, several(value, 6)),
  command('pfadd', key),
  command('pfcount', several(key)),
  command('pfmerge', key, several(key)),
  command('pfdebug', 'encoding', key),
  command('set', key, value),
);
