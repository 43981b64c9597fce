/** One election, step by step: what goes in, and all that comes out. */
import { describe, expect, it } from 'vitest';
import {
  Election,
  RIVAL_PATIENCE_MS,
  STAND_SPACING_MS,
  type ElectionAction,
  type ElectionInput,
  type ElectionSurroundings,
  type Elector,
} from '../../../src/failover/election.js';
import { toEpoch } from '../../../src/failover/epoch.js';
import { toNodeId } from '../../../src/failover/identity.js';
import { VoteLedger } from '../../../src/failover/vote-ledger.js';

const A = toNodeId('a');
const B = toNodeId('b');
const C = toNodeId('c');

function elector(id: string, facts: Partial<Elector> = {}): Elector {
  return { id: toNodeId(id), reachable: true, suspected: false, dialect: 'orderly', ...facts };
}

const CALM: ElectionSurroundings = {
  confirmed: false,
  acting: true,
  peers: [elector('b'), elector('c')],
  quorum: 2,
  failoverTimeoutMs: 10_000,
  electionTimeoutMs: 10_000,
  eligibleReplicas: 1,
  refusals: [],
};
const DOWN: ElectionSurroundings = { ...CALM, confirmed: true };

/** Actions in one word each, so that a whole trace fits in a line. */
function brief(actions: readonly ElectionAction[]): string[] {
  return actions.map((action) => {
    switch (action.do) {
      case 'report': {
        const { occurrence } = action;
        switch (occurrence.kind) {
          case 'vote-cast':
            return `voted ${occurrence.candidate} ${occurrence.votedEpoch}`;
          case 'elected':
            return `elected ${occurrence.electedEpoch}`;
          case 'aborted':
            return occurrence.reason.cause === 'not-elected'
              ? `aborted ${occurrence.reason.why} ${occurrence.reason.votes}/${occurrence.reason.needed}`
              : 'aborted';
          case 'held-back':
            return `held back: ${occurrence.reason.cause}`;
          case 'delayed':
            return `delayed ${occurrence.forMs}`;
          default:
            return occurrence.kind;
        }
      }
      case 'persist':
      case 'announce':
        return action.do;
      case 'request-votes':
      case 'stand-down':
      case 'lead':
        return `${action.do} ${action.epoch}`;
    }
  });
}

/** The sentinel `a` of three, with chance replaced by 0. */
class Bench {
  readonly ledger = new VoteLedger();
  readonly election: Election;

  constructor(self = A, random: (bound: number) => number = () => 0) {
    this.election = new Election({ self, subject: 'm', ledger: this.ledger, randomInteger: random });
  }

  step(input: ElectionInput | 'look', nowMs: number, around: ElectionSurroundings): string[] {
    return brief(this.election.step(input === 'look' ? { kind: 'look' } : input, nowMs, around));
  }

  /** A vote of `voter` in `epoch`. */
  answer(voter: string, candidate: string | null, epoch: number, nowMs: number, around = DOWN): string[] {
    return this.step(
      {
        kind: 'answer',
        voter: toNodeId(voter),
        askedEpoch: this.election.requestedEpoch ?? toEpoch(0),
        vote: { epoch: toEpoch(epoch), candidate: candidate === null ? null : toNodeId(candidate) },
      },
      nowMs,
      around,
    );
  }

  recorded(epoch: number, nowMs: number, around = DOWN): string[] {
    return this.step({ kind: 'own-vote-recorded', epoch: toEpoch(epoch) }, nowMs, around);
  }
}

const STOOD = ['announce', 'epoch-advanced', 'attempt-started', 'persist'];

