/**
 * Small deliberate breakages of the product, applied from outside by patching prototypes: what the simulator must find.
 */
import { ReplyError } from '../../src/client/reply.js';
import { ClusterView } from '../../src/cluster/view/cluster-view.js';
import { NodesStore } from '../../src/cluster/nodes-file/store.js';
import { Agreement } from '../../src/failover/agreement.js';
import { Election } from '../../src/failover/election.js';
import { Leadership } from '../../src/failover/leadership.js';
import { VoteLedger } from '../../src/failover/vote-ledger.js';
import { Transfer } from '../../src/migration/transfer.js';
import { AppendLog } from '../../src/persistence/aof/append-log.js';
import { KeyspaceLoader } from '../../src/persistence/loading/keyspace-loader.js';
import { DumpEncoder } from '../../src/persistence/rdb/dump-payload.js';
import { SnapshotWalk } from '../../src/persistence/snapshot/snapshot-walk.js';
import { FileSystem } from '../../src/platform/virtual/disk/file-system.js';
import { History } from '../../src/replication/history.js';
import { ReplicaSession } from '../../src/replication/replica-session.js';
import { Dispatcher } from '../../src/server/dispatch.js';
import { ConfigurationStore } from '../../src/sentinel/configuration-store.js';
import {
  at,
  clusterScenario,
  MOVED_SLOT,
  replicationScenario,
  sentinelScenario,
  SLOW_MOVE,
} from '../../src/simulator/scenarios/scenarios.js';
import type { Plan } from '../../src/simulator/plan/plan.js';

export interface Mutation {
  readonly name: string;
  /** Breaks the product; returns how to mend it. */
  readonly apply: () => () => void;
  /** Where it must be found, at the latest by the last of so many seeds. */
  readonly plan: (seed: string) => Plan;
  readonly seeds: number;
  /** Takes seconds: only on demand. */
  readonly isSlow?: true;
  /** Which rules may show it. */
  readonly rules: readonly string[];
}

/** Replaces a method of a class until the returned function is called. */
function patch<Class, Name extends keyof Class>(
  { prototype }: { readonly prototype: Class },
  name: Name,
  replace: (original: Class[Name]) => Class[Name],
): () => void {
  const original = prototype[name];
  prototype[name] = replace(original);
  return () => {
    prototype[name] = original;
  };
}

const MASTER_DIES = at(2000, 6000, { kind: 'kill', target: 'server-1' });
const SNAPSHOT = at(3000, 0, { kind: 'command', target: 'server-1', args: ['BGSAVE'] });
const NODE_DIES = at(2000, 6000, { kind: 'kill', target: 'm1' });

/** Sentinels that are slow to hear of each other stand in the same epoch. */
function rivals(seed: string): Plan {
  const plan = sentinelScenario(seed, [MASTER_DIES], { sentinels: 5, quorum: 2 });
  return { ...plan, latency: { minMs: 20, maxMs: 80 } };
}

/** Clients change the same keys again and again, also while a snapshot is taken. */
function amidChanges<Kind extends Plan>(plan: Kind): Kind {
  return { ...plan, workload: { ...plan.workload, mixShare: 1 }, keySaveDelayMicroseconds: 5000 };
}

