/**
 * Servers and sentinels on virtual machines, composed as the executables compose them: the real code from the
 * configuration file up, on a network, disks and a clock that the test holds in its hands.
 */
import { CommandLink } from '../../src/client/command-link.js';
import type { Reply } from '../../src/client/reply.js';
import { loadConfig } from '../../src/config/config-file.js';
import { ServerConfig } from '../../src/config/server-config.js';
import type { FailoverEvent } from '../../src/failover/events.js';
import { composeDataServer } from '../../src/launch/data-server.js';
import { Listeners } from '../../src/launch/listeners.js';
import { composeSentinelServer, type SentinelService } from '../../src/launch/sentinel-server.js';
import type { Service } from '../../src/launch/service.js';
import { createLogger } from '../../src/log/logger.js';
import { VirtualWorld, type VirtualProcess, type WorldOptions } from '../../src/platform/virtual/index.js';

export const SERVER_PORT = 6379;
export const SENTINEL_PORT = 26379;
export const MASTER_NAME = 'mymaster';
const PATIENCE_MS = 60_000;

/** An event as a sentinel published it. */
export interface Published {
  readonly atMs: number;
  readonly sentinel: string;
  readonly channel: string;
  readonly payload: string;
}

export interface SentinelSettings {
  readonly quorum?: number;
  readonly downAfterMs?: number;
  readonly failoverTimeoutMs?: number;
  /** Further lines of the file. */
  readonly lines?: readonly string[];
  /** The name of the server that is monitored at first; the first one when absent. */
  readonly master?: string;
}

interface Running {
  readonly process: VirtualProcess;
  readonly service: Service;
}

export class SentinelWorld {
  readonly world: VirtualWorld;
  readonly published: Published[] = [];
  readonly failoverEvents: FailoverEvent[] = [];
  private readonly running = new Map<string, Running>();
  private readonly starters = new Map<string, () => void>();
  private readonly operator: VirtualProcess;

  constructor(options: WorldOptions = {}) {
    this.world = new VirtualWorld({ seed: 1, syncLatency: 2, diskLatency: 0.1, ...options });
    this.operator = this.world.createProcess('operator');
  }

  /** Starts a master, replicas and sentinels, and waits until all know each other. */
  static of(
    servers: number,
    sentinels: number,
    settings: SentinelSettings = {},
    options: WorldOptions = {},
  ): SentinelWorld {
    const group = new SentinelWorld(options);
    for (let i = 1; i <= servers; i++) group.startServer(`server-${i}`, i === 1 ? null : 'server-1');
    for (let i = 1; i <= sentinels; i++) group.startSentinel(`sentinel-${i}`, settings);
    group.untilReady(servers - 1, sentinels - 1);
    return group;
  }

  get nowMs(): number {
    return this.world.nowMs;
  }

  address(name: string): string {
    return this.world.host(name).address;
  }

  startServer(name: string, masterName: string | null, directives: readonly string[] = []): void {
    const follow = masterName === null ? [] : [`replicaof ${this.address(masterName)} ${SERVER_PORT}`];
    const lines = [
      `port ${SERVER_PORT}`,
      'bind *',
      'protected-mode no',
      'save ""',
      'repl-diskless-sync-delay 0',
      ...follow,
      ...directives,
    ];
    this.define(name, lines, 'server');
  }

