/** The commands that work on data, for a server to register. */
import type { CommandSpec } from '../server/command.js';
import { bitmapCommands } from './bitmaps/index.js';
import { genericCommands } from './generic/index.js';
import { geoCommands } from './geo/index.js';
import { hashCommands } from './hashes/index.js';
import { hyperLogLogCommands } from './hyperloglog/index.js';
import { listCommands } from './lists/index.js';
import { pubsubCommands } from './pubsub.js';
import { setCommands } from './sets/index.js';
import { sortedSetCommands } from './sorted-sets/index.js';
import { streamCommands } from './streams/index.js';
import { stringCommands } from './strings/index.js';
import { transactionCommands } from './transactions.js';

export const dataCommands: readonly CommandSpec[] = [
  ...genericCommands,
  ...stringCommands,
  ...listCommands,
  ...hashCommands,
  ...setCommands,
  ...sortedSetCommands,
  ...bitmapCommands,
  ...hyperLogLogCommands,
  ...geoCommands,
  ...streamCommands,
  ...transactionCommands,
  ...pubsubCommands,
];
