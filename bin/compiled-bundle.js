/**
 * Loads a bundle, one CommonJS file, from the code that V8 compiled of it when the package was built: loading takes a third
 * less time, and code that runs for the first time when it counts, as that of a failover or of a topology that a test
 * waits for, does not wait for the compiler.
 *
 * V8 itself rejects a cache that another version of it made, or one with other flags, and compiles as usual. It does
 * not look whether the text is still the one that was compiled: whoever writes a bundle removes its cache first.
 */
import { existsSync, readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Script } from 'node:vm';

export function codeCachePath(bundlePath) {
  return `${bundlePath}.cache`;
}

/** The bundle as a script that gives the function by which Node wraps a CommonJS module. */
export function compileBundle(bundlePath, cachedData) {
  return new Script(Module.wrap(readFileSync(bundlePath, 'utf8')), { filename: bundlePath, cachedData });
}

/** What the bundle exports. */
export function loadBundle(bundlePath) {
  const cachePath = codeCachePath(bundlePath);
  // A test runner may run this in a context of its own, with its own Error and Array; compiled code would run outside of it.
  const isOutside = new Script('globalThis').runInThisContext() !== globalThis;
  const require = createRequire(bundlePath);
  if (isOutside || !existsSync(cachePath)) return require(bundlePath);
  const module = { exports: {} };
  const run = compileBundle(bundlePath, readFileSync(cachePath)).runInThisContext();
  run.call(module.exports, module.exports, require, module, bundlePath, dirname(bundlePath));
  return module.exports;
}
