/**
 * A cluster in a simulated world: how it is formed, and what its nodes see. Decides nothing about faults or checks.
 */
import type { ClusterNode } from '../../cluster/view/node.js';
import type { Slot } from '../../cluster/view/slots.js';
import { SLOT_COUNT } from '../../keyspace/key-slot.js';
import type { FailoverEvent } from '../../failover/events.js';
import type { LogLevel } from '../../log/logger.js';
import type { WorldOptions } from '../../platform/virtual/index.js';
import type { MemberDefinition } from './member.js';
import { SimulatedWorld } from './simulated-world.js';

export const NODE_PORT = 6379;
export const BUS_PORT = NODE_PORT + 10_000;
const PATIENCE_MS = 60_000;
const MEET_AGAIN_MS = 10_000;

/** An event as a node emitted it. */
export interface Told {
  readonly atMs: number;
  readonly by: string;
  readonly event: FailoverEvent;
}

export interface NodeOptions {
  /** Further lines of the configuration. */
  readonly directives?: readonly string[];
  readonly logLevel?: LogLevel;
  readonly clock?: MemberDefinition['clock'];
}

export class SimulatedCluster extends SimulatedWorld {
  /** Everything the nodes have told, in order. */
  readonly told: Told[] = [];

  constructor(options: WorldOptions = {}) {
    super(options);
    this.onComposed.push(({ name }, service) => {
      if (!('cluster' in service)) return;
      service.cluster?.events.on('failover', (event) => {
        this.told.push({ atMs: this.nowMs, by: name, event });
      });
    });
  }

  /** Starts a node that knows nobody. */
  startNode(name: string, options: NodeOptions = {}): void {
    const lines = [
      `port ${NODE_PORT}`,
      'bind *',
      'protected-mode no',
      'save ""',
      'repl-diskless-sync-delay 0',
      'cluster-enabled yes',
      `cluster-config-file /${name}/nodes.conf`,
      'cluster-node-timeout 1000',
      ...(options.directives ?? []),
    ];
    const { logLevel, clock } = options;
    this.add({ name, kind: 'server', port: NODE_PORT, lines, logLevel, clock });
  }

  /**
   * Makes the nodes that run a cluster: the masters share the slots, each replica follows its master.
   * @param replicas names of replicas with the names of their masters
   */
  form(masters: readonly string[], replicas: ReadonlyMap<string, string>): void {
    this.introduce();
    masters.forEach((name, index) => {
      const first = Math.floor((SLOT_COUNT * index) / masters.length);
      this.assign(name, first, Math.floor((SLOT_COUNT * (index + 1)) / masters.length) - 1);
    });
    for (const [replica, master] of replicas) this.replicate(replica, master);
    this.untilReady();
  }

  /** The id of a node that runs. */
  id(name: string): string {
    return this.cluster(name).view.myself.id;
  }

  /** A node as another one sees it. */
  seen(by: string, name: string): ClusterNode {
    const { address } = this.member(name);
    const { view } = this.cluster(by);
    if (by === name) return view.myself;
    for (const node of view.nodes) {
      if (node.host === address && node !== view.myself && node.membership === 'member') return node;
    }
    throw new Error(`${by} does not know ${name}`);
  }

  meet(by: string, whom: string): void {
    this.cluster(by).meet(this.address(whom), NODE_PORT, BUS_PORT);
  }

  /** All nodes get to know each other through the first, and settle their epochs. */
  introduce(): void {
    const names = this.runningNames;
    const [first, ...others] = names;
    for (const name of others) this.meet(first, name);
    let askedMs = this.nowMs;
    this.untilAgreed(() => {
      if (names.every((name) => this.knows(name, names.length))) return true;
      // Who was slow to start was not there yet, and a node gives up soon: the operator asks again.
      if (this.nowMs - askedMs >= MEET_AGAIN_MS) {
        askedMs = this.nowMs;
        for (const name of others) if (!this.isKnown(first, name)) this.meet(first, name);
      }
      return false;
    });
    this.untilAgreed(() => {
      const epochs = names.map((name) => this.cluster(name).view.myself.configEpoch);
      return new Set(epochs).size === epochs.length;
    });
  }

  assign(name: string, first: number, last: number): void {
    const { view } = this.cluster(name);
    const slots: Slot[] = [];
    for (let slot = first; slot <= last; slot++) slots.push(slot as Slot);
    this.cluster(name).assignSlots(slots, view.myself);
  }

  replicate(replica: string, master: string): void {
    this.cluster(replica).replicate(this.seen(replica, master));
  }

  /** Until everybody agrees on owners and roles, all replicas are in step, and the cluster works. */
  untilReady(limitMs = PATIENCE_MS): void {
    this.untilAgreed(() => this.isConverged(), limitMs);
    // Nothing is left over from the start.
    this.advance(200);
  }

  isConverged(): boolean {
    const names = this.runningNames;
    const pictures = new Set(names.map((name) => this.picture(name)));
    return (
      pictures.size === 1 &&
      names.every((name) => {
        const { view, replication } = this.cluster(name);
        return view.isServing && (replication.role === null || replication.role.link.isUp);
      })
    );
  }

  /** Who is what and owns what, in one node's eyes. */
  picture(name: string): string {
    return [...this.cluster(name).view.nodes]
      .map((node) => {
        const master = node.master === null ? '-' : this.nameOf(node.master.host);
        return `${this.nameOf(node.host)} ${node.role} ${master} ${node.health} ${node.slots.size} ${node.effectiveConfigEpoch}`;
      })
      .sort()
      .join('\n');
  }

  /** As {@link untilHolds}; what everybody sees is said when it does not come to hold. */
  protected untilAgreed(condition: () => boolean, limitMs = PATIENCE_MS): void {
    this.untilHolds(condition, limitMs, () =>
      this.runningNames.map((name) => this.picture(name)).join('\n\n'),
    );
  }

  private isKnown(by: string, name: string): boolean {
    const { address } = this.member(name);
    return [...this.cluster(by).view.nodes].some(({ host }) => host === address);
  }

  private knows(name: string, count: number): boolean {
    const { view, bus } = this.cluster(name);
    const nodes = [...view.nodes];
    return (
      nodes.length === count &&
      nodes.every((node) => node === view.myself || (node.membership === 'member' && bus.isConnectedTo(node)))
    );
  }
}
