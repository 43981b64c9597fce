/** The clocks of a virtual process: the world's time, with an offset on the wall clock. */
import type { Clock } from '../platform.js';
import type { VirtualProcess } from './process.js';

export class ProcessClock implements Clock {
  constructor(
    private readonly process: VirtualProcess,
    private readonly offsetMs: number,
  ) {}

  nowMs(): number {
    const { process } = this;
    return Math.floor(process.world.startMs + process.nowMs + process.wallClockOffsetMs);
  }

  monotonicMs(): number {
    return this.process.nowMs;
  }

  utcOffsetMs(): number {
    return this.offsetMs;
  }
}
