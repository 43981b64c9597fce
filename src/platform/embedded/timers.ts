/** The timers of an embedded process. They die with it; what becomes due while it stands still waits. */
import type { Timer, Timers } from '../platform.js';

/** What timers must know of their process. */
export interface TimersOwner {
  readonly isAlive: boolean;
  /** Runs its code, now or when it goes on; never when it is dead. */
  run(code: () => void): void;
}

const DEAD: Timer = { cancel: () => undefined };

export class EmbeddedTimers implements Timers {
  private readonly pending = new Set<OwnedTimer>();

  constructor(
    private readonly owner: TimersOwner,
    private readonly machine: Timers,
  ) {}

  after(delayMs: number, callback: () => void): Timer {
    if (!this.owner.isAlive) return DEAD;
    const timer = new OwnedTimer(this.pending, this.owner, callback, true);
    timer.inner = this.machine.after(delayMs, () => timer.due());
    return timer;
  }

  every(intervalMs: number, callback: () => void): Timer {
    if (!this.owner.isAlive) return DEAD;
    const timer = new OwnedTimer(this.pending, this.owner, callback, false);
    timer.inner = this.machine.every(intervalMs, () => timer.due());
    return timer;
  }

  endOfTurn(callback: () => void): void {
    this.machine.endOfTurn(() => this.owner.run(callback));
  }

  cancelAll(): void {
    for (const timer of [...this.pending]) timer.cancel();
  }
}

class OwnedTimer implements Timer {
  inner: Timer = DEAD;
  private isCancelled = false;
  /** It became due while its process stood still: further ticks are not made up for. */
  private isWaiting = false;

  constructor(
    private readonly pending: Set<OwnedTimer>,
    private readonly owner: TimersOwner,
    private readonly callback: () => void,
    private readonly isOneShot: boolean,
  ) {
    pending.add(this);
  }

  due(): void {
    if (this.isWaiting) return;
    this.isWaiting = true;
    this.owner.run(() => {
      this.isWaiting = false;
      if (this.isCancelled) return;
      if (this.isOneShot) this.pending.delete(this);
      this.callback();
    });
  }

  cancel(): void {
    this.isCancelled = true;
    this.inner.cancel();
    this.pending.delete(this);
  }
}
