/** The timers of a virtual process. They die with it and wait while it is paused. */
import type { Timer, Timers } from '../platform.js';
import { Phase } from './event-queue.js';
import type { VirtualProcess } from './virtual-process.js';
import type { ProcessEvent } from './world.js';

/** A timer never fires before its time, as a clock that runs at another rate shows it. */
const ROUNDING_MS = 1e-6;

export class ProcessTimers implements Timers {
  constructor(private readonly owner: VirtualProcess) {}

  after(delayMs: number, callback: () => void): Timer {
    return new SingleTimer(this.owner, Math.max(0, delayMs), callback);
  }

  every(intervalMs: number, callback: () => void): Timer {
    return new RepeatingTimer(this.owner, Math.max(1, intervalMs), callback);
  }

  endOfTurn(callback: () => void): void {
    this.owner.post(callback, 0, Phase.EndOfTurn);
  }
}

class SingleTimer implements Timer {
  private readonly event: ProcessEvent;

  constructor(
    private readonly owner: VirtualProcess,
    delayMs: number,
    callback: () => void,
  ) {
    this.event = owner.post(callback, worldDelayMs(owner, delayMs));
  }

  cancel(): void {
    this.owner.world.cancel(this.event);
  }
}

class RepeatingTimer implements Timer {
  private event: ProcessEvent;
  private cancelled = false;
  private readonly onDue = (): void => {
    this.callback();
    if (!this.cancelled) this.event = this.next();
  };

  constructor(
    private readonly owner: VirtualProcess,
    private readonly intervalMs: number,
    private readonly callback: () => void,
  ) {
    this.event = this.next();
  }

  cancel(): void {
    this.cancelled = true;
    this.owner.world.cancel(this.event);
  }

  private next(): ProcessEvent {
    return this.owner.post(this.onDue, worldDelayMs(this.owner, this.intervalMs));
  }
}

/** How long the world takes until that much has passed on a process's clock. */
function worldDelayMs({ clockRate }: VirtualProcess, delayMs: number): number {
  return clockRate === 1 ? delayMs : delayMs / clockRate + ROUNDING_MS;
}
