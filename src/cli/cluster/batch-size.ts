/**
 * How many keys go into one MIGRATE. A stock source does nothing else while it runs one, so the size follows the time
 * that takes: small values go many at a time, large ones few. Where nobody waits for it, the size is fixed. Pure.
 */

/** redis-cli's own number: where to begin, and never less. */
const LEAST_KEYS = 10;
const MOST_KEYS = 200;
/** A batch that took less may be larger. */
const GROW_BELOW_MS = 5;
/** A batch that took more must be smaller, but never smaller than redis-cli's: a busy machine makes all of them slow. */
const SHRINK_ABOVE_MS = 15;

export class BatchSize {
  private current: number;
  private lastAnswerMs = -Infinity;

  /** @param fixed the number of keys that was asked for, or that does no harm; null to find the right one */
  constructor(private readonly fixed: number | null) {
    this.current = fixed ?? LEAST_KEYS;
  }

  get keys(): number {
    return this.current;
  }

  /** A batch was sent and answered at these times; the source was busy with earlier ones until the last answer. */
  learn(keys: number, sentMs: number, answeredMs: number): void {
    const tookMs = answeredMs - Math.max(sentMs, this.lastAnswerMs);
    this.lastAnswerMs = answeredMs;
    // A batch that was not full says nothing about larger ones.
    if (this.fixed !== null || keys < this.current) return;
    if (tookMs < GROW_BELOW_MS) this.current = Math.min(MOST_KEYS, this.current * 2);
    else if (tookMs > SHRINK_ABOVE_MS) this.current = Math.max(LEAST_KEYS, Math.floor(this.current / 2));
  }
}
