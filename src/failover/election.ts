/**
 * One sentinel's way to the leadership of one failover: when to stand, whom it has asked, whether it won.
 *
 * Sentinels that see the same connection break become sure in the same millisecond. So that they do not all
 * vote for themselves they stand in the order of their ids, a little apart, and whoever hears of another's
 * candidacy before its turn waits for the request instead of standing: the request itself comes late, since the
 * candidate's own vote must be on disk first. An election that nobody can win any more is noticed with the last answer
 * and tried again, in a new epoch, after a short random wait.
 *
 * Having voted for another, or having failed, a sentinel holds back for twice the failover timeout, as Redis
 * Sentinel does, so that leaders do not duel. Among peers that stand in order (see {@link Elector.dialect})
 * this may end sooner: when the leader is seen dead or has said that it gives up.
 *
 * Pure: inputs and the time go in, actions come out. It never asks for a vote, counts its own, or leads before
 * its own vote is on disk.
 */
import type { Epoch } from './epoch.js';
import type { AbortReason, HoldReason, NamedRefusal } from './events.js';
import type { NodeId } from './identity.js';
import { countVotes, votesNeeded, type Ballot, type Count } from './vote-count.js';
import type { Vote, VoteLedger } from './vote-ledger.js';

/** A peer as the election sees it. */
export interface Elector {
  readonly id: NodeId;
  /** It can be asked now. */
  readonly reachable: boolean;
  /** We believe it dead. */
  readonly suspected: boolean;
  /** `orderly`: stands in order and says when it gives up, as we do. `stock`: does neither. */
  readonly dialect: 'orderly' | 'stock' | 'unknown';
}

/** What the election has to know about the world; a fresh one comes with every input. */
export interface ElectionSurroundings {
  /** The failure of the master is agreed upon. */
  readonly confirmed: boolean;
  /** False while decisions are suspended (TILT): nothing starts and nothing is decided. */
  readonly acting: boolean;
  readonly peers: readonly Elector[];
  readonly quorum: number;
  readonly failoverTimeoutMs: number;
  readonly electionTimeoutMs: number;
  /** Replicas that could be promoted, as far as is known now, and why the others could not. */
  readonly eligibleReplicas: number;
  readonly refusals: readonly NamedRefusal[];
}

/** `automatic`: after agreement. `forced`: by order, without votes. `coordinated`: by order, with votes. */
export type ElectionMode = 'automatic' | 'forced' | 'coordinated';

export type ElectionInput =
  /** The surroundings changed, or {@link Election.wakeAtMs} has come. */
  | { readonly kind: 'look' }
  | { readonly kind: 'order'; readonly mode: 'forced' | 'coordinated' }
  | { readonly kind: 'own-vote-recorded'; readonly epoch: Epoch }
  | { readonly kind: 'own-vote-not-recorded'; readonly epoch: Epoch }
  /** A peer answered our request for its vote in `askedEpoch`. */
  | { readonly kind: 'answer'; readonly voter: NodeId; readonly askedEpoch: Epoch; readonly vote: Vote }
  /** We gave our vote to another one. */
  | { readonly kind: 'voted'; readonly candidate: NodeId; readonly epoch: Epoch }
  /** A peer says that it stands; it will ask for our vote as soon as its own is on disk. */
  | { readonly kind: 'rival-stands'; readonly rival: NodeId }
  /** The candidate or leader of that epoch says that it gives up. */
  | { readonly kind: 'stood-down'; readonly leader: NodeId; readonly epoch: Epoch }
  /** The failover that we led ended without a new master. */
  | { readonly kind: 'leadership-failed'; readonly noGoodReplica: boolean };

export type ElectionReport =
  | { readonly kind: 'epoch-advanced' }
  | { readonly kind: 'attempt-started' }
  | { readonly kind: 'vote-cast'; readonly candidate: NodeId; readonly votedEpoch: Epoch }
  | { readonly kind: 'elected'; readonly electedEpoch: Epoch; readonly forced: boolean }
  | { readonly kind: 'aborted'; readonly reason: AbortReason }
  | { readonly kind: 'held-back'; readonly reason: HoldReason }
  | { readonly kind: 'delayed'; readonly forMs: number };

