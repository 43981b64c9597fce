/**
 * Cluster nodes on virtual machines, composed as the executables compose them: the real code from the configuration
 * file up, on a network, disks and a clock that the test holds in its hands.
 */
import type { Slot } from '../../src/cluster/view/slots.js';
import type { FailoverEvent } from '../../src/failover/events.js';
import type { WorldOptions } from '../../src/platform/virtual/index.js';
import { NODE_PORT, SimulatedCluster, type Told } from '../../src/simulator/world/simulated-cluster.js';

export { BUS_PORT } from '../../src/simulator/world/simulated-cluster.js';
export type { Told } from '../../src/simulator/world/simulated-cluster.js';
export const PORT = NODE_PORT;

export class ClusterWorld extends SimulatedCluster {
  /**
   * A cluster of masters `m1`, `m2`... with replicas `r1-1` (of m1, the first), `r1-2`...
   * @param replicas of each master
   */
  static of(
    masters: number,
    replicas: number,
    directives: readonly string[] = [],
    options: WorldOptions = {},
  ): ClusterWorld {
    const cluster = new ClusterWorld(options);
    const masterNames = range(masters).map((i) => `m${i}`);
    const mastersOfReplicas = new Map<string, string>();
    for (const name of masterNames) cluster.start(name, directives);
    for (const i of range(masters)) {
      for (const j of range(replicas)) {
        mastersOfReplicas.set(`r${i}-${j}`, `m${i}`);
        cluster.start(`r${i}-${j}`, directives);
      }
    }
    cluster.form(masterNames, mastersOfReplicas);
    return cluster;
  }

  get names(): string[] {
    return this.runningNames;
  }

  start(name: string, directives: readonly string[] = []): void {
    this.startNode(name, { directives, logLevel: 'debug' });
  }

  /** From now on these nodes and all others hear nothing of each other. */
  isolate(...names: readonly string[]): void {
    this.world.network.partition(names);
  }

  heal(): void {
    this.world.network.heal();
  }

  /** The same as {@link untilReady} for all that run, while a node is dead: it is held to have failed. */
  untilReadyAfterLoss(dead: string, limitMs?: number): void {
    this.untilAgreed(
      () => this.isConverged() && this.names.every((name) => this.seen(name, dead).health === 'failed'),
      limitMs,
    );
  }

  /** Who holds itself to be master of these slots' owner: all nodes that claim a slot. */
  claimants(slot: number): string[] {
    return this.names.filter((name) => {
      const { view } = this.cluster(name);
      return view.myself.isMaster && view.myself.slots.has(slot as Slot);
    });
  }

  linesOf(name: string): string[] {
    return this.processOf(name).output;
  }

  hasLine(name: string, text: string): boolean {
    return this.linesOf(name).some((line) => line.includes(text));
  }

  /** What a node's file holds. */
  file(name: string): string {
    return this.processOf(name).disk.readFileSync(`/${name}/nodes.conf`).toString('latin1');
  }

  /** Events of one kind, in order. */
  eventsOf<Kind extends FailoverEvent['kind']>(kind: Kind, sinceMs = 0): Told[] {
    return this.told.filter(({ event, atMs }) => event.kind === kind && atMs >= sinceMs);
  }

  /** Epochs with the nodes that were elected in them. */
  winners(): Map<bigint, Set<string>> {
    const winners = new Map<bigint, Set<string>>();
    for (const { event, by } of this.told) {
      if (event.kind !== 'elected') continue;
      winners.set(event.electedEpoch, (winners.get(event.electedEpoch) ?? new Set()).add(by));
    }
    return winners;
  }
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
