/**
 * Timers on Node's event loop. A timer never fires early: Node counts from the (truncated) time at which the
 * loop turn began, which may be milliseconds ago, and a peer must not be suspected before its time.
 */
import { performance } from 'node:perf_hooks';
import type { Timer, Timers } from '../platform.js';

/** Node turns longer delays into 1 ms; longer waits are taken in several steps. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

class OneShotTimer implements Timer {
  private readonly dueMs: number;
  private timeout: NodeJS.Timeout;

  constructor(
    delayMs: number,
    private readonly callback: () => void,
  ) {
    this.dueMs = performance.now() + delayMs;
    this.timeout = this.wait(delayMs);
  }

  cancel(): void {
    clearTimeout(this.timeout);
  }

  private wait(delayMs: number): NodeJS.Timeout {
    return setTimeout(() => this.fire(), Math.min(Math.ceil(delayMs), LONGEST_DELAY_MS));
  }

  private fire(): void {
    const remainingMs = this.dueMs - performance.now();
    if (remainingMs > 0) this.timeout = this.wait(remainingMs);
    else this.callback();
  }
}

class RepeatingTimer implements Timer {
  private readonly interval: NodeJS.Timeout;

  constructor(intervalMs: number, callback: () => void) {
    this.interval = setInterval(callback, Math.min(intervalMs, LONGEST_DELAY_MS));
  }

  cancel(): void {
    clearInterval(this.interval);
  }
}

export class NodeTimers implements Timers {
  after(delayMs: number, callback: () => void): Timer {
    return new OneShotTimer(delayMs, callback);
  }

  every(intervalMs: number, callback: () => void): Timer {
    return new RepeatingTimer(intervalMs, callback);
  }

  endOfTurn(callback: () => void): void {
    setImmediate(callback);
  }
}
