/** The timers of a virtual process. They die with it and wait while it is paused. */
import type { Timer, Timers } from '../platform.js';
import { Phase } from './event-queue.js';
import type { VirtualProcess } from './process.js';
import type { ProcessEvent } from './world.js';

export class ProcessTimers implements Timers {
  constructor(private readonly process: VirtualProcess) {}

  after(delayMs: number, callback: () => void): Timer {
    const event = this.process.post(callback, Math.max(0, delayMs));
    return { cancel: () => this.process.world.cancel(event) };
  }

  every(intervalMs: number, callback: () => void): Timer {
    return new RepeatingTimer(this.process, Math.max(1, intervalMs), callback);
  }

  endOfTurn(callback: () => void): void {
    this.process.post(callback, 0, Phase.EndOfTurn);
  }
}

class RepeatingTimer implements Timer {
  private event: ProcessEvent;
  private cancelled = false;

  constructor(
    private readonly process: VirtualProcess,
    private readonly intervalMs: number,
    private readonly callback: () => void,
  ) {
    this.event = this.next();
  }

  cancel(): void {
    this.cancelled = true;
    this.process.world.cancel(this.event);
  }

  private next(): ProcessEvent {
    return this.process.post(() => {
      this.callback();
      if (!this.cancelled) this.event = this.next();
    }, this.intervalMs);
  }
}
