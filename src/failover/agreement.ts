/**
 * Agreement on a failure: what others report about one peer, and when that is enough.
 *
 * A report counts until it is withdrawn or too old. The threshold is the caller's: a quorum in Sentinel, the
 * majority of the masters in Cluster. Neither is consensus; it only licenses an election.
 */
import type { NodeId } from './identity.js';

/** Who says that the peer is down, and since when we know. */
export class FailureReports {
  readonly #reportedMs = new Map<NodeId, number>();
  readonly #validityMs: () => number;

  /** @param validityMs how long a report counts; asked anew each time, since it may be reconfigured */
  constructor(validityMs: () => number) {
    this.#validityMs = validityMs;
  }

  /** `reporter` says (again) that the peer is down. */
  report(reporter: NodeId, nowMs: number): void {
    this.#reportedMs.set(reporter, nowMs);
  }

  /** `reporter` takes it back, or is gone. */
  withdraw(reporter: NodeId): void {
    this.#reportedMs.delete(reporter);
  }

  withdrawAll(): void {
    this.#reportedMs.clear();
  }

  has(reporter: NodeId, nowMs: number): boolean {
    const reportedMs = this.#reportedMs.get(reporter);
    return reportedMs !== undefined && nowMs <= reportedMs + this.#validityMs();
  }

  /** How many reports are valid now; forgets those that are not. */
  count(nowMs: number): number {
    for (const [reporter, reportedMs] of this.#reportedMs) {
      if (nowMs > reportedMs + this.#validityMs()) this.#reportedMs.delete(reporter);
    }
    return this.#reportedMs.size;
  }

  /** When the oldest report stops counting; null when there is none. */
  get nextExpiryMs(): number | null {
    let oldestMs: number | null = null;
    for (const reportedMs of this.#reportedMs.values()) {
      if (oldestMs === null || reportedMs < oldestMs) oldestMs = reportedMs;
    }
    return oldestMs === null ? null : oldestMs + this.#validityMs();
  }
}

/** `lapses`: holds only as long as enough agree (ODOWN). `sticks`: holds until it is cleared (FAIL). */
export type AgreementKind = 'lapses' | 'sticks';

/** Whether a failure is agreed upon, and since when. */
export class Agreement {
  readonly #kind: AgreementKind;
  #sinceMs: number | null = null;

  constructor(kind: AgreementKind) {
    this.#kind = kind;
  }

  get sinceMs(): number | null {
    return this.#sinceMs;
  }

  get holds(): boolean {
    return this.#sinceMs !== null;
  }

  /**
   * Weighs the situation anew.
   * @param suspected our own suspicion: without it others' reports do not count
   * @param agreeing how many agree, ourselves included
   * @returns what changed, null when nothing did
   */
  weigh(nowMs: number, suspected: boolean, agreeing: number, threshold: number): 'reached' | 'lapsed' | null {
    const enough = suspected && agreeing >= threshold;
    if (enough && this.#sinceMs === null) {
      this.#sinceMs = nowMs;
      return 'reached';
    }
    if (!enough && this.#sinceMs !== null && this.#kind === 'lapses') {
      this.#sinceMs = null;
      return 'lapsed';
    }
    return null;
  }

  /** Takes over what others have agreed on (a FAIL message); true when that is news. */
  adopt(nowMs: number): boolean {
    if (this.#sinceMs !== null) return false;
    this.#sinceMs = nowMs;
    return true;
  }

  /** Ends an agreement by decision; true when there was one. */
  clear(): boolean {
    const held = this.#sinceMs !== null;
    this.#sinceMs = null;
    return held;
  }
}