export type ElectionAction =
  | { readonly do: 'report'; readonly occurrence: ElectionReport }
  /** Put the ledger on disk, then feed `then`; if the disk refuses, withhold that vote and feed `otherwise`. */
  | {
      readonly do: 'persist';
      readonly epoch: Epoch;
      readonly then: ElectionInput;
      readonly otherwise: ElectionInput;
    }
  /** Tell the orderly peers that we stand. Nothing else: neither vote nor epoch is on disk yet. */
  | { readonly do: 'announce' }
  | { readonly do: 'request-votes'; readonly epoch: Epoch }
  /** Tell the peers that voted for us that they are free. */
  | { readonly do: 'stand-down'; readonly epoch: Epoch }
  | { readonly do: 'lead'; readonly epoch: Epoch; readonly mode: ElectionMode };

/** What the election needs from its owner, fixed for its life. */
export interface ElectionContext {
  readonly self: NodeId;
  readonly subject: string;
  readonly ledger: VoteLedger;
  /** A uniformly distributed integer in [0, bound). */
  readonly randomInteger: (bound: number) => number;
}

/** Between the turns of two neighbours in the standing order. Covers the way of an announcement. */
export const STAND_SPACING_MS = 10;
/** How long the request of one who has announced itself is waited for: its disk may be slow. */
export const RIVAL_PATIENCE_MS = 300;
/** The wait after an election that nobody could win is random up to this, doubled with each failure. */
const SPLIT_RETRY_MS = 60;
const SPLIT_RETRY_LIMIT_MS = 2000;
/** Spread of the wait after a vote or an attempt (the 1000 of Redis Sentinel's desynchronisation). */
const DESYNC_MS = 1000;
const STAND_OFF_FACTOR = 2;

type Phase =
  | { readonly name: 'idle' }
  | { readonly name: 'waiting'; readonly standAtMs: number }
  | {
      readonly name: 'recording';
      readonly epoch: Epoch;
      readonly mode: ElectionMode;
      readonly deadlineMs: number;
    }
  | {
      readonly name: 'collecting';
      readonly epoch: Epoch;
      readonly mode: ElectionMode;
      readonly deadlineMs: number;
      readonly answers: Map<NodeId, Vote>;
    }
  | { readonly name: 'leading'; readonly epoch: Epoch; readonly mode: ElectionMode };

/** Why we do not stand before a certain time. */
interface StandOff {
  readonly untilMs: number;
  /** Whom we leave the field to; null when it is our own failure. */
  readonly leader: NodeId | null;
  readonly epoch: Epoch;
  announced: boolean;
}

const IDLE: Phase = { name: 'idle' };

export class Election {
  readonly #context: ElectionContext;
  #phase: Phase = IDLE;
  #standOff: StandOff | null = null;
  /** Who has announced to stand, and until when we wait for its request. */
  #rival: { readonly id: NodeId; readonly untilMs: number } | null = null;
  /** An attempt has shown that no replica could be promoted: the next one waits until one can. */
  #awaitReplica = false;
  /** Failed attempts since the last success or recovery. */
  #failures = 0;
  /** The last reason told for not standing, so that it is told once. */
  #toldHold = '';

  constructor(context: ElectionContext) {
    this.#context = context;
  }

  /** The epoch we stand or lead in; null otherwise. */
  get epoch(): Epoch | null {
    return this.#phase.name === 'idle' || this.#phase.name === 'waiting' ? null : this.#phase.epoch;
  }

  /** An attempt of ours is under way, won or not. */
  get inProgress(): boolean {
    return this.epoch !== null;
  }

  get leading(): boolean {
    return this.#phase.name === 'leading';
  }

  /** Nobody's vote is needed. */
  get forced(): boolean {
    return this.inProgress && this.#mode === 'forced';
  }

  /** The epoch whose votes we are asking for; null when none. */
  get requestedEpoch(): Epoch | null {
    return this.#phase.name === 'collecting' ? this.#phase.epoch : null;
  }

  /** Whether a voter still owes us an answer. */
  awaits(voter: NodeId): boolean {
    return this.#phase.name === 'collecting' && !this.#phase.answers.has(voter);
  }

  /** When to look again; null when only an event can change anything. */
  get wakeAtMs(): number | null {
    switch (this.#phase.name) {
      case 'idle':
        return this.#standOff?.untilMs ?? this.#rival?.untilMs ?? null;
      case 'waiting':
        return this.#phase.standAtMs;
      case 'recording':
      case 'collecting':
        return this.#phase.deadlineMs;
      case 'leading':
        return null;
    }
  }

  /** Forgets everything: the master was switched or reset. */
  reset(): void {
    this.#phase = IDLE;
    this.#standOff = null;
    this.#rival = null;
    this.#awaitReplica = false;
    this.#failures = 0;
    this.#toldHold = '';
  }

