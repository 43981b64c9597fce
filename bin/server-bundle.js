/** Runs dist/executables/server.cjs, the one file with all of vedette-server and vedette-sentinel. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadBundle } from './compiled-bundle.js';

export const bundlePath = fileURLToPath(new URL('../dist/executables/server.cjs', import.meta.url));

/** Runs the server or sentinel that this process's command line asks for. */
export function runServer() {
  if (existsSync(bundlePath)) {
    loadBundle(bundlePath).main();
    return;
  }
  console.error('Vedette is not built yet: run "npm ci" in its folder first.');
  process.exitCode = 1;
}
