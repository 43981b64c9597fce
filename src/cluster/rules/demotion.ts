/**
 * What follows for others when a master says that it is a replica now.
 *
 * In Redis 7.2 its slots are nobody's from then on, until the new master's own word comes: a cluster that hears of a
 * failover from the old master first is down for a moment. Here, as in Valkey 8, the old master's word is enough when the
 * two are of one shard: it claims the slots for its successor, under the successor's epoch. And what it said before a
 * promotion, arriving after it on the other one of two connections, is known by its lesser epoch.
 */
import type { Epoch } from '../../failover/epoch.js';
import type { ClusterNode } from '../view/node.js';
import type { ClusterView } from '../view/cluster-view.js';
import { SlotSet } from '../view/slots.js';

export type Demotion =
  /** It was said before that node became master: nothing has changed. */
  | 'stale'
  /** The slots are the successor's now, who is a master of that epoch. */
  | 'succeeded'
  /** The slots that it had are nobody's. */
  | 'left';

/**
 * A node held as master claims slots for the master that it follows now. Changes owners, the successor's role and its
 * epoch; the node's own role is the caller's to change.
 *
 * @param successor whom it follows; null: a node that is not known
 * @param epoch the configuration epoch of its successor, as it says
 */
export function takeDemotion(
  view: ClusterView,
  node: ClusterNode,
  successor: ClusterNode | null,
  epoch: Epoch,
  bitmap: Uint8Array,
): Demotion {
  if (node.slots.size === 0) return 'left';
  // Nodes older than Redis 7.2 tell no shard: there its replica is of its shard.
  const isOfShard =
    successor !== null &&
    successor !== node &&
    (successor.shardId === node.shardId || successor.master === node);
  if (isOfShard && epoch < node.configEpoch) return 'stale';
  if (isOfShard && successor !== view.myself && epoch >= successor.configEpoch) {
    if (!successor.isMaster) {
      view.setMaster(successor, null);
      successor.role = 'master';
    }
    successor.configEpoch = epoch;
    const claims = new SlotSet(bitmap);
    for (const slot of [...node.slots]) view.setOwner(slot, claims.has(slot) ? successor : null);
    return 'succeeded';
  }
  for (const slot of [...node.slots]) view.setOwner(slot, null);
  return 'left';
}
