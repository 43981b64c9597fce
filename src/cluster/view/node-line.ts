/**
 * A node as one line of text, which tools cut at its blanks: CLUSTER NODES, CLUSTER REPLICAS and nodes.conf.
 *
 * Reference: the CLUSTER commands of Redis 7.2.
 */
import type { ClusterView } from './cluster-view.js';
import { flagWords } from './node-flags.js';
import type { ClusterNode } from './node.js';
import { rangeText } from './slots.js';

/**
 * The line, without its end.
 * @param notes what stands behind the address; empty, or beginning with a comma
 */
export function nodeLine(node: ClusterNode, view: ClusterView, notes: string): string {
  const isMyself = node === view.myself;
  const fields = [
    node.id,
    `${node.host}:${node.port}@${node.busPort}${notes}`,
    flagWords(node, isMyself),
    node.master?.id ?? '-',
    String(node.pingSentMs),
    String(node.pongReceivedMs),
    String(node.effectiveConfigEpoch),
    isMyself || node.isLinked ? 'connected' : 'disconnected',
    ...node.slots.ranges().map(rangeText),
  ];
  if (isMyself) fields.push(...openSlots(view));
  return fields.join(' ');
}

/** What is on the move here, in the order of the slots. */
function openSlots({ migratingTo, importingFrom }: ClusterView): string[] {
  const moves = [
    ...[...migratingTo].map(([slot, node]) => ({ slot, text: `[${slot}->-${node.id}]` })),
    ...[...importingFrom].map(([slot, node]) => ({ slot, text: `[${slot}-<-${node.id}]` })),
  ];
  return moves.sort((a, b) => a.slot - b.slot).map(({ text }) => text);
}
