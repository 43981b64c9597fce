/**
 * Builds dist/ from src/: every module as it is, one file with all that vedette-server and vedette-sentinel load,
 * and one with all that a program loads which imports the package, both compiled. Loading hundreds of modules one by one
 * takes longer than everything else a server does to start; a topology starts many servers.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { codeCachePath } from '../bin/compiled-bundle.js';
import { bundlePath } from '../bin/server-bundle.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const library = join(dist, 'library', 'index.cjs');
const startedAtMs = Date.now();

compile();
if (await bundle()) {
  compileAhead(bundlePath, flagsOfExecutables());
  compileAhead(library, []);
}
removeStale(dist);

function compile() {
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const options = { cwd: root, stdio: 'inherit' };
  const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], options);
  if (status !== 0) process.exit(status ?? 1);
}

/** Returns whether there are bundles now, or only a file that loads the modules. */
async function bundle() {
  // A cache of another text would be taken for one of this text.
  for (const path of [bundlePath, library]) rmSync(codeCachePath(path), { force: true });
  const input = join(dist, 'launch', 'main.js');
  try {
    const { rolldown } = await import('rolldown');
    const whole = await rolldown({ input, platform: 'node', logLevel: 'warn' });
    await whole.write({ file: bundlePath, format: 'cjs', codeSplitting: false });
    const imported = await rolldown({ input: join(dist, 'index.js'), platform: 'node', logLevel: 'warn' });
    const { output } = await imported.write({ file: library, format: 'cjs', codeSplitting: false });
    writeFileSync(join(dist, 'index.js'), libraryEntry(output[0].exports));
    return true;
  } catch (error) {
    // The bundler is a native program: where there is none for this machine, everything just starts more slowly.
    console.warn(`Nothing is bundled: ${error.message}`);
    mkdirSync(dirname(bundlePath), { recursive: true });
    writeFileSync(bundlePath, "exports.main = async () => (await import('../launch/main.js')).main();\n");
    return false;
  }
}

/** What a program imports: the bundle, with names that are known before it runs, as those of every module are. */
function libraryEntry(names) {
  return `import { fileURLToPath } from 'node:url';
import { loadBundle } from '../bin/compiled-bundle.js';

export const { ${names.join(', ')} } = loadBundle(
  fileURLToPath(new URL('library/index.cjs', import.meta.url)),
);
`;
}

/** Those in the first line of the executables. */
function flagsOfExecutables() {
  const [firstLine] = readFileSync(join(root, 'bin', 'vedette-server'), 'utf8').split('\n');
  return firstLine.split(' ').filter((word) => word.startsWith('--'));
}

function compileAhead(path, flags) {
  const script = join(root, 'scripts', 'code-cache.mjs');
  const { status } = spawnSync(process.execPath, [...flags, script, path], { stdio: 'inherit' });
  if (status !== 0) console.warn(`${path} is not compiled ahead: it just starts more slowly.`);
}

/** Files whose source is gone must not live on. */
function removeStale(directory) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) removeStale(path);
    else if (statSync(path).mtimeMs < startedAtMs - 1000) rmSync(path);
  }
}
