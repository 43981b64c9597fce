/**
 * A world with its own time: hosts, processes on them, a network between them, and one queue of all that is
 * going to happen. Nothing in it waits, and nothing depends on the machine it runs on: the same seed and the
 * same calls give the same run, event for event.
 *
 * The code under test gets a process's platform and cannot tell the difference. Tests and the simulator drive
 * the world from outside: {@link VirtualWorld.advance}, {@link VirtualWorld.runUntil}, and the faults on
 * processes, hosts, `network` and disks.
 */
import type { Duration } from './duration.js';
import { EventQueue, Phase, type ScheduledEvent } from './event-queue.js';
import { VirtualHost } from './host.js';
import { VirtualNetwork } from './network/network.js';
import { VirtualProcess, type ProcessOptions } from './virtual-process.js';
import { SeededRandom, hashText } from './seeded-random.js';
import type { SpawnRequest } from './spawn-request.js';

export type ProcessEvent = ScheduledEvent<VirtualProcess>;

export interface WorldOptions {
  /** Decides everything that is left to chance. */
  readonly seed?: string | number;
  /** The wall clocks' time when the world begins. */
  readonly startMs?: number;
  /** One-way delay between two hosts. */
  readonly latency?: Duration;
  /** One-way delay within a host. */
  readonly loopbackLatency?: Duration;
  /** Bytes that the kernel takes in each direction of a connection before the receiver has read them. */
  readonly socketBufferBytes?: number;
  /** How long an fsync takes, and any other access to a disk. */
  readonly syncLatency?: Duration;
  readonly diskLatency?: Duration;
  /**
   * Lets processes take turns in a random (but replayable) order when several have something to do at the same
   * moment, instead of first come, first served.
   */
  readonly shuffleTies?: boolean;
}

/** The first moment of 2024, UTC. */
const DEFAULT_START_MS = 1_704_067_200_000;
/** So many events at one moment mean that code under test keeps itself busy without letting time pass. */
const EVENTS_PER_MOMENT_LIMIT = 1_000_000;
const FIRST_PID = 1000;

export class VirtualWorld {
  readonly network: VirtualNetwork;
  readonly seed: string;
  readonly startMs: number;
  readonly options: WorldOptions;
  /** Receives every program that a process starts; without it they all fail with ENOENT. */
  onSpawn: ((request: SpawnRequest) => void) | null = null;
  /** Hears of every event that is about to happen: what a replay is compared by. */
  onEvent: ((event: ProcessEvent) => void) | null = null;
  /** Hears every log line (without its newline), whatever its destination. */
  onLogLine: ((process: VirtualProcess, line: string) => void) | null = null;

  private readonly queue: EventQueue<VirtualProcess>;
  private readonly hosts = new Map<string, VirtualHost>();
  private readonly processes = new Map<string, VirtualProcess>();
  private readonly tieSeed: number;
  private currentMs = 0;
  private nextSequence = 0;
  private nextPid = FIRST_PID;
  private incarnations = 0;
  private eventsAtThisMoment = 0;

  constructor(options: WorldOptions = {}) {
    this.options = options;
    this.seed = String(options.seed ?? 0);
    this.startMs = options.startMs ?? DEFAULT_START_MS;
    this.tieSeed = hashText(`${this.seed}/ties`);
    this.queue = new EventQueue((event) => this.tieBreak(event));
    this.network = new VirtualNetwork(this, options);
  }

  /** Milliseconds since the world began; what processes see as their monotonic clock. */
  get nowMs(): number {
    return this.currentMs;
  }

  /** Events that are going to happen. */
  get pendingEventCount(): number {
    return this.queue.length;
  }

  /** The host of that name, made (and given an address and an empty disk) when it is first asked for. */
  host(name: string): VirtualHost {
    const existing = this.hosts.get(name);
    if (existing !== undefined) return existing;
    const host = new VirtualHost(this, name, this.hosts.size + 1);
    this.hosts.set(name, host);
    this.network.addHost(host);
    return host;
  }

