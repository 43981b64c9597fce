/**
 * Unix milliseconds that never jump: the wall clock's time at the start, carried on by the monotonic clock.
 *
 * All times of nodes are told in these. A wall clock that is set back or forth would otherwise make everybody suspect
 * everybody.
 */
import type { Clock } from '../platform/platform.js';

export class SteadyClock {
  /** What to add to the monotonic clock. */
  private readonly originMs: number;

  constructor(private readonly clock: Clock) {
    this.originMs = clock.nowMs() - clock.monotonicMs();
  }

  /** Whole milliseconds. */
  nowMs(): number {
    return Math.floor(this.originMs + this.clock.monotonicMs());
  }

  /** The same moment on the monotonic clock, for timers. */
  toMonotonic(steadyMs: number): number {
    return steadyMs - this.originMs;
  }
}