describe('an election that is won', () => {
  it('goes: own vote on disk, votes asked for, majority, lead', () => {
    const bench = new Bench();
    expect(bench.step('look', 0, CALM)).toEqual([]);
    expect(bench.step('look', 100, DOWN)).toEqual(STOOD);
    expect(bench.election.requestedEpoch).toBeNull();
    expect(bench.recorded(1, 105)).toEqual(['voted a 1', 'request-votes 1']);
    expect(bench.answer('c', 'a', 1, 110)).toEqual(['elected 1', 'lead 1']);
    expect(bench.election.leading).toBe(true);
    expect(bench.answer('b', 'a', 1, 111)).toEqual([]);
  });

  it('needs nobody when we are alone', () => {
    const bench = new Bench();
    const alone = { ...DOWN, peers: [], quorum: 1 };
    expect(bench.step('look', 0, alone)).toEqual(STOOD);
    expect(bench.recorded(1, 5, alone)).toEqual(['voted a 1', 'request-votes 1', 'elected 1', 'lead 1']);
  });

  it('asks for no vote as long as our own is not on disk, and gives up when the disk refuses', () => {
    const bench = new Bench();
    bench.step('look', 0, DOWN);
    expect(bench.answer('b', 'a', 1, 3)).toEqual([]);
    expect(bench.step({ kind: 'own-vote-not-recorded', epoch: toEpoch(1) }, 5, DOWN)).toEqual([
      'aborted not-recorded 0/2',
    ]);
  });

  it('counts an answer only when it is to the epoch it asked about', () => {
    const bench = new Bench();
    bench.step('look', 0, DOWN);
    bench.recorded(1, 1);
    const late: ElectionInput = {
      kind: 'answer',
      voter: B,
      askedEpoch: toEpoch(0),
      vote: { epoch: toEpoch(1), candidate: A },
    };
    expect(bench.step(late, 2, DOWN)).toEqual([]);
    expect(bench.election.leading).toBe(false);
  });
});

describe('the standing order', () => {
  it('lets sentinels with smaller ids go first, a few milliseconds apart', () => {
    const bench = new Bench(C);
    const around = { ...DOWN, peers: [elector('a'), elector('b')] };
    expect(bench.step('look', 0, around)).toEqual([]);
    expect(bench.election.wakeAtMs).toBe(2 * STAND_SPACING_MS);
    expect(bench.step('look', 2 * STAND_SPACING_MS, around)).toEqual(STOOD);
  });

  it('does not wait for those that cannot be reached or do not keep it', () => {
    const bench = new Bench(C);
    const peers = [elector('a', { reachable: false }), elector('b', { dialect: 'stock' })];
    expect(bench.step('look', 0, { ...DOWN, peers, quorum: 1 })).toEqual(STOOD);
  });

  it('is left to the one that asks first', () => {
    const bench = new Bench(B);
    const around = { ...DOWN, peers: [elector('a'), elector('c')] };
    bench.step('look', 0, around);
    bench.ledger.request('m', toEpoch(1), A);
    expect(bench.step({ kind: 'voted', candidate: A, epoch: toEpoch(1) }, 4, around)).toEqual([
      'delayed 20000',
    ]);
    expect(bench.step('look', STAND_SPACING_MS, around)).toEqual([]);
  });

  it('waits for the request of one that has announced itself, even before we are sure ourselves', () => {
    const bench = new Bench();
    bench.step({ kind: 'rival-stands', rival: C }, 0, CALM);
    expect(bench.step('look', 5, DOWN)).toEqual([]);
    expect(bench.election.wakeAtMs).toBe(RIVAL_PATIENCE_MS);
    bench.ledger.request('m', toEpoch(1), C);
    expect(bench.step({ kind: 'voted', candidate: C, epoch: toEpoch(1) }, 80, DOWN)).toEqual([
      'delayed 20000',
    ]);
  });

  it('goes on when the one that has announced itself never asks, or cannot any more', () => {
    const patient = new Bench();
    patient.step({ kind: 'rival-stands', rival: C }, 0, DOWN);
    expect(patient.step('look', RIVAL_PATIENCE_MS, DOWN)).toEqual(STOOD);
    const alarmed = new Bench();
    alarmed.step({ kind: 'rival-stands', rival: C }, 0, DOWN);
    const without = { ...DOWN, peers: [elector('b'), elector('c', { reachable: false })] };
    expect(alarmed.step('look', 20, without)).toEqual(STOOD);
  });

  it('decides between two that have begun at once: the greater id gives way', () => {
    const around = { ...DOWN, peers: [elector('a'), elector('c')] };
    const bench = new Bench(B);
    bench.step('look', 0, around);
    expect(bench.step('look', STAND_SPACING_MS, around)).toEqual(STOOD);
    expect(bench.step({ kind: 'rival-stands', rival: C }, 11, around)).toEqual([]);
    expect(bench.step({ kind: 'rival-stands', rival: A }, 12, around)).toEqual([
      'aborted rival 0/2',
      'delayed 20000',
    ]);
    expect(bench.recorded(1, 15, around)).toEqual([]);
  });

  it('is over when the master comes back before our turn', () => {
    const bench = new Bench(B);
    const around = { ...DOWN, peers: [elector('a'), elector('c')] };
    bench.step('look', 0, around);
    expect(bench.step('look', 3, { ...around, confirmed: false })).toEqual([]);
    expect(bench.step('look', STAND_SPACING_MS, { ...around, confirmed: false })).toEqual([]);
    expect(bench.election.wakeAtMs).toBeNull();
  });
});

