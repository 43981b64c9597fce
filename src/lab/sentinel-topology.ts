/**
 * A master, its replicas and the sentinels that watch them, as real processes on 127.0.0.1: what `vedette up
 * sentinel` shows and what integration tests work with. Every member may be of another engine.
 *
 * It ends what it started, all of it and only that.
 */
import type { HostAndPort } from '../client/address.js';
import type { Platform } from '../platform/platform.js';
import { sentinelConfiguration, serverConfiguration } from './configuration.js';
import { LabError } from './errors.js';
import { Member } from './member.js';
import { findFreePorts, isPortFree } from './ports.js';
import { nameOfEngine, type Engine, type MemberRole } from './programs.js';
import { sentinelProblem, replicationProblem } from './readiness.js';
import { waitUntil } from './wait.js';

export interface SentinelTopologyOptions {
  /** The engine of each server, the master's first; a master and two replicas of ours when absent. */
  readonly servers?: readonly Engine[];
  /** The engine of each sentinel; three of ours when absent. */
  readonly sentinels?: readonly Engine[];
  /**
   * The master's port: the other servers have the next ones, the sentinels those 20000 above. Free ports are
   * looked for when absent.
   */
  readonly firstPort?: number;
  /** For configuration, logs and data, kept at the end; a temporary one when absent, removed at the end. */
  readonly directory?: string;
  readonly masterName?: string;
  /** The majority of the sentinels when absent. */
  readonly quorum?: number;
  readonly downAfterMs?: number;
  readonly failoverTimeoutMs?: number;
  readonly parallelSyncs?: number;
  /** Of all servers, for their clients and for each other. */
  readonly password?: string;
  /** Further lines for every server's configuration, or for each by its number. */
  readonly serverDirectives?: readonly string[] | ((index: number) => readonly string[]);
  /** Further lines for every sentinel's configuration, or for each by its number. */
  readonly sentinelDirectives?: readonly string[] | ((index: number) => readonly string[]);
  /**
   * Members run in sessions of their own, so that Ctrl-C ends this process alone, which then closes the topology.
   * Without it (tests) they end together with everything that is interrupted.
   */
  readonly ownSessions?: boolean;
  /** Until everything works; 30000 when absent. */
  readonly readyLimitMs?: number;
}

const HOST = '127.0.0.1';
/** Between a server's port and a sentinel's. */
const SENTINEL_PORT_DISTANCE = 20_000;
/** Attempts with other ports, when ports are ours to choose and someone else was faster. */
const PORT_ATTEMPTS = 3;
const DEFAULTS = { downAfterMs: 1000, failoverTimeoutMs: 10_000, parallelSyncs: 1, readyLimitMs: 30_000 };

