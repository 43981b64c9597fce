/** The rules of the cluster, as tables: what is known goes in, what is decided comes out. */
import { describe, expect, it } from 'vitest';
import { takeDemotion } from '../../../src/cluster/rules/demotion.js';
import { chooseGossip } from '../../../src/cluster/rules/gossip-selection.js';
import { chooseMigration } from '../../../src/cluster/rules/migration-choice.js';
import { majorityOf, ServingState } from '../../../src/cluster/rules/serving-state.js';
import {
  applyClaims,
  betterOwner,
  claimedSlots,
  mustYieldEpoch,
  needsGreaterEpoch,
} from '../../../src/cluster/rules/slot-claims.js';
import { considerVote, type VoteRequest } from '../../../src/cluster/rules/voting.js';
import { ClusterView, VOTE_SUBJECT } from '../../../src/cluster/view/cluster-view.js';
import { ClusterNode } from '../../../src/cluster/view/node.js';
import { allSlots, SlotSet, type Slot } from '../../../src/cluster/view/slots.js';
import { Candidacy, type CandidateFacts } from '../../../src/failover/candidacy.js';
import { toEpoch } from '../../../src/failover/epoch.js';
import { toNodeId } from '../../../src/failover/identity.js';

function node(name: string, epoch = 0): ClusterNode {
  const id = toNodeId(name.padEnd(40, '0'));
  const made = new ClusterNode({ id, shardId: id, host: '10.0.0.1', port: 7000, busPort: 17_000 }, 1);
  made.configEpoch = toEpoch(epoch);
  made.isLinked = true;
  return made;
}

function viewOf(myself: ClusterNode, ...others: ClusterNode[]): ClusterView {
  const view = new ClusterView(myself);
  for (const other of others) view.add(other);
  return view;
}

function give(view: ClusterView, owner: ClusterNode, ...slots: number[]): void {
  for (const slot of slots) view.setOwner(slot as Slot, owner);
}

function bitmapOf(...slots: number[]): Uint8Array {
  const set = new SlotSet();
  for (const slot of slots) set.add(slot as Slot);
  return set.bitmap;
}

function replicaOf(view: ClusterView, master: ClusterNode, name: string): ClusterNode {
  const replica = node(name);
  replica.role = 'replica';
  view.add(replica);
  view.setMaster(replica, master);
  return replica;
}

describe('a claim to a slot', () => {
  it.each([
    ['of nobody', null, 0, true],
    ['held under an older epoch', 3, 4, true],
    ['held under the same epoch', 4, 4, false],
    ['held under a newer epoch', 5, 4, false],
  ])('%s', (_what, holderEpoch, epoch, isGranted) => {
    const claimant = node('claimant', epoch);
    const holder = node('holder', holderEpoch ?? 0);
    const view = viewOf(node('me'), claimant, holder);
    if (holderEpoch !== null) give(view, holder, 7);
    const { rebound } = applyClaims(view, claimant, toEpoch(epoch), bitmapOf(7));
    expect(rebound).toBe(isGranted ? 1 : 0);
    expect(view.ownerOf(7 as Slot)).toBe(isGranted ? claimant : holder);
  });

  it('is not heard for a slot that this node is importing', () => {
    const [claimant, holder] = [node('claimant', 9), node('holder', 1)];
    const view = viewOf(node('me'), claimant, holder);
    give(view, holder, 7);
    view.importingFrom.set(7 as Slot, holder);
    expect(applyClaims(view, claimant, toEpoch(9), bitmapOf(7)).rebound).toBe(0);
  });

  it('given up by its owner leaves the slot with it, for anybody to take, and untold in UPDATEs', () => {
    const [former, taker] = [node('former', 9), node('taker', 1)];
    const view = viewOf(node('me'), former, taker);
    give(view, former, 7, 8);
    applyClaims(view, former, toEpoch(9), bitmapOf(8));
    expect(view.ownerOf(7 as Slot)).toBe(former);
    expect(claimedSlots(view, former)).toEqual(bitmapOf(8));
    expect(applyClaims(view, taker, toEpoch(1), bitmapOf(7)).rebound).toBe(1);
    expect(view.ownerOf(7 as Slot)).toBe(taker);
  });

  it('says which slots were ours, and ends our sending them there', () => {
    const [me, claimant] = [node('me', 1), node('claimant', 2)];
    const view = viewOf(me, claimant);
    give(view, me, 1, 2, 3);
    view.migratingTo.set(2 as Slot, claimant);
    const outcome = applyClaims(view, claimant, toEpoch(2), bitmapOf(2, 3));
    expect(outcome).toEqual({ rebound: 2, lost: [2, 3], lostByShard: 2, displaced: [] });
    expect(view.migratingTo.size).toBe(0);
  });

  it('that is obsolete is answered with the owner who has more right to it', () => {
    const [sender, owner] = [node('sender', 1), node('owner', 2)];
    const view = viewOf(node('me'), sender, owner);
    give(view, owner, 5);
    expect(betterOwner(view, sender, toEpoch(1), bitmapOf(4, 5))).toBe(owner);
    expect(betterOwner(view, sender, toEpoch(2), bitmapOf(4, 5))).toBeNull();
  });
});

