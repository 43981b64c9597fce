/**
 * Cluster nodes on virtual machines, composed as the executables compose them: the real code from the configuration
 * file up, on a network, disks and a clock that the test holds in its hands.
 */
import { CommandLink } from '../../src/client/command-link.js';
import type { Reply } from '../../src/client/reply.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import type { ClusterNode } from '../../src/cluster/view/node.js';
import type { Slot } from '../../src/cluster/view/slots.js';
import { SLOT_COUNT } from '../../src/keyspace/key-slot.js';
import { loadConfig } from '../../src/config/config-file.js';
import { ServerConfig } from '../../src/config/server-config.js';
import type { FailoverEvent } from '../../src/failover/events.js';
import { composeDataServer, type DataService } from '../../src/launch/data-server.js';
import { Listeners } from '../../src/launch/listeners.js';
import { createLogger } from '../../src/log/logger.js';
import { VirtualWorld, type VirtualProcess, type WorldOptions } from '../../src/platform/virtual/index.js';

export const PORT = 6379;
export const BUS_PORT = PORT + 10_000;
const PATIENCE_MS = 60_000;

/** An event as a node emitted it. */
export interface Told {
  readonly atMs: number;
  readonly by: string;
  readonly event: FailoverEvent;
}

export class ClusterWorld {
  readonly world: VirtualWorld;
  readonly told: Told[] = [];
  private readonly running = new Map<string, DataService>();
  private readonly starters = new Map<string, () => void>();
  private readonly operator: VirtualProcess;

