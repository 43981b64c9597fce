/**
 * Runs dist/executables/server.cjs, the one file with all of vedette-server and vedette-sentinel, from the code that
 * V8 compiled of it when the package was built: the start takes a third less time, and a failover, whose code runs
 * for the first time when it counts, does not wait for the compiler.
 *
 * V8 itself rejects a cache that another version of it made, or one with other flags, and compiles as usual. It does
 * not look whether the text is still the one that was compiled: whoever writes the bundle removes the cache first.
 */
import { existsSync, readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

export const bundlePath = fileURLToPath(new URL('../dist/executables/server.cjs', import.meta.url));
export const codeCachePath = `${bundlePath}.cache`;

/** The bundle as a script that gives the function by which Node wraps a CommonJS module. */
export function compileBundle(cachedData) {
  return new Script(Module.wrap(readFileSync(bundlePath, 'utf8')), { filename: bundlePath, cachedData });
}

/** Runs the server or sentinel that this process's command line asks for. */
export function runServer() {
  if (!existsSync(bundlePath)) {
    console.error('Vedette is not built yet: run "npm ci" in its folder first.');
    process.exitCode = 1;
    return;
  }
  const { main } = existsSync(codeCachePath) ? runCompiled() : createRequire(bundlePath)(bundlePath);
  main();
}

/** Does what `require` would, with the compiled code. */
function runCompiled() {
  const module = { exports: {} };
  const run = compileBundle(readFileSync(codeCachePath)).runInThisContext();
  run.call(
    module.exports,
    module.exports,
    createRequire(bundlePath),
    module,
    bundlePath,
    dirname(bundlePath),
  );
  return module.exports;
}