describe('a master that says it is a replica now', () => {
  function shard(): { view: ClusterView; former: ClusterNode; successor: ClusterNode } {
    const former = node('a', 5);
    const successor = node('b', 5);
    successor.role = 'replica';
    successor.shardId = former.shardId;
    const view = viewOf(node('me', 1), former, successor);
    view.setMaster(successor, former);
    give(view, former, 1, 2, 3);
    return { view, former, successor };
  }

  it('claims its slots for its successor, under that one’s epoch', () => {
    const { view, former, successor } = shard();
    const outcome = takeDemotion(view, former, successor, toEpoch(6), bitmapOf(1, 2));
    expect(outcome).toBe('succeeded');
    expect([...successor.slots]).toEqual([1, 2]);
    expect(view.ownerOf(3 as Slot)).toBeNull();
    expect([successor.role, successor.master, successor.configEpoch]).toEqual(['master', null, toEpoch(6)]);
  });

  it('does so for its own replica, too, when it does not tell of shards', () => {
    const { view, former, successor } = shard();
    successor.shardId = 'another'.padEnd(40, '0');
    expect(takeDemotion(view, former, successor, toEpoch(6), bitmapOf(1, 2, 3))).toBe('succeeded');
    expect(successor.slots.size).toBe(3);
  });

  it('is not believed when it said so before it became master', () => {
    const { view, former, successor } = shard();
    expect(takeDemotion(view, former, successor, toEpoch(4), bitmapOf(1, 2, 3))).toBe('stale');
    expect(former.slots.size).toBe(3);
    expect(successor.role).toBe('replica');
  });

  it('leaves its slots to nobody when it follows a master of another shard, or an unknown one', () => {
    for (const whom of ['a stranger', 'another shard'] as const) {
      const { view, former } = shard();
      const other = node('c', 9);
      view.add(other);
      const successor = whom === 'a stranger' ? null : other;
      expect(takeDemotion(view, former, successor, toEpoch(9), bitmapOf(1, 2, 3))).toBe('left');
      expect([former.slots.size, other.slots.size]).toEqual([0, 0]);
    }
  });

  it('cannot make this node a master', () => {
    const former = node('a', 5);
    const me = node('me', 5);
    me.role = 'replica';
    me.shardId = former.shardId;
    const view = viewOf(me, former);
    give(view, former, 1);
    expect(takeDemotion(view, former, me, toEpoch(6), bitmapOf(1))).toBe('left');
    expect([me.role, me.slots.size]).toEqual(['replica', 0]);
  });
});

describe('configuration epochs', () => {
  it('collide between two masters: the smaller id yields', () => {
    const [a, b] = [node('a', 3), node('b', 3)];
    expect(mustYieldEpoch(viewOf(a, b), b, toEpoch(3))).toBe(true);
    expect(mustYieldEpoch(viewOf(b, a), a, toEpoch(3))).toBe(false);
    expect(mustYieldEpoch(viewOf(a, b), b, toEpoch(4))).toBe(false);
  });

  it.each([
    [0, 0, true],
    [3, 5, true],
    [5, 5, false],
  ])('of %i with %i as the greatest: another one is needed, %s', (mine, greatest, isNeeded) => {
    const view = viewOf(node('me', mine), node('other', greatest));
    expect(needsGreaterEpoch(view)).toBe(isNeeded);
  });
});

