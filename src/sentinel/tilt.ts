/**
 * TILT: the sentinel does not trust its own sense of time.
 *
 * When the clock jumps, or the process was not run for a while, what looks like silence of the others may be our
 * own absence. For some time the sentinel then goes on watching and voting, but decides nothing.
 */
import type { Clock } from '../platform/platform.js';
import type { Periods } from './periods.js';

/** How often the clock is looked at. */
export const TILT_HEARTBEAT_MS = 100;

export class Tilt {
  #lastWallMs: number;
  #sinceMs: number | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly periods: Periods,
    private readonly onChange: (entered: boolean) => void,
  ) {
    this.#lastWallMs = clock.nowMs();
  }

  get isActive(): boolean {
    return this.#sinceMs !== null;
  }

  /** How long it has lasted; null when there is none. */
  get durationMs(): number | null {
    return this.#sinceMs === null ? null : this.clock.monotonicMs() - this.#sinceMs;
  }

  /** Looks at the clock. To be called before anything is decided because of time, and regularly. */
  look(): void {
    const wallMs = this.clock.nowMs();
    const sinceLastMs = wallMs - this.#lastWallMs;
    this.#lastWallMs = wallMs;
    if (sinceLastMs < 0 || sinceLastMs > this.periods.tiltTriggerMs) {
      this.#sinceMs = this.clock.monotonicMs();
      this.onChange(true);
    } else if (this.#sinceMs !== null && this.clock.monotonicMs() - this.#sinceMs >= this.periods.tiltMs) {
      this.#sinceMs = null;
      this.onChange(false);
    }
  }
}
