import { describe, expect, it } from 'vitest';
import { LAST_EPOCH, toEpoch } from '../../../src/failover/epoch.js';
import { toNodeId } from '../../../src/failover/identity.js';
import { countVotes, votesNeeded, type Ballot } from '../../../src/failover/vote-count.js';
import { VoteLedger } from '../../../src/failover/vote-ledger.js';

const A = toNodeId('a');
const B = toNodeId('b');
const SELF = toNodeId('self');

describe('the ledger', () => {
  it('gives one vote per epoch and subject, to whoever asks first', () => {
    const ledger = new VoteLedger();
    expect(ledger.request('m', toEpoch(5), A)).toEqual({
      raised: true,
      granted: true,
      vote: { epoch: 5n, candidate: A },
    });
    expect(ledger.request('m', toEpoch(5), B)).toEqual({
      raised: false,
      granted: false,
      vote: { epoch: 5n, candidate: A },
    });
    expect(ledger.request('other', toEpoch(5), B).granted).toBe(true);
  });

  it('never votes in an epoch that has passed', () => {
    const ledger = new VoteLedger();
    ledger.observe(toEpoch(9));
    expect(ledger.request('m', toEpoch(8), A).granted).toBe(false);
    expect(ledger.currentEpoch).toBe(9n);
  });

  it('after a restart has spent the vote of the epoch it remembers, and tells no name', () => {
    const ledger = new VoteLedger();
    ledger.observe(toEpoch(5));
    ledger.restore('m', toEpoch(5));
    expect(ledger.request('m', toEpoch(5), A)).toEqual({
      raised: false,
      granted: false,
      vote: { epoch: 5n, candidate: null },
    });
    expect(ledger.request('m', toEpoch(6), A).granted).toBe(true);
  });

  it('opens a new epoch to stand, and has then voted in it', () => {
    const ledger = new VoteLedger();
    ledger.observe(toEpoch(3));
    expect(ledger.stand('m', SELF)).toBe(4n);
    expect(ledger.request('m', toEpoch(4), A)).toEqual({
      raised: false,
      granted: false,
      vote: { epoch: 4n, candidate: SELF },
    });
  });

  it('says when there is no epoch left instead of wrapping', () => {
    const ledger = new VoteLedger();
    ledger.observe(LAST_EPOCH);
    expect(ledger.stand('m', SELF)).toBeNull();
    expect(ledger.currentEpoch).toBe(LAST_EPOCH);
  });

  it('keeps a withheld vote spent', () => {
    const ledger = new VoteLedger();
    ledger.request('m', toEpoch(5), A);
    ledger.withhold('m', toEpoch(5));
    expect(ledger.request('m', toEpoch(5), A)).toEqual({
      raised: false,
      granted: false,
      vote: { epoch: 5n, candidate: null },
    });
  });

  it('withholds nothing of a later epoch', () => {
    const ledger = new VoteLedger();
    ledger.request('m', toEpoch(5), A);
    ledger.request('m', toEpoch(6), B);
    ledger.withhold('m', toEpoch(5));
    expect(ledger.voteOn('m')).toEqual({ epoch: 6n, candidate: B });
  });
});

describe('the votes needed', () => {
  it.each([
    [1, 1, 1],
    [2, 1, 2],
    [3, 2, 2],
    [3, 3, 3],
    [4, 2, 3],
    [5, 2, 3],
    [5, 5, 5],
  ])('of %i voters with quorum %i are %i', (electorate, quorum, needed) => {
    expect(votesNeeded(electorate, quorum)).toBe(needed);
  });
});

describe('the count', () => {
  const cast = (candidate: typeof A): Ballot => ({ cast: candidate });
  it.each<[string, readonly Ballot[], number, string]>([
    ['enough', [cast(SELF), cast(SELF), 'open'], 2, 'won'],
    ['too few yet, but another may come', [cast(SELF), 'open', 'open'], 2, 'open'],
    ['a rival has won', [cast(SELF), cast(A), cast(A)], 2, 'lost'],
    ['a rival still can', [cast(SELF), cast(A), cast(A), 'open', 'spent'], 3, 'lost'],
    ['one each and nobody left', [cast(SELF), cast(A), 'spent'], 2, 'split'],
    ['nobody is there to vote', [cast(SELF), 'spent', 'spent'], 2, 'split'],
    ['alone and sufficient', [cast(SELF)], 1, 'won'],
  ])('%s', (_what, ballots, needed, outcome) => {
    expect(countVotes(SELF, ballots, needed).outcome).toBe(outcome);
  });

  it('names the strongest rival', () => {
    expect(countVotes(SELF, [cast(SELF), cast(B), cast(A), cast(B)], 3)).toEqual({
      outcome: 'split',
      votes: 1,
      rival: B,
    });
  });
});
