/** The entry of vedette-server and vedette-sentinel: the real machine, and which kind of server to compose. */

import { createHostProcess } from '../platform/node/host-process.js';
import { createNodePlatform } from '../platform/node/index.js';
import { launch } from './launch.js';

/** Runs the server or sentinel that this process's command line asks for. */
export function main(): void {
  launch(createNodePlatform(), createHostProcess(), {
    server: () => import('./data-server.js').then(({ composeDataServer }) => composeDataServer),
    sentinel: () => import('./sentinel-server.js').then(({ composeSentinelServer }) => composeSentinelServer),
  });
}
