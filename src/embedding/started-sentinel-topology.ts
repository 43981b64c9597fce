/** A master, its replicas and their sentinels, for a test. */
import { fieldsOf, type Reply } from '../client/reply.js';
import { LabError } from '../lab/errors.js';
import type { Member } from '../lab/member.js';
import { replicationProblem, sentinelProblem } from '../lab/readiness.js';
import type { SentinelTopology } from '../lab/sentinel-topology.js';
import {
  ioredisSentinelOptions,
  nodeRedisSentinelOptions,
  type IoredisSentinelOptions,
  type NodeRedisSentinelOptions,
} from './connection-details.js';
import type { Ground } from './ground.js';
import { lagOf, listOf } from './in-step.js';
import { StartedTopology } from './started-topology.js';
import type { TopologyMember } from './topology-member.js';

/** What {@link startSentinelTopology} resolves with. */
export class StartedSentinelTopology extends StartedTopology {
  /** The first one is the master at the start. */
  readonly servers: readonly TopologyMember[];
  readonly sentinels: readonly TopologyMember[];
  readonly masterName: string;
  /** Who was the master when that was last told, and the epoch of that configuration. */
  private known: { readonly master: Member; readonly epoch: number };

  /** @internal */
  constructor(
    ground: Ground,
    private readonly inner: SentinelTopology,
  ) {
    super(ground, inner);
    this.masterName = inner.masterName;
    this.servers = inner.servers.map((server) => this.handleOf(server));
    this.sentinels = inner.sentinels.map((sentinel) => this.handleOf(sentinel));
    this.known = { master: inner.servers[0]!, epoch: 0 };
  }

  /**
   * The master that most sentinels name.
   * @throws {LabError} NOT_READY when there is none
   */
  async master(): Promise<TopologyMember> {
    const found = await this.namedMaster();
    if (found === null) throw new LabError('NOT_READY', 'Most sentinels do not name one of the servers');
    this.known = found;
    return this.handleOf(found.master);
  }

  /**
   * Resolves with the new master when another server has taken over from the one that was last told by
   * {@link master}, {@link settled}, {@link reset} or this: most sentinels name it, and it says the same. It does not matter
   * whether that had happened before this was called. Replicas may still be on their way to it: see {@link settled}.
   * @throws {LabError} NOT_READY when that takes more than `limitMs` (30000 when absent)
   */
  async waitForFailover(limitMs?: number): Promise<TopologyMember> {
    const before = this.known;
    let found: typeof before | null = null;
    await this.wait(limitMs, async () => {
      found = await this.namedMaster();
      if (found === null) return 'most sentinels do not agree about the master';
      const { master, epoch } = found;
      if (master === before.master && epoch === before.epoch) return `the master is ${master.name} still`;
      if (master.state !== 'running') return `the master ${master.name} is ${master.state}`;
      const [role] = listOf(await master.call('ROLE'));
      return role === 'master' ? null : `${master.name} is ${String(role)}`;
    });
    this.known = found!;
    return this.handleOf(this.known.master);
  }

  /** For `new Redis(...)` of ioredis. */
  ioredis(): IoredisSentinelOptions {
    return ioredisSentinelOptions(this.inner.sentinelAddresses, this.masterName, this.inner.password);
  }

  /** For `new Redis(...)` of iovalkey. */
  iovalkey(): IoredisSentinelOptions {
    return this.ioredis();
  }

  /** For `createSentinel(...)` of node-redis. */
  nodeRedis(): NodeRedisSentinelOptions {
    return nodeRedisSentinelOptions(this.inner.sentinelAddresses, this.masterName, this.inner.password);
  }

  protected override get firstMasters(): readonly Member[] {
    return this.inner.servers.slice(0, 1);
  }

  protected override async noteMasters(): Promise<void> {
    this.known = (await this.namedMaster()) ?? this.known;
  }

  protected override async notAsAtFirst(): Promise<string | null> {
    const [master, ...replicas] = this.inner.servers as [Member, ...Member[]];
    const named = await this.namedMaster();
    if (named?.master !== master) return `${master.name} is not the master`;
    const expected = {
      masterName: this.masterName,
      replicas: replicas.length,
      sentinels: this.sentinels.length,
    };
    const problems = await Promise.all([
      replicationProblem(master, replicas),
      ...this.inner.sentinels.map((sentinel) => sentinelProblem(sentinel, expected)),
    ]);
    return problems.find((problem) => problem !== null) ?? null;
  }

  protected override async unsettled(): Promise<string | null> {
    const sentinels = running(this.inner.sentinels);
    const named = await this.namedMaster();
    if (named === null) return 'most sentinels do not agree about the master';
    const { master } = named;
    if (master.state !== 'running') return `the master ${master.name} is ${master.state}`;
    const replicas = running(this.inner.servers).filter((server) => server !== master);
    const views = await Promise.all(
      sentinels.map((sentinel) => this.viewProblem(sentinel, master, replicas, sentinels)),
    );
    const lags = await Promise.all(replicas.map((replica) => lagOf(master, replica)));
    return [...views, ...lags].find((problem) => problem !== null) ?? null;
  }

  /** What a sentinel does not see as it is. Members that are not running may look as they like. */
  private async viewProblem(
    sentinel: Member,
    master: Member,
    replicas: readonly Member[],
    sentinels: readonly Member[],
  ): Promise<string | null> {
    const [asMaster, asReplicas, asSentinels] = await Promise.all([
      sentinel.call('SENTINEL', 'MASTER', this.masterName),
      sentinel.call('SENTINEL', 'REPLICAS', this.masterName),
      sentinel.call('SENTINEL', 'SENTINELS', this.masterName),
    ]);
    const others = sentinels.filter((other) => other !== sentinel);
    return (
      unseen(sentinel, [asMaster], [master], 'master') ??
      unseen(sentinel, listOf(asReplicas), replicas, 'slave') ??
      unseen(sentinel, listOf(asSentinels), others, 'sentinel')
    );
  }

  /** The server that a majority of those that run name, with their greatest epoch; any one's word when only some run. */
  private async namedMaster(): Promise<{ readonly master: Member; readonly epoch: number } | null> {
    const { inner, masterName } = this;
    const sentinels = running(inner.sentinels);
    const votes = await Promise.all(
      sentinels.map(async (sentinel) => {
        const [reply, epoch] = await Promise.all([
          sentinel.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', masterName),
          inner.epochOf(sentinel),
        ]);
        const port = Number(listOf(reply)[1]);
        const master = inner.servers.find(({ announced }) => announced.port === port);
        return { master, epoch };
      }),
    ).catch(() => []);
    const needed = Math.floor(sentinels.length / 2) + 1;
    for (const { master } of votes) {
      const agreeing = votes.filter((vote) => vote.master === master);
      if (master === undefined || agreeing.length < needed) continue;
      return { master, epoch: Math.max(...agreeing.map(({ epoch }) => epoch)) };
    }
    return null;
  }
}

function running(members: readonly Member[]): Member[] {
  return members.filter(({ state }) => state === 'running');
}

/** Which member is missing among the instances that a sentinel tells of, or is not healthy there. */
function unseen(
  sentinel: Member,
  instances: readonly Reply[],
  members: readonly Member[],
  role: 'master' | 'slave' | 'sentinel',
): string | null {
  const known = instances.map((instance) => fieldsOf(instance));
  for (const { name, announced } of members) {
    const fields = known.find((candidate) => candidate?.get('port') === String(announced.port));
    const flags = fields?.get('flags');
    if (flags !== role) return `${sentinel.name} sees ${name} as ${flags ?? 'nobody'}`;
  }
  return null;
}
