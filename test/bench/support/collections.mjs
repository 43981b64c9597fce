/**
 * Loaded into a server before its own code (NODE_OPTIONS=--import): writes when each garbage collection began, in
 * milliseconds since 1970, and how long it took, to the file that VEDETTE_COLLECTIONS names.
 *
 * Node tells of the pauses only, not of the steps of incremental marking that V8 takes between them, some tens of
 * milliseconds at worst while a huge heap grows. With VEDETTE_MARK_AT_ONCE there are none of these, and longer pauses, so that
 * what is left of a command's time is its own.
 */
import { appendFileSync } from 'node:fs';
import { PerformanceObserver, performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';

if (process.env.VEDETTE_MARK_AT_ONCE === 'yes') setFlagsFromString('--no-incremental-marking');

const file = process.env.VEDETTE_COLLECTIONS;
const observer = new PerformanceObserver((list) => {
  const lines = list
    .getEntries()
    .map(({ startTime, duration }) => `${performance.timeOrigin + startTime} ${duration}\n`);
  appendFileSync(file, lines.join(''));
});
observer.observe({ entryTypes: ['gc'] });
