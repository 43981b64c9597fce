/**
 * The nodes of a cluster as a manager sees them: found through one of them, each asked for its own state. What a node
 * says of others is used only to find them.
 */
import { ClusterManagerError, NodeReplyError } from './errors.js';
import { ClusterNode, sameId } from './node.js';
import type { NodeAddress, NodeEntry } from './node-table.js';
import { connectNode, type ClusterSession } from './session.js';

export class Cluster {
  private constructor(
    /** The node that was named comes first. */
    readonly nodes: ClusterNode[],
    /** Masters that could not be asked; their slots look as if nobody had them. */
    readonly unreachableMasters: number,
  ) {}

  /** @throws ClusterManagerError when the node that was named cannot be used; others are left out */
  static async load(session: ClusterSession, address: NodeAddress): Promise<Cluster> {
    const first = await connectNode(session, address);
    await requireClusterMode(first);
    const friends = await first.load();
    const found = await Promise.all(friends.map((friend) => reach(session, friend)));
    const nodes = [first];
    let unreachableMasters = 0;
    for (const [index, node] of found.entries()) {
      if (node instanceof ClusterNode) {
        nodes.push(node);
        continue;
      }
      for (const line of node.complaints) session.report.complaint(line);
      for (const line of node.errors) session.report.error(line);
      if (friends[index]!.masterId === null) unreachableMasters++;
    }
    const cluster = new Cluster(nodes, unreachableMasters);
    cluster.countReplicas(session);
    return cluster;
  }

  get masters(): ClusterNode[] {
    return this.nodes.filter((node) => node.isMaster);
  }

  nodeById(id: string): ClusterNode | null {
    return this.nodes.find((node) => sameId(node.id, id)) ?? null;
  }

  masterById(id: string): ClusterNode | null {
    const node = this.nodeById(id);
    return node?.isMaster === true ? node : null;
  }

  /** The first of those with the fewest. */
  masterWithFewestReplicas(except: ClusterNode | null = null): ClusterNode {
    const candidates = this.masters.filter((node) => node !== except);
    const [first, ...others] = candidates;
    if (first === undefined) throw new ClusterManagerError('[ERR] The cluster has no other master');
    return others.reduce((best, node) => (node.replicaCount < best.replicaCount ? node : best), first);
  }

  private countReplicas({ report }: ClusterSession): void {
    for (const node of this.nodes) {
      if (node.masterId === null) continue;
      const master = this.nodeById(node.masterId);
      if (master !== null) master.replicaCount++;
      else
        report.warning(
          `*** WARNING: ${node.address} claims to be slave of unknown node ID ${node.masterId}.`,
        );
    }
  }
}

interface Unreachable {
  /** For standard error. */
  readonly complaints: readonly string[];
  /** For standard output. */
  readonly errors: readonly string[];
}

const SILENT: Unreachable = { complaints: [], errors: [] };

/** Connects to a node that another told of, unless it is known to be gone. */
async function reach(session: ClusterSession, entry: NodeEntry): Promise<ClusterNode | Unreachable> {
  if (entry.flags.includes('noaddr') || entry.host === '' || entry.port === 0) return SILENT;
  let node: ClusterNode | null = null;
  try {
    node = await connectNode(session, entry);
    // The cluster has given it up: it may not answer, and what it would say may be long out of date.
    if (entry.flags.includes('fail')) return SILENT;
    await node.load();
    return node;
  } catch (error) {
    if (!(error instanceof ClusterManagerError)) throw error;
    const complaints = error.stream === 'errors' ? [error.message] : [];
    const errors = error.stream === 'output' ? [error.message] : [];
    return {
      complaints,
      errors: node === null ? errors : [...errors, `[ERR] Unable to load info for node ${node.address}`],
    };
  }
}

/** @throws ClusterManagerError when it is no cluster node */
export async function requireClusterMode(node: ClusterNode): Promise<void> {
  let enabled: string | undefined;
  try {
    enabled = await node.info('cluster_enabled');
  } catch (error) {
    if (error instanceof NodeReplyError)
      throw new ClusterManagerError(`[ERR] Node ${node.address} ${error.reply}`);
    throw error;
  }
  if (enabled !== '1')
    throw new ClusterManagerError(`[ERR] Node ${node.address} is not configured as a cluster node.`);
}

/** @throws ClusterManagerError when it has keys or knows other nodes */
export async function requireEmpty(node: ClusterNode): Promise<void> {
  const [keys, state] = await Promise.all([node.info('db0'), node.call('CLUSTER', 'INFO')]);
  if (keys === undefined && /^cluster_known_nodes:1\r?$/m.test(String(state))) return;
  throw new ClusterManagerError(
    `[ERR] Node ${node.address} is not empty. Either the node already knows other nodes (check with CLUSTER NODES) ` +
      'or contains some key in database 0.',
  );
}