  startSentinel(name: string, settings: SentinelSettings = {}): void {
    const { quorum = 2, downAfterMs = 1000, failoverTimeoutMs = 10_000, lines = [] } = settings;
    const master = this.address(settings.master ?? 'server-1');
    const own = [
      '# how this sentinel came about',
      `port ${SENTINEL_PORT}`,
      'bind *',
      `sentinel monitor ${MASTER_NAME} ${master} ${SERVER_PORT} ${quorum}`,
      `sentinel down-after-milliseconds ${MASTER_NAME} ${downAfterMs}`,
      `sentinel failover-timeout ${MASTER_NAME} ${failoverTimeoutMs}`,
      ...lines,
    ];
    this.define(name, own, 'sentinel');
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

  processOf(name: string): VirtualProcess {
    const process = this.world.process(name);
    if (process === null) throw new Error(`no process ${name}`);
    return process;
  }

  sentinel(name: string): SentinelService['sentinel'] {
    const service = this.running.get(name)?.service;
    if (service === undefined || !('sentinel' in service)) throw new Error(`${name} is no running sentinel`);
    return (service as SentinelService).sentinel;
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
    const port = name.startsWith('sentinel') ? SENTINEL_PORT : SERVER_PORT;
    const link = new CommandLink(
      this.operator.network,
      { host: this.address(name), port },
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

  /** A SENTINEL subcommand that answers with a map, as an object. */
  map(name: string, ...args: (string | number)[]): Record<string, string> {
    return mapOf(this.call(name, 'SENTINEL', ...args));
  }

  maps(name: string, ...args: (string | number)[]): Record<string, string>[] {
    const reply = this.call(name, 'SENTINEL', ...args);
    if (!Array.isArray(reply)) throw new Error(`not an array: ${String(reply)}`);
    return reply.map(mapOf);
  }

  /** The name of the server that a sentinel gives as the master. */
  masterAt(name: string): string {
    const reply = this.call(name, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER_NAME);
    const ip = Array.isArray(reply) ? String(reply[0]) : '';
    return this.nameOf(ip);
  }

  /** The host that has an address. */
  nameOf(ip: string): string {
    for (const name of this.starters.keys()) if (this.address(name) === ip) return name;
    return `nobody (${ip})`;
  }

  role(name: string): string {
    const reply = this.call(name, 'ROLE');
    return Array.isArray(reply) ? String(reply[0]) : String(reply);
  }

  /** What a sentinel's file holds. */
  file(name: string): string {
    return this.processOf(name).disk.readFileSync(pathOf(name, 'sentinel')).toString('latin1');
  }

  /** The log of a process. */
  linesOf(name: string): string[] {
    return this.processOf(name).output;
  }

  /** Channels that a sentinel has published on, in order. */
  channelsOf(sentinel: string, sinceMs = 0): string[] {
    return this.published
      .filter((each) => each.sentinel === sentinel && each.atMs >= sinceMs)
      .map(({ channel }) => channel);
  }

  /** When something was first published, at or after a time. */
  firstAt(channel: string, sinceMs = 0, sentinel: string | null = null): number {
    const found = this.published.find(
      (each) =>
        each.channel === channel && each.atMs >= sinceMs && (sentinel === null || each.sentinel === sentinel),
    );
    if (found === undefined) throw new Error(`nobody has published ${channel}`);
    return found.atMs;
  }

  has(channel: string, sinceMs = 0): boolean {
    return this.published.some((each) => each.channel === channel && each.atMs >= sinceMs);
  }

  untilPublished(channel: string, sinceMs = this.nowMs): number {
    this.until(() => this.has(channel, sinceMs));
    return this.firstAt(channel, sinceMs);
  }

  untilReady(replicas: number, peers: number): void {
    this.until(() =>
      this.sentinelNames().every((name) => {
        const master = this.sentinel(name).masters.get(MASTER_NAME);
        return (
          master !== undefined &&
          master.replicas.size === replicas &&
          master.peers.size === peers &&
          [...master.peers.values()].every(({ dialect, link }) => dialect !== 'unknown' && link.isComplete) &&
          [...master.replicas.values()].every(({ masterLinkUp, link }) => masterLinkUp && link.isComplete)
        );
      }),
    );
    // Nothing is left over from the start: connections, pings and hellos have found their rhythm.
    this.advance(500);
  }

  sentinelNames(): string[] {
    return [...this.running.keys()].filter((name) => name.startsWith('sentinel'));
  }

  /** Epochs with the sentinels that were elected in them without being forced. */
  leaders(): Map<bigint, Set<string>> {
    const leaders = new Map<bigint, Set<string>>();
    for (const event of this.failoverEvents) {
      if (event.kind !== 'elected' || event.forced) continue;
      leaders.set(event.electedEpoch, (leaders.get(event.electedEpoch) ?? new Set()).add(event.node));
    }
    return leaders;
  }

  private define(name: string, lines: readonly string[], kind: 'server' | 'sentinel'): void {
    const path = pathOf(name, kind);
    let isFirst = true;
    const start = (): void => {
      const process = this.world.createProcess(name);
      if (isFirst) process.disk.replaceFileSync(path, Buffer.from(lines.join('\n') + '\n', 'latin1'), 0o644);
      isFirst = false;
      this.run(name, process, path, kind);
    };
    this.starters.set(name, start);
    start();
  }

  private run(name: string, process: VirtualProcess, path: string, kind: 'server' | 'sentinel'): void {
    const config = new ServerConfig(process.processes, kind);
    const lines = loadConfig(config, process.disk, { path, standardInput: null, options: '' });
    const log = createLogger({ platform: process, level: 'verbose', file: '', role: 'X', format: 'redis' });
    const compose = kind === 'server' ? composeDataServer : composeSentinelServer;
    const service: Service = compose({
      platform: process,
      config,
      log,
      lines,
      onRoleChange: () => undefined,
    });
    if ('sentinel' in service) this.listenTo(name, service as SentinelService);
    const listeners = new Listeners(process.network, config, log, (connection) =>
      service.server.clients.accept(connection),
    );
    listeners.start((problem) => {
      if (problem !== null) throw new Error(problem);
      service.start((failure) => {
        if (failure !== null) throw new Error(failure);
      });
    });
    this.running.set(name, { process, service });
  }

  private listenTo(name: string, { sentinel }: SentinelService): void {
    sentinel.events.on('published', (channel, payload) =>
      this.published.push({ atMs: this.nowMs, sentinel: name, channel, payload }),
    );
    sentinel.events.on('failover', (event) => this.failoverEvents.push(event));
  }
}

function pathOf(name: string, kind: 'server' | 'sentinel'): string {
  return `/${name}/${kind}.conf`;
}

function mapOf(reply: Reply): Record<string, string> {
  if (!Array.isArray(reply)) throw new Error(`not a map: ${String(reply)}`);
  const map: Record<string, string> = {};
  for (let i = 0; i + 1 < reply.length; i += 2) map[String(reply[i])] = String(reply[i + 1]);
  return map;
}
