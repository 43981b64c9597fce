/** The machine's clocks. */
import { performance } from 'node:perf_hooks';
import type { Clock } from '../platform.js';

export class NodeClock implements Clock {
  nowMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  utcOffsetMs(atMs: number): number {
    return new Date(atMs).getTimezoneOffset() * -60_000;
  }
}
