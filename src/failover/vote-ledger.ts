/**
 * The ledger of epochs and votes: the part of a voter's memory that must survive its death.
 *
 * Rules: the current epoch never goes back; one vote per subject and epoch, given to whoever asks first; no
 * vote in an epoch that has passed. What the ledger says may leave the process only after it is on disk:
 * that is the caller's duty, and {@link VoteLedger.withhold} is for when the disk refuses.
 *
 * A subject is what is voted about: a monitored master in Sentinel, the whole cluster in Cluster.
 */
import { NO_EPOCH, nextEpoch, type Epoch } from './epoch.js';
import type { NodeId } from './identity.js';

/** The last vote about a subject. The candidate is null when it is not to be told: forgotten by a restart, withheld, or none yet. */
export interface Vote {
  readonly epoch: Epoch;
  readonly candidate: NodeId | null;
}

export interface VoteAnswer {
  /** The current epoch went up to the requested one. */
  readonly raised: boolean;
  /** The vote was given by this very request. */
  readonly granted: boolean;
  /** The vote to tell, once it is durable. */
  readonly vote: Vote;
}

const NO_VOTE: Vote = { epoch: NO_EPOCH, candidate: null };

export class VoteLedger {
  #currentEpoch: Epoch = NO_EPOCH;
  readonly #votes = new Map<string, Vote>();

  get currentEpoch(): Epoch {
    return this.#currentEpoch;
  }

  voteOn(subject: string): Vote {
    return this.#votes.get(subject) ?? NO_VOTE;
  }

  /** Hears of an epoch; true when it is news. */
  observe(epoch: Epoch): boolean {
    if (epoch <= this.#currentEpoch) return false;
    this.#currentEpoch = epoch;
    return true;
  }

  /** What the disk remembers: an epoch in which the vote is spent, not on whom. */
  restore(subject: string, votedEpoch: Epoch): void {
    this.#votes.set(subject, { epoch: votedEpoch, candidate: null });
  }

  /** Someone asks for the vote about `subject` in `epoch`. */
  request(subject: string, epoch: Epoch, candidate: NodeId): VoteAnswer {
    const raised = this.observe(epoch);
    const last = this.voteOn(subject);
    if (last.epoch >= epoch || this.#currentEpoch > epoch) return { raised, granted: false, vote: last };
    const vote: Vote = { epoch, candidate };
    this.#votes.set(subject, vote);
    return { raised, granted: true, vote };
  }

  /** Opens a new epoch and votes for ourselves in it. Null when no epoch is left. */
  stand(subject: string, self: NodeId): Epoch | null {
    const later =
      this.voteOn(subject).epoch > this.#currentEpoch ? this.voteOn(subject).epoch : this.#currentEpoch;
    const epoch = nextEpoch(later);
    if (epoch === null) return null;
    this.#currentEpoch = epoch;
    this.#votes.set(subject, { epoch, candidate: self });
    return epoch;
  }

  /** The vote of that epoch could not be recorded: it stays spent, but nobody is told that they have it. */
  withhold(subject: string, epoch: Epoch): void {
    if (this.voteOn(subject).epoch === epoch) this.#votes.set(subject, { epoch, candidate: null });
  }

  /** Tells nobody any more whom the last vote was for; it stays spent. (After a switch of the master.) */
  forgetCandidate(subject: string): void {
    this.withhold(subject, this.voteOn(subject).epoch);
  }

  /** The subject is no longer watched. */
  drop(subject: string): void {
    this.#votes.delete(subject);
  }
}
