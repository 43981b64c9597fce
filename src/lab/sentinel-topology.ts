/**
 * A master, its replicas and the sentinels that watch them, as real processes on 127.0.0.1: what `vedette up
 * sentinel` shows and what integration tests work with. Every member may be of another engine.
 *
 * It ends what it started, all of it and only that.
 */
import type { HostAndPort } from '../client/address.js';
import { fieldsOf } from '../client/reply.js';
import type { Platform } from '../platform/platform.js';
import { sentinelConfiguration, serverConfiguration } from './configuration.js';
import { LabError } from './errors.js';
import { Member } from './member.js';
import type { Engine } from './programs.js';
import { sentinelProblem, replicationProblem } from './readiness.js';
import {
  freePorts,
  HOST,
  linesOf,
  repeatEngine,
  requireFreePorts,
  startTopology,
  Topology,
  type Directives,
  type TopologyOptions,
} from './topology.js';
import { waitUntil } from './wait.js';

export interface SentinelTopologyOptions extends TopologyOptions {
  /** The engine of each server, the master's first; a master and two replicas of ours when absent. */
  readonly servers?: readonly Engine[];
  /** The engine of each sentinel; three of ours when absent. */
  readonly sentinels?: readonly Engine[];
  /**
   * The master's port: the other servers have the next ones, the sentinels those 20000 above. Free ports are
   * looked for when absent.
   */
  readonly firstPort?: number;
  readonly masterName?: string;
  /** The majority of the sentinels when absent. */
  readonly quorum?: number;
  readonly downAfterMs?: number;
  readonly failoverTimeoutMs?: number;
  readonly parallelSyncs?: number;
  /** Further lines for every sentinel's configuration, or for each by its number. */
  readonly sentinelDirectives?: Directives;
}

/** Between a server's port and a sentinel's. */
const SENTINEL_PORT_DISTANCE = 20_000;
const DEFAULTS = { downAfterMs: 1000, failoverTimeoutMs: 10_000, parallelSyncs: 1 };

/** Starts a topology and resolves when servers replicate and sentinels know all servers and each other. */
export async function startSentinelTopology(
  platform: Platform,
  options: SentinelTopologyOptions = {},
): Promise<SentinelTopology> {
  return startTopology(
    options.firstPort === undefined,
    () => choosePorts(platform, options),
    (ports) => new SentinelTopology(platform, options, ports),
  );
}

interface Ports {
  readonly servers: readonly number[];
  readonly sentinels: readonly number[];
}

export class SentinelTopology extends Topology {
  readonly masterName: string;
  /** The one that was the master at the start is the first. */
  readonly servers: readonly Member[];
  readonly sentinels: readonly Member[];
  /** That of the configuration when it was started anew: clients do not go back to an older one. */
  private firstEpoch = 0;

  /** @internal use {@link startSentinelTopology} */
  constructor(
    platform: Platform,
    private readonly options: SentinelTopologyOptions,
    ports: Ports,
  ) {
    super(platform, options);
    this.masterName = options.masterName ?? 'mymaster';
    this.servers = ports.servers.map((port, index) => this.makeServer(index, port, ports));
    this.sentinels = ports.sentinels.map((port, index) => this.makeSentinel(index, port, ports));
  }

  get members(): readonly Member[] {
    return [...this.servers, ...this.sentinels];
  }

  get sentinelAddresses(): readonly HostAndPort[] {
    return this.sentinels.map((sentinel) => sentinel.announced);
  }

  override async startAnew(): Promise<void> {
    const epochs = await Promise.all(this.sentinels.map((sentinel) => this.epochOf(sentinel)));
    this.firstEpoch = Math.max(this.firstEpoch, ...epochs) + 1;
    await super.startAnew();
  }

  /** The configuration epoch of a sentinel; 0 when it cannot tell. */
  async epochOf(sentinel: Member): Promise<number> {
    if (sentinel.state !== 'running') return 0;
    const fields = fieldsOf(await sentinel.call('SENTINEL', 'MASTER', this.masterName));
    return Number(fields?.get('config-epoch') ?? 0);
  }

  protected override linesToKeep(member: Member): readonly string[] {
    if (member.role !== 'sentinel') return [];
    const { firstEpoch: epoch, masterName } = this;
    return [`sentinel config-epoch ${masterName} ${epoch}`, `sentinel current-epoch ${epoch}`];
  }

  protected override openRelays(): Promise<void> {
    return this.relay(this.members);
  }

  protected override async bringUp(leftMs: () => number): Promise<void> {
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

  private makeServer(index: number, port: number, ports: Ports): Member {
    const { password, serverDirectives } = this.options;
    const place = this.placeOf(`server-${index + 1}`, port);
    const configuration = serverConfiguration({
      ...place,
      master: index === 0 ? null : { host: HOST, port: ports.servers[0]! },
      password,
      directives: [
        ...this.networkDirectives(place.name, `replica-announce-ip ${HOST}`),
        ...linesOf(serverDirectives, index),
      ],
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
    const place = this.placeOf(`sentinel-${index + 1}`, port);
    const configuration = sentinelConfiguration({
      ...place,
      masterName: this.masterName,
      master: { host: HOST, port: ports.servers[0]! },
      quorum: options.quorum ?? Math.floor(ports.sentinels.length / 2) + 1,
      downAfterMs: options.downAfterMs ?? DEFAULTS.downAfterMs,
      failoverTimeoutMs: options.failoverTimeoutMs ?? DEFAULTS.failoverTimeoutMs,
      parallelSyncs: options.parallelSyncs ?? DEFAULTS.parallelSyncs,
      password: options.password,
      directives: [
        ...this.networkDirectives(place.name, `sentinel announce-ip ${HOST}`),
        ...linesOf(options.sentinelDirectives, index),
      ],
    });
    const engine = enginesOf(options.sentinels)[index]!;
    return new Member(this.platform, { ...place, role: 'sentinel', engine, configuration });
  }
}

/** The ports to use. @throws LabError PORT_IN_USE with all that are taken, before anything is started */
async function choosePorts(platform: Platform, options: SentinelTopologyOptions): Promise<Ports> {
  const servers = enginesOf(options.servers);
  const sentinels = enginesOf(options.sentinels);
  const { firstPort } = options;
  if (firstPort === undefined) {
    const ports = await freePorts(platform, options, servers.length + sentinels.length);
    return { servers: ports.slice(0, servers.length), sentinels: ports.slice(servers.length) };
  }
  const ports: Ports = {
    servers: servers.map((_, index) => firstPort + index),
    sentinels: sentinels.map((_, index) => firstPort + SENTINEL_PORT_DISTANCE + index),
  };
  await requireFreePorts(platform, [...ports.servers, ...ports.sentinels]);
  return ports;
}

function enginesOf(engines: readonly Engine[] | undefined): readonly Engine[] {
  return engines ?? repeatEngine('vedette', 3);
}
