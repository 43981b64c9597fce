/**
 * This replica as a candidate: whether it may stand for election, what it says if not, and what its steps do.
 * When to ask and whether it has won is decided in failover/candidacy.ts.
 */
import { Candidacy, type CandidateStep } from '../failover/candidacy.js';
import type { HoldReason } from '../failover/events.js';
import { rankByOffset, type ReplicaRefusal } from '../failover/replica-ranking.js';
import { describeHold } from './events.js';
import type { Cluster } from './cluster.js';
import { majorityOf } from './rules/serving-state.js';
import type { ClusterNode } from './view/node.js';
import type { MessageHeader } from './bus/message.js';
import { VOTE_SUBJECT } from './view/cluster-view.js';

export class Candidate {
  private readonly candidacy: Candidacy;
  private hold: HoldReason | null = null;
  /** The kind of reason that has been said: ages grow from look to look, the reason stays. */
  private saidKind: string | null = null;

  constructor(private readonly cluster: Cluster) {
    this.candidacy = new Candidacy((bound) => cluster.random.integer(bound));
  }

  /** Why this replica does not stand, or has not won, although its master has failed; null: nothing keeps it. */
  get reason(): string | null {
    return this.hold === null ? null : describeHold(this.hold);
  }

  /** What was done in elections before is of no account any more. */
  reset(): void {
    this.candidacy.reset();
    this.hold = null;
    this.saidKind = null;
  }

  /** A master's vote. Only masters with slots have one. */
  takeVote(voter: ClusterNode, header: MessageHeader): void {
    const { view, events } = this.cluster;
    if (!voter.isMaster || voter.slots.size === 0) return;
    if (!this.candidacy.voted(voter.id, header.currentEpoch)) return;
    const { master } = events.about(view.myself);
    const votedEpoch = this.candidacy.epoch ?? view.currentEpoch;
    events.tell({ kind: 'vote-received', master, voter: voter.id, candidate: view.myself.id, votedEpoch });
  }

  /** Takes all steps that are due. Returns when to look again. */
  look(nowMs: number): number {
    const { view, manualFailover } = this.cluster;
    const { master } = view.myself;
    const isManual = manualFailover.isReady;
    if (view.myself.isMaster || master === null || (master.health !== 'failed' && !isManual)) {
      this.hold = null;
      this.saidKind = null;
      return Infinity;
    }
    const obstacle = this.obstacle(master, isManual);
    if (obstacle !== null) {
      this.holdBack(master, obstacle);
      return Infinity;
    }
    for (;;) {
      const step = this.candidacy.step(nowMs, {
        nodeTimeoutMs: this.cluster.nodeTimeoutMs,
        rank: isManual ? 0 : this.rank(master),
        votesNeeded: majorityOf(view.size),
        isManual,
      });
      const untilMs = this.take(step, master, isManual);
      if (untilMs !== null) return untilMs;
    }
  }

  /** Why this replica may not stand. An operator's word overrules all but what cannot be. */
  private obstacle(master: ClusterNode, isManual: boolean): HoldReason | null {
    if (master.slots.size === 0) return { cause: 'own-candidacy', why: 'master-without-slots' };
    if (isManual) return null;
    if (this.cluster.view.myself.neverFailsOver) return { cause: 'own-candidacy', why: 'disabled' };
    const refusal = this.dataRefusal();
    if (refusal === null) return null;
    const { host, port } = this.cluster.view.myself;
    return { cause: 'no-good-replica', refusals: [{ replica: `${host}:${port}`, refusal }] };
  }

  private dataRefusal(): ReplicaRefusal | null {
    const { values, replication, nodeTimeoutMs } = this.cluster;
    const factor = values['cluster-replica-validity-factor'];
    if (factor === 0) return null;
    const ageMs = replication.dataAgeMs;
    if (ageMs === null) return { kind: 'never-synchronised' };
    const limitMs = values['repl-ping-replica-period'] * 1000 + nodeTimeoutMs * factor;
    const beyondMs = ageMs > nodeTimeoutMs ? ageMs - nodeTimeoutMs : ageMs;
    return beyondMs > limitMs ? { kind: 'master-link-down', forMs: beyondMs, limitMs } : null;
  }

