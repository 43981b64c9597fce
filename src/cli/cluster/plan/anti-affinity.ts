/**
 * Moves replicas away from the hosts of their masters, and replicas of one master away from each other, by swapping
 * the masters of two replicas at random while that makes nothing worse. Pure: chance is handed in.
 */

export interface AffinityNode {
  readonly host: string;
  /** Itself, for a master. */
  master: AffinityNode;
}

/** A replica on the host of its master: a machine that dies takes both. */
const WITH_MASTER_PENALTY = 10_000;
const ATTEMPTS_PER_NODE = 500;

/** The score from which on a replica shares its master's host. */
export const SHARES_MASTERS_HOST = WITH_MASTER_PENALTY;

interface Affinity {
  /** 0 is perfect. */
  readonly score: number;
  /** One replica of each group of related nodes on one host. */
  readonly offenders: readonly AffinityNode[];
}

export function affinityOf(nodes: readonly AffinityNode[]): Affinity {
  const groups = new Map<string, Map<AffinityNode, AffinityNode[]>>();
  for (const node of nodes) {
    const onHost = groups.get(node.host) ?? new Map<AffinityNode, AffinityNode[]>();
    groups.set(node.host, onHost);
    const related = onHost.get(node.master) ?? [];
    onHost.set(node.master, [...related, node]);
  }
  let score = 0;
  const offenders: AffinityNode[] = [];
  for (const onHost of groups.values()) {
    for (const [master, related] of onHost) {
      if (related.length < 2) continue;
      score += related.includes(master) ? WITH_MASTER_PENALTY * (related.length - 1) : related.length;
      offenders.push(related.find((node) => node !== master)!);
    }
  }
  return { score, offenders };
}

/**
 * Changes the masters of replicas in place.
 * @param pick a random integer from 0 up to, and without, its argument
 * @returns the score that was reached
 */
export function improveAntiAffinity(nodes: readonly AffinityNode[], pick: (bound: number) => number): number {
  let { score, offenders } = affinityOf(nodes);
  const replicas = nodes.filter((node) => node.master !== node);
  for (let attempt = 0; attempt < ATTEMPTS_PER_NODE * nodes.length && score > 0; attempt++) {
    const first = offenders[pick(offenders.length)]!;
    const others = replicas.filter((node) => node !== first);
    if (others.length === 0) break;
    const second = others[pick(others.length)]!;
    swapMasters(first, second);
    const changed = affinityOf(nodes);
    // An equal score is kept: the best allocation may be several swaps away.
    if (changed.score > score) swapMasters(first, second);
    else ({ score, offenders } = changed);
  }
  return score;
}

function swapMasters(first: AffinityNode, second: AffinityNode): void {
  [first.master, second.master] = [second.master, first.master];
}
