/** Timers that do nothing until told: the test decides what happens between two slices. */
import type { Timer, Timers } from '../../../../src/platform/platform.js';

export class ManualTimers implements Timers {
  private turnEnds: (() => void)[] = [];
  private readonly delayed: { callback: () => void; delayMs: number; cancelled: boolean }[] = [];
  /** What was asked for with `after`, in order. */
  readonly delaysMs: number[] = [];

  after(delayMs: number, callback: () => void): Timer {
    const timer = { callback, delayMs, cancelled: false };
    this.delayed.push(timer);
    this.delaysMs.push(delayMs);
    return { cancel: () => (timer.cancelled = true) };
  }

  every(): Timer {
    throw new Error('not used');
  }

  endOfTurn(callback: () => void): void {
    this.turnEnds.push(callback);
  }

  /** Runs what waits for the end of this turn, and timers that are set; false when there was nothing. */
  turn(): boolean {
    const due = this.turnEnds;
    this.turnEnds = [];
    for (const callback of due) callback();
    const timers = this.delayed.splice(0);
    for (const timer of timers) if (!timer.cancelled) timer.callback();
    return due.length + timers.length > 0;
  }
}
