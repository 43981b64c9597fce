/**
 * Linux: tells the kernel how likely this process is to be ended when memory is short (`oom-score-adj`). There are
 * values for a master and a replica, so it follows the role. Elsewhere, and until it is switched on, nothing is touched.
 */

import type { ServerConfig } from '../config/server-config.js';
import type { Logger } from '../log/logger.js';
import type { Disk } from '../platform/platform.js';
import { systemErrorText } from '../platform/system-errors.js';
import type { Role } from './service.js';

const FILE = '/proc/self/oom_score_adj';
const LOWEST = -1000;
const HIGHEST = 1000;

export class OomScore {
  private role: Role = 'master';
  /** The score before it was first changed; null while it has not been. */
  private scoreBefore: number | null = null;

  constructor(
    private readonly config: ServerConfig,
    private readonly disk: Pick<Disk, 'readFileSync' | 'writeFileSync'>,
    private readonly log: Logger,
  ) {
    config.applyWith(['oom-score-adj', 'oom-score-adj-values'], (_changed, done) => {
      done(this.apply() ? null : 'Failed to set current oom_score_adj. Check server logs.');
    });
  }

  /** Adjusts the score to a role: at start, and whenever it changes. */
  follow(role: Role): void {
    this.role = role;
    this.apply();
  }

  /** Brings the score in line with configuration and role; false when the system refuses. */
  private apply(): boolean {
    const mode = this.config.values['oom-score-adj'];
    if (mode === 'no' && this.scoreBefore === null) return true;
    try {
      this.scoreBefore ??= Number(this.disk.readFileSync(FILE).latin1Slice());
      this.disk.writeFileSync(FILE, Buffer.from(`${this.wanted(mode, this.scoreBefore)}\n`));
      if (mode === 'no') this.scoreBefore = null;
      return true;
    } catch (error) {
      this.log.warning(`Unable to write oom_score_adj: ${systemErrorText(error)}`);
      return false;
    }
  }

  private wanted(mode: 'no' | 'yes' | 'absolute', scoreBefore: number): number {
    if (mode === 'no') return scoreBefore;
    const [master = 0, replica = 0] = this.config.values['oom-score-adj-values'];
    const value = this.role === 'master' ? master : replica;
    const score = mode === 'yes' ? scoreBefore + value : value;
    return Math.min(Math.max(score, LOWEST), HIGHEST);
  }
}
