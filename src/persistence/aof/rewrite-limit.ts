/** Rewrites that fail again and again are tried less and less often (stock's AOF_REWRITE_LIMITE_*). */
import type { Logger } from '../../log/logger.js';

const TOLERATED_FAILURES = 3;
const LONGEST_DELAY_MINUTES = 60;
const MINUTE_MS = 60_000;

export class RewriteLimit {
  private delayMinutes = 0;
  private notBeforeMs: number | null = null;

  constructor(private readonly log: Logger) {}

  /**
   * Whether a rewrite that nobody asked for now should rather wait.
   * @param nowMs on a clock that is never set
   */
  holds(failuresInARow: number, nowMs: number): boolean {
    if (failuresInARow < TOLERATED_FAILURES) {
      this.delayMinutes = 0;
      this.notBeforeMs = null;
      return false;
    }
    if (this.notBeforeMs !== null) {
      if (nowMs < this.notBeforeMs) return true;
      this.notBeforeMs = null;
      return false;
    }
    this.delayMinutes = Math.min(LONGEST_DELAY_MINUTES, Math.max(1, this.delayMinutes * 2));
    this.notBeforeMs = nowMs + this.delayMinutes * MINUTE_MS;
    this.log.warning(
      'Background AOF rewrite has repeatedly failed and triggered the limit, ' +
        `will retry in ${this.delayMinutes} minutes`,
    );
    return true;
  }
}