  private rank(master: ClusterNode): number {
    const { view, replication } = this.cluster;
    const others = [...master.replicas].filter((node) => node !== view.myself && !node.neverFailsOver);
    return rankByOffset(
      replication.processedOffset,
      others.map(({ replicationOffset }) => replicationOffset),
    );
  }

  /** Does what a step asks for; returns until when there is nothing more to do, null: look again now. */
  private take(step: CandidateStep, master: ClusterNode, isManual: boolean): number | null {
    const { log, messenger, replication, events } = this.cluster;
    switch (step.kind) {
      case 'wait':
        this.wait(step, master);
        return step.untilMs;
      case 'scheduled':
        log.notice(
          `Start of election delayed for ${step.delayMs} milliseconds ` +
            `(rank #${step.rank}, offset ${replication.processedOffset}).`,
        );
        events.tell({ kind: 'delayed', master: events.about(master).peer, forMs: step.delayMs });
        messenger.tellSiblings();
        return null;
      case 'postponed':
        log.notice(`Replica rank updated to #${step.rank}, added ${step.addedMs} milliseconds of delay.`);
        return null;
      case 'ask':
        return this.ask(master, isManual) ? null : Infinity;
      case 'won':
        this.win(step, master, isManual);
        return Infinity;
    }
  }

  private wait(step: CandidateStep & { kind: 'wait' }, master: ClusterNode): void {
    const { why } = step;
    if (why === 'delay') {
      // It is what every election begins with: INFO shows it, the log has said it.
      this.hold = { cause: 'own-candidacy', why };
      return;
    }
    if (why === 'expired') {
      this.holdBack(master, { cause: 'own-candidacy', why });
      return;
    }
    this.hold = {
      cause: 'own-candidacy',
      why,
      votes: this.candidacy.votes,
      needed: majorityOf(this.cluster.view.size),
    };
  }

  private ask(master: ClusterNode, isManual: boolean): boolean {
    const { view, store, messenger, log, events } = this.cluster;
    // The vote of that epoch is spent although a replica has none: promoted within the same epoch, it could give one to
    // another candidate, whose electorate would then count this node and the master it has replaced.
    const epoch = view.ledger.stand(VOTE_SUBJECT, view.myself.id);
    if (epoch === null) {
      this.holdBack(master, { cause: 'epochs-exhausted' });
      return false;
    }
    this.candidacy.asked(epoch);
    log.notice(`Starting a failover election for epoch ${epoch}.`);
    store.saveBinding();
    messenger.requestVotes(isManual);
    events.tell({ kind: 'attempt-started', master: events.about(master).peer });
    return true;
  }

  private win(step: CandidateStep & { kind: 'won' }, master: ClusterNode, isManual: boolean): void {
    const { view, log, ownership, events } = this.cluster;
    events.tell({
      kind: 'elected',
      master: events.about(master).peer,
      electedEpoch: step.epoch,
      forced: isManual,
    });
    if (view.myself.configEpoch < step.epoch) {
      view.myself.configEpoch = step.epoch;
      log.notice(`configEpoch set to ${step.epoch} after successful failover`);
    }
    this.reset();
    ownership.replaceMaster();
  }

  private holdBack(master: ClusterNode, reason: HoldReason): void {
    const { events } = this.cluster;
    this.hold = reason;
    const kind = reason.cause === 'own-candidacy' ? reason.why : reason.cause;
    if (kind === this.saidKind) return;
    this.saidKind = kind;
    events.tell({ kind: 'held-back', master: events.about(master).peer, reason });
  }
}
