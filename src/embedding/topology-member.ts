/** A member of a started topology, as a test holds it in its hands. */
import type { Reply } from '../client/reply.js';
import type { Member, MemberState } from '../lab/member.js';
import type { MemberRole } from '../lab/programs.js';
import { bytesFromText } from '../resp/ascii.js';
import {
  ioredisOptions,
  nodeRedisOptions,
  type IoredisOptions,
  type NodeRedisOptions,
} from './connection-details.js';
import type { Timeline } from './timeline.js';

/** A server, sentinel or cluster node. Its name, address and port stay the same whatever happens to it. */
export class TopologyMember {
  /** @internal */
  constructor(
    private readonly member: Member,
    private readonly timeline: Timeline,
    private readonly password: string | undefined,
  ) {}

  /** `server-1`, `sentinel-2`, `node-3`. */
  get name(): string {
    return this.member.name;
  }

  get role(): MemberRole {
    return this.member.role;
  }

  /** Where clients reach it. */
  get host(): string {
    return this.member.announced.host;
  }

  get port(): number {
    return this.member.announced.port;
  }

  /** `redis://127.0.0.1:12345`, with the password when there is one. */
  get url(): string {
    const secret = this.password === undefined ? '' : `:${encodeURIComponent(this.password)}@`;
    return `redis://${secret}${this.host}:${this.port}`;
  }

  get state(): MemberState {
    return this.member.state;
  }

  /**
   * Ends it at once, as a crash does: its connections are reset, and what was not on disk is forgotten. Resolves when it
   * is gone; nothing happens when it is down.
   */
  async kill(): Promise<void> {
    this.timeline.fault({ fault: 'kill', member: this.name });
    await this.member.kill();
  }

  /**
   * Freezes it, as SIGSTOP does: it goes on accepting connections, and nothing answers.
   * @throws {LabError} WRONG_STATE when it is not running
   */
  pause(): void {
    this.member.pause();
    this.timeline.fault({ fault: 'pause', member: this.name });
  }

  /**
   * Lets a paused one go on: what came meanwhile is dealt with now.
   * @throws {LabError} WRONG_STATE when it is not paused
   */
  resume(): void {
    this.member.resume();
    this.timeline.fault({ fault: 'resume', member: this.name });
  }

  /**
   * Starts it on what its disk holds, at the same address; one that is up is killed first. Resolves when it answers,
   * which may be before it is in step again: see {@link StartedTopology.settled}.
   */
  async restart(): Promise<void> {
    this.timeline.fault({ fault: 'restart', member: this.name });
    await this.member.restart();
  }

  /**
   * Sends a command, past all faults of links, and resolves with the reply. A member that is paused or down does not
   * answer. Text is sent and received as UTF-8 bytes, one character per byte.
   * @throws {ReplyError} for an error reply
   */
  async call(...args: readonly (string | number)[]): Promise<Reply> {
    return this.member.call(...args.map((arg) => bytesFromText(String(arg))));
  }

  /** Its log so far. */
  readLog(): string {
    return this.member.readLog();
  }

  /** For `new Redis(...)` of ioredis. */
  ioredis(): IoredisOptions {
    return ioredisOptions(this.member.announced, this.password);
  }

  /** For `new Redis(...)` of iovalkey. */
  iovalkey(): IoredisOptions {
    return this.ioredis();
  }

  /** For `createClient(...)` of node-redis. */
  nodeRedis(): NodeRedisOptions {
    return nodeRedisOptions(this.member.announced, this.password);
  }
}