describe('a vote', () => {
  const TIMEOUT_MS = 1000;

  function situation(): { view: ClusterView; request: VoteRequest; master: ClusterNode } {
    const [me, master] = [node('me', 1), node('master', 2)];
    const view = viewOf(me, master);
    give(view, me, 1);
    give(view, master, 2, 3);
    master.health = 'failed';
    const candidate = replicaOf(view, master, 'candidate');
    view.ledger.observe(toEpoch(7));
    const request = {
      candidate,
      epoch: toEpoch(7),
      configEpoch: toEpoch(2),
      slots: bitmapOf(2, 3),
      isForced: false,
    };
    return { view, request, master };
  }

  it('is given once in an epoch', () => {
    const { view, request } = situation();
    expect(considerVote(view, request, 10_000, TIMEOUT_MS)).toBeNull();
    expect(view.lastVoteEpoch).toBe(7n);
    expect(considerVote(view, request, 90_000, TIMEOUT_MS)).toMatchObject({ why: 'already-voted' });
  });

  it('is not given by who has no slots', () => {
    const { view, request } = situation();
    view.setOwner(1 as Slot, null);
    expect(considerVote(view, request, 10_000, TIMEOUT_MS)).toEqual({ why: 'no-voter' });
  });

  it('is not given in an epoch that has passed', () => {
    const { view, request } = situation();
    view.ledger.observe(toEpoch(8));
    expect(considerVote(view, request, 10_000, TIMEOUT_MS)).toMatchObject({ why: 'old-epoch' });
  });

  it('is not given while the master is up, unless an operator wants it', () => {
    const { view, request, master } = situation();
    master.health = 'suspected';
    expect(considerVote(view, request, 10_000, TIMEOUT_MS)).toEqual({ why: 'master-is-up' });
    expect(considerVote(view, { ...request, isForced: true }, 10_000, TIMEOUT_MS)).toBeNull();
  });

  it('is not given to a master, nor to a replica of nobody', () => {
    const { view, request, master } = situation();
    expect(considerVote(view, { ...request, candidate: master }, 10_000, TIMEOUT_MS)).toEqual({
      why: 'candidate-is-master',
    });
    view.setMaster(request.candidate, null);
    expect(considerVote(view, request, 10_000, TIMEOUT_MS)).toEqual({ why: 'unknown-master' });
  });

  it('is not given about the same master twice in twice the timeout', () => {
    const { view, request } = situation();
    expect(considerVote(view, request, 10_000, TIMEOUT_MS)).toBeNull();
    view.ledger.observe(toEpoch(8));
    const next = { ...request, epoch: toEpoch(8) };
    expect(considerVote(view, next, 11_999, TIMEOUT_MS)).toEqual({ why: 'voted-lately', forMs: 1 });
    expect(considerVote(view, next, 12_000, TIMEOUT_MS)).toBeNull();
  });

  it('is not given for slots that have a newer owner', () => {
    const { view, request } = situation();
    const newer = node('newer', 5);
    view.add(newer);
    give(view, newer, 3);
    expect(considerVote(view, request, 10_000, TIMEOUT_MS)).toEqual({
      why: 'newer-owner',
      slot: 3,
      ownerEpoch: 5n,
    });
    expect(view.ledger.voteOn(VOTE_SUBJECT).epoch).toBe(0n);
  });
});

