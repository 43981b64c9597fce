/**
 * Unix milliseconds that never jump: the wall clock's time at the start, carried on by the monotonic clock.
 *
 * What is measured between two moments (silence, idleness, periods) is told in these: a wall clock that is set back would
 * make every time limit endless, and one that is set forth would make everybody suspect everybody.
 */
import type { Clock } from './platform.js';

export class SteadyClock {
  /** What to add to the monotonic clock. */
  private readonly originMs: number;

  constructor(private readonly clock: Clock) {
    this.originMs = clock.nowMs() - clock.monotonicMs();
  }

  /** Whole milliseconds. */
  nowMs(): number {
    return this.at(this.clock.monotonicMs());
  }

  /** Whole milliseconds at a moment of the monotonic clock. */
  at(monotonicMs: number): number {
    return Math.floor(this.originMs + monotonicMs);
  }

  /** The same moment on the monotonic clock, for timers. */
  toMonotonic(steadyMs: number): number {
    return steadyMs - this.originMs;
  }
}
