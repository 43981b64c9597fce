/**
 * A process of the virtual world: a whole Platform for the code that runs in it, and the handles to pause,
 * stall, kill and signal it from outside.
 *
 * Its code runs in events. While it is paused or busy they wait; when it is dead they are dropped. What its
 * kernel does (accepting connections, taking bytes) goes on while it is paused, as with a stopped process.
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
  Timers,
} from '../platform.js';
import { NodeHashing } from '../node/hashing.js';
import { ProcessDisk, type DiskOwner } from './disk/process-disk.js';
import { Phase } from './event-queue.js';
import type { VirtualHost } from './host.js';
import type { ConnectionEnd } from './network/connection-end.js';
import type { VirtualListener } from './network/listener.js';
import { ProcessNetwork } from './network/process-network.js';
import { ProcessClock } from './process-clock.js';
import { ProcessLogs } from './process-logs.js';
import { ProcessTable } from './process-table.js';
import { ProcessTimers } from './process-timers.js';
import type { ProcessEvent, VirtualWorld } from './world.js';

export interface ProcessOptions {
  /** Name of its host; by default that of the process. */
  readonly host?: string;
  /** Working directory, made when it does not exist; by default `/` and the process's name. */
  readonly directory?: string;
  /** How far its wall clock is off. */
  readonly wallClockOffsetMs?: number;
  /** How fast its clocks run: 1.001 gains a millisecond a second. Its timers follow its clocks. */
  readonly clockRate?: number;
  /** Time zone, for log lines. */
  readonly utcOffsetMs?: number;
  readonly environment?: Readonly<Record<string, string>>;
  readonly memory?: Partial<MemoryFigures>;
}

export interface MemoryFigures {
  residentBytes: number;
  heapUsedBytes: number;
  heapLimitBytes: number;
  machineBytes: number;
}

/** What became of a process. */
export type ProcessState =
  | { readonly kind: 'running' }
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'lost power' };

const MEGABYTE = 1024 * 1024;
const DEFAULT_MEMORY: MemoryFigures = {
  residentBytes: 64 * MEGABYTE,
  heapUsedBytes: 16 * MEGABYTE,
  heapLimitBytes: 4096 * MEGABYTE,
  machineBytes: 8192 * MEGABYTE,
};
/** 0, 1 and 2 are the standard streams. */
const FIRST_DESCRIPTOR = 3;

export class VirtualProcess implements Platform, DiskOwner {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Randomness;
  readonly network: Network;
  readonly disk: Disk;
  readonly processes: Processes;
  readonly memory: MemoryReadings;
  readonly logs: LogSinks;
  /** Depends on nothing but its input, so Node's will do. */
  readonly hash: Hashing = new NodeHashing();

  /** Lines written to standard output and standard error, without newlines. */
  readonly output: string[] = [];
  /** How far its wall clock is off; may be changed at any time, so that the clock jumps. */
  wallClockOffsetMs: number;
  readonly clockRate: number;
  /** What its memory readings show. */
  readonly memoryFigures: MemoryFigures;

  /** For the network: what the kernel closes when the process ends. */
  readonly connections = new Set<ConnectionEnd>();
  readonly listeners = new Set<VirtualListener>();

  private currentState: ProcessState = { kind: 'running' };
  private paused = false;
  /** What became due while it was paused, in order. */
  private deferred: ProcessEvent[] = [];
  private busyUntilMs = 0;
  private nextDescriptor = FIRST_DESCRIPTOR;
  private readonly table: ProcessTable;

  constructor(
    readonly world: VirtualWorld,
    readonly host: VirtualHost,
    readonly name: string,
    readonly pid: number,
    /** Different for each process that ever was, restarts included. */
    readonly incarnation: number,
    options: ProcessOptions,
  ) {
    const directory = options.directory ?? `/${name}`;
    host.disk.makeDirectory(directory);
    this.wallClockOffsetMs = options.wallClockOffsetMs ?? 0;
    this.clockRate = options.clockRate ?? 1;
    this.memoryFigures = { ...DEFAULT_MEMORY, ...options.memory };
    this.table = new ProcessTable(this, directory, options.environment ?? {});
    this.clock = new ProcessClock(this, options.utcOffsetMs ?? 0);
    this.timers = new ProcessTimers(this);
    this.random = world.randomFor(`process ${name} ${incarnation}`);
    this.network = new ProcessNetwork(this);
    this.processes = this.table;
    this.disk = new ProcessDisk(this, host.disk);
    this.memory = {
      residentBytes: () => this.memoryFigures.residentBytes,
      heapUsedBytes: () => this.memoryFigures.heapUsedBytes,
      heapLimitBytes: () => this.memoryFigures.heapLimitBytes,
      machineBytes: () => this.memoryFigures.machineBytes,
    };
    this.logs = new ProcessLogs(this);
  }

