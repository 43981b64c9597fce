/**
 * The stories that the trackers of Redis and its clients tell again and again, each as a plan: a catalogue of faults
 * beside the random ones.
 */
import { keySlot } from '../../keyspace/key-slot.js';
import { MASTER, type Fault, type FaultDetail } from '../faults/fault.js';
import type {
  ClusterPlan,
  ClusterTopology,
  Plan,
  ReplicationPlan,
  SentinelPlan,
  SentinelTopology,
  ServersTopology,
} from '../plan/plan.js';

export interface Scenario {
  readonly name: string;
  /** What is feared, and what must hold. */
  readonly story: string;
  readonly plan: Plan;
}

const CONDITIONS = {
  workload: { clients: 2, thinkMs: 40, waitShare: 0.3, mixShare: 0 },
  keySaveDelayMicroseconds: 0,
  latency: 0.5,
  syncLatency: { minMs: 1, maxMs: 10 },
  splitsChunks: false,
  clocks: new Map(),
} as const;

const SERVERS: ServersTopology = {
  replicas: 2,
  upstreams: ['server-1', 'server-1'],
  persistence: 'aof-always',
  backlogBytes: 1024 * 1024,
  isDiskless: true,
};

const SENTINELS: SentinelTopology = {
  ...SERVERS,
  sentinels: 3,
  quorum: 2,
  downAfterMs: 1000,
  failoverTimeoutMs: 6000,
  parallelSyncs: 1,
};

const CLUSTER: ClusterTopology = {
  masters: 3,
  replicas: [1, 1, 1],
  nodeTimeoutMs: 1000,
  persistence: 'aof-always',
  requiresFullCoverage: false,
};

/** A fault of a scenario: when, for how long, what. */
export function at(atMs: number, forMs: number, detail: FaultDetail): Fault {
  return { ...detail, atMs, forMs };
}

/** A run of sentinels with these faults, otherwise the usual one: three of them, a master and two replicas. */
export function sentinelScenario(
  seed: string,
  faults: readonly Fault[],
  topology: Partial<SentinelTopology> = {},
): SentinelPlan {
  return {
    ...CONDITIONS,
    kind: 'sentinel',
    seed,
    topology: { ...SENTINELS, ...topology },
    chaosMs: chaosMs(faults),
    faults,
  };
}

/** The same without sentinels. */
export function replicationScenario(
  seed: string,
  faults: readonly Fault[],
  topology: Partial<ServersTopology> = {},
): ReplicationPlan {
  return {
    ...CONDITIONS,
    kind: 'replication',
    seed,
    topology: { ...SERVERS, ...topology },
    chaosMs: chaosMs(faults),
    faults,
  };
}

/** A cluster with these faults, otherwise the usual one: three masters with a replica each. */
export function clusterScenario(
  seed: string,
  faults: readonly Fault[],
  topology: Partial<ClusterTopology> = {},
): ClusterPlan {
  return {
    ...CONDITIONS,
    kind: 'cluster',
    seed,
    topology: { ...CLUSTER, ...topology },
    chaosMs: chaosMs(faults),
    faults,
  };
}

/** In a cluster scenario: of the first master. */
export const MOVED_SLOT = keySlot('{b}');
/**
 * In a cluster scenario: a slot is moved from m1 to m2 over a link that takes 200 ms. From about 3450 ms on the keys are
 * on their way, at 3650 the second node takes them, at 3850 the first one hears of it.
 */
export const SLOW_MOVE: readonly Fault[] = [
  at(1000, 7000, { kind: 'slow-link', left: ['m1'], right: ['m2'], minMs: 200, maxMs: 200 }),
  at(3000, 0, { kind: 'slot-move', slot: MOVED_SLOT, target: 'm2', steps: 4 }),
];

/** Until all have ended, and a little longer. */
function chaosMs(faults: readonly Fault[]): number {
  return Math.max(0, ...faults.map((fault) => fault.atMs + fault.forMs)) + 2000;
}

const ALL_SERVERS = ['server-1', 'server-2', 'server-3'];
const ALL_SENTINELS = ['sentinel-1', 'sentinel-2', 'sentinel-3'];
const LAST_EPOCH = '9223372036854775807';
/** -1 as a signed number, and as stock reads it: 2^64 - 1. */
const ABSURD_EPOCHS = ['-1', '18446744073709551615', '99999999999999999999999'];