  /**
   * Starts a process. Its host (by default one of the same name) keeps its disk and address when the process
   * dies, so a process of the same name made later is its restart. A host without power is switched on.
   */
  createProcess(name: string, options: ProcessOptions = {}): VirtualProcess {
    if (this.processes.get(name)?.isAlive === true) throw new Error(`process ${name} is still alive`);
    const host = this.host(options.host ?? name);
    host.powerOn();
    const incarnation = ++this.incarnations;
    const process = new VirtualProcess(this, host, name, this.takePid(), incarnation, options);
    this.processes.set(name, process);
    host.processes.add(process);
    return process;
  }

  /** The latest process of that name, dead or alive. */
  process(name: string): VirtualProcess | null {
    return this.processes.get(name) ?? null;
  }

  /** A source of chance of its own for one purpose: what one part draws does not change what another gets. */
  randomFor(purpose: string): SeededRandom {
    return new SeededRandom(`${this.seed}/${purpose}`);
  }

  /** Lets time pass: everything due until then happens in order. */
  advance(ms: number): void {
    const endMs = this.currentMs + ms;
    for (let next = this.queue.popDue(endMs); next !== null; next = this.queue.popDue(endMs)) this.take(next);
    this.moveTo(endMs);
  }

  /**
   * Lets events happen, one by one, until the condition holds.
   * @returns the milliseconds that took
   * @throws Error when the condition does not hold within `limitMs`
   */
  runUntil(condition: () => boolean, limitMs: number): number {
    const startMs = this.currentMs;
    const endMs = startMs + limitMs;
    while (!condition()) {
      const next = this.queue.peek();
      if (next === null || next.timeMs > endMs) {
        this.moveTo(endMs);
        if (condition()) break;
        throw new Error(`not within ${limitMs} ms of virtual time: ${condition.toString()}`);
      }
      this.step();
    }
    return this.currentMs - startMs;
  }

  /** Lets the next event happen. False when there is none. */
  step(): boolean {
    const event = this.queue.popDue(Infinity);
    if (event === null) return false;
    this.take(event);
    return true;
  }

  private take(event: ProcessEvent): void {
    this.moveTo(event.timeMs);
    if (++this.eventsAtThisMoment > EVENTS_PER_MOMENT_LIMIT) {
      throw new Error(
        `more than ${EVENTS_PER_MOMENT_LIMIT} events at ${this.currentMs} ms: time stands still`,
      );
    }
    this.onEvent?.(event);
    if (event.owner === null) event.run?.();
    else event.owner.handle(event);
  }

  /**
   * For the parts of the world: has something happen at that time (or now, when it is past). An event with an
   * owner is that process's code and waits while the process is paused or busy; one without happens in any case.
   */
  scheduleAt(atMs: number, owner: VirtualProcess | null, run: () => void, phase = Phase.Event): ProcessEvent {
    const timeMs = Math.max(this.currentMs, atMs);
    const event: ProcessEvent = {
      timeMs,
      dueMs: timeMs,
      phase,
      tieBreak: this.options.shuffleTies === true ? null : 0,
      sequence: this.nextSequence++,
      owner,
      run,
      isQueued: false,
    };
    if (timeMs === this.currentMs) this.queue.pushNow(event);
    else this.queue.push(event);
    return event;
  }

  /** Puts an event that had to wait back into the queue, in its old order among others that waited. */
  reschedule(event: ProcessEvent, timeMs: number): void {
    event.timeMs = timeMs;
    this.queue.push(event);
  }

  cancel(event: ProcessEvent): void {
    this.queue.cancel(event);
  }

  /** A process id that nobody has had. */
  takePid(): number {
    return this.nextPid++;
  }

  /** The same for all that one process (or the network, or a disk) does at one moment: that stays in order. */
  private tieBreak({ dueMs, owner }: ProcessEvent): number {
    const lane = owner === null ? 0 : owner.incarnation;
    return hashText(`${this.tieSeed}/${dueMs}/${lane}`);
  }

  private moveTo(timeMs: number): void {
    if (timeMs === this.currentMs) return;
    this.currentMs = timeMs;
    this.eventsAtThisMoment = 0;
  }
}
