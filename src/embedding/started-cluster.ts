/** A cluster of masters and replicas, for a test. */
import { keySlot } from '../keyspace/key-slot.js';
import { slotRanges } from '../lab/cluster-formation.js';
import { clusterInfo, clusterProblem, memberOf, viewOf } from '../lab/cluster-readiness.js';
import type { ClusterTopology } from '../lab/cluster-topology.js';
import type { NodeView } from '../client/cluster-nodes.js';
import { agreedConfiguration } from '../lab/cluster-view.js';
import { LabError } from '../lab/errors.js';
import type { Member } from '../lab/member.js';
import { bytesFromText } from '../resp/ascii.js';
import {
  ioredisClusterArguments,
  nodeRedisClusterOptions,
  type IoredisClusterArguments,
  type NodeRedisClusterOptions,
} from './connection-details.js';
import type { Ground } from './ground.js';
import { lagOf } from './in-step.js';
import { StartedTopology } from './started-topology.js';
import type { TopologyMember } from './topology-member.js';

/** What {@link startCluster} resolves with. */
export class StartedCluster extends StartedTopology {
  /** All nodes; the first ones are the masters at the start. */
  readonly nodes: readonly TopologyMember[];
  /** The first slot of each range that a master has at the start, and who was last told to own it. */
  private readonly owners = new Map<number, Member>();

  /** @internal */
  constructor(
    ground: Ground,
    private readonly inner: ClusterTopology,
  ) {
    super(ground, inner);
    this.nodes = inner.nodes.map((node) => this.handleOf(node));
    this.forgetOwners();
  }

  /**
   * The master that serves a key, by its own word.
   * @throws {LabError} NOT_READY when nobody does
   */
  async master(key = ''): Promise<TopologyMember> {
    const owner = await this.inner.ownerOf(keySlot(bytesFromText(key)));
    if (owner === null) throw new LabError('NOT_READY', `No running node serves the key ${key}`);
    await this.noteMasters();
    return this.handleOf(owner);
  }

  /** The replicas of a master, as a running node sees them. */
  async replicasOf(master: TopologyMember): Promise<TopologyMember[]> {
    const inner = this.inner.nodes.find(({ name }) => name === master.name)!;
    return (await this.inner.replicasOf(inner)).map((replica) => this.handleOf(replica));
  }

  /**
   * Resolves with the new master when another node has taken slots over from the one that was last told by
   * {@link master}, {@link settled}, {@link reset} or this, and most nodes find that the cluster works. It does not matter
   * whether that had happened before this was called.
   * @throws {LabError} NOT_READY when that takes more than `limitMs` (30000 when absent)
   */
  async waitForFailover(limitMs?: number): Promise<TopologyMember> {
    let successor: Member | null = null;
    await this.wait(limitMs, async () => {
      successor = null;
      for (const [slot, before] of this.owners) {
        const owner = await this.inner.ownerOf(slot);
        if (owner !== null && owner !== before) successor = owner;
      }
      return successor === null ? 'every slot is where it was' : this.brokenForMost();
    });
    await this.noteMasters();
    return this.handleOf(successor!);
  }

  /** For `new Cluster(...)` of ioredis: its arguments. */
  ioredis(): IoredisClusterArguments {
    return ioredisClusterArguments(this.addresses, this.inner.password);
  }

  /** For `new Cluster(...)` of iovalkey: its arguments. */
  iovalkey(): IoredisClusterArguments {
    return this.ioredis();
  }

  /** For `createCluster(...)` of node-redis. */
  nodeRedis(): NodeRedisClusterOptions {
    return nodeRedisClusterOptions(this.addresses, this.inner.password);
  }

  protected override get firstMasters(): readonly Member[] {
    return this.inner.firstMasters;
  }

  protected override async noteMasters(): Promise<void> {
    for (const slot of this.owners.keys()) {
      const owner = await this.inner.ownerOf(slot);
      if (owner !== null) this.owners.set(slot, owner);
    }
  }

  protected override async notAsAtFirst(): Promise<string | null> {
    const { inner } = this;
    const ranges = slotRanges(inner.firstMasters.length);
    for (const [index, [slot]] of ranges.entries()) {
      if ((await inner.ownerOf(slot)) !== inner.firstMasters[index]) return `slot ${slot} has moved`;
    }
    const expected = { masters: inner.firstMasters.length, replicas: inner.firstReplicas.length };
    return clusterProblem(inner.nodes, expected);
  }

  protected override async unsettled(): Promise<string | null> {
    const nodes = this.running;
    const views = await Promise.all(nodes.map(viewOf));
    const states = await Promise.all(nodes.map((node) => clusterInfo(node, 'cluster_state')));
    for (const [index, view] of views.entries()) {
      const { name } = nodes[index]!;
      if (states[index] !== 'ok') return `${name} finds the cluster's state ${states[index]}`;
      if (agreedConfiguration(view) !== agreedConfiguration(views[0]!)) return `${name} is not of one mind`;
      const unhealthy = nodes.find((node) => !isHealthy(view, node));
      if (unhealthy !== undefined) return `${name} does not see ${unhealthy.name} healthy`;
    }
    return views[0] === undefined ? null : this.lagIn(views[0]);
  }

  /** Whether every running replica is in step with its master. */
  private async lagIn(view: readonly NodeView[]): Promise<string | null> {
    for (const seen of view.filter(({ masterId }) => masterId !== null)) {
      const replica = memberOf(this.running, seen);
      const master = view.find(({ id }) => id === seen.masterId);
      const masterNode = master === undefined ? undefined : memberOf(this.running, master);
      if (replica === undefined || masterNode === undefined) continue;
      const lag = await lagOf(masterNode, replica);
      if (lag !== null) return lag;
    }
    return null;
  }

  /** Null when most nodes that run find that the cluster works. */
  private async brokenForMost(): Promise<string | null> {
    const states = await Promise.all(this.running.map((node) => clusterInfo(node, 'cluster_state')));
    const working = states.filter((state) => state === 'ok').length;
    return working > states.length / 2
      ? null
      : `${working} of ${states.length} nodes find that the cluster works`;
  }

  private forgetOwners(): void {
    const { firstMasters } = this.inner;
    for (const [index, [slot]] of slotRanges(firstMasters.length).entries()) {
      this.owners.set(slot, firstMasters[index]!);
    }
  }

  private get running(): Member[] {
    return this.inner.nodes.filter(({ state }) => state === 'running');
  }

  private get addresses() {
    return this.inner.nodes.map(({ announced }) => announced);
  }
}

function isHealthy(view: readonly NodeView[], node: Member): boolean {
  const seen = view.find((candidate) => memberOf([node], candidate) !== undefined);
  if (seen === undefined || !seen.isConnected) return false;
  return !['fail', 'fail?', 'handshake', 'noaddr'].some((flag) => seen.flags.has(flag));
}
