/** The clocks of a virtual process: the world's time, at a rate of their own, with an offset on the wall clock. */
import type { Clock } from '../platform.js';
import type { VirtualProcess } from './virtual-process.js';

export class ProcessClock implements Clock {
  constructor(
    private readonly owner: VirtualProcess,
    private readonly offsetMs: number,
  ) {}

  nowMs(): number {
    const { owner } = this;
    return Math.floor(owner.world.startMs + owner.nowMs * owner.clockRate + owner.wallClockOffsetMs);
  }

  monotonicMs(): number {
    return this.owner.nowMs * this.owner.clockRate;
  }

  utcOffsetMs(): number {
    return this.offsetMs;
  }
}
