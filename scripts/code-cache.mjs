/**
 * Writes V8's code cache of the bundle that is named (bin/compiled-bundle.js). It must run with the flags of the processes
 * that load it: V8 takes a cache only from a process that had the same.
 */
import { writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { codeCachePath, compileBundle } from '../bin/compiled-bundle.js';

const [, , bundlePath] = process.argv;
// Every function, not only what runs at the start. The flag is part of what V8 compares, so it is taken back.
setFlagsFromString('--no-lazy');
const script = compileBundle(bundlePath);
setFlagsFromString('--lazy');
writeFileSync(codeCachePath(bundlePath), script.createCachedData());
