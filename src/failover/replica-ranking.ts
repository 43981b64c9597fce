/**
 * Which replica becomes master: who is eligible, in which order, and why each of the others is not.
 *
 * Pure: facts and limits in, ranking and refusals out. The same function answers operators' questions at any
 * time and decides in a failover. Every replica is either ranked or refused with one typed reason.
 */

/** What is known about a replica. Ages are measured by the caller against one moment. */
export interface ReplicaFacts {
  /** The name it is told by. */
  readonly name: string;
  /** Breaks ties, in lower case; empty while unknown, which sorts last. */
  readonly runId: string;
  /** `replica-priority`: lower is better, 0 never. */
  readonly priority: number;
  /** How much of the stream it has processed, in bytes. */
  readonly offset: bigint;
  readonly suspected: boolean;
  readonly connected: boolean;
  /** Since the last sign of life. */
  readonly silentMs: number;
  /** Age of the last report these facts are from; null without any. */
  readonly infoAgeMs: number | null;
  /** How long its link to the master has been down; 0 while it is up, negative when it never was up. */
  readonly masterLinkDownMs: number;
  /** Said no to a promotion a short while ago, in these words; null otherwise. */
  readonly promotionRefused: string | null;
}

export interface EligibilityLimits {
  readonly maxSilentMs: number;
  /** A report older than this says nothing about now. */
  readonly maxInfoAgeMs: number;
  readonly maxMasterLinkDownMs: number;
}

/** Why a replica is not promoted. */
export type ReplicaRefusal =
  | { readonly kind: 'down' }
  | { readonly kind: 'disconnected' }
  | { readonly kind: 'silent'; readonly forMs: number; readonly limitMs: number }
  | { readonly kind: 'priority-zero' }
  | { readonly kind: 'stale-info'; readonly ageMs: number | null; readonly limitMs: number }
  | { readonly kind: 'master-link-down'; readonly forMs: number; readonly limitMs: number }
  | { readonly kind: 'never-synchronised' }
  | { readonly kind: 'promotion-refused'; readonly text: string };

export interface RefusedReplica<Facts extends ReplicaFacts = ReplicaFacts> {
  readonly replica: Facts;
  readonly refusal: ReplicaRefusal;
}

export interface Ranking<Facts extends ReplicaFacts = ReplicaFacts> {
  /** Best first. */
  readonly ranked: readonly Facts[];
  readonly refused: readonly RefusedReplica<Facts>[];
}

/** Sorts all replicas into those that may be promoted, best first, and those that may not, with the reason. */
export function rankReplicas<Facts extends ReplicaFacts>(
  replicas: Iterable<Facts>,
  limits: EligibilityLimits,
): Ranking<Facts> {
  const ranked: Facts[] = [];
  const refused: RefusedReplica<Facts>[] = [];
  for (const replica of replicas) {
    const refusal = refusalOf(replica, limits);
    if (refusal === null) ranked.push(replica);
    else refused.push({ replica, refusal });
  }
  ranked.sort(compareReplicas);
  return { ranked, refused };
}

/**
 * A replica's rank among those of its master where each stands by itself (Redis Cluster): how many have more data.
 * Equal ones have the same rank; chance decides between them.
 */
export function rankByOffset(own: number, others: Iterable<number>): number {
  let ahead = 0;
  for (const offset of others) if (offset > own) ahead++;
  return ahead;
}

/** The first reason against a replica; null when it is eligible. */
export function refusalOf(replica: ReplicaFacts, limits: EligibilityLimits): ReplicaRefusal | null {
  if (replica.suspected) return { kind: 'down' };
  if (!replica.connected) return { kind: 'disconnected' };
  if (replica.silentMs > limits.maxSilentMs) {
    return { kind: 'silent', forMs: replica.silentMs, limitMs: limits.maxSilentMs };
  }
  if (replica.priority === 0) return { kind: 'priority-zero' };
  if (replica.infoAgeMs === null || replica.infoAgeMs > limits.maxInfoAgeMs) {
    return { kind: 'stale-info', ageMs: replica.infoAgeMs, limitMs: limits.maxInfoAgeMs };
  }
  if (replica.masterLinkDownMs > limits.maxMasterLinkDownMs) {
    return {
      kind: 'master-link-down',
      forMs: replica.masterLinkDownMs,
      limitMs: limits.maxMasterLinkDownMs,
    };
  }
  if (replica.promotionRefused !== null) return { kind: 'promotion-refused', text: replica.promotionRefused };
  return null;
}

/**
 * Better replicas first: lower priority, more data, smaller run id (known ones first). One that never reached
 * its master comes after all that did, whatever its priority: promoting it may lose the whole dataset.
 */
export function compareReplicas(a: ReplicaFacts, b: ReplicaFacts): number {
  const neverSynced = Number(a.masterLinkDownMs < 0) - Number(b.masterLinkDownMs < 0);
  if (neverSynced !== 0) return neverSynced;
  if (a.priority !== b.priority) return a.priority - b.priority;
  if (a.offset !== b.offset) return a.offset > b.offset ? -1 : 1;
  if (a.runId === '' || b.runId === '') {
    return a.runId === b.runId ? compareText(a.name, b.name) : a.runId === '' ? 1 : -1;
  }
  return compareText(a.runId, b.runId) || compareText(a.name, b.name);
}

/** One refusal in words for logs, events and replies. */
export function describeRefusal(refusal: ReplicaRefusal): string {
  switch (refusal.kind) {
    case 'down':
      return 'down';
    case 'disconnected':
      return 'disconnected';
    case 'silent':
      return `silent for ${seconds(refusal.forMs)} s of ${seconds(refusal.limitMs)} s allowed`;
    case 'priority-zero':
      return 'priority 0';
    case 'stale-info':
      return refusal.ageMs === null
        ? 'stale INFO (none received)'
        : `stale INFO (${seconds(refusal.ageMs)} s old, ${seconds(refusal.limitMs)} s allowed)`;
    case 'master-link-down':
      return `link down ${seconds(refusal.forMs)} s of ${seconds(refusal.limitMs)} s allowed`;
    case 'never-synchronised':
      return 'never synchronised with its master';
    case 'promotion-refused':
      return `refused promotion: ${refusal.text}`;
  }
}

/** Seconds with as much fraction as says something. */
function seconds(ms: number): string {
  return ms >= 10_000 ? String(Math.round(ms / 1000)) : String(Math.round(ms / 10) / 100);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
