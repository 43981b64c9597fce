/**
 * A group of pure sentinels with a network and disks that do whatever the test chooses: deliver in any order,
 * twice or never; write late, or refuse; crash and restart from what was durable.
 *
 * Every choice is a number that the test supplies, so a failing history can be shrunk and replayed.
 */
import { toEpoch, type Epoch } from '../../../src/failover/epoch.js';
import {
  Election,
  type ElectionAction,
  type ElectionInput,
  type ElectionSurroundings,
} from '../../../src/failover/election.js';
import { toNodeId, type NodeId } from '../../../src/failover/identity.js';
import { VoteLedger, type Vote } from '../../../src/failover/vote-ledger.js';

const SUBJECT = 'm';

type Message =
  | { readonly kind: 'request'; readonly from: Member; readonly to: Member; readonly epoch: Epoch }
  | {
      readonly kind: 'answer';
      readonly from: Member;
      readonly to: Member;
      readonly epoch: Epoch;
      readonly vote: Vote;
      readonly life: number;
    }
  | { readonly kind: 'announce'; readonly from: Member; readonly to: Member; readonly epoch: Epoch }
  | { readonly kind: 'stand-down'; readonly from: Member; readonly to: Member; readonly epoch: Epoch };

interface DiskWork {
  readonly life: number;
  readonly snapshot: { readonly currentEpoch: Epoch; readonly votedEpoch: Epoch };
  readonly done: (ok: boolean) => void;
}

interface Member {
  readonly id: NodeId;
  readonly dialect: 'orderly' | 'stock';
  /** Counts the restarts: what a former life has under way does not reach a later one. */
  life: number;
  ledger: VoteLedger;
  election: Election;
  durable: { currentEpoch: Epoch; votedEpoch: Epoch };
  readonly disk: DiskWork[];
  confirmed: boolean;
}

export class ElectionGroup {
  readonly leaders = new Map<Epoch, Set<NodeId>>();
  /** Epochs in which one voter told two different votes: must stay empty. */
  readonly contradictions: string[] = [];
  private readonly told = new Map<string, NodeId>();
  private readonly members: Member[];
  private messages: Message[] = [];
  private nowMs = 0;

  constructor(
    size: number,
    private readonly quorum: number,
    stockMembers: number,
    private readonly randomInteger: (bound: number) => number,
  ) {
    this.members = Array.from({ length: size }, (_, index) => {
      const id = toNodeId(String.fromCharCode(97 + index));
      const ledger = new VoteLedger();
      return {
        id,
        dialect: index < stockMembers ? ('stock' as const) : ('orderly' as const),
        life: 0,
        ledger,
        election: this.newElection(id, ledger),
        durable: { currentEpoch: toEpoch(0), votedEpoch: toEpoch(0) },
        disk: [],
        confirmed: true,
      };
    });
  }

  get electionsWon(): number {
    return this.leaders.size;
  }

  /** Does one thing, chosen by two numbers. */
  act(what: number, which: number): void {
    const member = this.members[which % this.members.length];
    if (what < 40) this.deliver(which, false);
    else if (what < 45) this.deliver(which, true);
    else if (what < 50) this.messages.splice(which % Math.max(1, this.messages.length), 1);
    else if (what < 75) this.finishDiskWork(member, true);
    else if (what < 78) this.finishDiskWork(member, false);
    else if (what < 81) this.restart(member);
    else if (what < 84) member.confirmed = !member.confirmed;
    else if (what < 86) this.give(member, { kind: 'leadership-failed', noGoodReplica: false });
    else {
      this.nowMs += 1 + (which % 30);
      for (const each of this.members) this.give(each, { kind: 'look' });
    }
  }

  private newElection(self: NodeId, ledger: VoteLedger): Election {
    return new Election({ self, subject: SUBJECT, ledger, randomInteger: this.randomInteger });
  }

  private give(member: Member, input: ElectionInput): void {
    this.perform(member, member.election.step(input, this.nowMs, this.surroundingsOf(member)));
  }

