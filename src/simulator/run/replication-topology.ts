/** Servers without sentinels, as a plan has them: an operator says who is the master. */
import type { LogLevel } from '../../log/logger.js';
import type { ReplicationPlan } from '../plan/plan.js';
import type { WorkloadClient } from '../workload/client.js';
import { DirectClient } from '../workload/direct-client.js';
import { SERVER_PORT, SimulatedSentinels } from '../world/simulated-sentinels.js';
import type { Scene } from './scene.js';
import { laggards, startServers } from './servers.js';
import type { Topology } from './topology.js';

const COORDINATED_TIMEOUT_MS = 3000;

export class ReplicationTopology implements Topology {
  readonly world: SimulatedSentinels;
  readonly recoveryLimitMs = 90_000;
  private masterName = 'server-1';

  constructor(
    private readonly plan: ReplicationPlan,
    private readonly logLevel: LogLevel,
  ) {
    const { seed, latency, syncLatency, splitsChunks } = plan;
    this.world = new SimulatedSentinels({
      seed: `replication/${seed}`,
      latency,
      syncLatency,
      shuffleTies: true,
    });
    this.world.world.network.splitChunks = splitsChunks;
  }

  build(): void {
    startServers(this.world, this.plan, this.logLevel);
    this.world.untilHolds(() => laggards(this.world, 'server-1') === null);
  }

  clients(scene: Scene): WorkloadClient[] {
    return Array.from({ length: this.plan.workload.clients }, (_, index) => {
      const process = this.world.world.createProcess(`client-${index + 1}`);
      return new DirectClient(scene, process, () => this.masterName);
    });
  }

  master(): string {
    return this.masterName;
  }

  /** A coordinated failover: the master hands over to a replica, which the operator learns from its answer. */
  manualFailover(target: string): void {
    const { masterName, world } = this;
    if (target === masterName || !world.member(masterName).isRunning) return;
    const to = ['TO', world.address(target), SERVER_PORT];
    world.send(masterName, ['FAILOVER', ...to, 'TIMEOUT', COORDINATED_TIMEOUT_MS], (reply) => {
      if (reply === 'OK') this.watchHandover(target, COORDINATED_TIMEOUT_MS * 2);
    });
  }

  promote(target: string): void {
    const { world } = this;
    if (!world.member(target).isRunning) return;
    this.masterName = target;
    this.order(target, ['REPLICAOF', 'NO', 'ONE']);
    for (const { name } of world.members) if (name !== target) this.follow(name, target);
  }

  moveSlot(): void {
    throw new Error('there are no slots');
  }

  /** Says again who is the master, to those who were not there when it was said. */
  repair(): void {
    const { masterName, world } = this;
    if (world.member(masterName).dataService?.replication.role !== null) {
      this.order(masterName, ['REPLICAOF', 'NO', 'ONE']);
    }
    for (const { name } of world.members) if (name !== masterName) this.follow(name, masterName);
  }

  disorder(): string | null {
    return laggards(this.world, this.masterName);
  }

  private watchHandover(target: string, leftMs: number): void {
    const { world } = this.world;
    if (leftMs <= 0) return;
    world.scheduleAt(world.nowMs + 50, null, () => {
      const service = this.world.member(target).dataService;
      if (service !== null && service.replication.role === null) this.masterName = target;
      else this.watchHandover(target, leftMs - 50);
    });
  }

  private follow(name: string, master: string): void {
    this.order(name, ['REPLICAOF', this.world.address(master), SERVER_PORT]);
  }

  private order(name: string, args: readonly (string | number)[]): void {
    if (!this.world.member(name).isRunning) return;
    this.world.send(name, args, () => undefined);
    this.world.send(name, ['CONFIG', 'REWRITE'], () => undefined);
  }
}
