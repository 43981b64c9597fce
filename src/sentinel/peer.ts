/** Another sentinel that watches the same master. */
import type { Elector } from '../failover/election.js';
import { NO_EPOCH } from '../failover/epoch.js';
import type { NodeId } from '../failover/identity.js';
import type { Vote } from '../failover/vote-ledger.js';
import { Instance } from './instance.js';
import type { InstanceLink } from './instance-link.js';
import type { MonitoredMaster } from './master.js';

/**
 * How a peer elects. `orderly` ones say so in their INFO (see dialect.ts); everybody else is `stock`, which
 * ignores that field. `unknown` until it has been asked.
 */
export type Dialect = Elector['dialect'];

export class Peer extends Instance {
  readonly role = 'sentinel';
  readonly master: MonitoredMaster;
  override readonly runId: NodeId;

  dialect: Dialect = 'unknown';
  lastHelloReceivedMs: number;
  /** When it was last asked about the master; null before the first time in this suspicion. */
  askedMs: number | null = null;
  /** A question has no answer yet. */
  asking = false;
  /** It asked us, so its own view may have changed: ask soon. */
  prompted = false;
  /** When it last answered. */
  answeredMs: number | null = null;
  vote: Vote = { epoch: NO_EPOCH, candidate: null };

  constructor(master: MonitoredMaster, link: InstanceLink, runId: NodeId, nowMs: number) {
    super(master.watcher, link);
    this.master = master;
    this.runId = runId;
    this.lastHelloReceivedMs = nowMs;
  }

  protected get self(): this {
    return this;
  }

  get name(): string {
    return this.runId;
  }

  get downAfterMs(): number {
    return this.master.settings.downAfterMs;
  }

  /** How an election sees it. */
  get elector(): Elector {
    return {
      id: this.runId,
      reachable: this.link.isUp && !this.suspected,
      suspected: this.suspected,
      dialect: this.dialect,
    };
  }
}
