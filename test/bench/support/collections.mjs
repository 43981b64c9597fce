/**
 * Loaded into a server before its own code (NODE_OPTIONS=--import): writes when each garbage collection began, in
 * milliseconds since 1970, and how long it took, to the file that VEDETTE_COLLECTIONS names.
 */
import { appendFileSync } from 'node:fs';
import { PerformanceObserver, performance } from 'node:perf_hooks';

const file = process.env.VEDETTE_COLLECTIONS;
const observer = new PerformanceObserver((list) => {
  const lines = list
    .getEntries()
    .map(({ startTime, duration }) => `${performance.timeOrigin + startTime} ${duration}\n`);
  appendFileSync(file, lines.join(''));
});
observer.observe({ entryTypes: ['gc'] });
