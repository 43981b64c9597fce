/**
 * A process within this one: a whole Platform for the code that runs in it, over the platform of the machine, and the
 * handles to pause, stall, kill and signal it from outside. It owns all that its code opens, and leaves nothing.
 *
 * Its code runs in events. While it stands still they wait; when it is dead they are dropped. What a kernel does
 * (accepting connections, taking bytes) goes on meanwhile.
 */
import type {
  Clock,
  Disk,
  Hashing,
  LogSinks,
  MemoryReadings,
  Network,
  Platform,
  Processes,
  Randomness,
  Timer,
  Timers,
} from '../platform.js';
import type { FileSystem } from '../virtual/disk/file-system.js';
import { parentOf } from '../virtual/disk/paths.js';
import { ProcessDisk, type DiskOwner } from '../virtual/disk/process-disk.js';
import type { EmbeddedLinks } from './embedded-links.js';
import { FileDisk, type FileDiskOwner } from './file-disk.js';
import { EmbeddedNetwork, type NetworkOwner } from './network.js';
import { EmbeddedProcessTable, resolveFrom, type TableOwner } from './process-table.js';
import { EmbeddedTimers, type TimersOwner } from './timers.js';

export interface EmbeddedProcessOptions {
  /** Names it in rules for links. */
  readonly name: string;
  readonly links: EmbeddedLinks;
  /** Its files, when they are in memory; null when they are real ones. */
  readonly fileSystem: FileSystem | null;
  readonly workingDirectory: string;
  /** Whatever it writes to a standard stream or to a log file, newline included. */
  readonly onOutput: (line: string, destination: 'stdout' | 'stderr' | 'file') => void;
  /** Called once, later. */
  readonly onExit: (exit: EmbeddedExit) => void;
}

export type EmbeddedExit =
  { readonly code: number; readonly signal: null } | { readonly code: null; readonly signal: NodeJS.Signals };

type Owners = DiskOwner & FileDiskOwner & NetworkOwner & TableOwner & TimersOwner;

export class EmbeddedProcess implements Platform, Owners {
  readonly name: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Randomness;
  readonly network: Network;
  readonly disk: Disk;
  readonly processes: Processes;
  readonly memory: MemoryReadings;
  readonly logs: LogSinks;
  readonly hash: Hashing;

  private alive = true;
  private paused = false;
  private stalledUntilMs = 0;
  private stallTimer: Timer | null = null;
  /** What became due while it stood still, in order. */
  private deferred: (() => void)[] = [];
  private readonly ownTimers: EmbeddedTimers;
  private readonly ownNetwork: EmbeddedNetwork;
  private readonly ownFiles: FileDisk | null;
  private readonly table: EmbeddedProcessTable;

  constructor(
    private readonly machine: Platform,
    private readonly options: EmbeddedProcessOptions,
  ) {
    this.name = options.name;
    this.clock = machine.clock;
    this.random = machine.random;
    this.memory = machine.memory;
    this.hash = machine.hash;
    this.timers = this.ownTimers = new EmbeddedTimers(this, machine.timers);
    this.network = this.ownNetwork = new EmbeddedNetwork(this, machine.network, options.links);
    this.processes = this.table = new EmbeddedProcessTable(this, machine.processes, options.workingDirectory);
    this.ownFiles = options.fileSystem === null ? new FileDisk(this, machine.disk) : null;
    this.disk = this.ownFiles ?? new ProcessDisk(this, options.fileSystem!);
    this.logs = this.createLogs();
  }

  get isAlive(): boolean {
    return this.alive;
  }

  get isPaused(): boolean {
    return this.paused;
  }

  get isStandingStill(): boolean {
    return this.paused || this.stallTimer !== null || this.deferred.length > 0;
  }

  /** SIGSTOP: its code stands still, its kernel goes on. */
  pause(): void {
    if (!this.alive || this.paused) return;
    this.paused = true;
    this.ownNetwork.followOwner();
  }