  step(input: ElectionInput, nowMs: number, surroundings: ElectionSurroundings): ElectionAction[] {
    const actions: ElectionAction[] = [];
    this.#take(input, nowMs, surroundings, actions);
    if (!surroundings.acting) return actions;
    let before: Phase;
    do {
      before = this.#phase;
      this.#look(nowMs, surroundings, actions);
    } while (before !== this.#phase);
    return actions;
  }

  #take(input: ElectionInput, nowMs: number, around: ElectionSurroundings, actions: ElectionAction[]): void {
    const phase = this.#phase;
    switch (input.kind) {
      case 'look':
        return;
      case 'order':
        if (!this.inProgress) this.#stand(input.mode, nowMs, around, actions);
        return;
      case 'own-vote-recorded':
        if (phase.name === 'recording' && phase.epoch === input.epoch) this.#collect(phase, actions);
        return;
      case 'own-vote-not-recorded':
        if (phase.name === 'recording' && phase.epoch === input.epoch) {
          this.#abort('not-recorded', null, nowMs, around, actions);
        }
        return;
      case 'answer':
        if (phase.name === 'collecting' && phase.epoch === input.askedEpoch) {
          // A vote once heard stays: a later answer cannot take it back.
          if (phase.answers.get(input.voter)?.epoch !== phase.epoch)
            phase.answers.set(input.voter, input.vote);
        }
        return;
      case 'voted':
        this.#yieldTo(input.candidate, input.epoch, nowMs, around, actions);
        return;
      case 'rival-stands':
        this.#makeWay(input.rival, nowMs, around, actions);
        return;
      case 'stood-down':
        if (this.#rival?.id === input.leader) this.#rival = null;
        if (this.#standOff?.leader === input.leader && input.epoch >= this.#standOff.epoch) {
          this.#awaitReplica = true;
          this.#retryWithin(STAND_SPACING_MS, input.epoch, nowMs);
        }
        return;
      case 'leadership-failed':
        if (phase.name !== 'leading') return;
        this.#phase = IDLE;
        this.#failures++;
        actions.push({ do: 'stand-down', epoch: phase.epoch });
        if (isOrderly(around)) {
          this.#awaitReplica = input.noGoodReplica;
          this.#retryWithin(this.#retrySpreadMs(), phase.epoch, nowMs);
        }
        return;
    }
  }

  #look(nowMs: number, around: ElectionSurroundings, actions: ElectionAction[]): void {
    switch (this.#phase.name) {
      case 'idle':
        if (this.#standOff !== null && nowMs >= this.#standOff.untilMs) this.#standOff = null;
        if (this.#rival !== null && !this.#rivalMayAsk(this.#rival, nowMs, around)) this.#rival = null;
        if (around.confirmed) this.#considerStanding(nowMs, around, actions);
        else this.#recover();
        return;
      case 'waiting':
        if (!around.confirmed) this.#phase = IDLE;
        else if (nowMs >= this.#phase.standAtMs) this.#stand('automatic', nowMs, around, actions);
        return;
      case 'recording':
        if (nowMs >= this.#phase.deadlineMs) this.#abort('timeout', null, nowMs, around, actions);
        return;
      case 'collecting':
        this.#count(nowMs, around, actions);
        return;
      case 'leading':
        return;
    }
  }

  #considerStanding(nowMs: number, around: ElectionSurroundings, actions: ElectionAction[]): void {
    if (this.#standOff !== null) {
      this.#considerStandOff(this.#standOff, nowMs, around, actions);
      return;
    }
    if (this.#rival !== null) return;
    if (this.#awaitReplica && around.eligibleReplicas === 0) {
      this.#hold({ cause: 'no-good-replica', refusals: around.refusals }, actions);
      return;
    }
    const needed = votesNeeded(around.peers.length + 1, around.quorum);
    const reachable = 1 + around.peers.filter((peer) => peer.reachable).length;
    if (reachable < needed) {
      this.#hold({ cause: 'no-majority', reachable, needed, known: around.peers.length + 1 }, actions);
      return;
    }
    const before = around.peers.filter(
      (peer) => peer.reachable && peer.dialect === 'orderly' && peer.id < this.#context.self,
    );
    if (before.length === 0) this.#stand('automatic', nowMs, around, actions);
    else this.#phase = { name: 'waiting', standAtMs: nowMs + before.length * STAND_SPACING_MS };
  }

  /** Says once that we hold back, and stops when the one we hold back for is dead. */
  #considerStandOff(
    standOff: StandOff,
    nowMs: number,
    around: ElectionSurroundings,
    actions: ElectionAction[],
  ): void {
    if (standOff.leader !== null && isOrderly(around)) {
      const leader = around.peers.find((peer) => peer.id === standOff.leader);
      if (leader === undefined || leader.suspected) {
        this.#retryWithin(STAND_SPACING_MS, standOff.epoch, nowMs);
        return;
      }
    }
    if (standOff.announced) return;
    standOff.announced = true;
    actions.push({ do: 'report', occurrence: { kind: 'delayed', forMs: standOff.untilMs - nowMs } });
  }

  /** The failure is over: what was learned from failed attempts no longer holds. */
  #recover(): void {
    this.#awaitReplica = false;
    this.#failures = 0;
    this.#toldHold = '';
  }

  #hold(reason: HoldReason, actions: ElectionAction[]): void {
    const told = holdKey(reason);
    if (told === this.#toldHold) return;
    this.#toldHold = told;
    actions.push({ do: 'report', occurrence: { kind: 'held-back', reason } });
  }

  #stand(mode: ElectionMode, nowMs: number, around: ElectionSurroundings, actions: ElectionAction[]): void {
    const { ledger, self, subject } = this.#context;
    const epoch = ledger.stand(subject, self);
    if (epoch === null) {
      this.#phase = IDLE;
      this.#hold({ cause: 'epochs-exhausted' }, actions);
      return;
    }
    this.#toldHold = '';
    this.#awaitReplica = false;
    const startMs = nowMs + this.#context.randomInteger(DESYNC_MS);
    this.#standOff = {
      untilMs: startMs + STAND_OFF_FACTOR * around.failoverTimeoutMs,
      leader: null,
      epoch,
      announced: false,
    };
    const deadlineMs = startMs + Math.min(around.electionTimeoutMs, around.failoverTimeoutMs);
    this.#phase = { name: 'recording', epoch, mode, deadlineMs };
    actions.push(
      { do: 'announce' },
      { do: 'report', occurrence: { kind: 'epoch-advanced' } },
      { do: 'report', occurrence: { kind: 'attempt-started' } },
      {
        do: 'persist',
        epoch,
        then: { kind: 'own-vote-recorded', epoch },
        otherwise: { kind: 'own-vote-not-recorded', epoch },
      },
    );
  }