  constructor(options: WorldOptions = {}) {
    this.world = new VirtualWorld({ seed: 1, syncLatency: 2, diskLatency: 0.1, ...options });
    this.operator = this.world.createProcess('operator');
  }

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
    for (const name of masterNames) cluster.start(name, directives);
    for (const i of range(masters)) for (const j of range(replicas)) cluster.start(`r${i}-${j}`, directives);
    cluster.introduce();
    masterNames.forEach((name, index) => {
      const first = Math.floor((SLOT_COUNT * index) / masters);
      cluster.assign(name, first, Math.floor((SLOT_COUNT * (index + 1)) / masters) - 1);
    });
    for (const i of range(masters)) {
      for (const j of range(replicas)) cluster.replicate(`r${i}-${j}`, `m${i}`);
    }
    cluster.untilReady();
    return cluster;
  }

  get nowMs(): number {
    return this.world.nowMs;
  }

  get names(): string[] {
    return [...this.running.keys()];
  }

  start(name: string, directives: readonly string[] = []): void {
    const lines = [
      `port ${PORT}`,
      'bind *',
      'protected-mode no',
      'save ""',
      'repl-diskless-sync-delay 0',
      'cluster-enabled yes',
      `cluster-config-file /${name}/nodes.conf`,
      'cluster-node-timeout 1000',
      ...directives,
    ];
    let isFirst = true;
    const start = (): void => {
      const process = this.world.createProcess(name);
      const path = `/${name}/redis.conf`;
      if (isFirst) process.disk.replaceFileSync(path, Buffer.from(lines.join('\n') + '\n', 'latin1'), 0o644);
      isFirst = false;
      this.run(name, process, path);
    };
    this.starters.set(name, start);
    start();
  }

  private run(name: string, process: VirtualProcess, path: string): void {
    const config = new ServerConfig(process.processes, 'server');
    const lines = loadConfig(config, process.disk, { path, standardInput: null, options: '' });
    const log = createLogger({ platform: process, level: 'debug', file: '', role: 'M', format: 'redis' });
    const service = composeDataServer({
      platform: process,
      config,
      log,
      lines,
      onRoleChange: (role) => (log.role = role === 'master' ? 'M' : 'S'),
    });
    const listeners = new Listeners(process.network, config, log, (connection) =>
      service.server.clients.accept(connection),
    );
    service.cluster?.events.on('failover', (event) => this.told.push({ atMs: this.nowMs, by: name, event }));
    listeners.start((problem) => {
      if (problem !== null) throw new Error(problem);
      service.start((failure) => {
        if (failure !== null) throw new Error(failure);
      });
    });
    this.running.set(name, service);
  }

  /** Ends a process at once, as SIGKILL does. What was written to its disk stays. */
  kill(name: string): void {
    this.processOf(name).kill();
    this.running.delete(name);
  }

  /** Takes the power from a machine: what was not synced is lost, or half of it. */
  losePower(name: string): void {
    this.world.host(name).powerLoss({ torn: true });
    this.running.delete(name);
  }

  /** Starts a dead process again on what its disk holds. */
  restart(name: string): void {
    this.starters.get(name)?.();
  }

  pause(name: string): void {
    this.processOf(name).pause();
  }

  resume(name: string): void {
    this.processOf(name).resume();
  }

  /** From now on these nodes and all others hear nothing of each other. */
  isolate(...names: readonly string[]): void {
    this.world.network.partition(names);
  }

  heal(): void {
    this.world.network.heal();
  }

  processOf(name: string): VirtualProcess {
    const process = this.world.process(name);
    if (process === null) throw new Error(`no process ${name}`);
    return process;
  }

  service(name: string): DataService {
    const service = this.running.get(name);
    if (service === undefined) throw new Error(`${name} does not run`);
    return service;
  }

  cluster(name: string): Cluster {
    const { cluster } = this.service(name);
    if (cluster === null) throw new Error(`${name} is no cluster node`);
    return cluster;
  }

  id(name: string): string {
    return this.cluster(name).view.myself.id;
  }

  /** A node as another one sees it. */
  seen(by: string, name: string): ClusterNode {
    const address = this.world.host(name).address;
    const { view } = this.cluster(by);
    if (by === name) return view.myself;
    for (const node of view.nodes) {
      if (node.host === address && node !== view.myself && node.membership === 'member') return node;
    }
    throw new Error(`${by} does not know ${name}`);
  }

  /** The name of the node that has this address. */
  nameOf(node: ClusterNode): string {
    for (const name of this.starters.keys()) if (this.world.host(name).address === node.host) return name;
    return `nobody (${node.host})`;
  }

  meet(by: string, whom: string): void {
    this.cluster(by).meet(this.world.host(whom).address, PORT, BUS_PORT);
  }

  /** All nodes get to know each other through the first, and settle their epochs. */
  introduce(): void {
    const { names } = this;
    for (const name of names.slice(1)) this.meet(names[0], name);
    this.untilHolds(() => names.every((name) => this.knows(name, names.length)), PATIENCE_MS);
    this.untilHolds(() => {
      const epochs = names.map((name) => this.cluster(name).view.myself.configEpoch);
      return new Set(epochs).size === epochs.length;
    }, PATIENCE_MS);
  }

  private knows(name: string, count: number): boolean {
    const { view, bus } = this.cluster(name);
    const nodes = [...view.nodes];
    return (
      nodes.length === count &&
      nodes.every((node) => node === view.myself || (node.membership === 'member' && bus.isConnectedTo(node)))
    );
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
    this.untilHolds(() => this.isConverged(), limitMs);
    // Nothing is left over from the start.
    this.advance(200);
  }

  /** The same for all that run, while a node is dead: it is held to have failed. */
  untilReadyAfterLoss(dead: string, limitMs = PATIENCE_MS): void {
    this.untilHolds(
      () => this.isConverged() && this.names.every((name) => this.seen(name, dead).health === 'failed'),
      limitMs,
    );
  }

  /** As {@link until}, for conditions that are costly to look at: they are, every few milliseconds. */
  private untilHolds(condition: () => boolean, limitMs: number): void {
    const endMs = this.nowMs + limitMs;
    while (!condition()) {
      if (this.nowMs > endMs) {
        throw new Error(
          `not within ${limitMs} ms:\n${this.names.map((name) => this.picture(name)).join('\n\n')}`,
        );
      }
      this.advance(20);
    }
  }

  isConverged(): boolean {
    const pictures = new Set(this.names.map((name) => this.picture(name)));
    return (
      pictures.size === 1 &&
      this.names.every((name) => {
        const { view } = this.cluster(name);
        const { replication } = this.service(name).cluster ?? this.cluster(name);
        return view.isServing && (replication.role === null || replication.role.link.isUp);
      })
    );
  }

  /** Who is what and owns what, in one node's eyes. */
  picture(name: string): string {
    return [...this.cluster(name).view.nodes]
      .map((node) => {
        const master = node.master === null ? '-' : this.nameOf(node.master);
        return `${this.nameOf(node)} ${node.role} ${master} ${node.health} ${node.slots.size} ${node.effectiveConfigEpoch}`;
      })
      .sort()
      .join('\n');
  }

  /** Who holds itself to be master of these slots' owner: all nodes that claim a slot. */
  claimants(slot: number): string[] {
    return this.names.filter((name) => {
      const { view } = this.cluster(name);
      return view.myself.isMaster && view.myself.slots.has(slot as Slot);
    });
  }

  advance(ms: number): void {
    this.world.advance(ms);
  }

  /** Lets time pass until the condition holds; returns how long that took. */
  until(condition: () => boolean, limitMs = PATIENCE_MS): number {
    return this.world.runUntil(condition, limitMs);
  }

  /** Sends a command and lets time pass until the reply is there. */
  call(name: string, ...args: (string | number)[]): Reply {
    let reply: Reply | undefined;
    const link = new CommandLink(
      this.operator.network,
      { host: this.world.host(name).address, port: PORT },
      {},
      {
        onConnect: () => undefined,
        onClose: (error) => {
          reply ??= `closed: ${error?.message ?? ''}`;
        },
      },
    );
    link.send(args.map(String), (received) => {
      reply = received;
    });
    this.until(() => reply !== undefined);
    link.close();
    return reply ?? null;
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