/** Starts a topology and resolves when servers replicate and sentinels know all servers and each other. */
export async function startSentinelTopology(
  platform: Platform,
  options: SentinelTopologyOptions = {},
): Promise<SentinelTopology> {
  for (let attempt = 1; ; attempt++) {
    const ports = await choosePorts(platform, options);
    const topology = new SentinelTopology(platform, options, ports);
    try {
      await topology.start();
      return topology;
    } catch (error) {
      await topology.close();
      const isCollision = error instanceof LabError && error.code === 'NOT_STARTED' && isAddressInUse(error);
      if (options.firstPort !== undefined || !isCollision || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

interface Ports {
  readonly servers: readonly number[];
  readonly sentinels: readonly number[];
}

export class SentinelTopology {
  readonly masterName: string;
  /** Of the servers. */
  readonly password: string | undefined;
  readonly directory: string;
  /** The one that was the master at the start is the first. */
  readonly servers: readonly Member[];
  readonly sentinels: readonly Member[];
  private readonly isTemporary: boolean;

  /** @internal use {@link startSentinelTopology} */
  constructor(
    private readonly platform: Platform,
    private readonly options: SentinelTopologyOptions,
    ports: Ports,
  ) {
    this.masterName = options.masterName ?? 'mymaster';
    this.password = options.password;
    this.isTemporary = options.directory === undefined;
    this.directory = platform.disk.absolutePath(options.directory ?? temporaryDirectory(platform));
    this.servers = ports.servers.map((port, index) => this.makeServer(index, port, ports));
    this.sentinels = ports.sentinels.map((port, index) => this.makeSentinel(index, port, ports));
  }

  get members(): readonly Member[] {
    return [...this.servers, ...this.sentinels];
  }

  get sentinelAddresses(): readonly HostAndPort[] {
    return this.sentinels.map((sentinel) => sentinel.address);
  }

  /** @internal */
  async start(): Promise<void> {
    const startMs = this.platform.clock.monotonicMs();
    const readyLimitMs = this.options.readyLimitMs ?? DEFAULTS.readyLimitMs;
    const leftMs = (): number => Math.max(0, readyLimitMs - (this.platform.clock.monotonicMs() - startMs));
    // The replicas find a master that answers, the sentinels replicas that replicate: nobody has to try twice.
    const [master, ...replicas] = this.servers as [Member, ...Member[]];
    await master.start(leftMs());
    await Promise.all(replicas.map((replica) => replica.start(leftMs())));
    await waitUntil(this.platform, leftMs(), () => replicationProblem(master, replicas));
    await Promise.all(this.sentinels.map((sentinel) => sentinel.start(leftMs())));
    await this.waitReady(leftMs());
  }

  /** Resolves when every sentinel sees every server up and in its role, and all other sentinels. */
  async waitReady(limitMs = 30_000): Promise<void> {
    await waitUntil(this.platform, limitMs, async () => {
      const expected = {
        masterName: this.masterName,
        replicas: this.servers.length - 1,
        sentinels: this.sentinels.length,
      };
      const problems = await Promise.all(
        this.sentinels.map((sentinel) => sentinelProblem(sentinel, expected)),
      );
      return problems.find((problem) => problem !== null) ?? null;
    });
  }

  /** The server that a sentinel names as the master; asks the running ones in turn. */
  async master(): Promise<Member> {
    for (const sentinel of this.sentinels) {
      if (sentinel.state !== 'running') continue;
      // What clients ask; MASTER goes on telling the old address until all replicas have been moved.
      const reply = await sentinel.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', this.masterName);
      const port = Array.isArray(reply) ? String(reply[1]) : '';
      const server = this.servers.find(({ address }) => String(address.port) === port);
      if (server !== undefined) return server;
    }
    throw new LabError('NOT_READY', 'No sentinel names one of the servers as the master');
  }

  /** Ends every process that was started, and removes the directory if it is a temporary one. */
  async close(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    if (this.isTemporary) this.platform.disk.removeTreeSync(this.directory);
  }

  private makeServer(index: number, port: number, ports: Ports): Member {
    const { password, serverDirectives } = this.options;
    const place = this.placeOf('server', index, port);
    const configuration = serverConfiguration({
      ...place,
      master: index === 0 ? null : { host: HOST, port: ports.servers[0]! },
      password,
      directives: linesOf(serverDirectives, index),
    });
    const engine = enginesOf(this.options.servers)[index]!;
    return new Member(this.platform, {
      ...place,
      role: 'server',
      engine,
      configuration,
      ...(password === undefined ? {} : { password }),
    });
  }

  private makeSentinel(index: number, port: number, ports: Ports): Member {
    const { options } = this;
    const place = this.placeOf('sentinel', index, port);
    const configuration = sentinelConfiguration({
      ...place,
      masterName: this.masterName,
      master: { host: HOST, port: ports.servers[0]! },
      quorum: options.quorum ?? Math.floor(ports.sentinels.length / 2) + 1,
      downAfterMs: options.downAfterMs ?? DEFAULTS.downAfterMs,
      failoverTimeoutMs: options.failoverTimeoutMs ?? DEFAULTS.failoverTimeoutMs,
      parallelSyncs: options.parallelSyncs ?? DEFAULTS.parallelSyncs,
      password: options.password,
      directives: linesOf(options.sentinelDirectives, index),
    });
    const engine = enginesOf(options.sentinels)[index]!;
    return new Member(this.platform, { ...place, role: 'sentinel', engine, configuration });
  }

  private placeOf(role: MemberRole, index: number, port: number) {
    const name = `${role}-${index + 1}`;
    return {
      name,
      address: { host: HOST, port },
      directory: `${this.directory}/${name}`,
      ownSession: this.options.ownSessions ?? false,
    };
  }
}

/** The ports to use. @throws LabError PORT_IN_USE with all that are taken, before anything is started */
async function choosePorts(platform: Platform, options: SentinelTopologyOptions): Promise<Ports> {
  const servers = enginesOf(options.servers);
  const sentinels = enginesOf(options.sentinels);
  const { firstPort } = options;
  if (firstPort === undefined) {
    const ports = await findFreePorts(platform, HOST, servers.length + sentinels.length);
    return { servers: ports.slice(0, servers.length), sentinels: ports.slice(servers.length) };
  }
  const ports: Ports = {
    servers: servers.map((_, index) => firstPort + index),
    sentinels: sentinels.map((_, index) => firstPort + SENTINEL_PORT_DISTANCE + index),
  };
  const taken: number[] = [];
  for (const port of [...ports.servers, ...ports.sentinels]) {
    if (port > 65535) throw new RangeError(`port ${port} does not exist: begin at a lower one`);
    if (!(await isPortFree(platform, HOST, port))) taken.push(port);
  }
  if (taken.length === 0) return ports;
  const which = taken.length === 1 ? `Port ${taken[0]} is` : `Ports ${taken.join(', ')} are`;
  throw new LabError('PORT_IN_USE', `${which} in use`);
}

function enginesOf(engines: readonly Engine[] | undefined): readonly Engine[] {
  return engines ?? ['vedette', 'vedette', 'vedette'];
}

function linesOf(
  lines: readonly string[] | ((index: number) => readonly string[]) | undefined,
  index: number,
): readonly string[] {
  return typeof lines === 'function' ? lines(index) : (lines ?? []);
}

function temporaryDirectory(platform: Platform): string {
  return `${platform.processes.environment.TMPDIR ?? '/tmp'}/vedette-${platform.random.hex(12)}`;
}

function isAddressInUse(error: LabError): boolean {
  return /address already in use|EADDRINUSE/i.test(error.message);
}

/** One line for people: `server-1 vedette 127.0.0.1:6379`. */
export function describeMember(member: Member): string {
  return `${member.name} ${nameOfEngine(member.engine)} ${member.address.host}:${member.address.port}`;
}
