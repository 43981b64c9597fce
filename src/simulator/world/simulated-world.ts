/**
 * Servers and sentinels on virtual machines, by name: real code on a network, disks and clocks that the owner of this
 * object holds in its hands. What the simulator and the tests of timed things have in common.
 *
 * It decides nothing: which members there are, what befalls them and what must hold is its owner's business.
 * Network faults are made through {@link VirtualWorld.network}, disk faults through `world.host(name).disk.faults`.
 */
import type { Cluster } from '../../cluster/cluster.js';
import { CommandLink } from '../../client/command-link.js';
import type { Reply } from '../../client/reply.js';
import type { DataService } from '../../launch/data-server.js';
import { VirtualWorld, type VirtualProcess, type WorldOptions } from '../../platform/virtual/index.js';
import type { Sentinel } from '../../sentinel/sentinel.js';
import { Member, type MemberDefinition, type MemberService } from './member.js';

const PATIENCE_MS = 60_000;
/** Between two looks at a condition that is costly to look at. */
const LOOK_MS = 20;

export class SimulatedWorld {
  readonly world: VirtualWorld;
  /** Told of every process as soon as it is composed, before anything has happened in it. */
  readonly onComposed: ((member: Member, service: MemberService) => void)[] = [];
  /** Told of every process that has loaded its data and serves. */
  readonly onStarted: ((member: Member) => void)[] = [];
  /** Told of every process that is about to end itself. */
  readonly onExit: ((member: Member) => void)[] = [];
  /** What to do when a member cannot start. */
  onStartFailure: (member: Member, problem: string) => void = (member, problem) => {
    throw new Error(`${member.name}: ${problem}`);
  };
  private readonly membersByName = new Map<string, Member>();
  private readonly operator: VirtualProcess;

  constructor(options: WorldOptions = {}) {
    this.world = new VirtualWorld({ seed: 1, syncLatency: 2, diskLatency: 0.1, ...options });
    this.world.onExit = (process) => {
      const member = this.membersByName.get(process.name);
      // One that could not even be composed was no member yet.
      if (member?.isRunning === true && member.process === process) {
        this.onExit.forEach((listener) => listener(member));
      }
    };
    this.operator = this.world.createProcess('operator');
  }

  /** Virtual milliseconds since the world began. */
  get nowMs(): number {
    return this.world.nowMs;
  }

  /** All members that ever were started, in the order of their first start. */
  get members(): readonly Member[] {
    return [...this.membersByName.values()];
  }

  /** Adds a member and starts it. */
  add(definition: MemberDefinition): Member {
    const member = new Member(this.world, definition, {
      composed: (which, service) => this.onComposed.forEach((listener) => listener(which, service)),
      started: (which) => this.onStarted.forEach((listener) => listener(which)),
      failed: (which, problem) => this.onStartFailure(which, problem),
    });
    this.membersByName.set(definition.name, member);
    member.start();
    return member;
  }

  /** @throws Error when there is none of that name */
  member(name: string): Member {
    const member = this.membersByName.get(name);
    if (member === undefined) throw new Error(`no member ${name}`);
    return member;
  }

  /** Names of the members whose processes are alive, paused ones too. */
  get runningNames(): string[] {
    return this.members.filter(({ isRunning }) => isRunning).map(({ name }) => name);
  }

  /** The address of a host, which is made when it is first asked for. */
  address(name: string): string {
    return this.world.host(name).address;
  }

  /** The member that has an address. */
  nameOf(ip: string): string {
    const member = this.members.find(({ address }) => address === ip);
    return member?.name ?? `nobody (${ip})`;
  }

  /** Ends a process at once, as SIGKILL does. What was written to its disk stays. */
  kill(name: string): void {
    this.processOf(name).kill();
  }

  /** Takes the power from a machine: what was not synced is lost, or (`torn`) half of it. */
  losePower(name: string, torn = true): void {
    this.member(name).losePower(torn);
  }

  /** Starts a dead process again on what its disk holds. */
  restart(name: string): void {
    this.member(name).start();
  }

  pause(name: string): void {
    this.processOf(name).pause();
  }

  resume(name: string): void {
    this.processOf(name).resume();
  }

  /** The latest process of a member, or of anybody else in the world. */
  processOf(name: string): VirtualProcess {
    const process = this.world.process(name);
    if (process === null) throw new Error(`no process ${name}`);
    return process;
  }

  /** @throws Error unless it is a data server that runs */
  service(name: string): DataService {
    const service = this.member(name).dataService;
    if (service === null) throw new Error(`${name} is no running server`);
    return service;
  }

  /** @throws Error unless it is a sentinel that runs */
  sentinel(name: string): Sentinel {
    const service = this.member(name).sentinelService;
    if (service === null) throw new Error(`${name} is no running sentinel`);
    return service.sentinel;
  }

  /** @throws Error unless it is a cluster node that runs */
  cluster(name: string): Cluster {
    const { cluster } = this.service(name);
    if (cluster === null) throw new Error(`${name} is no cluster node`);
    return cluster;
  }

  advance(ms: number): void {
    this.world.advance(ms);
  }

  /** Lets time pass until the condition holds, which is looked at after every event; returns how long that took. */
  until(condition: () => boolean, limitMs = PATIENCE_MS): number {
    return this.world.runUntil(condition, limitMs);
  }

  /**
   * As {@link until}, for conditions that are costly to look at: they are, every few milliseconds.
   * @param describe what is said of a condition that did not come to hold
   */
  untilHolds(condition: () => boolean, limitMs = PATIENCE_MS, describe = () => condition.toString()): void {
    const endMs = this.nowMs + limitMs;
    while (!condition()) {
      if (this.nowMs > endMs) throw new Error(`not within ${limitMs} ms:\n${describe()}`);
      this.advance(LOOK_MS);
    }
  }

  /** Sends a command as an operator. `callback` gets the reply, or the error that ended the connection. */
  send(name: string, args: readonly (string | number)[], callback: (reply: Reply) => void): void {
    const { address, port } = this.member(name);
    let isDone = false;
    const finish = (reply: Reply): void => {
      if (isDone) return;
      isDone = true;
      callback(reply);
    };
    const link = new CommandLink(
      this.operator.network,
      { host: address, port },
      {},
      { onConnect: () => undefined, onClose: (error) => finish(`closed: ${error?.message ?? ''}`) },
    );
    link.send(args.map(String), (reply) => {
      link.close();
      finish(reply);
    });
  }

  /** Sends a command as an operator and lets time pass until the reply is there. */
  call(name: string, ...args: (string | number)[]): Reply {
    let reply: Reply | undefined;
    this.send(name, args, (received) => {
      reply = received;
    });
    this.until(() => reply !== undefined);
    return reply ?? null;
  }
}
