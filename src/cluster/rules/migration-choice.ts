/** Whether this replica goes to a master that has none left, as in Redis Cluster 7.2. Pure. */
import type { ClusterNode } from '../view/node.js';
import type { ClusterView } from '../view/cluster-view.js';

/** A master must have been without a replica for this long. (CLUSTER_SLAVE_MIGRATION_DELAY) */
const MIGRATION_DELAY_MS = 5000;

export interface MigrationRules {
  readonly isAllowed: boolean;
  /** `cluster-migration-barrier`: how many good replicas a master keeps. */
  readonly barrier: number;
}

export interface MigrationChoice {
  readonly target: ClusterNode | null;
  /** When to look again although nothing happens; null: no need. */
  readonly againMs: number | null;
}

const STAY: MigrationChoice = { target: null, againMs: null };

/** Keeps `orphanedAtMs` of all masters up to date, and chooses. */
export function chooseMigration(view: ClusterView, nowMs: number, rules: MigrationRules): MigrationChoice {
  const orphans = noteOrphans(view, nowMs);
  const { myself } = view;
  const { master } = myself;
  if (!rules.isAllowed || myself.isMaster || master === null || orphans.length === 0) return STAY;
  if (!view.isServing || usableReplicas(master) < 2) return STAY;
  const trusted = [...master.replicas].filter(({ health }) => health === 'alive').length;
  if (trusted <= rules.barrier) return STAY;
  const most = Math.max(...[...view.nodes].map(usableReplicas));
  if (usableReplicas(master) !== most || !isSmallestOfRichest(view, most)) return STAY;
  const ripe = orphans.find(({ orphanedAtMs }) => nowMs - orphanedAtMs > MIGRATION_DELAY_MS);
  if (ripe !== undefined) return { target: ripe, againMs: null };
  return {
    target: null,
    againMs: Math.min(...orphans.map((orphan) => orphan.orphanedAtMs)) + MIGRATION_DELAY_MS + 1,
  };
}

/** Masters with slots that have had replicas, or could have, and have no working one. */
function noteOrphans(view: ClusterView, nowMs: number): ClusterNode[] {
  const orphans: ClusterNode[] = [];
  for (const node of view.nodes) {
    const isOrphan =
      node !== view.myself &&
      node.isMaster &&
      node.membership === 'member' &&
      !node.hasNoAddress &&
      node.health !== 'failed' &&
      node.slots.size > 0 &&
      node.acceptsMigration &&
      usableReplicas(node) === 0;
    if (!isOrphan) node.orphanedAtMs = 0;
    else {
      if (node.orphanedAtMs === 0) node.orphanedAtMs = nowMs;
      orphans.push(node);
    }
  }
  return orphans;
}

/** One replica moves at a time: all know the same ids. */
function isSmallestOfRichest(view: ClusterView, most: number): boolean {
  for (const node of view.nodes) {
    if (!node.isMaster || usableReplicas(node) !== most) continue;
    for (const replica of node.replicas) {
      if (replica.health !== 'failed' && replica.id < view.myself.id) return false;
    }
  }
  return true;
}

function usableReplicas(node: ClusterNode): number {
  if (!node.isMaster) return 0;
  let count = 0;
  for (const { health } of node.replicas) if (health !== 'failed') count++;
  return count;
}
