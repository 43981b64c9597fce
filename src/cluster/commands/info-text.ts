/**
 * The text of CLUSTER INFO.
 *
 * Reference: the CLUSTER commands of Redis 7.2. Why a replica does not stand for election is said there by no stock server
 * but in its log only; here it is a line at the end, present while there is a reason.
 */
import { InfoWriter } from '../../server/info.js';
import type { ClusterActions } from '../cluster-actions.js';
import type { ClusterView } from '../view/cluster-view.js';

export function clusterInfo(actions: ClusterActions): string {
  const { view, messageCounts } = actions;
  const info = new InfoWriter();
  const slots = countSlots(view);
  info.field('cluster_state', view.isServing ? 'ok' : 'fail');
  info.field('cluster_slots_assigned', slots.assigned);
  info.field('cluster_slots_ok', slots.assigned - slots.suspected - slots.failed);
  info.field('cluster_slots_pfail', slots.suspected);
  info.field('cluster_slots_fail', slots.failed);
  info.field('cluster_known_nodes', view.nodeCount);
  info.field('cluster_size', view.size);
  info.field('cluster_current_epoch', view.currentEpoch);
  info.field('cluster_my_epoch', view.myself.effectiveConfigEpoch);
  writeCounts(info, 'sent', messageCounts.sent);
  writeCounts(info, 'received', messageCounts.received);
  info.field('total_cluster_links_buffer_limit_exceeded', actions.linksOverLimit);
  const reason = actions.reasonNotFailingOver;
  if (reason !== null) info.field('cluster_not_failing_over_reason', reason);
  return info.toString();
}

/** By type, those that occurred, and in all. */
function writeCounts(
  info: InfoWriter,
  direction: 'sent' | 'received',
  counts: ReadonlyMap<string, number>,
): void {
  let total = 0;
  for (const [type, count] of counts) {
    if (count > 0) info.field(`cluster_stats_messages_${type}_${direction}`, count);
    total += count;
  }
  info.field(`cluster_stats_messages_${direction}`, total);
}

function countSlots(view: ClusterView): { assigned: number; suspected: number; failed: number } {
  const counts = { assigned: 0, suspected: 0, failed: 0 };
  for (const { slots, health } of view.nodes) {
    counts.assigned += slots.size;
    if (health === 'suspected') counts.suspected += slots.size;
    else if (health === 'failed') counts.failed += slots.size;
  }
  return counts;
}
