/** The commands that work on data, for a server to register. */
import type { CommandSpec } from '../server/command.js';
import { genericCommands } from './generic/index.js';
import { hashCommands } from './hashes/index.js';
import { listCommands } from './lists/index.js';
import { pubsubCommands } from './pubsub.js';
import { setCommands } from './sets/index.js';
import { stringCommands } from './strings/index.js';
import { transactionCommands } from './transactions.js';

export const dataCommands: readonly CommandSpec[] = [
  ...genericCommands,
  ...stringCommands,
  ...listCommands,
  ...hashCommands,
  ...setCommands,
  ...transactionCommands,
  ...pubsubCommands,
];
