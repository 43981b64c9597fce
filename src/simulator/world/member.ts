/**
 * One server or sentinel of a simulated world: its configuration file, and whatever process runs on it at the moment.
 *
 * It composes the real code as the executables do, from the file on its disk up, and knows nothing of what is tested.
 */
import { loadConfig } from '../../config/config-file.js';
import { ServerConfig } from '../../config/server-config.js';
import { composeDataServer, type DataService } from '../../launch/data-server.js';
import { Listeners } from '../../launch/listeners.js';
import { composeSentinelServer, type SentinelService } from '../../launch/sentinel-server.js';
import { createLogger, type LogLevel } from '../../log/logger.js';
import type { ProcessOptions, VirtualProcess, VirtualWorld } from '../../platform/virtual/index.js';

/** A data server (in a cluster or not), or a sentinel. */
export type MemberKind = 'server' | 'sentinel';

export interface MemberDefinition {
  /** Of the member, its process and its host. */
  readonly name: string;
  readonly kind: MemberKind;
  readonly port: number;
  /** Its configuration file when it starts for the first time; from then on the file is its own. */
  readonly lines: readonly string[];
  /** What is logged; `verbose` when absent. What is logged changes nothing in a run. */
  readonly logLevel?: LogLevel;
  /** Its clocks. */
  readonly clock?: Pick<ProcessOptions, 'wallClockOffsetMs' | 'clockRate'>;
}

/** What runs in a member's process. */
export type MemberService = DataService | SentinelService;

/** What becomes of a start. */
export interface StartObserver {
  /** Everything is composed; nothing has happened yet. */
  composed(member: Member, service: MemberService): void;
  /** It has loaded its data and serves. */
  started(member: Member): void;
  /** It cannot serve; its process has ended. */
  failed(member: Member, problem: string): void;
}

export class Member {
  private current: { readonly process: VirtualProcess; readonly service: MemberService } | null = null;
  private hasFile = false;

  constructor(
    readonly world: VirtualWorld,
    readonly definition: MemberDefinition,
    private readonly observer: StartObserver,
  ) {}

  get name(): string {
    return this.definition.name;
  }

  get kind(): MemberKind {
    return this.definition.kind;
  }

  /** Numeric address of its host. */
  get address(): string {
    return this.world.host(this.name).address;
  }

  get port(): number {
    return this.definition.port;
  }

  /** The configuration file on its disk. */
  get configPath(): string {
    return `/${this.name}/${this.kind === 'sentinel' ? 'sentinel' : 'redis'}.conf`;
  }

  /** True from the start of a process to its end, paused or not. */
  get isRunning(): boolean {
    return this.current?.process.isAlive === true;
  }

  get isPaused(): boolean {
    return this.isRunning && this.process.isPaused;
  }

  /** The latest process, dead or alive. */
  get process(): VirtualProcess {
    const process = this.world.process(this.name);
    if (process === null) throw new Error(`${this.name} was never started`);
    return process;
  }

  /** What runs in the living process; null when there is none. */
  get service(): MemberService | null {
    return this.isRunning ? this.current!.service : null;
  }

  /** The same of a data server. */
  get dataService(): DataService | null {
    const { service } = this;
    return service !== null && 'replication' in service ? service : null;
  }

  /** The same of a sentinel. */
  get sentinelService(): SentinelService | null {
    const { service } = this;
    return service !== null && 'sentinel' in service ? service : null;
  }

  /**
   * Starts a process on what the disk holds; nothing when one is alive.
   * @throws what keeps it from being composed; the process has ended then
   */
  start(): void {
    if (this.isRunning) return;
    const process = this.world.createProcess(this.name, this.definition.clock);
    try {
      this.compose(process);
    } catch (error) {
      process.exit(1);
      throw error;
    }
  }

  private compose(process: VirtualProcess): void {
    const { definition, world } = this;
    if (!this.hasFile) {
      const text = `${definition.lines.join('\n')}\n`;
      world.host(this.name).disk.put(this.configPath, text);
      this.hasFile = true;
    }
    const config = new ServerConfig(process.processes, this.kind);
    const lines = loadConfig(config, process.disk, {
      path: this.configPath,
      standardInput: null,
      options: '',
    });
    const log = createLogger({
      platform: process,
      level: definition.logLevel ?? 'verbose',
      file: '',
      role: this.kind === 'sentinel' ? 'X' : 'M',
      format: 'redis',
    });
    const compose = this.kind === 'server' ? composeDataServer : composeSentinelServer;
    const service: MemberService = compose({
      platform: process,
      config,
      log,
      lines,
      onRoleChange: (role) => (log.role = role === 'master' ? 'M' : 'S'),
    });
    this.current = { process, service };
    const listeners = new Listeners(process.network, config, log, (connection) =>
      service.server.clients.accept(connection),
    );
    service.server.shutdown.exit = () => process.exit(0);
    this.observer.composed(this, service);
    const finish = (problem: string | null): void => {
      if (problem === null) {
        this.observer.started(this);
        return;
      }
      process.exit(1);
      this.observer.failed(this, problem);
    };
    listeners.start((problem) => {
      if (problem === null) service.start(finish);
      else finish(problem);
    });
  }

  /** The host's disk holds this file now; null: no such file. */
  fileText(path: string): string | null {
    return this.world.host(this.name).disk.text(path);
  }

  /** The host's disk, as it would be found after a power failure now, holds this file; null: no such file. */
  durableText(path: string): string | null {
    return this.world.host(this.name).disk.durableText(path);
  }

  /** Ends the process at once, as SIGKILL does. What was written to its disk stays. */
  kill(): void {
    this.process.kill();
  }

  /** Takes the power from its machine: what was not synced is lost, or (`torn`) a part of it. */
  losePower(torn: boolean): void {
    this.world.host(this.name).powerLoss({ torn });
  }
}
