/** What a fault is tried on: a running topology, seen alike whether sentinels or the nodes themselves fail over. */
import { formatAddress } from '../../client/address.js';
import type { ClientPlatform } from '../../client/connection.js';
import { MasterDiscovery } from '../../client/master-discovery.js';
import { keySlot } from '../../keyspace/key-slot.js';
import type { Platform } from '../../platform/platform.js';
import { viewOf } from '../cluster-readiness.js';
import { startClusterTopology, type ClusterTopology } from '../cluster-topology.js';
import { coversSlot } from '../cluster-view.js';
import { ClusterWatch } from '../cluster-watch.js';
import { LabError } from '../errors.js';
import { FailoverWatch } from '../failover-watch.js';
import type { FaultNetwork } from '../fault-network.js';
import type { Member } from '../member.js';
import { startSentinelTopology, type SentinelTopology } from '../sentinel-topology.js';
import type { Watch } from '../sighting.js';
import { repeatEngine, type Topology } from '../topology.js';
import { ClusterClient } from './cluster-client.js';
import { keyOf } from './operations.js';
import { SentinelClient } from './sentinel-client.js';
import type { Column } from './settings.js';
import type { WorkloadClient } from './workload.js';

export interface Subject {
  readonly topology: Topology;
  readonly watch: Watch;
  /** The master that the fault is for. */
  readonly master: Member;
  readonly replicas: readonly Member[];
  /** Null where there are none. */
  readonly sentinel: Member | null;
  /** Whether the key of that write is the master's at the start. */
  isAffected(number: number): boolean;
  /** That many clients of one process, connected. @param platform its view of the network */
  openClients(platform: ClientPlatform, count: number): Promise<ClientGroup>;
  /** Has a replica take over, without a fault. */
  promote(): Promise<void>;
  waitReady(limitMs: number): Promise<void>;
}

export interface ClientGroup {
  readonly clients: readonly WorkloadClient[];
  close(): void;
}

const SERVERS = 3;
/** Beside the discovery's own defaults: what a service that must not wait would set. */
const LIVENESS = { intervalMs: 100, deadlineMs: 500 };
const RETRY_DELAY_MS = 20;

export async function startSubject(
  platform: Platform,
  { mode, engine }: Column,
  downAfterMs: number,
  network: FaultNetwork | undefined,
): Promise<Subject> {
  const engines = repeatEngine(engine.engine, SERVERS);
  const common = network === undefined ? {} : { network };
  if (mode === 'sentinel') {
    const options = { ...common, servers: engines, sentinels: engines, downAfterMs };
    return new SentinelSubject(platform, await startSentinelTopology(platform, options));
  }
  const options = { ...common, masters: engines, replicas: engines, nodeTimeoutMs: downAfterMs };
  const topology = await startClusterTopology(platform, options);
  return ClusterSubject.of(platform, topology);
}

class SentinelSubject implements Subject {
  readonly watch: Watch;

  constructor(
    platform: Platform,
    readonly topology: SentinelTopology,
  ) {
    this.watch = new FailoverWatch(platform, topology);
  }

  get master(): Member {
    return this.topology.servers[0]!;
  }

  get replicas(): readonly Member[] {
    return this.topology.servers.slice(1);
  }

  get sentinel(): Member {
    return this.topology.sentinels[0]!;
  }

  isAffected(): boolean {
    return true;
  }

  async openClients(platform: ClientPlatform, count: number): Promise<ClientGroup> {
    const discovery = new MasterDiscovery(platform, {
      sentinels: this.topology.sentinelAddresses,
      name: this.topology.masterName,
      livenessPing: LIVENESS,
      retryDelayMs: RETRY_DELAY_MS,
    });
    discovery.start();
    const clients = Array.from({ length: count }, () => new SentinelClient(platform, discovery));
    await Promise.all(clients.map((client) => client.open()));
    return {
      clients,
      close: () => {
        for (const client of clients) client.close();
        discovery.stop();
      },
    };
  }

  async promote(): Promise<void> {
    await this.sentinel.call('SENTINEL', 'FAILOVER', this.topology.masterName);
  }

  waitReady(limitMs: number): Promise<void> {
    return this.topology.waitReady(limitMs);
  }
}

class ClusterSubject implements Subject {
  readonly watch: Watch;
  readonly sentinel = null;

  private constructor(
    platform: Platform,
    readonly topology: ClusterTopology,
    readonly master: Member,
    readonly replicas: readonly Member[],
    private readonly ownsSlot: (slot: number) => boolean,
  ) {
    this.watch = new ClusterWatch(platform, topology);
  }

  static async of(platform: Platform, topology: ClusterTopology): Promise<ClusterSubject> {
    const [master] = topology.nodes as [Member, ...Member[]];
    const itself = (await viewOf(master)).find(({ flags }) => flags.has('myself'));
    if (itself === undefined) throw new LabError('NOT_READY', `${master.name} does not know itself`);
    const replicas = await topology.replicasOf(master);
    return new ClusterSubject(platform, topology, master, replicas, (slot) => coversSlot(itself, slot));
  }

  isAffected(number: number): boolean {
    return this.ownsSlot(keySlot(keyOf(number)));
  }

  async openClients(platform: ClientPlatform, count: number): Promise<ClientGroup> {
    const nodes = this.topology.nodes.map(({ announced }) => announced);
    const clients = Array.from({ length: count }, () => new ClusterClient(platform, nodes));
    await Promise.all(clients.map((client) => client.open()));
    return { clients, close: () => clients.forEach((client) => client.close()) };
  }

  async promote(): Promise<void> {
    await this.replicas[0]!.call('CLUSTER', 'FAILOVER');
  }

  waitReady(limitMs: number): Promise<void> {
    return this.topology.waitReady(limitMs);
  }
}

/** As clients name it in outcomes. */
export function serverName(member: Member): string {
  return formatAddress(member.announced);
}
