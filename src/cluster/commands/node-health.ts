/** How far a node is with its dataset, for clients that look for a replica to read from. */
import type { ClusterNode } from '../view/node.js';
import type { ClusterParts } from './subcommand.js';

/** The offset in the replication stream; 0: a replica that never had a dataset. */
export function replicationOffsetOf(node: ClusterNode, { server, actions }: ClusterParts): number {
  return node === actions.view.myself ? server.replicationOffset : node.replicationOffset;
}

/** A replica that clients may be told of. */
export function isServingReplica(node: ClusterNode, parts: ClusterParts): boolean {
  return node.health !== 'failed' && replicationOffsetOf(node, parts) !== 0;
}

export function healthText(node: ClusterNode, parts: ClusterParts): 'fail' | 'loading' | 'online' {
  if (node.health === 'failed') return 'fail';
  return !node.isMaster && replicationOffsetOf(node, parts) === 0 ? 'loading' : 'online';
}
