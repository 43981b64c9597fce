/** Servers watched by sentinels, as a plan has them. */
import type { LogLevel } from '../../log/logger.js';
import type { SentinelPlan } from '../plan/plan.js';
import type { WorkloadClient } from '../workload/client.js';
import { DiscoveringClient } from '../workload/discovering-client.js';
import { MASTER_NAME, SimulatedSentinels } from '../world/simulated-sentinels.js';
import type { Scene } from './scene.js';
import { laggards, startServers } from './servers.js';
import type { Topology } from './topology.js';

const TILT_MS = 30_000;
const COPIED_ID = 'c0'.repeat(20);
/** Reports, corrections of roles (8 s after the last change, after an INFO of every 10 s) and retries. */
const SLACK_MS = 90_000;
const BUILDING_LIMIT_MS = 60_000;

export class SentinelTopology implements Topology {
  readonly world: SimulatedSentinels;
  readonly recoveryLimitMs: number;

  constructor(
    private readonly plan: SentinelPlan,
    private readonly logLevel: LogLevel,
  ) {
    const { seed, latency, syncLatency, splitsChunks, topology } = plan;
    this.world = new SimulatedSentinels({
      seed: `sentinel/${seed}`,
      latency,
      syncLatency,
      shuffleTies: true,
    });
    this.world.world.network.splitChunks = splitsChunks;
    const { failoverTimeoutMs, downAfterMs } = topology;
    this.recoveryLimitMs = TILT_MS + SLACK_MS + 6 * failoverTimeoutMs + 10 * downAfterMs;
  }

  build(): void {
    const { topology, clocks } = this.plan;
    const { quorum, downAfterMs, failoverTimeoutMs, parallelSyncs } = topology;
    startServers(this.world, this.plan, this.logLevel);
    const lines = [`sentinel parallel-syncs ${MASTER_NAME} ${parallelSyncs}`];
    const settings = { quorum, downAfterMs, failoverTimeoutMs, lines, logLevel: this.logLevel };
    for (const name of this.sentinelNames) {
      const own = topology.copies?.includes(name) === true ? [...lines, `sentinel myid ${COPIED_ID}`] : lines;
      this.world.startSentinel(name, { ...settings, lines: own, clock: clocks.get(name) });
    }
    const direct = topology.upstreams.filter((upstream) => upstream === 'server-1').length;
    this.world.untilReady(direct, this.knownPeers);
    // As soon as sentinels know replicas, one of them may be made master in the place of the first.
    this.world.untilHolds(
      () => this.straggler() === null,
      BUILDING_LIMIT_MS,
      () => `the topology is not complete: ${this.straggler()}`,
    );
  }

  clients(scene: Scene): WorkloadClient[] {
    return Array.from({ length: this.plan.workload.clients }, (_, index) => {
      const process = this.world.world.createProcess(`client-${index + 1}`);
      return new DiscoveringClient(scene, process, this.sentinelNames);
    });
  }

  master(): string | null {
    for (const name of this.sentinelNames) {
      const service = this.world.member(name).sentinelService;
      const address = service?.sentinel.masters.get(MASTER_NAME)?.currentAddress;
      if (address !== undefined) return this.world.nameOf(address.host);
    }
    return null;
  }

  manualFailover(target: string): void {
    if (!this.world.member(target).isRunning) return;
    this.world.send(target, ['SENTINEL', 'FAILOVER', MASTER_NAME], () => undefined);
  }

  promote(): void {
    throw new Error('sentinels promote');
  }

  moveSlot(): void {
    throw new Error('there are no slots');
  }

  repair(): void {
    // Sentinels need nobody.
  }

  disorder(): string | null {
    const master = this.master();
    if (master === null) return 'nobody knows a master';
    for (const name of this.sentinelNames) {
      const group = this.world.member(name).sentinelService?.sentinel.masters.get(MASTER_NAME);
      if (group === undefined) return `${name} does not run`;
      const held = this.world.nameOf(group.currentAddress.host);
      if (held !== master) return `${name} holds ${held} to be the master, another one ${master}`;
      if (group.failoverInProgress) return `${name} has a failover in progress`;
      if (group.suspected) return `${name} suspects the master`;
      // Forged hellos make sentinels known that do not exist.
      if (group.peers.size < this.knownPeers) return `${name} knows ${group.peers.size} sentinels`;
    }
    return laggards(this.world, master);
  }

  /** What keeps the servers from being in step behind whoever is the master; null: nothing. */
  private straggler(): string | null {
    const master = this.master();
    return master === null ? 'nobody knows a master' : laggards(this.world, master);
  }

  /** How many others a sentinel can tell apart: those with its own id it takes for itself, the others for one. */
  private get knownPeers(): number {
    const { sentinels, copies = [] } = this.plan.topology;
    return copies.length > 1 ? sentinels - copies.length : sentinels - 1;
  }

  private get sentinelNames(): string[] {
    return Array.from({ length: this.plan.topology.sentinels }, (_, index) => `sentinel-${index + 1}`);
  }
}