  private surroundingsOf(member: Member): ElectionSurroundings {
    return {
      confirmed: member.confirmed,
      acting: true,
      peers: this.members
        .filter((other) => other !== member)
        .map(({ id, dialect }) => ({ id, reachable: true, suspected: false, dialect })),
      quorum: this.quorum,
      failoverTimeoutMs: 200,
      electionTimeoutMs: 100,
      eligibleReplicas: 1,
      refusals: [],
    };
  }

  private perform(member: Member, actions: readonly ElectionAction[]): void {
    for (const action of actions) {
      switch (action.do) {
        case 'report':
          break;
        case 'persist':
          this.persist(member, (ok) => {
            if (!ok) member.ledger.withhold(SUBJECT, action.epoch);
            this.give(member, ok ? action.then : action.otherwise);
          });
          break;
        case 'announce':
          this.broadcast(member, 'announce', toEpoch(0));
          break;
        case 'request-votes':
          this.broadcast(member, 'request', action.epoch);
          break;
        case 'stand-down':
          this.broadcast(member, 'stand-down', action.epoch);
          break;
        case 'lead': {
          const leaders = this.leaders.get(action.epoch) ?? new Set<NodeId>();
          this.leaders.set(action.epoch, leaders.add(member.id));
          break;
        }
      }
    }
  }

  private broadcast(from: Member, kind: 'request' | 'announce' | 'stand-down', epoch: Epoch): void {
    for (const to of this.members) if (to !== from) this.messages.push({ kind, from, to, epoch });
  }

  private persist(member: Member, done: (ok: boolean) => void): void {
    const { ledger, life } = member;
    const snapshot = { currentEpoch: ledger.currentEpoch, votedEpoch: ledger.voteOn(SUBJECT).epoch };
    member.disk.push({ life, snapshot, done });
  }

  private finishDiskWork(member: Member, ok: boolean): void {
    const work = member.disk.shift();
    if (work === undefined || work.life !== member.life) return;
    if (ok) member.durable = { ...work.snapshot };
    work.done(ok);
  }

  private deliver(which: number, twice: boolean): void {
    if (this.messages.length === 0) return;
    const index = which % this.messages.length;
    const message = this.messages[index];
    if (!twice) this.messages.splice(index, 1);
    switch (message.kind) {
      case 'request':
        this.takeRequest(message.to, message.from, message.epoch);
        return;
      case 'answer':
        if (message.life !== message.to.life) return;
        this.give(message.to, {
          kind: 'answer',
          voter: message.from.id,
          askedEpoch: message.epoch,
          vote: message.vote,
        });
        return;
      case 'announce':
        this.give(message.to, { kind: 'rival-stands', rival: message.from.id });
        return;
      case 'stand-down':
        this.give(message.to, { kind: 'stood-down', leader: message.from.id, epoch: message.epoch });
        return;
    }
  }

  private takeRequest(voter: Member, candidate: Member, epoch: Epoch): void {
    const { granted, vote } = voter.ledger.request(SUBJECT, epoch, candidate.id);
    if (granted) this.give(voter, { kind: 'voted', candidate: candidate.id, epoch });
    const { life } = candidate;
    this.persist(voter, (ok) => {
      if (!ok) voter.ledger.withhold(SUBJECT, vote.epoch);
      const told = ok ? vote : { ...vote, candidate: null };
      this.noteTold(voter, told);
      this.messages.push({ kind: 'answer', from: voter, to: candidate, epoch, vote: told, life });
    });
  }

  private noteTold(voter: Member, vote: Vote): void {
    if (vote.candidate === null) return;
    const key = `${voter.id} in ${vote.epoch}`;
    const before = this.told.get(key);
    if (before !== undefined && before !== vote.candidate) this.contradictions.push(key);
    this.told.set(key, vote.candidate);
  }

  private restart(member: Member): void {
    member.life++;
    member.disk.length = 0;
    member.ledger = new VoteLedger();
    member.ledger.observe(member.durable.currentEpoch);
    member.ledger.restore(SUBJECT, member.durable.votedEpoch);
    member.election = this.newElection(member.id, member.ledger);
  }
}
