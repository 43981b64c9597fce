/**
 * Whether the cluster works, in this node's eyes: cluster-bus.md section 9. Holds what the delays need; owns no timer.
 */
import type { ClusterView } from '../view/cluster-view.js';
import type { ClusterNode } from '../view/node.js';
import { SLOT_COUNT } from '../../keyspace/key-slot.js';

/** A master that has just started does not serve at once: it may have been replaced meanwhile. (CLUSTER_WRITABLE_DELAY) */
const START_GRACE_MS = 2000;
/** Bounds of the wait of a master that was in a minority. (CLUSTER_MIN/MAX_REJOIN_DELAY) */
const SHORTEST_REJOIN_MS = 500;
const LONGEST_REJOIN_MS = 5000;

export interface ServingRules {
  readonly requiresFullCoverage: boolean;
  readonly nodeTimeoutMs: number;
}

export class ServingState {
  private firstLookMs: number | null = null;
  private isCutOff = false;
  private cutOffMs = -Infinity;

  /** @param isNew the node had no past when it started: nobody can have replaced it meanwhile */
  constructor(private readonly isNew: boolean) {}

  /**
   * Brings `view.size` and `view.isServing` up to date.
   * @returns when to look again although nothing happens; null: no need
   */
  evaluate(view: ClusterView, nowMs: number, rules: ServingRules): number | null {
    this.firstLookMs ??= nowMs;
    const masters = [...view.nodes].filter((node) => node.isMaster && node.slots.size > 0);
    view.size = masters.length;
    const isMaster = view.myself.isMaster;
    const graceEndMs = this.isNew ? -Infinity : this.firstLookMs + START_GRACE_MS;
    if (isMaster && !view.isServing && nowMs < graceEndMs) return graceEndMs;
    const reachable = masters.filter(({ health }) => health === 'alive').length;
    const isInMinority = reachable < majorityOf(view.size);
    // Where nobody has slots there is no majority to come back to: who is given some then has not been replaced.
    const isCutOff = isInMinority && view.size > 0;
    if (isCutOff || this.isCutOff) this.cutOffMs = nowMs;
    this.isCutOff = isCutOff;
    const works = !isInMinority && (!rules.requiresFullCoverage || isCovered(masters));
    if (!works || view.isServing || !isMaster) {
      view.isServing = works;
      return null;
    }
    const rejoinMs =
      this.cutOffMs + Math.min(Math.max(rules.nodeTimeoutMs, SHORTEST_REJOIN_MS), LONGEST_REJOIN_MS);
    if (nowMs < rejoinMs) return rejoinMs;
    view.isServing = true;
    return null;
  }
}

/** How many of the masters with slots are needed to agree on anything; the failed ones count as masters. */
export function majorityOf(size: number): number {
  return Math.floor(size / 2) + 1;
}

function isCovered(masters: readonly ClusterNode[]): boolean {
  const covered = masters.reduce((sum, { slots, health }) => sum + (health === 'failed' ? 0 : slots.size), 0);
  return covered === SLOT_COUNT;
}