describe('without enough sentinels in reach', () => {
  const around = { ...DOWN, peers: [elector('b', { reachable: false }), elector('c', { reachable: false })] };

  it('nobody stands, no epoch is spent, and the reason is said once', () => {
    const bench = new Bench();
    expect(bench.step('look', 0, around)).toEqual(['held back: no-majority']);
    expect(bench.step('look', 1000, around)).toEqual([]);
    expect(bench.ledger.currentEpoch).toBe(0n);
  });

  it('we stand as soon as one comes back', () => {
    const bench = new Bench();
    bench.step('look', 0, around);
    const back = { ...around, peers: [elector('b'), elector('c', { reachable: false })] };
    expect(bench.step('look', 500, back)).toEqual(STOOD);
  });
});

describe('an election that nobody can win', () => {
  const four = [elector('b'), elector('c'), elector('d')];

  it('is noticed with the last answer and tried again in a new epoch after a short random wait', () => {
    const bench = new Bench(A, (bound) => bound - 1);
    const around = { ...DOWN, peers: four, quorum: 2 };
    bench.step('look', 0, around);
    bench.recorded(1, 1, around);
    expect(bench.answer('b', 'b', 1, 2, around)).toEqual([]);
    expect(bench.answer('d', 'a', 1, 3, around)).toEqual([]);
    expect(bench.answer('c', 'b', 1, 4, around)).toEqual(['aborted split 2/3', 'stand-down 1']);
    const againMs = bench.election.wakeAtMs ?? 0;
    expect(againMs).toBeGreaterThan(4);
    expect(againMs).toBeLessThanOrEqual(4 + 60);
    expect(bench.step('look', againMs - 1, around)).toEqual([]);
    expect(bench.step('look', againMs, around)).toEqual(STOOD);
    expect(bench.ledger.currentEpoch).toBe(2n);
  });

  it('does not wait for a voter that cannot answer any more', () => {
    const bench = new Bench();
    bench.step('look', 0, DOWN);
    bench.recorded(1, 1);
    bench.answer('b', 'b', 1, 2);
    const without = { ...DOWN, peers: [elector('b'), elector('c', { reachable: false })] };
    expect(bench.step('look', 3, without)).toEqual(['aborted split 1/2', 'stand-down 1']);
  });

  it('keeps the wait of Redis Sentinel when stock sentinels take part', () => {
    const bench = new Bench();
    const around = { ...DOWN, peers: [elector('b', { dialect: 'stock' }), elector('c')] };
    bench.step('look', 0, around);
    bench.recorded(1, 1, around);
    bench.answer('b', 'b', 1, 2, around);
    expect(bench.answer('c', 'c', 1, 3, around)).toEqual([
      'aborted split 1/2',
      'stand-down 1',
      'delayed 19997',
    ]);
    expect(bench.step('look', 19_999, around)).toEqual([]);
    expect(bench.step('look', 20_000, around)).toEqual(STOOD);
  });

  it('gives up at the election timeout when answers stay out', () => {
    const bench = new Bench();
    bench.step('look', 0, DOWN);
    bench.recorded(1, 1);
    expect(bench.step('look', 9_999, DOWN)).toEqual([]);
    expect(bench.step('look', 10_000, DOWN)).toEqual(['aborted timeout 1/2', 'stand-down 1']);
  });
});