describe('a candidacy', () => {
  const facts: CandidateFacts = { nodeTimeoutMs: 1000, rank: 0, votesNeeded: 2, isManual: false };
  const voter = (name: string): ReturnType<typeof toNodeId> => toNodeId(name);

  it('waits 500 ms, up to 499 more, and a second for every better replica', () => {
    const candidacy = new Candidacy((bound) => bound - 1);
    expect(candidacy.step(0, { ...facts, rank: 2 })).toEqual({ kind: 'scheduled', delayMs: 2999, rank: 2 });
    expect(candidacy.step(0, { ...facts, rank: 2 })).toEqual({ kind: 'wait', untilMs: 2999, why: 'delay' });
    expect(candidacy.step(2999, { ...facts, rank: 2 })).toEqual({ kind: 'ask' });
  });

  it('waits longer when a better replica turns up, never shorter', () => {
    const candidacy = new Candidacy(() => 0);
    candidacy.step(0, facts);
    expect(candidacy.step(10, { ...facts, rank: 1 })).toEqual({ kind: 'postponed', rank: 1, addedMs: 1000 });
    expect(candidacy.step(20, facts)).toEqual({ kind: 'wait', untilMs: 1500, why: 'delay' });
  });

  it('wins with the votes of a majority in its epoch, each counted once, none from before', () => {
    const candidacy = new Candidacy(() => 0);
    candidacy.step(0, facts);
    expect(candidacy.voted(voter('early'), toEpoch(9))).toBe(false);
    expect(candidacy.step(500, facts)).toEqual({ kind: 'ask' });
    candidacy.asked(toEpoch(8));
    expect(candidacy.voted(voter('a'), toEpoch(7))).toBe(false);
    candidacy.voted(voter('a'), toEpoch(8));
    candidacy.voted(voter('a'), toEpoch(8));
    expect(candidacy.step(501, facts)).toMatchObject({ kind: 'wait', why: 'votes' });
    candidacy.voted(voter('b'), toEpoch(8));
    expect(candidacy.step(502, facts)).toEqual({ kind: 'won', epoch: 8n, votes: 2 });
  });

  it('is over after twice the timeout, and begins anew after four times', () => {
    const candidacy = new Candidacy(() => 0);
    candidacy.step(0, facts);
    candidacy.step(500, facts);
    candidacy.asked(toEpoch(8));
    candidacy.voted(voter('a'), toEpoch(8));
    expect(candidacy.step(2501, facts)).toEqual({ kind: 'wait', untilMs: 4501, why: 'expired' });
    candidacy.voted(voter('b'), toEpoch(8));
    expect(candidacy.step(2600, facts)).toMatchObject({ why: 'expired' });
    expect(candidacy.step(4501, facts)).toMatchObject({ kind: 'scheduled' });
    expect(candidacy.votes).toBe(0);
  });

  it('that an operator wants asks at once', () => {
    const candidacy = new Candidacy(() => 499);
    const manual = { ...facts, isManual: true };
    expect(candidacy.step(7, manual)).toEqual({ kind: 'scheduled', delayMs: 0, rank: 0 });
    expect(candidacy.step(7, manual)).toEqual({ kind: 'ask' });
  });
});

describe('the state of the cluster', () => {
  const rules = { requiresFullCoverage: true, nodeTimeoutMs: 1000 };

  function covered(): { view: ClusterView; others: ClusterNode[] } {
    const me = node('a', 1);
    const others = [node('b', 2), node('c', 3)];
    const view = viewOf(me, ...others);
    for (const slot of allSlots()) view.setOwner(slot, [me, ...others][slot % 3]);
    return { view, others };
  }

  it('is ok on a master only two seconds after its start', () => {
    const { view } = covered();
    const state = new ServingState(false);
    expect(state.evaluate(view, 1000, rules)).toBe(3000);
    expect(view.isServing).toBe(false);
    expect(state.evaluate(view, 3000, rules)).toBeNull();
    expect(view.isServing).toBe(true);
    expect(view.size).toBe(3);
  });

  it('is ok at once on a master that had no past when it started', () => {
    const { view } = covered();
    const state = new ServingState(true);
    expect(state.evaluate(view, 1000, rules)).toBeNull();
    expect(view.isServing).toBe(true);
  });

  it('is ok as soon as all slots are given: before that there was no majority to be cut off from', () => {
    const view = viewOf(node('a', 1), node('b', 2));
    const state = new ServingState(true);
    expect(state.evaluate(view, 1000, { ...rules, requiresFullCoverage: false })).toBeNull();
    expect(view.isServing).toBe(false);
    for (const slot of allSlots()) view.setOwner(slot, [...view.nodes][slot % 2]);
    expect(state.evaluate(view, 1001, rules)).toBeNull();
    expect(view.isServing).toBe(true);
  });

  it.each([
    ['a slot is nobody’s', (view: ClusterView) => view.setOwner(9 as Slot, null), true, false],
    [
      'a slot is nobody’s, but not all are needed',
      (view: ClusterView) => view.setOwner(9 as Slot, null),
      false,
      true,
    ],
  ])('when %s', (_what, change, requiresFullCoverage, isServing) => {
    const { view } = covered();
    const state = new ServingState(false);
    state.evaluate(view, 0, rules);
    change(view);
    state.evaluate(view, 5000, { ...rules, requiresFullCoverage });
    expect(view.isServing).toBe(isServing);
  });

  it('fails in a minority, at once, and is ok again only after a while', () => {
    const { view, others } = covered();
    const state = new ServingState(false);
    state.evaluate(view, 0, rules);
    state.evaluate(view, 5000, rules);
    for (const other of others) other.health = 'suspected';
    state.evaluate(view, 6000, rules);
    expect(view.isServing).toBe(false);
    for (const other of others) other.health = 'alive';
    expect(state.evaluate(view, 9000, rules)).toBe(10_000);
    state.evaluate(view, 10_000, rules);
    expect(view.isServing).toBe(true);
  });

  it('counts majorities of all masters with slots, the failed ones too', () => {
    expect([1, 2, 3, 4, 5].map(majorityOf)).toEqual([1, 2, 2, 3, 3]);
  });
});

