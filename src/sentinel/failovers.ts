/**
 * Carries out failovers: feeds what happens to the election and the leadership of a master and does what they
 * decide. The decisions are in src/failover/; here are the links, the file and the events.
 */
import type { ElectionAction, ElectionInput, ElectionSurroundings, Elector } from '../failover/election.js';
import type { NamedRefusal } from '../failover/events.js';
import {
  Leadership,
  type LeadershipAction,
  type LeadershipInput,
  type LeadershipReport,
  type LeadershipSurroundings,
} from '../failover/leadership.js';
import { rankReplicas, type Ranking } from '../failover/replica-ranking.js';
import { ReplyError } from '../client/reply.js';
import { earlier } from './attendance.js';
import type { MonitoredMaster } from './master.js';
import { orderRole } from './orders.js';
import type { Sentinel } from './sentinel.js';

/** How a failover begins when an operator orders it. */
export type OrderedMode = 'forced' | 'coordinated';

/** Exit status of a simulated crash, as in Redis Sentinel. */
const CRASH_EXIT_CODE = 99;

/** Who takes part and who could be promoted is worked out when it is asked for: as long as all is well, it is not. */
class Surroundings implements ElectionSurroundings {
  readonly confirmed: boolean;
  readonly quorum: number;
  readonly failoverTimeoutMs: number;
  #peers: readonly Elector[] | null = null;
  #ranking: Ranking | null = null;

  constructor(
    private readonly master: MonitoredMaster,
    readonly acting: boolean,
    readonly electionTimeoutMs: number,
    private readonly rank: () => Ranking,
  ) {
    this.confirmed = master.agreement.holds;
    this.quorum = master.settings.quorum;
    this.failoverTimeoutMs = master.settings.failoverTimeoutMs;
  }

