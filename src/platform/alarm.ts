/**
 * A timer that can be set again and again, for one owner that computes what is due from its state.
 *
 * It calls at the end of the turn in which its time came, not at once: what has already arrived on a socket is
 * then taken into account first, so that a process that was held up does not suspect peers whose answers wait to
 * be read.
 */
import type { Clock, Timer, Timers } from './platform.js';

export class Alarm {
  #timer: Timer | null = null;
  #dueMs = Infinity;
  #cancelled = false;

  constructor(
    private readonly clock: Clock,
    private readonly timers: Timers,
    private readonly onDue: () => void,
  ) {}

  /**
   * Calls at `dueMs` on the monotonic clock, or earlier if it was set earlier: the owner then finds nothing to do
   * and sets it again, which costs less than moving a timer at every event.
   */
  set(dueMs: number | null): void {
    if (this.#cancelled || dueMs === null || dueMs >= this.#dueMs) return;
    this.#timer?.cancel();
    this.#dueMs = dueMs;
    this.#timer = this.timers.after(Math.max(0, dueMs - this.clock.monotonicMs()), this.#ring);
  }

  readonly #ring = (): void => {
    this.#timer = null;
    this.#dueMs = Infinity;
    this.timers.endOfTurn(this.#endTurn);
  };

  readonly #endTurn = (): void => {
    if (!this.#cancelled) this.onDue();
  };

  /** Never calls again. */
  cancel(): void {
    this.#cancelled = true;
    this.#timer?.cancel();
    this.#timer = null;
  }
}
