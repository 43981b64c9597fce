/** What `vedette up cluster` shows: the masters, which share the slots, and their replicas. */
import { formatAddress } from '../client/address.js';
import type { Platform } from '../platform/platform.js';
import { viewOf } from './cluster-readiness.js';
import {
  startClusterTopology,
  type ClusterTopology,
  type ClusterTopologyOptions,
} from './cluster-topology.js';
import { ClusterWatch } from './cluster-watch.js';
import { addressesOf, type Demonstration } from './demonstration.js';
import type { Member } from './member.js';
import type { Screen } from './screen.js';
import { waitUntil } from './wait.js';

const WATCH_LIMIT_MS = 10_000;

export async function demonstrateCluster(
  platform: Platform,
  options: ClusterTopologyOptions,
): Promise<Demonstration> {
  return new ClusterDemonstration(platform, await startClusterTopology(platform, options));
}

class ClusterDemonstration implements Demonstration {
  readonly watch: ClusterWatch;

  constructor(
    private readonly platform: Platform,
    readonly topology: ClusterTopology,
  ) {
    this.watch = new ClusterWatch(platform, topology);
  }

  inPlace(): Promise<unknown> {
    const condition = (): Promise<string | null> =>
      Promise.resolve(this.watch.isInPlace ? null : 'not all nodes have answered');
    return waitUntil(this.platform, WATCH_LIMIT_MS, condition);
  }

  environment(): Record<string, string> {
    const { address } = this.topology.nodes[0]!;
    return {
      VEDETTE_NODES: addressesOf(this.topology.nodes).join(','),
      VEDETTE_HOST: address.host,
      VEDETTE_PORT: String(address.port),
      VEDETTE_DIRECTORY: this.topology.directory,
    };
  }

  readyFields(): object {
    const { firstMasters, firstReplicas } = this.topology;
    return { masters: addressesOf(firstMasters), replicas: addressesOf(firstReplicas) };
  }

  summary(): string {
    const { firstMasters, firstReplicas } = this.topology;
    return `a cluster of ${firstMasters.length} masters and ${firstReplicas.length} replicas`;
  }

  introduce(screen: Screen): void {
    const { firstMasters, firstReplicas, directory } = this.topology;
    const { host, port } = firstMasters[0]!.address;
    screen.line(`  masters    ${addressesOf(firstMasters).join('  ')}`);
    if (firstReplicas.length > 0) screen.line(`  replicas   ${addressesOf(firstReplicas).join('  ')}`);
    screen.line(`  files      ${directory}`);
    screen.line();
    screen.line(`  vedette-cli -c -p ${port}`);
    screen.line(`  new Redis.Cluster([{ host: '${host}', port: ${port} }])`);
  }

  /** The first that runs and has slots. */
  async masterToFault(): Promise<Member | null> {
    for (const node of this.topology.nodes) {
      if (node.state !== 'running') continue;
      const itself = await this.itselfOf(node);
      if (itself !== undefined && itself.masterId === null && itself.slots.length > 0) return node;
    }
    return null;
  }

  async roleOf(member: Member): Promise<string> {
    const view = await viewOf(member);
    const itself = view.find(({ flags }) => flags.has('myself'));
    if (itself === undefined) return 'unknown to itself';
    if (itself.masterId === null) {
      return `master, slots ${itself.slots.join(' ') || 'none'}, config epoch ${itself.configEpoch}`;
    }
    const master = view.find(({ id }) => id === itself.masterId);
    return `replica of ${master?.address ? formatAddress(master.address) : itself.masterId}`;
  }

  private async itselfOf(node: Member) {
    return (await viewOf(node)).find(({ flags }) => flags.has('myself'));
  }
}
