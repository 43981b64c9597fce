/**
 * What every topology of local processes is, whatever its members do: members on ports of 127.0.0.1, a directory,
 * a password, and an end.
 *
 * It ends what it started, all of it and only that; if this process is ended before it could, a guard does.
 */
import type { HostAndPort } from '../client/address.js';
import type { Platform } from '../platform/platform.js';
import { LabError } from './errors.js';
import { RELAY_HOST, type FaultNetwork } from './fault-network.js';
import type { Member } from './member.js';
import { findFreePorts, isPortFree } from './ports.js';
import { ProcessGuard } from './process-guard.js';
import { nameOfEngine, type Engine } from './programs.js';

export interface TopologyOptions {
  /** For configuration, logs and data, kept at the end; a temporary one when absent, removed at the end. */
  readonly directory?: string;
  /** Of all servers, for their clients and for each other. */
  readonly password?: string;
  /** Further lines for every server's configuration, or for each by its number. */
  readonly serverDirectives?: Directives;
  /**
   * Members run in sessions of their own, so that Ctrl-C ends this process alone, which then closes the topology.
   * Without it (tests) they end together with everything that is interrupted.
   */
  readonly ownSessions?: boolean;
  /** Between the members, so that links can be cut; there is none when absent. The topology closes it. */
  readonly network?: FaultNetwork;
  /** Where free ports come from when there is no first one. */
  readonly findPorts?: FindPorts;
  /** From the first member's start until everything works, here and when it is started anew; 30000 when absent. */
  readonly startTimeoutMs?: number;
}

export type Directives = readonly string[] | ((index: number) => readonly string[]);

/** So many free ports; the port that lies `companionDistance` above each is free, too. */
export type FindPorts = (count: number, companionDistance: number) => Promise<number[]>;

export const HOST = RELAY_HOST;
/** Attempts with other ports, when ports are ours to choose and someone else was faster. */
const PORT_ATTEMPTS = 3;
const START_TIMEOUT_MS = 30_000;

export abstract class Topology {
  /** Of the servers. */
  readonly password: string | undefined;
  readonly directory: string;
  abstract readonly members: readonly Member[];
  protected readonly guard: ProcessGuard;
  private readonly isTemporary: boolean;

  protected constructor(
    protected readonly platform: Platform,
    private readonly common: TopologyOptions,
  ) {
    this.password = common.password;
    this.isTemporary = common.directory === undefined;
    this.directory = platform.disk.absolutePath(common.directory ?? temporaryDirectory(platform));
    this.guard = new ProcessGuard(platform.processes);
  }

  /** @internal Starts all members and resolves when they work together. */
  async start(): Promise<void> {
    await this.openRelays();
    await this.bringUpInTime();
  }

  /**
   * Ends all members and starts them again from nothing, at their addresses: without data, in their first roles.
   * Relays stay as they are.
   */
  async startAnew(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    for (const member of this.members) member.forgetAll(this.linesToKeep(member));
    await this.bringUpInTime();
  }

  /** Ends every process that was started, and removes the directory if it is a temporary one. */
  async close(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    this.guard.close();
    this.common.network?.close();
    if (this.isTemporary) this.platform.disk.removeTreeSync(this.directory);
  }

  private bringUpInTime(): Promise<void> {
    const { clock } = this.platform;
    const endMs = clock.monotonicMs() + (this.common.startTimeoutMs ?? START_TIMEOUT_MS);
    return this.bringUp(() => Math.max(0, endMs - clock.monotonicMs()));
  }

  protected abstract bringUp(leftMs: () => number): Promise<void>;

  /** What a member is to remember when it is started anew. */
  protected linesToKeep(_member: Member): readonly string[] {
    return [];
  }

  protected abstract openRelays(): Promise<void>;

  /** What the network between the members asks of the configuration of one. */
  protected networkDirectives(name: string, ...announcing: readonly string[]): readonly string[] {
    const { network } = this.common;
    return network === undefined ? [] : [...network.directivesOf(name), ...announcing];
  }

  /** Lets the network, if there is one, relay for members. */
  protected async relay(members: readonly Member[], portDistance = 0): Promise<void> {
    for (const { name, address } of members) {
      await this.common.network?.relay(name, address.port + portDistance);
    }
  }

  protected placeOf(name: string, port: number) {
    return {
      name,
      address: { host: this.common.network?.hostOfMember(name) ?? HOST, port } satisfies HostAndPort,
      announced: { host: HOST, port } satisfies HostAndPort,
      directory: `${this.directory}/${name}`,
      ownSession: this.common.ownSessions ?? false,
      guard: this.guard,
    };
  }
}

/**
 * Makes a topology and starts it. Free ports can be taken by someone else before the members listen: then others are
 * tried.
 * @param choosesPorts whether other ports may be used
 */
export async function startTopology<Started extends Topology, Ports>(
  choosesPorts: boolean,
  choosePorts: () => Promise<Ports>,
  make: (ports: Ports) => Started,
): Promise<Started> {
  for (let attempt = 1; ; attempt++) {
    const topology = make(await choosePorts());
    try {
      await topology.start();
      return topology;
    } catch (error) {
      await topology.close();
      const isCollision = error instanceof LabError && error.code === 'NOT_STARTED' && isAddressInUse(error);
      if (!choosesPorts || !isCollision || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

/** @throws LabError PORT_IN_USE with all that are taken; RangeError when one does not exist */
export async function requireFreePorts(platform: Platform, ports: readonly number[]): Promise<void> {
  const taken: number[] = [];
  for (const port of ports) {
    if (port > 65535) throw new RangeError(`port ${port} does not exist: begin at a lower one`);
    if (!(await isPortFree(platform, HOST, port))) taken.push(port);
  }
  if (taken.length === 0) return;
  const which = taken.length === 1 ? `Port ${taken[0]} is` : `Ports ${taken.join(', ')} are`;
  throw new LabError('PORT_IN_USE', `${which} in use`);
}

/** Free ports on which members can listen, and be down and listen again. */
export function freePorts(
  platform: Platform,
  options: TopologyOptions,
  count: number,
  companionDistance = 0,
): Promise<number[]> {
  return (
    options.findPorts?.(count, companionDistance) ?? findFreePorts(platform, HOST, count, companionDistance)
  );
}

export function linesOf(lines: Directives | undefined, index: number): readonly string[] {
  return typeof lines === 'function' ? lines(index) : (lines ?? []);
}

/** That many times the same engine. */
export function repeatEngine(engine: Engine, count: number): Engine[] {
  return Array.from({ length: count }, () => engine);
}

/** One line for people: `server-1 vedette 127.0.0.1:6379`. */
export function describeMember(member: Member): string {
  return `${member.name} ${nameOfEngine(member.engine)} ${member.address.host}:${member.address.port}`;
}

function temporaryDirectory(platform: Platform): string {
  // As Unix and Windows name it.
  const { TMPDIR, TEMP } = platform.processes.environment;
  return `${TMPDIR ?? TEMP ?? '/tmp'}/vedette-${platform.random.hex(12)}`;
}

function isAddressInUse(error: LabError): boolean {
  return /address already in use|EADDRINUSE/i.test(error.message);
}
