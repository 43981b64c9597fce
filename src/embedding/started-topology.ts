/**
 * What every started topology can do, whatever its members are: faults, what they led to, a fresh beginning, an end.
 * What is particular to sentinels, clusters and single servers is in files of their own.
 */
import { LabError } from '../lab/errors.js';
import type { Member } from '../lab/member.js';
import type { Topology } from '../lab/topology.js';
import { waitUntil } from '../lab/wait.js';
import { CLIENTS } from '../platform/embedded/index.js';
import type { Ground } from './ground.js';
import type { TimelineEntry } from './timeline.js';
import { TopologyMember } from './topology-member.js';

/** A member, its name, or `clients`: every program that is no member. */
export type Side = TopologyMember | string;

const LIMIT_MS = 30_000;

export abstract class StartedTopology {
  /** All of them: servers before sentinels, first masters before first replicas. */
  readonly members: readonly TopologyMember[];
  private isStopped = false;

  /** @internal */
  protected constructor(
    private readonly ground: Ground,
    private readonly topology: Topology,
  ) {
    this.members = topology.members.map(
      (member) => new TopologyMember(member, ground.timeline, topology.password),
    );
  }

  /**
   * Cuts every link between two sides, in both directions, until {@link heal}. Connections stay, and what is sent is
   * delivered when the links are healed, in order; new connections are not established until then. Partitions add up.
   * @param left members, their names, or `clients`
   * @param right all members that are not on the left when absent; clients reach both sides then
   */
  partition(left: readonly Side[], right?: readonly Side[]): void {
    const onLeft = left.map((side) => this.partyOf(side));
    const others = this.members.map(({ name }) => name).filter((name) => !onLeft.includes(name));
    const onRight = right?.map((side) => this.partyOf(side)) ?? others;
    this.ground.faults().partition(onLeft, onRight);
    this.ground.timeline.fault({ fault: 'partition', left: onLeft, right: onRight });
  }

  /** Ends all partitions, delays and losses of replies. Members that are paused or down stay so. */
  heal(): void {
    this.ground.faults().heal();
    this.ground.timeline.fault({ fault: 'heal' });
  }

  /**
   * Delays everything that goes to a member and everything that comes from it, until {@link heal}: a round trip takes
   * twice that much longer.
   * @param delayMs each way; 0 for no longer
   */
  slow(member: Side, delayMs: number): void {
    const party = this.partyOf(member);
    this.ground.faults().slow(party, delayMs);
    this.ground.timeline.fault({ fault: 'slow', member: party, delayMs });
  }

  /**
   * A member hears everything, does it, and what it answers is lost, until {@link heal}. Connections that lost something
   * are then reset, as a stream with a hole in it cannot go on.
   */
  dropReplies(member: Side): void {
    const party = this.partyOf(member);
    this.ground.faults().dropReplies(party);
    this.ground.timeline.fault({ fault: 'drop-replies', member: party });
  }

  /** What happened since the start, or the last {@link reset}, in order: faults, and what members told. */
  timeline(): readonly TimelineEntry[] {
    return this.ground.timeline.soFar;
  }

  /**
   * Resolves when all members that run agree about who is what and see each other healthy, and all running replicas are
   * in step with their masters.
   * @throws {LabError} NOT_READY when that takes more than `limitMs`; the message says what is missing
   */
  async settled(limitMs = LIMIT_MS): Promise<void> {
    await waitUntil(this.ground.platform, limitMs, () => this.unsettled());
    await this.noteMasters();
  }

  /**
   * Takes everything back for the next test: faults end, all members are up in their first roles, and there is no data;
   * the timeline is empty. Where nothing had happened, members stay as they are and only the data goes. Otherwise they
   * are started again at their addresses, and lose their connections.
   */
  async reset(): Promise<void> {
    const { ground, topology } = this;
    if (!(await this.emptyInPlace())) {
      // Links stay cut until everybody is gone: nothing that was held back must reach those who come.
      await Promise.all(topology.members.map((member) => member.kill()));
      ground.healQuietly();
      await topology.startAnew();
    }
    ground.timeline.clear();
    await this.noteMasters();
  }

  /** Ends all members. Nothing is left of the topology: no process, socket, timer or file. */
  async stop(): Promise<void> {
    if (this.isStopped) return;
    this.isStopped = true;
    await this.topology.close();
    await this.ground.close();
  }

  /** {@link stop}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** What is missing until it is settled, in words; null when nothing is. */
  protected abstract unsettled(): Promise<string | null>;

  /** What is missing until it is as it was at the start. */
  protected abstract notAsAtFirst(): Promise<string | null>;

  /** The masters of now, from which the next failover leads away. */
  protected abstract noteMasters(): Promise<void>;

  /** The ones that are masters at the start. */
  protected abstract readonly firstMasters: readonly Member[];

  protected wait(limitMs: number | undefined, condition: () => Promise<string | null>): Promise<void> {
    return waitUntil(this.ground.platform, limitMs ?? LIMIT_MS, condition);
  }

  /** The handle for a member. */
  protected handleOf(member: Member): TopologyMember {
    return this.members[this.topology.members.indexOf(member)]!;
  }

  /** Empties the data of a topology to which nothing has happened; false when something has. */
  private async emptyInPlace(): Promise<boolean> {
    const isUp = this.members.every(({ state }) => state === 'running');
    if (!isUp || this.ground.timeline.isDisturbed) return false;
    try {
      if ((await this.notAsAtFirst()) !== null) return false;
      for (const master of this.firstMasters) {
        await Promise.all([
          master.call('FLUSHALL'),
          master.call('FUNCTION', 'FLUSH'),
          master.call('SCRIPT', 'FLUSH'),
        ]);
      }
      await this.settled();
      return true;
    } catch (error) {
      // A command was refused, or a member does not answer any more: then everything begins anew.
      if (error instanceof Error) return false;
      throw error;
    }
  }

  private partyOf(side: Side): string {
    const name = typeof side === 'string' ? side : side.name;
    if (name === CLIENTS || this.members.some((member) => member.name === name)) return name;
    throw new LabError('UNKNOWN_MEMBER', `There is no member ${name}`);
  }
}
