/**
 * Whether the cluster works, in this node's eyes, as in Redis 7.2. Holds what the delays need; owns no timer.
 */
import type { ClusterView } from '../view/cluster-view.js';
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
    const masters = countMasters(view);
    view.size = masters.count;
    const isMaster = view.myself.isMaster;
    const graceEndMs = this.isNew ? -Infinity : this.firstLookMs + START_GRACE_MS;
    if (isMaster && !view.isServing && nowMs < graceEndMs) return graceEndMs;
    const isInMinority = masters.alive < majorityOf(view.size);
    // Where nobody has slots there is no majority to come back to: who is given some then has not been replaced.
    const isCutOff = isInMinority && view.size > 0;
    if (isCutOff || this.isCutOff) this.cutOffMs = nowMs;
    this.isCutOff = isCutOff;
    const works = !isInMinority && (!rules.requiresFullCoverage || masters.covered === SLOT_COUNT);
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

/** Masters with slots, those of them that are not suspected, and the slots of all that have not failed. */
function countMasters(view: ClusterView): { count: number; alive: number; covered: number } {
  const masters = { count: 0, alive: 0, covered: 0 };
  for (const { isMaster, slots, health } of view.nodes) {
    if (!isMaster || slots.size === 0) continue;
    masters.count++;
    if (health === 'alive') masters.alive++;
    if (health !== 'failed') masters.covered += slots.size;
  }
  return masters;
}
