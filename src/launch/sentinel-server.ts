/** Composes a sentinel: the server core with the few commands a sentinel has, and what watches the masters. */

import { aclCommand } from '../commands/acl.js';
import { sentinelClientCommand } from '../commands/client/index.js';
import { commandCommand } from '../commands/command-introspection.js';
import { authCommand, helloCommand, pingCommand } from '../commands/connection.js';
import { addProcessSections, infoCommand } from '../commands/info/index.js';
import { pubsubCommands } from '../commands/pubsub.js';
import { shutdownCommand } from '../commands/server-control.js';
import type { CommandSpec } from '../server/command.js';
import { Server } from '../server/server.js';
import { createSentinel } from '../sentinel/create-sentinel.js';
import type { Sentinel } from '../sentinel/sentinel.js';
import { renameCommands } from './data-server.js';
import type { Ingredients, Service } from './service.js';

const SUBSCRIBING = ['subscribe', 'unsubscribe', 'psubscribe', 'punsubscribe'];

/** What a sentinel shares with data servers. SENTINEL, PUBLISH and ROLE are its own. */
const sharedCommands: readonly CommandSpec[] = [
  aclCommand,
  authCommand,
  sentinelClientCommand,
  commandCommand,
  helloCommand,
  infoCommand,
  pingCommand,
  shutdownCommand,
  ...pubsubCommands.filter(({ name }) => SUBSCRIBING.includes(name)),
];

export interface SentinelService extends Service {
  readonly sentinel: Sentinel;
}

export function composeSentinelServer({ platform, config, log, lines }: Ingredients): SentinelService {
  const server = new Server({ platform, config, log, mode: 'sentinel' });
  server.commands.register(sharedCommands);
  addProcessSections(server);
  const sentinel = createSentinel({ server, lines: lines.sentinel });
  server.acl.loadAtStart(lines.users);
  renameCommands(server, lines.renamedCommands);
  return {
    server,
    sentinel,
    runningMode: 'sentinel',
    start(done) {
      server.start();
      sentinel.start();
      done(null);
    },
  };
}
