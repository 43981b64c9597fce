/**
 * A replica that stands for election itself, as in Redis Cluster: when it asks for votes, how long it waits for them,
 * when it tries again.
 *
 * Pure: time and facts go in, the next step comes out; whoever takes the step persists and sends. The delay of
 * 500 ms + random 0..499 ms + 1 s for every replica with more data gives the failure time to spread and the better
 * replica the first chance; voters do not check it. An attempt that did not win in time is over, and the next one
 * begins only after a second such time, so that others' attempts are not disturbed.
 */
import type { Epoch } from './epoch.js';
import type { NodeId } from './identity.js';

const FIXED_DELAY_MS = 500;
const RANDOM_DELAY_MS = 500;
const RANK_DELAY_MS = 1000;
/** Votes are waited for twice the node timeout, and at least this long. */
const SHORTEST_AUTH_TIMEOUT_MS = 2000;

/** What a candidate knows when it looks at its situation. */
export interface CandidateFacts {
  readonly nodeTimeoutMs: number;
  /** How many replicas of the same master have more data. */
  readonly rank: number;
  readonly votesNeeded: number;
  /** An operator wants this failover: no delay, whatever the rank. */
  readonly isManual: boolean;
}

export type CandidateStep =
  /** Nothing to do until then, or until something happens. */
  | { readonly kind: 'wait'; readonly untilMs: number; readonly why: WaitReason }
  /** The election is set; the other replicas should learn this one's offset. */
  | { readonly kind: 'scheduled'; readonly delayMs: number; readonly rank: number }
  /** Another replica turned out to have more data. */
  | { readonly kind: 'postponed'; readonly rank: number; readonly addedMs: number }
  /** Open a new epoch, persist it and ask for votes in it; then tell {@link Candidacy.asked}. */
  | { readonly kind: 'ask' }
  | { readonly kind: 'won'; readonly epoch: Epoch; readonly votes: number };

export type WaitReason = 'delay' | 'votes' | 'expired';

interface Attempt {
  dueMs: number;
  rank: number;
  /** The epoch of the request; null until votes have been asked for. */
  epoch: Epoch | null;
  readonly voters: Set<NodeId>;
}

export class Candidacy {
  #attempt: Attempt | null = null;
  readonly #draw: (bound: number) => number;

  /** @param draw a uniformly distributed integer in [0, bound) */
  constructor(draw: (bound: number) => number) {
    this.#draw = draw;
  }

  /** Votes of the attempt under way. */
  get votes(): number {
    return this.#attempt?.voters.size ?? 0;
  }

  /** The epoch in which votes have been asked for; null before that. */
  get epoch(): Epoch | null {
    return this.#attempt?.epoch ?? null;
  }

  /** Looks at the situation. To be called again after every step but `wait`. */
  step(nowMs: number, facts: CandidateFacts): CandidateStep {
    const authTimeoutMs = Math.max(2 * facts.nodeTimeoutMs, SHORTEST_AUTH_TIMEOUT_MS);
    const attempt = this.#attempt;
    if (attempt === null || nowMs > attempt.dueMs + 2 * authTimeoutMs) return this.#schedule(nowMs, facts);
    const retryMs = attempt.dueMs + 2 * authTimeoutMs + 1;
    if (attempt.epoch === null && !facts.isManual && facts.rank > attempt.rank) {
      const addedMs = (facts.rank - attempt.rank) * RANK_DELAY_MS;
      attempt.rank = facts.rank;
      attempt.dueMs += addedMs;
      return { kind: 'postponed', rank: facts.rank, addedMs };
    }
    if (nowMs < attempt.dueMs) return { kind: 'wait', untilMs: attempt.dueMs, why: 'delay' };
    if (nowMs > attempt.dueMs + authTimeoutMs) return { kind: 'wait', untilMs: retryMs, why: 'expired' };
    if (attempt.epoch === null) return { kind: 'ask' };
    if (attempt.voters.size >= facts.votesNeeded) {
      return { kind: 'won', epoch: attempt.epoch, votes: attempt.voters.size };
    }
    return { kind: 'wait', untilMs: attempt.dueMs + authTimeoutMs + 1, why: 'votes' };
  }

  /** Votes have been asked for in this epoch. */
  asked(epoch: Epoch): void {
    if (this.#attempt !== null) this.#attempt.epoch = epoch;
  }

  /** A vote came. False when it is none for this attempt. */
  voted(voter: NodeId, voterEpoch: Epoch): boolean {
    const attempt = this.#attempt;
    if (attempt === null || attempt.epoch === null || voterEpoch < attempt.epoch) return false;
    attempt.voters.add(voter);
    return true;
  }

  /** There is no election any more, or a new one begins: old votes must not count in it. */
  reset(): void {
    this.#attempt = null;
  }

  #schedule(nowMs: number, { isManual, rank }: CandidateFacts): CandidateStep {
    const delayMs = isManual ? 0 : FIXED_DELAY_MS + this.#draw(RANDOM_DELAY_MS) + rank * RANK_DELAY_MS;
    const standing = isManual ? 0 : rank;
    this.#attempt = { dueMs: nowMs + delayMs, rank: standing, epoch: null, voters: new Set() };
    return { kind: 'scheduled', delayMs, rank: standing };
  }
}