  get peers(): readonly Elector[] {
    return (this.#peers ??= Array.from(this.master.peers.values(), ({ elector }) => elector));
  }

  get eligibleReplicas(): number {
    return (this.#ranking ??= this.rank()).ranked.length;
  }

  get refusals(): readonly NamedRefusal[] {
    return refusalsOf((this.#ranking ??= this.rank()));
  }
}

function refusalsOf({ refused }: Ranking): NamedRefusal[] {
  return refused.map(({ replica, refusal }) => ({ replica: replica.name, refusal }));
}

export class Failovers {
  constructor(private readonly sentinel: Sentinel) {}

  /** Something about the master, its replicas or its sentinels changed. */
  look(master: MonitoredMaster): void {
    this.step(master, { kind: 'look' });
    this.#stepLeadership(master, { kind: 'look' });
  }

  /** Feeds the election. */
  step(master: MonitoredMaster, input: ElectionInput): void {
    if (!this.sentinel.isWatched(master)) return;
    const actions = master.election.step(input, this.sentinel.nowMs(), this.#electionSurroundings(master));
    for (const action of actions) this.#performElection(master, action);
    this.sentinel.rearm(master);
  }

  order(master: MonitoredMaster, mode: OrderedMode): void {
    this.step(master, { kind: 'order', mode });
  }

  /** Who would be promoted now, and why the others would not. */
  ranking(master: MonitoredMaster): Ranking {
    const nowMs = this.sentinel.nowMs();
    const facts = [...master.replicas.values()].map((replica) =>
      replica.facts(nowMs, master.settings.failoverTimeoutMs),
    );
    return rankReplicas(facts, master.eligibilityLimits(nowMs));
  }

  refusals(master: MonitoredMaster): NamedRefusal[] {
    return refusalsOf(this.ranking(master));
  }

  /** When the failover of a master wants attention; null for never. */
  dueMs(master: MonitoredMaster): number | null {
    if (this.sentinel.tilt.isActive) return null;
    const { election, leadership } = master;
    // A stand-off only matters while there is something to stand for.
    const electionDueMs = master.agreement.holds || election.inProgress ? election.wakeAtMs : null;
    if (leadership === null) return electionDueMs;
    const surroundings = this.#leadershipSurroundings(master);
    return earlier(electionDueMs, leadership.wakeAtMs(this.sentinel.nowMs(), surroundings));
  }

  /** Forgets a failover without a word: a newer configuration, a reset. */
  drop(master: MonitoredMaster): void {
    master.leadership = null;
    master.election.reset();
  }

  #electionSurroundings(master: MonitoredMaster): ElectionSurroundings {
    return new Surroundings(
      master,
      !this.sentinel.tilt.isActive,
      this.sentinel.periods.electionTimeoutMs,
      () => this.ranking(master),
    );
  }

  #performElection(master: MonitoredMaster, action: ElectionAction): void {
    switch (action.do) {
      case 'report':
        this.#tell(master, action.occurrence);
        return;
      case 'persist':
        this.sentinel.store.save((saved) => {
          if (!saved) this.sentinel.ledger.withhold(master.name, action.epoch);
          this.step(master, saved ? action.then : action.otherwise);
        });
        return;
      case 'announce':
        this.sentinel.dialect.announce(master);
        return;
      case 'request-votes':
        this.sentinel.asker.requestVotes(master, action.epoch);
        return;
      case 'stand-down':
        this.sentinel.dialect.standDown(master, action.epoch);
        return;
      case 'lead':
        this.#lead(master, action);
        return;
    }
  }

  #tell(master: MonitoredMaster, report: Extract<ElectionAction, { do: 'report' }>['occurrence']): void {
    const { events } = this.sentinel;
    if (report.kind === 'epoch-advanced') events.tell(report);
    else events.tell({ ...report, master: master.reference });
  }

  #lead(master: MonitoredMaster, { epoch, mode }: Extract<ElectionAction, { do: 'lead' }>): void {
    if (this.#crashes('election')) return;
    const nowMs = this.sentinel.nowMs();
    // An automatic failover counts reports from the agreement on, an ordered one from here on.
    const freshSinceMs = mode === 'automatic' ? (master.agreement.sinceMs ?? nowMs) : nowMs;
    master.leadership = new Leadership(epoch, nowMs, freshSinceMs, mode === 'coordinated');
    this.#performAll(master, master.leadership.begin());
    this.#stepLeadership(master, { kind: 'look' });
  }

  #stepLeadership(master: MonitoredMaster, input: LeadershipInput): void {
    const { leadership } = master;
    if (leadership === null) return;
    const actions = leadership.step(input, this.sentinel.nowMs(), this.#leadershipSurroundings(master));
    this.#performAll(master, actions);
    this.sentinel.rearm(master);
  }

  #leadershipSurroundings(master: MonitoredMaster): LeadershipSurroundings {
    const nowMs = this.sentinel.nowMs();
    const { failoverTimeoutMs, parallelSyncs } = master.settings;
    const promoted = master.promotedReplica;
    return {
      acting: !this.sentinel.tilt.isActive,
      replicas: [...master.replicas.values()].map((replica) => ({
        ...replica.facts(nowMs, failoverTimeoutMs),
        reportNumber: replica.reportNumber,
        reportsMaster: replica.reportedRole === 'master',
        followsPromoted: promoted !== null && replica.follows(promoted.address),
        masterLinkUp: replica.masterLinkUp,
      })),
      limits: master.eligibilityLimits(nowMs),
      failoverTimeoutMs,
      reconfigurationTimeoutMs: this.sentinel.periods.replicaReconfigurationMs,
      parallelSyncs,
    };
  }

  #performAll(master: MonitoredMaster, actions: readonly LeadershipAction[]): void {
    for (const action of actions) this.#performLeadership(master, action);
  }