  #collect(phase: Extract<Phase, { name: 'recording' }>, actions: ElectionAction[]): void {
    const { epoch, mode, deadlineMs } = phase;
    actions.push({
      do: 'report',
      occurrence: { kind: 'vote-cast', candidate: this.#context.self, votedEpoch: epoch },
    });
    if (mode === 'forced') {
      this.#lead(epoch, mode, actions);
      return;
    }
    this.#phase = { name: 'collecting', epoch, mode, deadlineMs, answers: new Map() };
    actions.push({ do: 'request-votes', epoch });
  }

  #count(nowMs: number, around: ElectionSurroundings, actions: ElectionAction[]): void {
    const phase = this.#phase;
    if (phase.name !== 'collecting') return;
    const { outcome, rival } = this.#tally(around);
    switch (outcome) {
      case 'won':
        this.#lead(phase.epoch, phase.mode, actions);
        return;
      case 'open':
        if (nowMs >= phase.deadlineMs) this.#abort('timeout', null, nowMs, around, actions);
        return;
      case 'lost':
        this.#abort('rival', rival, nowMs, around, actions);
        return;
      case 'split':
        this.#abort('split', null, nowMs, around, actions);
        return;
    }
  }

  #tally(around: ElectionSurroundings): Count {
    const { self } = this.#context;
    const ballots: Ballot[] = [];
    if (this.#phase.name === 'collecting') {
      ballots.push({ cast: self });
      // With stock peers the attempt cannot be repeated soon, so it also waits for those out of reach.
      const waitForAll = !isOrderly(around);
      for (const peer of around.peers) {
        const vote = this.#phase.answers.get(peer.id);
        if (vote === undefined) ballots.push(peer.reachable || waitForAll ? 'open' : 'spent');
        else if (vote.epoch === this.#phase.epoch && vote.candidate !== null)
          ballots.push({ cast: vote.candidate });
        else ballots.push('spent');
      }
    }
    return countVotes(self, ballots, votesNeeded(around.peers.length + 1, around.quorum));
  }

  #lead(epoch: Epoch, mode: ElectionMode, actions: ElectionAction[]): void {
    this.#phase = { name: 'leading', epoch, mode };
    actions.push(
      { do: 'report', occurrence: { kind: 'elected', electedEpoch: epoch, forced: mode === 'forced' } },
      { do: 'lead', epoch, mode },
    );
  }

  /** Another one stands. Of two who have just begun, the one with the greater id gives way. */
  #makeWay(rival: NodeId, nowMs: number, around: ElectionSurroundings, actions: ElectionAction[]): void {
    const phase = this.#phase;
    if (phase.name === 'leading' || phase.name === 'collecting') return;
    if (phase.name === 'recording') {
      if (phase.mode === 'automatic' && rival < this.#context.self) {
        this.#abort('rival', rival, nowMs, around, actions);
      }
      return;
    }
    this.#phase = IDLE;
    this.#rival = { id: rival, untilMs: nowMs + RIVAL_PATIENCE_MS };
  }

  /** Whether the request of one who has announced itself may still come. */
  #rivalMayAsk(
    rival: { readonly id: NodeId; readonly untilMs: number },
    nowMs: number,
    around: ElectionSurroundings,
  ): boolean {
    const peer = around.peers.find(({ id }) => id === rival.id);
    return nowMs < rival.untilMs && peer !== undefined && peer.reachable;
  }

  /** We voted for someone else: their turn, unless we lead already. */
  #yieldTo(
    candidate: NodeId,
    epoch: Epoch,
    nowMs: number,
    around: ElectionSurroundings,
    actions: ElectionAction[],
  ): void {
    const phase = this.#phase;
    if (phase.name === 'leading') return;
    if (phase.name === 'recording' || phase.name === 'collecting') {
      this.#abort('superseded', null, nowMs, around, actions);
    }
    this.#phase = IDLE;
    this.#rival = null;
    this.#leaveTo(candidate, epoch, nowMs, around);
  }

  #leaveTo(leader: NodeId, epoch: Epoch, nowMs: number, around: ElectionSurroundings): void {
    this.#standOff = {
      untilMs: nowMs + this.#context.randomInteger(DESYNC_MS) + STAND_OFF_FACTOR * around.failoverTimeoutMs,
      leader,
      epoch,
      announced: false,
    };
  }

  #abort(
    why: Extract<AbortReason, { cause: 'not-elected' }>['why'],
    rival: NodeId | null,
    nowMs: number,
    around: ElectionSurroundings,
    actions: ElectionAction[],
  ): void {
    const epoch = this.epoch;
    if (epoch === null) return;
    const { votes } = this.#tally(around);
    const needed = votesNeeded(around.peers.length + 1, around.quorum);
    const collecting = this.#phase.name === 'collecting';
    this.#phase = IDLE;
    this.#failures++;
    actions.push({
      do: 'report',
      occurrence: { kind: 'aborted', reason: { cause: 'not-elected', votes, needed, why } },
    });
    if (collecting) actions.push({ do: 'stand-down', epoch });
    if (!isOrderly(around)) return;
    if (rival !== null) this.#leaveTo(rival, epoch, nowMs, around);
    else this.#retryWithin(this.#retrySpreadMs(), epoch, nowMs);
  }

  #retrySpreadMs(): number {
    return Math.min(SPLIT_RETRY_MS * 2 ** Math.min(this.#failures - 1, 10), SPLIT_RETRY_LIMIT_MS);
  }

  /** Replaces the stand-off by a random wait that is shorter than `spreadMs`. */
  #retryWithin(spreadMs: number, epoch: Epoch, nowMs: number): void {
    const untilMs = nowMs + this.#context.randomInteger(spreadMs) + 1;
    // Announced: a wait this short is not worth a line.
    this.#standOff = { untilMs, leader: null, epoch, announced: true };
  }

  get #mode(): ElectionMode | null {
    return this.#phase.name === 'idle' || this.#phase.name === 'waiting' ? null : this.#phase.mode;
  }
}

/** Whether everybody who takes part stands in order and says when it gives up. */
function isOrderly(around: ElectionSurroundings): boolean {
  return around.peers.every(
    (peer) => peer.dialect === 'orderly' || (peer.dialect === 'unknown' && !peer.reachable),
  );
}

/** Reasons with the same key are the same to a reader: ages grow without being news. */
function holdKey(reason: HoldReason): string {
  switch (reason.cause) {
    case 'no-quorum':
      return `${reason.cause} ${reason.agreeing}/${reason.quorum}`;
    case 'no-majority':
      return `${reason.cause} ${reason.reachable}/${reason.needed}`;
    case 'no-good-replica':
      return `${reason.cause} ${reason.refusals.map(({ replica, refusal }) => `${replica} ${refusal.kind}`).join(',')}`;
    case 'epochs-exhausted':
    case 'own-candidacy':
      return reason.cause;
  }
}
