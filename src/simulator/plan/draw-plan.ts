/** Draws the plan of a run from its seed. Bounds are those of the topologies that the rules are meant for. */
import { SeededRandom, type Duration } from '../../platform/virtual/index.js';
import { keySlot } from '../../keyspace/key-slot.js';
import { TAGS } from '../workload/cluster-client.js';
import type { FaultDetail, FaultKind } from '../faults/fault.js';
import { between, oneOf } from './draw.js';
import { drawFaults } from './draw-faults.js';
import type {
  ClockPlan,
  ClusterPlan,
  Persistence,
  Plan,
  ReplicationPlan,
  RunKind,
  SentinelPlan,
  ServersTopology,
  Workload,
} from './plan.js';

type Extra = Map<FaultKind, (random: SeededRandom) => FaultDetail>;

/** Of the clusters. Others with more than four masters have at most one replica for each. */
const CROWDED_SHARE = 0.07;

/** What a seed stands for. */
export function drawPlan(kind: RunKind, seed: string): Plan {
  const plain = drawPlainPlan(kind, seed);
  const random = new SeededRandom(`${kind}/${seed}/mix`);
  const plan = {
    ...plain,
    workload: { ...plain.workload, mixShare: oneOf(random, [0, 0.3, 1]) },
    keySaveDelayMicroseconds: oneOf(random, [0, 0, 500, 5000]),
  };
  return plan.kind === 'cluster' && random.chance(CROWDED_SHARE) ? crowded(plan) : plan;
}

/** Two replicas for each master, of whom some may be spared all faults. */
function crowded(plan: ClusterPlan): ClusterPlan {
  const { topology } = plan;
  return { ...plan, topology: { ...topology, replicas: topology.replicas.map(() => 2) } };
}

/** The same without these commands, slow snapshots and crowds: what a seed stood for before plans had them. */
export function drawPlainPlan(kind: RunKind, seed: string): Plan {
  const random = new SeededRandom(`${kind}/${seed}/plan`);
  switch (kind) {
    case 'sentinel':
      return drawSentinelPlan(random, seed);
    case 'replication':
      return drawReplicationPlan(random, seed);
    case 'cluster':
      return drawClusterPlan(random, seed);
  }
}

function drawSentinelPlan(random: SeededRandom, seed: string): SentinelPlan {
  const servers = drawServers(random);
  const sentinels = oneOf(random, [1, 2, 3, 3, 3, 4, 5]);
  const usualQuorum = Math.floor(sentinels / 2) + 1;
  const topology = {
    ...servers,
    sentinels,
    quorum: random.chance(0.6) ? usualQuorum : between(random, 1, sentinels),
    downAfterMs: oneOf(random, [300, 1000, 1000, 3000]),
    failoverTimeoutMs: oneOf(random, [3000, 6000, 10_000, 20_000]),
    parallelSyncs: between(random, 1, 2),
  };
  const names = { servers: serverNames(servers.replicas), sentinels: numbered('sentinel', sentinels) };
  const extra: Extra = new Map([
    [
      'manual-failover',
      (from) => ({ kind: 'manual-failover', target: oneOf(from, names.sentinels), how: '' }),
    ],
  ]);
  return { kind: 'sentinel', topology, ...drawConditions(random, seed, names, extra) };
}

function drawReplicationPlan(random: SeededRandom, seed: string): ReplicationPlan {
  const topology = drawServers(random);
  const names = { servers: serverNames(topology.replicas), sentinels: [] };
  const extra: Extra = new Map();
  extra.set('promotion', (from) => ({ kind: 'promotion', target: oneOf(from, names.servers) }));
  extra.set('manual-failover', (from) => ({
    kind: 'manual-failover',
    target: oneOf(from, names.servers),
    how: '',
  }));
  return { kind: 'replication', topology, ...drawConditions(random, seed, names, extra) };
}