describe('after leaving the field to another', () => {
  function votedForC(around: ElectionSurroundings): Bench {
    const bench = new Bench();
    bench.ledger.request('m', toEpoch(1), C);
    bench.step({ kind: 'voted', candidate: C, epoch: toEpoch(1) }, 0, around);
    return bench;
  }

  it('we hold back for twice the failover timeout, and say so once', () => {
    const bench = new Bench();
    expect(bench.step({ kind: 'voted', candidate: C, epoch: toEpoch(1) }, 0, DOWN)).toEqual([
      'delayed 20000',
    ]);
    expect(bench.step('look', 19_999, DOWN)).toEqual([]);
    expect(bench.step('look', 20_000, DOWN)).toEqual(STOOD);
  });

  it('we stand at once when it is seen dead', () => {
    const bench = votedForC(DOWN);
    const dead = { ...DOWN, peers: [elector('b'), elector('c', { suspected: true, reachable: false })] };
    expect(bench.step('look', 1000, dead)).toEqual([]);
    expect(bench.election.wakeAtMs).toBe(1001);
    expect(bench.step('look', 1001, dead)).toEqual(STOOD);
    expect(bench.ledger.currentEpoch).toBe(2n);
  });

  it('we hold back even then when stock sentinels take part', () => {
    const around = {
      ...DOWN,
      peers: [elector('b', { dialect: 'stock' }), elector('c', { suspected: true })],
    };
    const bench = votedForC(around);
    expect(bench.step('look', 1000, around)).toEqual([]);
    expect(bench.election.wakeAtMs).toBe(20_000);
  });

  it('we stand when it gives up, provided that we know a replica to promote', () => {
    const bench = votedForC(DOWN);
    const bare = { ...DOWN, eligibleReplicas: 0 };
    expect(bench.step({ kind: 'stood-down', leader: C, epoch: toEpoch(1) }, 50, bare)).toEqual([]);
    expect(bench.step('look', 51, bare)).toEqual(['held back: no-good-replica']);
    expect(bench.step('look', 90, DOWN)).toEqual(STOOD);
  });

  it('nobody else can release us', () => {
    const bench = votedForC(DOWN);
    bench.step({ kind: 'stood-down', leader: B, epoch: toEpoch(1) }, 50, DOWN);
    bench.step({ kind: 'stood-down', leader: C, epoch: toEpoch(0) }, 50, DOWN);
    expect(bench.election.wakeAtMs).toBe(20_000);
  });

  it('a candidacy in an older epoch is given up', () => {
    const bench = new Bench();
    bench.step('look', 0, DOWN);
    bench.recorded(1, 1);
    bench.ledger.request('m', toEpoch(2), C);
    expect(bench.step({ kind: 'voted', candidate: C, epoch: toEpoch(2) }, 2, DOWN)).toEqual([
      'aborted superseded 1/2',
      'stand-down 1',
      'delayed 20000',
    ]);
    expect(bench.answer('b', 'a', 1, 3)).toEqual([]);
  });
});

describe('a leadership that failed', () => {
  function leader(around = DOWN): Bench {
    const bench = new Bench();
    bench.step('look', 0, around);
    bench.recorded(1, 1, around);
    bench.answer('b', 'a', 1, 2, around);
    return bench;
  }

  it('frees the voters, and waits for a replica that can be promoted', () => {
    const bench = leader();
    const bare = { ...DOWN, eligibleReplicas: 0 };
    expect(bench.step({ kind: 'leadership-failed', noGoodReplica: true }, 10, bare)).toEqual([
      'stand-down 1',
    ]);
    expect(bench.step('look', 500, bare)).toEqual(['held back: no-good-replica']);
    expect(bench.step('look', 501, DOWN)).toEqual(STOOD);
  });

  it('keeps the full wait when stock sentinels take part', () => {
    const around = { ...DOWN, peers: [elector('b', { dialect: 'stock' }), elector('c')] };
    const bench = leader(around);
    bench.step({ kind: 'leadership-failed', noGoodReplica: true }, 10, around);
    expect(bench.election.wakeAtMs).toBe(20_000);
  });
});

describe('by order', () => {
  it('a forced failover needs no agreement and no votes, but its own vote on disk', () => {
    const bench = new Bench();
    expect(bench.step({ kind: 'order', mode: 'forced' }, 0, CALM)).toEqual(STOOD);
    expect(bench.election.forced).toBe(true);
    expect(bench.recorded(1, 1, CALM)).toEqual(['voted a 1', 'elected 1', 'lead 1']);
  });

  it('a coordinated one asks for votes', () => {
    const bench = new Bench();
    bench.step({ kind: 'order', mode: 'coordinated' }, 0, CALM);
    expect(bench.recorded(1, 1, CALM)).toEqual(['voted a 1', 'request-votes 1']);
    expect(bench.answer('b', 'a', 1, 2, CALM)).toEqual(['elected 1', 'lead 1']);
  });
});

describe('while decisions are suspended', () => {
  const suspended = { ...DOWN, acting: false };

  it('nothing starts and nothing is decided, but answers are kept', () => {
    const bench = new Bench();
    expect(bench.step('look', 0, suspended)).toEqual([]);
    bench.step('look', 1, DOWN);
    bench.recorded(1, 2);
    expect(bench.answer('b', 'a', 1, 3, suspended)).toEqual([]);
    expect(bench.step('look', 4, DOWN)).toEqual(['elected 1', 'lead 1']);
  });
});
