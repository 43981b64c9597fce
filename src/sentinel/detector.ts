/**
 * Failure detection: our own suspicion of an instance (SDOWN) and the agreement about a master (ODOWN).
 *
 * Called whenever something may have changed it: an answer, a broken link, a deadline. Says what changed and
 * leaves it to the sentinel to act on it.
 */
import type { Instance } from './instance.js';
import type { MonitoredMaster } from './master.js';
import { describeHold } from './events.js';
import type { EventPublisher } from './event-publisher.js';
import type { Periods } from './periods.js';

export class Detector {
  constructor(
    private readonly events: EventPublisher,
    private readonly periods: Periods,
  ) {}

  /** Updates the suspicion of an instance; true when it changed. */
  judge(instance: Instance, master: MonitoredMaster, nowMs: number): boolean {
    const dueMs = instance.suspicionDueMs();
    const suspected = dueMs !== null && nowMs >= dueMs;
    if (suspected === instance.suspected) return false;
    const peer = instance.reference;
    if (suspected) {
      instance.suspectedSinceMs = nowMs;
      instance.lastSuspectedMs = nowMs;
      this.events.tell({ kind: 'suspected', master: master.reference, peer });
    } else {
      instance.suspectedSinceMs = null;
      instance.scriptKillSent = false;
      this.events.tell({ kind: 'cleared', master: master.reference, peer });
      if (instance === master) this.#endQuestioning(master);
    }
    return true;
  }

  /** Updates the agreement about a master; says what changed. */
  weigh(master: MonitoredMaster, nowMs: number): 'reached' | 'lapsed' | null {
    const agreeing = 1 + master.reports.count(nowMs);
    const { quorum } = master.settings;
    const change = master.agreement.weigh(nowMs, master.suspected, agreeing, quorum);
    if (change === 'reached') {
      this.events.tell({ kind: 'confirmed', master: master.reference, agreeing, quorum });
    } else if (change === 'lapsed') {
      this.events.tell({ kind: 'lapsed', master: master.reference });
    }
    if (!master.agreement.holds) this.#sayWhyNot(master, agreeing, nowMs);
    return change;
  }

  /** When the agreement or the explanation for its absence changes by the passing of time; null for never. */
  weighingDueMs(master: MonitoredMaster): number | null {
    if (master.suspectedSinceMs === null) return null;
    const expiryMs = master.reports.nextExpiryMs;
    // A report is valid up to and including its expiry, so look just after it.
    if (master.agreement.holds) return expiryMs === null ? null : expiryMs + 1;
    return master.toldHold === '' ? master.suspectedSinceMs + this.periods.askMs : null;
  }

  /** Others had the time of one ask period to agree, and too few did: say so, once. */
  #sayWhyNot(master: MonitoredMaster, agreeing: number, nowMs: number): void {
    const { suspectedSinceMs } = master;
    if (suspectedSinceMs === null || nowMs < suspectedSinceMs + this.periods.askMs) return;
    const unreachable = [...master.peers.values()].filter(({ elector }) => !elector.reachable).length;
    const reason = { cause: 'no-quorum', agreeing, quorum: master.settings.quorum, unreachable } as const;
    const told = describeHold(reason);
    if (told === master.toldHold) return;
    master.toldHold = told;
    this.events.tell({ kind: 'held-back', master: master.reference, reason });
  }

  /** The master is back: what others said about its failure is of no use for the next one. */
  #endQuestioning(master: MonitoredMaster): void {
    master.reports.withdrawAll();
    master.toldHold = '';
    for (const peer of master.peers.values()) {
      peer.askedMs = null;
      peer.prompted = false;
    }
  }
}
