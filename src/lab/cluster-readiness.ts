/** When a cluster is ready: what is still missing, in words, or null. */
import { parseClusterNodes, type NodeView } from '../client/cluster-nodes.js';
import { agreedConfiguration } from './cluster-view.js';
import type { Member } from './member.js';
import { replicationProblem } from './readiness.js';

export interface ExpectedCluster {
  readonly masters: number;
  readonly replicas: number;
}

/** Whether all nodes are up and linked, agree, serve every slot, and all replicas are in sync. */
export async function clusterProblem(
  nodes: readonly Member[],
  expected: ExpectedCluster,
): Promise<string | null> {
  const views = await Promise.all(nodes.map(viewOf));
  for (const [index, view] of views.entries()) {
    const problem = viewProblem(nodes[index]!, view, expected);
    if (problem !== null) return problem;
    if (agreedConfiguration(view) !== agreedConfiguration(views[0]!)) {
      return `${nodes[index]!.name} and ${nodes[0]!.name} do not agree about the configuration`;
    }
  }
  for (const node of nodes) {
    const state = await clusterInfo(node, 'cluster_state');
    if (state !== 'ok') return `${node.name} finds the cluster's state ${state}`;
  }
  return shardsProblem(nodes, views[0]!);
}

/** A node's view of the cluster. Its own address, which it may not know before it has met another, is filled in. */
export async function viewOf(node: Member): Promise<NodeView[]> {
  const view = parseClusterNodes(String(await node.call('CLUSTER', 'NODES')));
  return view.map((seen) => (seen.flags.has('myself') ? { ...seen, address: node.address } : seen));
}

/** A field of CLUSTER INFO. */
export async function clusterInfo(node: Member, field: string): Promise<string | undefined> {
  const lines = String(await node.call('CLUSTER', 'INFO')).split('\r\n');
  return lines.find((line) => line.startsWith(`${field}:`))?.slice(field.length + 1);
}

/** The member that a view's node is. */
export function memberOf(nodes: readonly Member[], view: NodeView): Member | undefined {
  return nodes.find(({ address }) => address.port === view.address?.port);
}

function viewProblem(node: Member, view: readonly NodeView[], expected: ExpectedCluster): string | null {
  const total = expected.masters + expected.replicas;
  if (view.length !== total) return `${node.name} knows ${view.length} of ${total} nodes`;
  for (const { address, flags, isConnected } of view) {
    const unhealthy = ['fail', 'fail?', 'handshake', 'noaddr'].find((flag) => flags.has(flag));
    if (unhealthy !== undefined) return `${node.name} sees port ${address?.port} as ${unhealthy}`;
    if (!isConnected) return `${node.name} has no link to port ${address?.port}`;
  }
  const masters = view.filter(({ flags }) => flags.has('master')).length;
  return masters === expected.masters ? null : `${node.name} sees ${masters} of ${expected.masters} masters`;
}

/** Every replica is in sync with its master. */
async function shardsProblem(nodes: readonly Member[], view: readonly NodeView[]): Promise<string | null> {
  for (const master of view.filter(({ masterId }) => masterId === null)) {
    const followers = view.filter(({ masterId }) => masterId === master.id);
    const replicas = followers.map((follower) => memberOf(nodes, follower)!);
    const problem = await replicationProblem(memberOf(nodes, master)!, replicas);
    if (problem !== null) return problem;
  }
  return null;
}