describe('gossip', () => {
  it('tells of a tenth of the nodes, of three at least, and of every suspected one', () => {
    const others = Array.from({ length: 40 }, (_, i) => node(`n${i}`));
    const view = viewOf(node('me'), ...others);
    others[7].health = 'suspected';
    others[8].hasNoAddress = true;
    let seed = 1;
    const draw = (bound: number): number => (seed = (seed * 48_271) % 0x7fffffff) % bound;
    for (let round = 0; round < 50; round++) {
      const told = chooseGossip(view, draw);
      expect(told).toContain(others[7]);
      expect(told).not.toContain(view.myself);
      expect(told).not.toContain(others[8]);
      expect(told.length).toBeLessThanOrEqual(5);
    }
    const few = viewOf(node('me'), node('b'), node('c'));
    expect(chooseGossip(few, draw).length).toBeLessThanOrEqual(1);
    expect(chooseGossip(viewOf(node('me')), draw)).toEqual([]);
  });
});

describe('the migration of replicas', () => {
  const rules = { isAllowed: true, barrier: 1 };

  /** This node and another are replicas of `rich`; `poor` has slots and a replica that failed. */
  function situation(): { view: ClusterView; poor: ClusterNode; rich: ClusterNode } {
    const me = node('b');
    me.role = 'replica';
    const [rich, poor] = [node('rich', 1), node('poor', 2)];
    const view = viewOf(me, rich, poor);
    give(view, rich, 1);
    give(view, poor, 2);
    view.setMaster(me, rich);
    replicaOf(view, rich, 'c');
    replicaOf(view, poor, 'dead').health = 'failed';
    view.isServing = true;
    return { view, poor, rich };
  }

  it('goes to a master that has had none for five seconds', () => {
    const { view, poor } = situation();
    expect(chooseMigration(view, 1000, rules)).toEqual({ target: null, againMs: 6001 });
    expect(chooseMigration(view, 6000, rules).target).toBeNull();
    expect(chooseMigration(view, 6001, rules).target).toBe(poor);
  });

  it.each([
    ['it is not allowed', { ...rules, isAllowed: false }, () => undefined],
    ['too few would be left', { ...rules, barrier: 2 }, () => undefined],
    ['the cluster does not work', rules, (view: ClusterView) => (view.isServing = false)],
    [
      'another replica has the smaller id',
      rules,
      (view: ClusterView) => replicaOf(view, view.myself.master ?? view.myself, 'a'),
    ],
  ])('does not happen when %s', (_what, these, change) => {
    const { view } = situation();
    change(view);
    chooseMigration(view, 1000, these);
    expect(chooseMigration(view, 60_000, these).target).toBeNull();
  });
});
