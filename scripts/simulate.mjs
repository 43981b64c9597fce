/** `npm run simulate`: the simulator (docs/simulator.md). It needs what `npm run build` makes. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const dist = new URL('../dist/', import.meta.url);
if (existsSync(fileURLToPath(dist))) {
  const { runSimulator } = await import(new URL('simulator/program.js', dist));
  const { createNodePlatform } = await import(new URL('platform/node/index.js', dist));
  const { createNodeTerminal } = await import(new URL('platform/node/terminal.js', dist));
  process.exit(runSimulator(createNodePlatform(), createNodeTerminal(), process.argv.slice(2)));
} else {
  console.error('Vedette is not built yet: run "npm ci" in its folder first.');
  process.exitCode = 1;
}
