/**
 * A whole run as data: topology, clients, conditions and faults. It is drawn from a seed, can be cut down when it
 * fails, and decides the run completely together with the seed.
 */
import type { Duration } from '../../platform/virtual/index.js';
import type { Fault } from '../faults/fault.js';

export const RUN_KINDS = ['sentinel', 'replication', 'cluster'] as const;
export type RunKind = (typeof RUN_KINDS)[number];

/** What of a data server outlives its process. */
export type Persistence = 'none' | 'rdb' | 'aof-everysec' | 'aof-always';

export interface ServersTopology {
  /** Replicas `server-2`...; `server-1` is the first master. */
  readonly replicas: number;
  /** For each replica the server that it follows at first. */
  readonly upstreams: readonly string[];
  readonly persistence: Persistence;
  readonly backlogBytes: number;
  /** Replicas are given snapshots through a file, or straight. */
  readonly isDiskless: boolean;
}

export interface SentinelTopology extends ServersTopology {
  /** `sentinel-1`... */
  readonly sentinels: number;
  readonly quorum: number;
  readonly downAfterMs: number;
  readonly failoverTimeoutMs: number;
  readonly parallelSyncs: number;
  /** Sentinels whose machines were copied from one image, id included. */
  readonly copies?: readonly string[];
}

export interface ClusterTopology {
  /** `m1`... */
  readonly masters: number;
  /** For each master: `r1-1`, `r1-2`... */
  readonly replicas: readonly number[];
  readonly nodeTimeoutMs: number;
  readonly persistence: Persistence;
  readonly requiresFullCoverage: boolean;
}

export interface Workload {
  readonly clients: number;
  /** Between two writes of a client, on average. */
  readonly thinkMs: number;
  /** How many of the writes are followed by WAIT, from 0 to 1. */
  readonly waitShare: number;
  /** How many of them come with a command on keys that are changed again and again, from 0 to 1. */
  readonly mixShare: number;
}

/** Of a member's clocks. */
export interface ClockPlan {
  readonly wallClockOffsetMs: number;
  readonly clockRate: number;
}

interface Conditions {
  readonly seed: string;
  readonly workload: Workload;
  readonly latency: Duration;
  readonly syncLatency: Duration;
  /** How long a snapshot takes for each of its keys: with more, clients write while it is taken. */
  readonly keySaveDelayMicroseconds: number;
  /** Input comes in pieces cut anywhere. */
  readonly splitsChunks: boolean;
  readonly clocks: ReadonlyMap<string, ClockPlan>;
  /** For how long faults happen. */
  readonly chaosMs: number;
  readonly faults: readonly Fault[];
}

export type SentinelPlan = Conditions & { readonly kind: 'sentinel'; readonly topology: SentinelTopology };
export type ReplicationPlan = Conditions & {
  readonly kind: 'replication';
  readonly topology: ServersTopology;
};
export type ClusterPlan = Conditions & { readonly kind: 'cluster'; readonly topology: ClusterTopology };
export type Plan = SentinelPlan | ReplicationPlan | ClusterPlan;

/** The configuration lines of a data server that say what outlives its process, and how slowly it is saved. */
export function persistenceLines({ topology, keySaveDelayMicroseconds }: Plan): string[] {
  return [`rdb-key-save-delay ${keySaveDelayMicroseconds}`, ...linesOf(topology.persistence)];
}

function linesOf(persistence: Persistence): string[] {
  switch (persistence) {
    case 'none':
      return [];
    case 'rdb':
      return ['save 5 1'];
    case 'aof-everysec':
      return ['appendonly yes', 'appendfsync everysec'];
    case 'aof-always':
      return ['appendonly yes', 'appendfsync always'];
  }
}