export const mutations: readonly Mutation[] = [
  {
    name: 'a vote is given to everybody who asks',
    apply: () =>
      patch(
        VoteLedger,
        'request',
        (original) =>
          function (this: VoteLedger, subject, epoch, candidate) {
            const answer = original.call(this, subject, epoch, candidate);
            return answer.vote.epoch === epoch
              ? { ...answer, granted: true, vote: { epoch, candidate } }
              : answer;
          },
      ),
    plan: rivals,
    seeds: 5,
    rules: ['one-vote-per-epoch', 'one-leader-per-epoch'],
  },
  {
    name: 'a sentinel forgets to write its vote down',
    apply: () =>
      patch(
        ConfigurationStore,
        'save',
        () =>
          function (callback = null) {
            callback?.(true);
          },
      ),
    plan: (seed) => sentinelScenario(seed, [MASTER_DIES]),
    seeds: 1,
    rules: ['durable-votes'],
  },
  {
    name: 'a cluster node speaks before its vote is on disk',
    apply: () =>
      patch(
        NodesStore,
        'whenBindingSaved',
        () =>
          function (run) {
            run();
          },
      ),
    plan: (seed) => clusterScenario(seed, [NODE_DIES]),
    seeds: 1,
    rules: ['durable-votes'],
  },
  {
    name: 'an election does not begin a new epoch',
    apply: () =>
      patch(
        VoteLedger,
        'stand',
        (original) =>
          function (this: VoteLedger, subject, self) {
            const { epoch } = this.voteOn(subject);
            return epoch > 0n ? epoch : original.call(this, subject, self);
          },
      ),
    plan: (seed) =>
      sentinelScenario(seed, [MASTER_DIES, at(14_000, 6000, { kind: 'kill', target: '@master' })]),
    seeds: 5,
    rules: ['one-vote-per-epoch', 'one-leader-per-epoch', 'election-majority', 'config-epochs', 'liveness'],
  },
  {
    name: 'one sentinel is enough to hold a master to be down',
    apply: () =>
      patch(
        Agreement,
        'weigh',
        (original) =>
          function (this: Agreement, nowMs, suspected, agreeing) {
            return original.call(this, nowMs, suspected, agreeing, 1);
          },
      ),
    plan: (seed) =>
      sentinelScenario(seed, [
        at(1000, 4000, { kind: 'partition', left: ['sentinel-1'], right: ['server-1'] }),
      ]),
    seeds: 1,
    rules: ['agreement-quorum'],
  },
  {
    name: 'a candidate counts itself as the whole electorate',
    apply: () =>
      patch(
        Election,
        'step',
        (original) =>
          function (this: Election, input, nowMs, around) {
            return original.call(this, input, nowMs, { ...around, peers: [], quorum: 1 });
          },
      ),
    plan: (seed) => sentinelScenario(seed, [MASTER_DIES]),
    seeds: 1,
    rules: ['election-majority', 'one-leader-per-epoch'],
  },
  {
    name: 'the replica with the least data is promoted',
    apply: () =>
      patch(
        Leadership,
        'step',
        (original) =>
          function (this: Leadership, input, nowMs, around) {
            const replicas = around.replicas.map((replica) => ({ ...replica, offset: -replica.offset }));
            return original.call(this, input, nowMs, { ...around, replicas });
          },
      ),
    plan: (seed) =>
      sentinelScenario(seed, [
        at(1000, 8000, { kind: 'partition', left: ['server-1'], right: ['server-3'] }),
        at(3000, 6000, { kind: 'kill', target: 'server-1' }),
      ]),
    seeds: 3,
    rules: ['best-replica'],
  },
  {
    name: 'the old owner of slots is kept',
    apply: () =>
      patch(
        ClusterView,
        'setOwner',
        (original) =>
          function (this: ClusterView, slot, owner) {
            const former = this.ownerOf(slot);
            if (former !== null && owner !== null && owner !== this.myself) return;
            original.call(this, slot, owner);
          },
      ),
    plan: (seed) => clusterScenario(seed, [NODE_DIES]),
    seeds: 1,
    isSlow: true,
    rules: ['liveness', 'slot-owners', 'unexpected-error'],
  },
  {
    name: 'a replica is continued from a wrong offset',
    apply: () =>
      patch(
        History,
        'decide',
        (original) =>
          function (this: History, request) {
            return original.call(this, { ...request, offset: Math.max(1, request.offset - 37) });
          },
      ),
    plan: (seed) =>
      replicationScenario(seed, [at(3000, 0, { kind: 'cut', left: ['server-1'], right: ['server-2'] })]),
    seeds: 3,
    rules: ['stream-prefix', 'liveness', 'wait-promise'],
  },
  {
    name: 'WAIT counts replicas that have acknowledged nothing',
    apply: () => patch(ReplicaSession, 'hasApplied', () => () => true),
    plan: (seed) =>
      replicationScenario(seed, [
        at(1000, 6000, {
          kind: 'slow-link',
          left: ['server-1'],
          right: ['server-2', 'server-3'],
          minMs: 300,
          maxMs: 600,
        }),
      ]),
    seeds: 2,
    rules: ['wait-promise'],
  },
  {
    name: 'a save is reported before the file is durable',
    apply: () => patch(FileSystem, 'sync', () => () => undefined),
    plan: (seed) => replicationScenario(seed, [SNAPSHOT], { persistence: 'rdb' }),
    seeds: 1,
    rules: ['recovery'],
  },
  {
    name: 'a key of a snapshot is forgotten when it is loaded',
    apply: () =>
      patch(
        KeyspaceLoader,
        'onEntry',
        (original) =>
          function (this: KeyspaceLoader, entry) {
            if (!entry.key.endsWith('7')) original.call(this, entry);
          },
      ),
    plan: (seed) =>
      replicationScenario(seed, [SNAPSHOT, at(5000, 500, { kind: 'kill', target: 'server-1' })], {
        persistence: 'rdb',
      }),
    seeds: 1,
    rules: ['recovery'],
  },
  {
    name: 'keys are deleted when the connection breaks over which they were sent',
    apply: () =>
      patch(
        Transfer,
        'onFailed',
        (original) =>
          function (this: Transfer, failure) {
            this.onReplies(Array.from({ length: this['sent'].length }, () => 'OK'));
            original.call(this, failure);
          },
      ),
    plan: (seed) =>
      clusterScenario(seed, [...SLOW_MOVE, at(3550, 0, { kind: 'cut', left: ['m1'], right: ['m2'] })]),
    seeds: 2,
    rules: ['migrated-keys'],
  },
  {
    name: 'keys are deleted that the target refused',
    apply: () =>
      patch(
        Transfer,
        'onReplies',
        (original) =>
          function (this: Transfer, replies) {
            original.call(
              this,
              replies.map((reply) => (reply instanceof ReplyError ? 'OK' : reply)),
            );
          },
      ),
    plan: (seed) =>
      clusterScenario(seed, [
        ...SLOW_MOVE,
        at(3550, 0, {
          kind: 'command',
          target: 'm2',
          args: ['CLUSTER', 'SETSLOT', String(MOVED_SLOT), 'STABLE'],
        }),
      ]),
    seeds: 2,
    rules: ['migrated-keys'],
  },
  {
    name: 'keys arrive with other values',
    apply: () =>
      patch(
        DumpEncoder,
        'prepare',
        (original) =>
          function (this: DumpEncoder) {
            return original.call(this, 'another value');
          },
      ),
    plan: (seed) => clusterScenario(seed, SLOW_MOVE),
    seeds: 1,
    isSlow: true,
    rules: ['migrated-keys'],
  },
  {
    name: 'a snapshot has what was changed after it began',
    apply: () => patch(SnapshotWalk, 'beforeChange', () => () => undefined),
    plan: (seed) =>
      amidChanges(replicationScenario(seed, [at(3000, 500, { kind: 'kill', target: 'server-2' })])),
    seeds: 3,
    rules: ['stream-prefix'],
  },
  {
    name: 'a kind of command is missing in the log',
    apply: () =>
      patch(
        AppendLog,
        'append',
        (original) =>
          function (this: AppendLog, databaseIndex, encoded) {
            if (!encoded.includes('\r\nHDEL\r\n')) original.call(this, databaseIndex, encoded);
          },
      ),
    plan: (seed) =>
      amidChanges(replicationScenario(seed, [at(5000, 500, { kind: 'kill', target: 'server-1' })])),
    seeds: 3,
    rules: ['recovery'],
  },
  {
    name: 'replicas draw for themselves what a command chose at random',
    apply: () => patch(Dispatcher, 'propagateAs', () => () => undefined),
    plan: (seed) => amidChanges(replicationScenario(seed, [])),
    seeds: 3,
    rules: ['stream-prefix'],
  },
];
