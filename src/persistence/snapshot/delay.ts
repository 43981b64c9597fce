/**
 * The delays that tests ask for with `rdb-key-save-delay` and `key-load-delay`: so many microseconds per key, or
 * when negative, one microsecond every so many keys. Timers are not that fine, so delays are saved up.
 */

/** Delays shorter than this are not worth a timer. */
const SHORTEST_MS = 1;

export class KeyDelay {
  private owedMs = 0;

  constructor(private microseconds: number) {}

  /** True when there is a delay at all. */
  get isSet(): boolean {
    return this.microseconds !== 0;
  }

  /** From now on the delay is another one; what is owed of the old one is forgotten. */
  change(microseconds: number): void {
    this.microseconds = microseconds;
    this.owedMs = 0;
  }

  /** A key has been handled. */
  add(): void {
    const { microseconds } = this;
    this.owedMs += microseconds >= 0 ? microseconds / 1000 : 1 / (-microseconds * 1000);
  }

  get isDue(): boolean {
    return this.owedMs >= SHORTEST_MS;
  }

  /** The time to wait now, in whole milliseconds; 0 when it is not worth it yet. */
  take(): number {
    const ms = Math.floor(this.owedMs);
    this.owedMs -= ms;
    return ms;
  }
}