  #performLeadership(master: MonitoredMaster, action: LeadershipAction): void {
    const { sentinel } = this;
    switch (action.do) {
      case 'report':
        this.#tellProgress(master, action.occurrence);
        return;
      case 'ask-all':
        for (const replica of master.replicas.values()) sentinel.reports.askSince(replica, action.sinceMs);
        return;
      case 'promote':
        this.#promote(master, action.replica);
        return;
      case 'hand-over':
        this.#handOver(master, action.replica, action.timeoutMs);
        return;
      case 'cancel-hand-over':
        master.send('FAILOVER', ['ABORT'], null);
        return;
      case 'persist':
        this.sentinel.store.save((saved) =>
          this.#stepLeadership(master, saved ? action.then : action.otherwise),
        );
        return;
      case 'advertise':
        master.configEpoch = master.leadership?.epoch ?? master.configEpoch;
        this.#runReconfigurationScript(master, action.replica);
        sentinel.hellos.sendNow(master);
        return;
      case 'point':
        this.#point(master, action.replica, action.to);
        return;
      case 'switch': {
        const replica = master.replicas.get(action.replica);
        if (replica !== undefined) sentinel.switches.switchTo(master, replica.address);
        return;
      }
      case 'give-up':
        master.leadership = null;
        this.step(master, { kind: 'leadership-failed', noGoodReplica: action.noGoodReplica });
        return;
    }
  }

  #tellProgress(master: MonitoredMaster, report: LeadershipReport): void {
    const { events } = this.sentinel;
    const group = master.reference;
    const referenceOf = (name: string): typeof group => master.replicas.get(name)?.reference ?? group;
    switch (report.kind) {
      case 'stage-entered':
        master.stageSinceMs = this.sentinel.nowMs();
        events.tell({
          kind: report.kind,
          master: group,
          stage: report.stage,
          peer: report.replica === null ? null : referenceOf(report.replica),
        });
        return;
      case 'replica-chosen':
      case 'promoted':
        events.tell({ kind: report.kind, master: group, peer: referenceOf(report.replica) });
        if (report.kind === 'promoted') this.#crashes('promotion');
        return;
      case 'reconfiguration':
        events.tell({
          kind: report.kind,
          master: group,
          peer: referenceOf(report.replica),
          stage: report.stage,
        });
        return;
      case 'ended':
      case 'aborted':
        events.tell({ ...report, master: group });
        return;
    }
  }

  #promote(master: MonitoredMaster, name: string): void {
    const replica = master.replicas.get(name);
    if (replica === undefined) return;
    const { leadership } = master;
    orderRole(replica, null, this.sentinel.options.announceHostnames, (text) => {
      replica.promotionRefused = { atMs: this.sentinel.nowMs(), text };
      if (master.leadership === leadership) this.#stepLeadership(master, { kind: 'promotion-refused', text });
    });
    // Right behind the order: the role changes with it, so this answer already shows the promotion.
    this.sentinel.reports.ask(replica);
  }

  /** Has the living master stop writing, wait until the replica has everything, and change roles with it. */
  #handOver(master: MonitoredMaster, name: string, timeoutMs: number): void {
    const replica = master.replicas.get(name);
    if (replica === undefined) return;
    const { leadership } = master;
    const to = ['TO', replica.host, String(replica.address.port), 'TIMEOUT', String(timeoutMs)];
    master.send('FAILOVER', to, (reply) => {
      if (!(reply instanceof ReplyError) || master.leadership !== leadership) return;
      this.#stepLeadership(master, { kind: 'promotion-refused', text: reply.message });
    });
  }

  #point(master: MonitoredMaster, name: string, promotedName: string): void {
    const replica = master.replicas.get(name);
    const promoted = master.replicas.get(promotedName);
    if (replica === undefined || promoted === undefined) return;
    orderRole(replica, promoted.address, this.sentinel.options.announceHostnames, (text) => {
      this.sentinel.log.warning(`${name} refuses to become a replica of ${promoted.name}: ${text}`);
    });
    this.sentinel.reports.ask(replica);
  }

  #runReconfigurationScript(master: MonitoredMaster, promotedName: string): void {
    const promoted = master.replicas.get(promotedName);
    if (promoted !== undefined) this.sentinel.runReconfigurationScript(master, 'leader', promoted.address);
  }

  /** Ends the process if an operator wants to see what happens when it dies here. */
  #crashes(moment: 'election' | 'promotion'): boolean {
    if (!this.sentinel.simulatedCrashes.has(moment)) return false;
    this.sentinel.log.warning('Sentinel CRASH because of SENTINEL simulate-failure');
    this.sentinel.platform.processes.exit(CRASH_EXIT_CODE);
    return true;
  }
}
