/**
 * A node as CLUSTER NODES and CLUSTER REPLICAS describe it: one line of text, which tools cut at its blanks.
 *
 * Reference: cluster-commands.md section 1.2.
 */
import type { NodeId } from '../../failover/identity.js';
import type { ClusterActions } from '../cluster-actions.js';
import type { ClusterView } from '../view/cluster-view.js';
import type { ClusterNode } from '../view/node.js';
import { rangeText } from '../view/slots.js';

/** The nodes to which a connection of ours exists. */
export function linkedNodes(actions: ClusterActions): ReadonlySet<NodeId> {
  const linked = new Set<NodeId>();
  for (const { direction, node } of actions.links) if (direction === 'to') linked.add(node.id);
  return linked;
}

/** The line, without its end. */
export function nodeLine(node: ClusterNode, view: ClusterView, linked: ReadonlySet<NodeId>): string {
  const hostname = node.hostname === '' ? '' : `,${node.hostname}`;
  const isConnected = node === view.myself || linked.has(node.id);
  return [
    node.id,
    `${node.host}:${node.port}@${node.busPort}${hostname}`,
    flagsText(node, view),
    node.role === 'replica' && node.master !== null ? node.master.id : '-',
    node.pingSentMs,
    node.pongReceivedMs,
    node.effectiveConfigEpoch,
    isConnected ? 'connected' : 'disconnected',
    ...node.slots.ranges().map(rangeText),
    ...(node === view.myself ? openSlots(view) : []),
  ].join(' ');
}

function flagsText(node: ClusterNode, view: ClusterView): string {
  const flags: string[] = [];
  if (node === view.myself) flags.push('myself');
  if (node.membership === 'member') flags.push(node.isMaster ? 'master' : 'slave');
  if (node.health === 'suspected') flags.push('fail?');
  if (node.health === 'failed') flags.push('fail');
  if (node.membership === 'handshake') flags.push('handshake');
  if (node.hasNoAddress) flags.push('noaddr');
  if (node.neverFailsOver) flags.push('nofailover');
  return flags.length === 0 ? 'noflags' : flags.join(',');
}

/** What is on the move here, in the order of the slots. */
function openSlots({ migratingTo, importingFrom }: ClusterView): string[] {
  const moves = [
    ...[...migratingTo].map(([slot, node]) => ({ slot, text: `[${slot}->-${node.id}]` })),
    ...[...importingFrom].map(([slot, node]) => ({ slot, text: `[${slot}-<-${node.id}]` })),
  ];
  return moves.sort((a, b) => a.slot - b.slot).map(({ text }) => text);
}