  /** SIGCONT: what became due meanwhile happens now, in order. */
  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.goOn();
  }

  /** Its code does nothing else for that long, as in a blocking call; the process around it goes on. */
  stall(ms: number): void {
    if (!this.alive || ms <= 0) return;
    const nowMs = this.clock.monotonicMs();
    this.stalledUntilMs = Math.max(nowMs, this.stalledUntilMs) + ms;
    this.stallTimer?.cancel();
    this.stallTimer = this.machine.timers.after(this.stalledUntilMs - nowMs, () => {
      this.stallTimer = null;
      this.goOn();
    });
    this.ownNetwork.followOwner();
  }

  /**
   * SIGKILL: its connections are reset, its timers gone. A disk in memory forgets what was not synced, as it would in a
   * power failure; what was written to a real one stays.
   */
  kill(): void {
    this.end({ code: null, signal: 'SIGKILL' }, 'reset');
    this.options.fileSystem?.crash({ within: this.options.workingDirectory });
  }

  /** The end it chose itself: its connections are closed. */
  exit(code: number): void {
    this.end({ code, signal: null }, 'end');
  }

  /** Sends a signal; what it does not listen to has the system's usual effect. */
  signal(signal: NodeJS.Signals): void {
    if (!this.alive) return;
    if (signal === 'SIGKILL') this.kill();
    else if (signal === 'SIGSTOP') this.pause();
    else if (signal === 'SIGCONT') this.resume();
    else if (!this.table.tell(signal)) this.end({ code: null, signal }, 'end');
  }

  // What follows is for its parts.

  /** Runs its code: now, or when it goes on. */
  run(code: () => void): void {
    if (!this.alive) return;
    if (this.isStandingStill) this.deferred.push(code);
    else code();
  }

  post(code: () => void): void {
    this.machine.timers.endOfTurn(() => this.run(code));
  }

  afterDelay(_delayMs: number, effect: () => void): void {
    // A disk in memory takes no time.
    this.machine.timers.endOfTurn(effect);
  }

  isInMemory(path: string): boolean {
    const { fileSystem } = this.options;
    return fileSystem !== null && fileSystem.status(this.disk.absolutePath(parentOf(path))) !== null;
  }

  resolvePath(path: string): string {
    return resolveFrom(this.processes.workingDirectory, path);
  }

  /** Does what waited, one after the other; it may come to stand still again meanwhile. */
  private goOn(): void {
    this.machine.timers.endOfTurn(() => {
      while (this.alive && !this.paused && this.stallTimer === null) {
        const [code] = this.deferred;
        if (code === undefined) break;
        code();
        this.deferred.shift();
      }
      if (this.alive && !this.isStandingStill) this.ownNetwork.followOwner();
    });
  }

  private end(exit: EmbeddedExit, how: 'reset' | 'end'): void {
    if (!this.alive) return;
    this.alive = false;
    this.paused = false;
    this.stallTimer?.cancel();
    this.stallTimer = null;
    this.deferred = [];
    this.ownTimers.cancelAll();
    this.ownNetwork.abandon(how);
    this.ownFiles?.closeAll();
    this.table.endChildren();
    this.machine.timers.endOfTurn(() => this.options.onExit(exit));
  }

  private createLogs(): LogSinks {
    const { onOutput, fileSystem } = this.options;
    return {
      standardOutput: () => ({ write: (line) => onOutput(line, 'stdout') }),
      standardError: () => ({ write: (line) => onOutput(line, 'stderr') }),
      file: (path) => {
        const where = this.disk.absolutePath(path);
        const real = fileSystem === null ? this.machine.logs.file(where) : null;
        return {
          write: (line) => {
            if (real === null) fileSystem?.appendLogLine(where, line);
            else real.write(line);
            onOutput(line, 'file');
          },
        };
      },
    };
  }
}
