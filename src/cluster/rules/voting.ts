/**
 * Whether a master gives its vote to a replica that asks for it. The rules are those of Redis Cluster 7.2.
 *
 * The ledger spends the vote; it may leave only once it is on disk, which is the caller's duty.
 */
import type { Epoch } from '../../failover/epoch.js';
import type { ClusterNode } from '../view/node.js';
import { VOTE_SUBJECT, type ClusterView } from '../view/cluster-view.js';
import { slotsOf, type Slot } from '../view/slots.js';

export interface VoteRequest {
  readonly candidate: ClusterNode;
  readonly epoch: Epoch;
  /** Of its master, as the candidate holds it. */
  readonly configEpoch: Epoch;
  /** The slots it wants to take over. */
  readonly slots: Uint8Array;
  /** A manual failover: its master need not have failed. */
  readonly isForced: boolean;
}

export type VoteDenial =
  | { readonly why: 'no-voter' }
  | { readonly why: 'old-epoch'; readonly currentEpoch: Epoch }
  | { readonly why: 'already-voted'; readonly epoch: Epoch }
  | { readonly why: 'candidate-is-master' }
  | { readonly why: 'unknown-master' }
  | { readonly why: 'master-is-up' }
  | { readonly why: 'voted-lately'; readonly forMs: number }
  | { readonly why: 'newer-owner'; readonly slot: Slot; readonly ownerEpoch: Epoch };

/** Null: the vote is given, and spent. */
export function considerVote(
  view: ClusterView,
  request: VoteRequest,
  nowMs: number,
  nodeTimeoutMs: number,
): VoteDenial | null {
  const { candidate, epoch } = request;
  const { myself, currentEpoch, lastVoteEpoch } = view;
  if (!myself.isMaster || myself.slots.size === 0) return { why: 'no-voter' };
  if (epoch < currentEpoch) return { why: 'old-epoch', currentEpoch };
  if (lastVoteEpoch >= currentEpoch) return { why: 'already-voted', epoch: lastVoteEpoch };
  const { master } = candidate;
  if (candidate.isMaster) return { why: 'candidate-is-master' };
  if (master === null) return { why: 'unknown-master' };
  if (master.health !== 'failed' && !request.isForced) return { why: 'master-is-up' };
  const waitMs = master.votedAtMs + 2 * nodeTimeoutMs - nowMs;
  if (master.votedAtMs !== 0 && waitMs > 0) return { why: 'voted-lately', forMs: waitMs };
  for (const slot of slotsOf(request.slots)) {
    const owner = view.ownerOf(slot);
    if (owner !== null && !view.unclaimed.has(slot) && owner.configEpoch > request.configEpoch) {
      return { why: 'newer-owner', slot, ownerEpoch: owner.configEpoch };
    }
  }
  if (!view.ledger.request(VOTE_SUBJECT, epoch, candidate.id).granted) {
    return { why: 'already-voted', epoch: view.lastVoteEpoch };
  }
  master.votedAtMs = nowMs;
  return null;
}

/** In the words of Redis's log; null: it says nothing. */
export function describeDenial(denial: VoteDenial, request: VoteRequest): string | null {
  switch (denial.why) {
    case 'no-voter':
      return null;
    case 'old-epoch':
      return `reqEpoch (${request.epoch}) < curEpoch(${denial.currentEpoch})`;
    case 'already-voted':
      return `already voted for epoch ${denial.epoch}`;
    case 'candidate-is-master':
      return 'it is a master node';
    case 'unknown-master':
      return "I don't know its master";
    case 'master-is-up':
      return 'its master is up';
    case 'voted-lately':
      return `can't vote about this master before ${denial.forMs} milliseconds`;
    case 'newer-owner':
      return `slot ${denial.slot} epoch (${denial.ownerEpoch}) > reqEpoch (${request.configEpoch})`;
  }
}