function drawClusterPlan(random: SeededRandom, seed: string): ClusterPlan {
  const masters = oneOf(random, [3, 3, 3, 4, 5, 7]);
  const replicas = Array.from({ length: masters }, () => between(random, 0, masters > 4 ? 1 : 2));
  const topology = {
    masters,
    replicas,
    nodeTimeoutMs: oneOf(random, [500, 1000, 2000]),
    persistence: drawPersistence(random),
    requiresFullCoverage: random.chance(0.5),
  };
  const masterNames = numbered('m', masters, '');
  const replicaNames = replicas.flatMap((count, index) => numbered(`r${index + 1}`, count));
  const names = { servers: [...masterNames, ...replicaNames], sentinels: [] };
  const extra: Extra = new Map();
  extra.set('slot-move', (from) => ({
    kind: 'slot-move',
    slot: keySlot(oneOf(from, TAGS)),
    target: oneOf(from, masterNames),
    steps: between(from, 1, 4),
  }));
  if (replicaNames.length > 0) {
    extra.set('manual-failover', (from) => ({
      kind: 'manual-failover',
      target: oneOf(from, names.servers),
      how: oneOf(from, ['', '', 'FORCE']),
    }));
  }
  return { kind: 'cluster', topology, ...drawConditions(random, seed, names, extra) };
}

function drawServers(random: SeededRandom): ServersTopology {
  const replicas = between(random, 1, 4);
  const upstreams = Array.from({ length: replicas }, (_, index) =>
    index > 0 && random.chance(0.2) ? `server-${between(random, 2, index + 1)}` : 'server-1',
  );
  return {
    replicas,
    upstreams,
    persistence: drawPersistence(random),
    backlogBytes: oneOf(random, [16 * 1024, 64 * 1024, 1024 * 1024]),
    isDiskless: random.chance(0.5),
  };
}

function drawPersistence(random: SeededRandom): Persistence {
  return oneOf(random, ['none', 'rdb', 'aof-everysec', 'aof-always'] as const);
}

function drawConditions(
  random: SeededRandom,
  seed: string,
  names: { readonly servers: readonly string[]; readonly sentinels: readonly string[] },
  extra: Extra,
) {
  const workload: Workload = {
    clients: between(random, 1, 2),
    thinkMs: oneOf(random, [20, 60, 200]),
    waitShare: oneOf(random, [0, 0.1, 0.5]),
    mixShare: 0,
  };
  const clients = numbered('client', workload.clients);
  const chaosMs = between(random, 10_000, 45_000);
  return {
    seed,
    workload,
    latency: drawLatency(random),
    syncLatency: oneOf<Duration>(random, [1, { minMs: 1, maxMs: 10 }, { minMs: 1, maxMs: 150 }]),
    keySaveDelayMicroseconds: 0,
    splitsChunks: random.chance(0.25),
    clocks: drawClocks(random, [...names.servers, ...names.sentinels]),
    chaosMs,
    faults: drawFaults(random, { ...names, clients, extra }, chaosMs),
  };
}

function drawLatency(random: SeededRandom): Duration {
  return oneOf<Duration>(random, [0.5, { minMs: 0.1, maxMs: 2 }, { minMs: 0.2, maxMs: 20 }]);
}

/** Most clocks are right; some are off, and some gain or lose up to half a percent. */
function drawClocks(random: SeededRandom, names: readonly string[]): ReadonlyMap<string, ClockPlan> {
  const clocks = new Map<string, ClockPlan>();
  if (random.chance(0.5)) return clocks;
  for (const name of names) {
    clocks.set(name, {
      wallClockOffsetMs: random.chance(0.5) ? 0 : between(random, -5000, 5000),
      clockRate: random.chance(0.5) ? 1 : 1 + (random.fraction() - 0.5) / 100,
    });
  }
  return clocks;
}

function serverNames(replicas: number): string[] {
  return numbered('server', replicas + 1);
}

function numbered(prefix: string, count: number, separator = '-'): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${separator}${index + 1}`);
}
