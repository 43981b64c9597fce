/** Composes a sentinel: the server core with the few commands a sentinel has, and what watches the masters. */

import { Server } from '../server/server.js';
import { renameCommands } from './data-server.js';
import type { Ingredients, Service } from './service.js';

export function composeSentinelServer({ platform, config, log, lines }: Ingredients): Service {
  const server = new Server({ platform, config, log, mode: 'sentinel' });
  renameCommands(server, lines.renamedCommands);
  return {
    server,
    runningMode: 'sentinel',
    start(done) {
      server.start();
      done(null);
    },
  };
}
