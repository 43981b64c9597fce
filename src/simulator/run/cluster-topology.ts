/** A cluster, as a plan has it. */
import { formatAddress } from '../../client/address.js';
import type { LogLevel } from '../../log/logger.js';
import { persistenceLines, type ClusterPlan } from '../plan/plan.js';
import type { WorkloadClient } from '../workload/client.js';
import { ClusterClient } from '../workload/cluster-client.js';
import { NODE_PORT, SimulatedCluster } from '../world/simulated-cluster.js';
import type { Scene } from './scene.js';
import { moveSlot, type SlotMove, type SlotMoveStage } from './slot-move.js';
import type { Topology } from './topology.js';

/** Votes, expired elections, and replicas that wait for their turn. */
const SLACK_MS = 120_000;

export class ClusterTopology implements Topology {
  readonly world: SimulatedCluster;
  readonly recoveryLimitMs: number;
  readonly masterNames: readonly string[];
  /** Names of replicas with the names of their first masters. */
  private readonly replicas = new Map<string, string>();

  constructor(
    private readonly plan: ClusterPlan,
    private readonly logLevel: LogLevel,
  ) {
    const { seed, latency, syncLatency, splitsChunks, topology } = plan;
    this.world = new SimulatedCluster({ seed: `cluster/${seed}`, latency, syncLatency, shuffleTies: true });
    this.world.world.network.splitChunks = splitsChunks;
    this.masterNames = topology.replicas.map((_, index) => `m${index + 1}`);
    topology.replicas.forEach((count, index) => {
      for (let j = 1; j <= count; j++) this.replicas.set(`r${index + 1}-${j}`, `m${index + 1}`);
    });
    this.recoveryLimitMs = SLACK_MS + 20 * topology.nodeTimeoutMs;
  }

  build(): void {
    const { topology, clocks } = this.plan;
    const directives = [
      `cluster-node-timeout ${topology.nodeTimeoutMs}`,
      `cluster-require-full-coverage ${topology.requiresFullCoverage ? 'yes' : 'no'}`,
      'repl-timeout 10',
      ...persistenceLines(this.plan),
    ];
    for (const name of this.nodeNames) {
      this.world.startNode(name, { directives, logLevel: this.logLevel, clock: clocks.get(name) });
    }
    this.world.form(this.masterNames, this.replicas);
  }

  clients(scene: Scene): WorkloadClient[] {
    return Array.from({ length: this.plan.workload.clients }, (_, index) => {
      const process = this.world.world.createProcess(`client-${index + 1}`);
      return new ClusterClient(scene, process, this.nodeNames);
    });
  }

  /** One of several: whichever has slots, first by name. */
  master(): string | null {
    const masters = this.world.members.filter(({ dataService }) => {
      const myself = dataService?.cluster?.view.myself;
      return myself !== undefined && myself.isMaster && myself.slots.size > 0;
    });
    return masters[Math.floor(this.world.nowMs) % Math.max(1, masters.length)]?.name ?? null;
  }

  manualFailover(target: string, how: string): void {
    if (!this.world.member(target).isRunning) return;
    this.world.send(target, ['CLUSTER', 'FAILOVER', ...(how === '' ? [] : [how])], () => undefined);
  }

  promote(): void {
    throw new Error('nodes of a cluster promote themselves');
  }

  moveSlot(move: SlotMove, onStage: (stage: SlotMoveStage) => void): void {
    moveSlot(this.world, move, onStage);
  }

  /** Slots that were left open, or uncovered by a master that came back without them, are an operator's to close. */
  repair(): void {
    for (const { name, dataService } of this.world.members) {
      const view = dataService?.cluster?.view;
      if (view === undefined) continue;
      for (const slot of [...view.migratingTo.keys(), ...view.importingFrom.keys()]) {
        this.world.send(name, ['CLUSTER', 'SETSLOT', slot, 'STABLE'], () => undefined);
      }
    }
  }

  disorder(): string | null {
    const { world } = this;
    for (const { name, isRunning } of world.members) if (!isRunning) return `${name} does not run`;
    const names = world.runningNames;
    const [first] = names;
    const picture = world.picture(first);
    for (const name of names) {
      const { view, replication } = world.cluster(name);
      if (world.picture(name) !== picture)
        return `${name} sees\n${world.picture(name)}\n${first} sees\n${picture}`;
      if (!view.isServing) return `${name} does not serve:\n${picture}`;
      const { role } = replication;
      if (role === null) continue;
      if (!role.link.isUp) return `${name} has no link to its master`;
      const masterHost = view.myself.master?.host ?? '';
      const master = world.service(world.nameOf(masterHost)).replication;
      const behind = formatAddress({ host: masterHost, port: NODE_PORT });
      if (master.history.offset !== replication.history.offset) return `${name} is behind ${behind}`;
      if (master.history.identity.replid !== replication.history.identity.replid) {
        return `${name} has another history than ${behind}`;
      }
    }
    return null;
  }

  private get nodeNames(): string[] {
    return [...this.masterNames, ...this.replicas.keys()];
  }
}
