/** The commands about the server and its connections, for a data server to register. */
import type { CommandSpec } from '../server/command.js';
import { aclCommand } from './acl.js';
import { clientCommand } from './client/index.js';
import { commandCommand } from './command-introspection.js';
import { configCommand } from './config.js';
import { connectionCommands } from './connection.js';
import { debugCommand } from './debug/index.js';
import { infoCommand } from './info/index.js';
import { latencyCommand } from './latency.js';
import { memoryCommand } from './memory.js';
import { moduleCommand } from './modules.js';
import { serverControlCommands } from './server-control.js';
import { slowlogCommand } from './slowlog.js';

export const serverCommands: readonly CommandSpec[] = [
  ...connectionCommands,
  ...serverControlCommands,
  aclCommand,
  clientCommand,
  commandCommand,
  configCommand,
  debugCommand,
  infoCommand,
  latencyCommand,
  memoryCommand,
  moduleCommand,
  slowlogCommand,
];
