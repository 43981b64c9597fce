/**
 * Builds dist/ from src/: every module as it is, one file with all that vedette-server and vedette-sentinel load, and
 * one with all that a program loads which imports the package. Loading hundreds of modules one by one takes longer than
 * everything else a server does to start; a topology starts many servers.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const executable = join(dist, 'executables', 'server.cjs');
const library = join(dist, 'library', 'index.js');
const startedAtMs = Date.now();

compile();
await bundle();
removeStale(dist);

function compile() {
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const options = { cwd: root, stdio: 'inherit' };
  const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], options);
  if (status !== 0) process.exit(status ?? 1);
}

async function bundle() {
  const input = join(dist, 'launch', 'main.js');
  try {
    const { rolldown } = await import('rolldown');
    const whole = await rolldown({ input, platform: 'node', logLevel: 'warn' });
    await whole.write({ file: executable, format: 'cjs', codeSplitting: false });
    const imported = await rolldown({ input: join(dist, 'index.js'), platform: 'node', logLevel: 'warn' });
    await imported.write({ file: library, format: 'esm', codeSplitting: false });
    writeFileSync(join(dist, 'index.js'), "export * from './library/index.js';\n");
  } catch (error) {
    // The bundler is a native program: where there is none for this machine, everything just starts more slowly.
    console.warn(`Nothing is bundled: ${error.message}`);
    mkdirSync(dirname(executable), { recursive: true });
    writeFileSync(executable, "exports.main = async () => (await import('../launch/main.js')).main();\n");
  }
}

/** Files whose source is gone must not live on. */
function removeStale(directory) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) removeStale(path);
    else if (statSync(path).mtimeMs < startedAtMs - 1000) rmSync(path);
  }
}
