/** Which nodes a PING, PONG or MEET tells of, as in Redis Cluster 7.2. Pure but for the chance that is handed in. */
import type { ClusterNode } from '../view/node.js';
import type { ClusterView } from '../view/cluster-view.js';

/** Of all nodes, a tenth is told of in each message, and never fewer than this. */
const FEWEST = 3;

/**
 * A random choice, and all that are suspected: whoever gets this message learns of every suspicion there is.
 * @param draw a uniformly distributed integer in [0, bound)
 */
export function chooseGossip(view: ClusterView, draw: (bound: number) => number): ClusterNode[] {
  const nodes = [...view.nodes];
  // The sender and the receiver know of themselves.
  let wanted = Math.min(Math.max(FEWEST, Math.floor(nodes.length / 10)), nodes.length - 2);
  const chosen = new Set<ClusterNode>();
  for (let draws = wanted * 3; draws > 0 && chosen.size < wanted; draws--) {
    const node = nodes[draw(nodes.length)];
    if (node === view.myself || node.health === 'suspected' || chosen.has(node)) continue;
    if (isUntold(node)) wanted--;
    else chosen.add(node);
  }
  for (const node of nodes) {
    if (node.health === 'suspected' && node.membership === 'member' && !node.hasNoAddress) chosen.add(node);
  }
  return [...chosen];
}

/** Nodes that nobody could make use of. */
function isUntold(node: ClusterNode): boolean {
  return node.membership === 'handshake' || node.hasNoAddress || (!node.isLinked && node.slots.size === 0);
}
