/** One server, for a test. */
import type { Reply } from '../client/reply.js';
import type { Member, MemberState } from '../lab/member.js';
import type { IoredisOptions, NodeRedisOptions } from './connection-details.js';
import type { Ground } from './ground.js';
import type { SingleServer } from './single-server.js';
import { StartedTopology } from './started-topology.js';
import type { TopologyMember } from './topology-member.js';

/** What {@link startServer} resolves with: a topology of one member, which can be spoken to directly. */
export class StartedServer extends StartedTopology {
  /** The server as a member. */
  readonly server: TopologyMember;

  /** @internal */
  constructor(
    ground: Ground,
    private readonly inner: SingleServer,
  ) {
    super(ground, inner);
    this.server = this.handleOf(inner.server);
  }

  get host(): string {
    return this.server.host;
  }

  get port(): number {
    return this.server.port;
  }

  get url(): string {
    return this.server.url;
  }

  get state(): MemberState {
    return this.server.state;
  }

  /** See {@link TopologyMember.kill}. */
  kill(): Promise<void> {
    return this.server.kill();
  }

  /** See {@link TopologyMember.pause}. */
  pause(): void {
    this.server.pause();
  }

  /** See {@link TopologyMember.resume}. */
  resume(): void {
    this.server.resume();
  }

  /** See {@link TopologyMember.restart}. */
  restart(): Promise<void> {
    return this.server.restart();
  }

  /** See {@link TopologyMember.call}. */
  call(...args: readonly (string | number)[]): Promise<Reply> {
    return this.server.call(...args);
  }

  /** For `new Redis(...)` of ioredis. */
  ioredis(): IoredisOptions {
    return this.server.ioredis();
  }

  /** For `new Redis(...)` of iovalkey. */
  iovalkey(): IoredisOptions {
    return this.server.iovalkey();
  }

  /** For `createClient(...)` of node-redis. */
  nodeRedis(): NodeRedisOptions {
    return this.server.nodeRedis();
  }

  protected override get firstMasters(): readonly Member[] {
    return [this.inner.server];
  }

  protected override noteMasters(): Promise<void> {
    return Promise.resolve();
  }

  protected override notAsAtFirst(): Promise<string | null> {
    return this.unsettled();
  }

  protected override async unsettled(): Promise<string | null> {
    const { server } = this.inner;
    if (server.state !== 'running') return `${server.name} is ${server.state}`;
    const role = await server.call('ROLE');
    if (!Array.isArray(role)) return `${server.name} does not tell its role`;
    return role[0] === 'master' || role[3] === 'connected' ? null : `${server.name} is not in sync`;
  }
}
