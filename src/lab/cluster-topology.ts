/**
 * A cluster of masters and replicas, as real processes on 127.0.0.1: what `vedette up cluster` shows and what
 * integration tests work with. Every node may be of another engine.
 */
import type { Platform } from '../platform/platform.js';
import { formCluster } from './cluster-formation.js';
import { clusterProblem, memberOf, viewOf } from './cluster-readiness.js';
import { coversSlot } from './cluster-view.js';
import { serverConfiguration } from './configuration.js';
import { Member } from './member.js';
import type { Engine } from './programs.js';
import {
  freePorts,
  HOST,
  linesOf,
  repeatEngine,
  requireFreePorts,
  startTopology,
  Topology,
  type TopologyOptions,
} from './topology.js';
import { waitUntil } from './wait.js';

export interface ClusterTopologyOptions extends TopologyOptions {
  /** The engine of each master; three of ours when absent. */
  readonly masters?: readonly Engine[];
  /** The engine of each replica; one of ours for each master when absent. They follow the masters in turn. */
  readonly replicas?: readonly Engine[];
  /** The first node's port: the others have the next ones. Free ports are looked for when absent. */
  readonly firstPort?: number;
  /** cluster-node-timeout; 1000 when absent. */
  readonly nodeTimeoutMs?: number;
}

/** Between a node's port and that of its cluster bus. */
const BUS_PORT_DISTANCE = 10_000;
const NODE_TIMEOUT_MS = 1000;

/** Starts a cluster and resolves when all nodes agree, every slot is served, and all replicas are in sync. */
export async function startClusterTopology(
  platform: Platform,
  options: ClusterTopologyOptions = {},
): Promise<ClusterTopology> {
  return startTopology(
    options.firstPort === undefined,
    () => choosePorts(platform, options),
    (ports) => new ClusterTopology(platform, options, ports),
  );
}

export class ClusterTopology extends Topology {
  readonly nodeTimeoutMs: number;
  /** Those that were the masters at the start come first. */
  readonly nodes: readonly Member[];
  private readonly masterCount: number;

  /** @internal use {@link startClusterTopology} */
  constructor(
    platform: Platform,
    private readonly options: ClusterTopologyOptions,
    ports: readonly number[],
  ) {
    super(platform, options);
    this.nodeTimeoutMs = options.nodeTimeoutMs ?? NODE_TIMEOUT_MS;
    this.masterCount = mastersOf(options).length;
    const engines = enginesOf(options);
    this.nodes = ports.map((port, index) => this.makeNode(index, port, engines[index]!));
  }

  get members(): readonly Member[] {
    return this.nodes;
  }

  get firstMasters(): readonly Member[] {
    return this.nodes.slice(0, this.masterCount);
  }

  get firstReplicas(): readonly Member[] {
    return this.nodes.slice(this.masterCount);
  }

  /** Resolves when all nodes are up and agree, every slot is served, and all replicas are in sync. */
  async waitReady(limitMs = 30_000): Promise<void> {
    const expected = { masters: this.masterCount, replicas: this.nodes.length - this.masterCount };
    await waitUntil(this.platform, limitMs, () => clusterProblem(this.nodes, expected));
  }

  /**
   * The running node that serves a slot, by its own word; the one with the greatest epoch where two claim it. Null
   * when there is none.
   */
  async ownerOf(slot: number): Promise<Member | null> {
    let owner: { readonly node: Member; readonly configEpoch: number } | null = null;
    for (const node of this.nodes.filter(({ state }) => state === 'running')) {
      const itself = (await viewOf(node)).find(({ flags }) => flags.has('myself'));
      if (itself === undefined || itself.masterId !== null || !coversSlot(itself, slot)) continue;
      if (owner === null || itself.configEpoch > owner.configEpoch) {
        owner = { node, configEpoch: itself.configEpoch };
      }
    }
    return owner?.node ?? null;
  }

  /** The replicas of a node that a running node knows. */
  async replicasOf(master: Member): Promise<Member[]> {
    const asked = this.nodes.find(({ state }) => state === 'running');
    const view = asked === undefined ? [] : await viewOf(asked);
    const id = view.find(({ address }) => address?.port === master.address.port)?.id;
    return view
      .filter(({ masterId }) => masterId !== null && masterId === id)
      .flatMap((replica) => memberOf(this.nodes, replica) ?? []);
  }

  protected override async openRelays(): Promise<void> {
    await this.relay(this.nodes);
    await this.relay(this.nodes, BUS_PORT_DISTANCE);
  }

  protected override async bringUp(leftMs: () => number): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.start(leftMs())));
    const plan = { masters: this.firstMasters, replicas: this.firstReplicas };
    await formCluster(this.platform, plan, leftMs);
    await this.waitReady(leftMs());
  }

  private makeNode(index: number, port: number, engine: Engine): Member {
    const { password, serverDirectives } = this.options;
    const place = this.placeOf(`node-${index + 1}`, port);
    const configuration = serverConfiguration({
      ...place,
      master: null,
      password,
      directives: [
        'cluster-enabled yes',
        `cluster-node-timeout ${this.nodeTimeoutMs}`,
        ...this.networkDirectives(place.name, `cluster-announce-ip ${HOST}`, `replica-announce-ip ${HOST}`),
        ...linesOf(serverDirectives, index),
      ],
    });
    return new Member(this.platform, {
      ...place,
      role: 'server',
      engine,
      configuration,
      ...(password === undefined ? {} : { password }),
    });
  }
}

/** The ports to use. @throws LabError PORT_IN_USE with all that are taken, before anything is started */
async function choosePorts(platform: Platform, options: ClusterTopologyOptions): Promise<readonly number[]> {
  const { firstPort } = options;
  const engines = enginesOf(options);
  if (firstPort === undefined) return freePorts(platform, options, engines.length, BUS_PORT_DISTANCE);
  const ports = engines.map((_, index) => firstPort + index);
  await requireFreePorts(platform, [...ports, ...ports.map((port) => port + BUS_PORT_DISTANCE)]);
  return ports;
}

function mastersOf({ masters }: ClusterTopologyOptions): readonly Engine[] {
  return masters ?? repeatEngine('vedette', 3);
}

function enginesOf(options: ClusterTopologyOptions): readonly Engine[] {
  const masters = mastersOf(options);
  return [...masters, ...(options.replicas ?? repeatEngine('vedette', masters.length))];
}
