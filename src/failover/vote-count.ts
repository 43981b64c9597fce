/**
 * Counting votes: pure functions over what each voter is known to have done in one epoch.
 */
import type { NodeId } from './identity.js';

/** What one voter did: voted, can still vote, or will not vote in this epoch any more. */
export type Ballot = { readonly cast: NodeId } | 'open' | 'spent';

export type CountOutcome = 'won' | 'open' | 'lost' | 'split';

export interface Count {
  /**
   * `won`: we have enough. `open`: we still can. `lost`: we cannot, another one has won or can. `split`:
   * nobody can.
   */
  readonly outcome: CountOutcome;
  readonly votes: number;
  /** The strongest other candidate; null without one. */
  readonly rival: NodeId | null;
}

/** A leader needs the majority of all known voters, dead ones included, and at least the quorum. */
export function votesNeeded(electorate: number, quorum: number): number {
  return Math.max(Math.floor(electorate / 2) + 1, quorum);
}

/** Counts for candidate `self`; `ballots` holds one entry per voter, our own included. */
export function countVotes(self: NodeId, ballots: readonly Ballot[], needed: number): Count {
  const votesOf = new Map<NodeId, number>();
  let open = 0;
  for (const ballot of ballots) {
    if (ballot === 'open') open++;
    else if (ballot !== 'spent') votesOf.set(ballot.cast, (votesOf.get(ballot.cast) ?? 0) + 1);
  }
  const votes = votesOf.get(self) ?? 0;
  votesOf.delete(self);
  let rival: NodeId | null = null;
  let rivalVotes = 0;
  for (const [candidate, count] of votesOf) {
    if (count > rivalVotes || (count === rivalVotes && rival !== null && candidate < rival)) {
      rival = candidate;
      rivalVotes = count;
    }
  }
  let outcome: CountOutcome;
  if (votes >= needed) outcome = 'won';
  else if (votes + open >= needed) outcome = 'open';
  else if (rival !== null && rivalVotes + open >= needed) outcome = 'lost';
  else outcome = 'split';
  return { outcome, votes, rival };
}