  get state(): ProcessState {
    return this.currentState;
  }

  get isAlive(): boolean {
    return this.currentState.kind === 'running';
  }

  get isPaused(): boolean {
    return this.paused;
  }

  /** World time as this process's code sees it: ahead of the world while the process is busy. */
  get nowMs(): number {
    return Math.max(this.world.nowMs, this.busyUntilMs);
  }

  /** SIGSTOP: its code stands still, its kernel goes on. */
  pause(): void {
    this.paused = true;
  }

  /** SIGCONT: what became due meanwhile happens now, in order. */
  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    for (const event of this.deferred.splice(0)) this.world.reschedule(event, this.world.nowMs);
  }

  /** Keeps it busy: its code does nothing else for that long, as in a long computation or a blocking call. */
  stall(ms: number): void {
    this.busyUntilMs = this.nowMs + Math.max(0, ms);
  }

  /**
   * SIGKILL: its connections are reset, its timers gone. What it wrote but did not sync stays on the disk, as
   * the kernel has it; `host.disk.crash()` forgets that, too, and `host.powerLoss()` does all at once.
   */
  kill(): void {
    this.end({ kind: 'killed', signal: 'SIGKILL' });
    for (const connection of this.connections) connection.abandon('reset');
    this.closeAll();
  }

  /** The end it chose itself: its connections are closed. */
  exit(code: number): void {
    if (this.isAlive) this.world.onExit?.(this);
    this.end({ kind: 'exited', code });
    for (const connection of this.connections) connection.abandon('close');
    this.closeAll();
  }

  /** Its host has lost power: nobody is told. Hosts call this. */
  vanish(): void {
    this.end({ kind: 'lost power' });
    for (const connection of this.connections) connection.abandon('vanish');
    this.closeAll();
  }

  /** Sends a signal; what is not subscribed to has the system's usual effect. */
  signal(signal: NodeJS.Signals): void {
    if (!this.isAlive) return;
    if (signal === 'SIGKILL') this.kill();
    else if (signal === 'SIGSTOP') this.pause();
    else if (signal === 'SIGCONT') this.resume();
    else this.post(() => this.receive(signal));
  }

  /** For the parts of the world: runs code of this process, at once or as soon as it can. */
  post(run: () => void, delayMs = 0, phase = Phase.Event): ProcessEvent {
    return this.world.scheduleAt(this.nowMs + delayMs, this, run, phase);
  }

  /**
   * For the network: as {@link post}, for the last thing that an event does. Where the code would be next anyway, it runs at
   * once, which is the same and saves an event.
   */
  postLast(run: () => void): void {
    const isFree = this.isAlive && !this.paused && this.world.nowMs >= this.busyUntilMs;
    if (isFree && !this.world.hasMoreNow) run();
    else this.post(run);
  }

  /** For its disk: what the machine does for it, whether or not its code runs. */
  afterDelay(delayMs: number, effect: () => void): void {
    this.world.scheduleAt(this.nowMs + delayMs, null, effect);
  }

  /** For the world: one of this process's events is due. */
  handle(event: ProcessEvent): void {
    if (!this.isAlive) return;
    if (this.paused) this.deferred.push(event);
    else if (this.world.nowMs < this.busyUntilMs) this.world.reschedule(event, this.busyUntilMs);
    else event.run?.();
  }

  takeDescriptor(): number {
    return this.nextDescriptor++;
  }

  private receive(signal: NodeJS.Signals): void {
    if (this.table.tellListeners(signal)) return;
    this.end({ kind: 'killed', signal });
    for (const connection of this.connections) connection.abandon('close');
    this.closeAll();
  }

  private end(state: ProcessState): void {
    if (!this.isAlive) return;
    this.currentState = state;
    this.paused = false;
    this.deferred = [];
    this.host.processes.delete(this);
  }

  private closeAll(): void {
    for (const listener of [...this.listeners]) listener.close();
    this.connections.clear();
  }
}