/** Somebody publishes a hello of a sentinel that does not exist, for a master that does not exist. */
function forgedHello(epoch: string): FaultDetail {
  const hello = `10.9.9.9,26379,${'f'.repeat(40)},${epoch},mymaster,10.9.9.8,6379,${epoch}`;
  return { kind: 'command', target: 'server-1', args: ['PUBLISH', '__sentinel__:hello', hello] };
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'both sides restarted at once',
    story:
      'All servers and all sentinels lose power together and come back together: one master, and with appendfsync always nothing lost.',
    plan: sentinelScenario('both-sides', [
      at(3000, 1500, { kind: 'blackout', targets: [...ALL_SERVERS, ...ALL_SENTINELS], torn: true }),
    ]),
  },
  {
    name: 'a master restarted within down-after keeps what it had acknowledged',
    story:
      'The master dies and is back before anybody suspects it; its log has everything, so the replicas lose nothing.',
    plan: sentinelScenario('reborn-with-log', [at(3000, 200, { kind: 'kill', target: 'server-1' })], {
      downAfterMs: 3000,
    }),
  },
  {
    name: 'a master reborn empty within down-after',
    story:
      'Without persistence the master is back, empty, before anybody suspects it, and its replicas follow it into emptiness. Nothing at the wire can tell it from a FLUSHALL; what must hold is that all agree and go on.',
    plan: sentinelScenario('reborn-empty', [at(3000, 200, { kind: 'kill', target: 'server-1' })], {
      downAfterMs: 3000,
      persistence: 'none',
    }),
  },
  {
    name: 'an old master back with a higher offset',
    story:
      'The master is cut off together with a client that goes on writing to it; a replica is promoted. The old master has more of its own history when it is back, and must give it up for the new one.',
    plan: sentinelScenario('higher-offset', [
      at(2000, 12_000, { kind: 'partition', left: ['server-1', 'client-1'], right: null }),
    ]),
  },
  {
    name: 'a master cut off from its replicas alone',
    story: 'Sentinels see everybody; the replicas do not see the master. No failover, and all catch up.',
    plan: sentinelScenario('partial', [
      at(2000, 8000, { kind: 'partition', left: ['server-1'], right: ['server-2', 'server-3'] }),
    ]),
  },
  {
    name: 'forged and absurd epochs',
    story:
      'Hellos with epochs of -1 and beyond 64 bits are published; then the master dies. Elections go on.',
    plan: sentinelScenario('absurd-epoch', [
      ...ABSURD_EPOCHS.map((epoch, index) => at(1000 + index, 0, forgedHello(epoch))),
      at(3000, 10_000, { kind: 'kill', target: 'server-1' }),
    ]),
  },
  {
    name: 'sentinels with one copied id',
    story:
      'Two of three sentinels were cloned with their configuration file, id included. They take each other for themselves, the third takes them for one, and both may win by its one vote. They choose by the same facts: no epoch may have two masters, and in the end all agree.',
    plan: sentinelScenario('copied-id', [at(3000, 10_000, { kind: 'kill', target: 'server-1' })], {
      copies: ['sentinel-2', 'sentinel-3'],
    }),
  },
  {
    name: 'two masters failing together',
    story:
      'Two of five masters of a cluster lose power in one moment: each is replaced by a replica, in epochs of their own.',
    plan: clusterScenario(
      'two-masters',
      [at(2000, 15_000, { kind: 'blackout', targets: ['m1', 'm2'], torn: true })],
      { masters: 5, replicas: [1, 1, 0, 0, 0] },
    ),
  },
  {
    name: 'a quick A-B-A-B manual failover',
    story:
      'An operator fails a shard over and back, twice, faster than votes grow old: each needs votes of its own.',
    // Voters wait twice the node timeout before they vote about the same master again.
    plan: clusterScenario(
      'a-b-a-b',
      ['r1-1', 'm1', 'r1-1', 'm1'].map((target, index) =>
        at(2000 + 600 * index, 0, { kind: 'manual-failover', target, how: '' }),
      ),
      { nodeTimeoutMs: 500 },
    ),
  },
  {
    name: 'a target that dies in the middle of a MIGRATE',
    story:
      'The target of a move has taken the keys and loses power before the source hears of it; its replica takes over. The source keeps every key that it was not told of.',
    plan: clusterScenario('target-dies', [
      ...SLOW_MOVE,
      at(3750, 8000, { kind: 'power-loss', target: 'm2', torn: true }),
    ]),
  },
  {
    name: 'a MIGRATE whose answers are lost, and another one',
    story:
      'The connection breaks when the target has taken the keys and the source has not heard of it. The operator closes the slot, clients go on writing to the source, and he moves it again: what the target has already is refused and stays, the rest goes.',
    plan: clusterScenario('answers-lost', [
      ...SLOW_MOVE,
      at(3750, 0, { kind: 'cut', left: ['m1'], right: ['m2'] }),
      ...['m1', 'm2'].map((target) =>
        at(6000, 0, {
          kind: 'command',
          target,
          args: ['CLUSTER', 'SETSLOT', String(MOVED_SLOT), 'STABLE'],
        }),
      ),
      at(9000, 0, { kind: 'slot-move', slot: MOVED_SLOT, target: 'm2', steps: 4 }),
    ]),
  },
  {
    name: 'a replica promoted while its master lives',
    story:
      'An operator promotes a replica that lags behind a slow link; the old master follows it without a gap.',
    plan: replicationScenario('promoted-behind', [
      at(1000, 4000, { kind: 'slow-link', left: ['server-1'], right: ['server-2'], minMs: 200, maxMs: 900 }),
      at(3000, 0, { kind: 'promotion', target: 'server-2' }),
      at(6000, 0, { kind: 'promotion', target: 'server-1' }),
    ]),
  },
  {
    name: 'two failovers ordered on the two sides of a partition',
    story:
      'Both take the same epoch, since orders need no votes, and name two masters. When the partition ends, the servers show ' +
      'which configuration holds, and everybody takes it.',
    plan: sentinelScenario('two-orders-5', [
      at(1000, 15_000, {
        kind: 'partition',
        left: ['sentinel-1', 'sentinel-2', 'server-3'],
        right: ['sentinel-3', 'server-2'],
      }),
      at(4500, 0, { kind: 'manual-failover', target: 'sentinel-1', how: '' }),
      at(4500, 0, { kind: 'manual-failover', target: 'sentinel-3', how: '' }),
    ]),
  },
  {
    name: 'the greatest epoch of all',
    story:
      'A hello brings the last epoch there is. Nobody can stand any more, which is said; the master is not lost.',
    plan: sentinelScenario('last-epoch', [
      at(1000, 0, {
        kind: 'command',
        target: MASTER,
        args: [
          'PUBLISH',
          '__sentinel__:hello',
          `10.9.9.9,26379,${'e'.repeat(40)},${LAST_EPOCH},mymaster,10.9.9.8,6379,0`,
        ],
      }),
    ]),
  },
];
