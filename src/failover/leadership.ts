/**
 * What an elected leader does: choose a replica, have it promoted, see it report that it is master, record the
 * new configuration, move the other replicas over, and hand the result to its owner.
 *
 * The choice waits shortly for reports that are newer than the failure, because an older one says little about
 * who has the most data. The new address is advertised only after the promoted server itself has reported its
 * role and the configuration epoch is on disk. Steps follow each other as soon as their facts are there; the
 * failover timeout bounds each stage.
 *
 * Pure: facts and the time go in, actions come out.
 */
import type { Epoch } from './epoch.js';
import type { AbortReason, LeaderStage, ReconfigurationStage } from './events.js';
import { rankReplicas, type EligibilityLimits, type ReplicaFacts } from './replica-ranking.js';

/** A replica as its reports show it. */
export interface LedReplica extends ReplicaFacts {
  /** Grows with every report. */
  readonly reportNumber: number;
  /** It says that it is a master. */
  readonly reportsMaster: boolean;
  /** It says that it follows the promoted replica, and whether that link is up. */
  readonly followsPromoted: boolean;
  readonly masterLinkUp: boolean;
}

export interface LeadershipSurroundings {
  /** False while nothing may be begun (TILT). What was begun before is still taken note of. */
  readonly acting: boolean;
  readonly replicas: readonly LedReplica[];
  /** Limits for the choice, apart from the freshness that the leadership itself asks for. */
  readonly limits: EligibilityLimits;
  readonly failoverTimeoutMs: number;
  readonly reconfigurationTimeoutMs: number;
  /** How many replicas may synchronise with the new master at a time; at least one always may. */
  readonly parallelSyncs: number;
}

export type LeadershipInput =
  /** The surroundings changed, or {@link Leadership.wakeAtMs} has come. */
  | { readonly kind: 'look' }
  /** The replica (or, coordinated, the master) turned the order to promote down. */
  | { readonly kind: 'promotion-refused'; readonly text: string }
  | { readonly kind: 'configuration-recorded' }
  | { readonly kind: 'configuration-not-recorded' };

export type LeadershipReport =
  | { readonly kind: 'stage-entered'; readonly stage: LeaderStage; readonly replica: string | null }
  | { readonly kind: 'replica-chosen'; readonly replica: string }
  | { readonly kind: 'promoted'; readonly replica: string }
  | { readonly kind: 'reconfiguration'; readonly replica: string; readonly stage: ReconfigurationStage }
  | { readonly kind: 'ended'; readonly timedOut: boolean }
  | { readonly kind: 'aborted'; readonly reason: AbortReason };

export type LeadershipAction =
  | { readonly do: 'report'; readonly occurrence: LeadershipReport }
  /** Ask every replica for a report, unless it has been asked since then. */
  | { readonly do: 'ask-all'; readonly sinceMs: number }
  /** Order the replica to become master, and ask for its report right behind. */
  | { readonly do: 'promote'; readonly replica: string }
  /** Order the living master to hand over to the replica. */
  | { readonly do: 'hand-over'; readonly replica: string; readonly timeoutMs: number }
  | { readonly do: 'cancel-hand-over' }
  /** Record `epoch` as that of the configuration with this replica as master, then feed `then`. */
  | {
      readonly do: 'persist';
      readonly epoch: Epoch;
      readonly then: LeadershipInput;
      readonly otherwise: LeadershipInput;
    }
  /** Tell everybody the new address. */
  | { readonly do: 'advertise'; readonly replica: string }
  /** Make the replica follow the promoted one. */
  | { readonly do: 'point'; readonly replica: string; readonly to: string }
  /** Make the promoted replica the master from here on. */
  | { readonly do: 'switch'; readonly replica: string }
  | { readonly do: 'give-up'; readonly noGoodReplica: boolean };

/** How long the choice waits for the reports of those that have not answered although another has. */
export const FRESH_REPORT_PATIENCE_MS = 50;
/** How long it waits when nobody eligible has answered. */
const ANY_REPORT_PATIENCE_MS = 1000;
/** The wait before the disk is asked again to record the configuration. */
const RECORD_RETRY_MS = 100;

interface Reconfiguration {
  stage: 'sent' | 'in-progress' | 'done';
  readonly sentMs: number;
  readonly sentAtReport: number;
}

type Stage =
  | { readonly name: 'selecting'; readonly sinceMs: number }
  | { readonly name: 'sending-promotion'; readonly sinceMs: number; readonly replica: string }
  | {
      readonly name: 'awaiting-promotion';
      readonly sinceMs: number;
      readonly replica: string;
      readonly sentAtReport: number;
    }
  | {
      readonly name: 'recording';
      readonly sinceMs: number;
      readonly replica: string;
      /** When to try again after the disk refused; null while it is at work. */
      readonly retryAtMs: number | null;
    }
  | { readonly name: 'reconfiguring'; readonly sinceMs: number; readonly replica: string }
  | { readonly name: 'over' };

export class Leadership {
  readonly epoch: Epoch;
  readonly #coordinated: boolean;
  /** Only reports from here on count in the choice. */
  readonly #freshSinceMs: number;
  #stage: Stage;
  readonly #reconfigurations = new Map<string, Reconfiguration>();

  /**
   * @param freshSinceMs when the failure was agreed upon, or the order given: older reports do not count
   * @param coordinated the master lives and is asked to hand over
   */
  constructor(epoch: Epoch, nowMs: number, freshSinceMs: number, coordinated: boolean) {
    this.epoch = epoch;
    this.#coordinated = coordinated;
    this.#freshSinceMs = freshSinceMs;
    this.#stage = { name: 'selecting', sinceMs: nowMs };
  }

  /** The first actions; {@link step} continues. */
  begin(): LeadershipAction[] {
    return [entered('selecting', null), { do: 'ask-all', sinceMs: this.#freshSinceMs }];
  }

  get stage(): Stage['name'] {
    return this.#stage.name;
  }

  /** The replica that was chosen, from the choice on. */
  get promoted(): string | null {
    return this.#stage.name === 'selecting' || this.#stage.name === 'over' ? null : this.#stage.replica;
  }

  /** The new configuration is on disk and may be told. */
  get advertised(): string | null {
    return this.#stage.name === 'reconfiguring' ? this.#stage.replica : null;
  }

  /** The configuration is being recorded, so it must be part of what is written. */
  get recorded(): string | null {
    return this.#stage.name === 'recording' || this.#stage.name === 'reconfiguring'
      ? this.#stage.replica
      : null;
  }

  reconfigurationOf(replica: string): Reconfiguration['stage'] | null {
    return this.#reconfigurations.get(replica)?.stage ?? null;
  }

  /** Whether the failover waits for this replica's next report. */
  watches(replica: string): boolean {
    switch (this.#stage.name) {
      case 'sending-promotion':
      case 'awaiting-promotion':
        return this.#stage.replica === replica;
      case 'reconfiguring': {
        const stage = this.reconfigurationOf(replica);
        return stage === 'sent' || stage === 'in-progress';
      }
      default:
        return false;
    }
  }

  /** When to look again although nothing was heard; null when there is no such time. */
  wakeAtMs(nowMs: number, around: LeadershipSurroundings): number | null {
    const stage = this.#stage;
    switch (stage.name) {
      case 'selecting': {
        const freshDeadlineMs = stage.sinceMs + FRESH_REPORT_PATIENCE_MS;
        return nowMs < freshDeadlineMs ? freshDeadlineMs : stage.sinceMs + ANY_REPORT_PATIENCE_MS;
      }
      case 'sending-promotion':
      case 'awaiting-promotion':
        return stage.sinceMs + around.failoverTimeoutMs;
      case 'recording':
        return stage.retryAtMs;
      case 'reconfiguring': {
        let wakeMs = stage.sinceMs + around.failoverTimeoutMs;
        for (const { stage: progress, sentMs } of this.#reconfigurations.values()) {
          if (progress === 'sent') wakeMs = Math.min(wakeMs, sentMs + around.reconfigurationTimeoutMs);
        }
        return wakeMs;
      }
      case 'over':
        return null;
    }
  }

  step(input: LeadershipInput, nowMs: number, around: LeadershipSurroundings): LeadershipAction[] {
    const actions: LeadershipAction[] = [];
    this.#take(input, nowMs, actions);
    if (!around.acting) return actions;
    let before: Stage;
    do {
      before = this.#stage;
      this.#look(nowMs, around, actions);
    } while (before !== this.#stage);
    return actions;
  }

  #take(input: LeadershipInput, nowMs: number, actions: LeadershipAction[]): void {
    const stage = this.#stage;
    switch (input.kind) {
      case 'look':
        return;
      case 'promotion-refused':
        if (stage.name === 'awaiting-promotion') {
          this.#abort({ cause: 'promotion-failed', why: 'refused', text: input.text }, actions);
        }
        return;
      case 'configuration-recorded':
        if (stage.name !== 'recording') return;
        this.#stage = { name: 'reconfiguring', sinceMs: nowMs, replica: stage.replica };
        actions.push(
          { do: 'report', occurrence: { kind: 'promoted', replica: stage.replica } },
          entered('reconfiguring', stage.replica),
          { do: 'advertise', replica: stage.replica },
        );
        return;
      case 'configuration-not-recorded':
        if (stage.name === 'recording') this.#stage = { ...stage, retryAtMs: nowMs + RECORD_RETRY_MS };
        return;
    }
  }

  #look(nowMs: number, around: LeadershipSurroundings, actions: LeadershipAction[]): void {
    const stage = this.#stage;
    switch (stage.name) {
      case 'selecting':
        this.#select(stage, nowMs, around, actions);
        return;
      case 'sending-promotion':
        this.#sendPromotion(stage, nowMs, around, actions);
        return;
      case 'awaiting-promotion':
        this.#awaitPromotion(stage, nowMs, around, actions);
        return;
      case 'recording':
        if (stage.retryAtMs !== null && nowMs >= stage.retryAtMs)
          this.#record(stage.replica, stage.sinceMs, actions);
        return;
      case 'reconfiguring':
        this.#reconfigure(stage.replica, stage.sinceMs, nowMs, around, actions);
        return;
      case 'over':
        return;
    }
  }

  #limits(nowMs: number, around: LeadershipSurroundings): EligibilityLimits {
    return {
      ...around.limits,
      maxInfoAgeMs: Math.min(around.limits.maxInfoAgeMs, Math.max(0, nowMs - this.#freshSinceMs)),
    };
  }

  #select(
    stage: Extract<Stage, { name: 'selecting' }>,
    nowMs: number,
    around: LeadershipSurroundings,
    actions: LeadershipAction[],
  ): void {
    const { ranked, refused } = rankReplicas(around.replicas, this.#limits(nowMs, around));
    const awaited = refused.some(({ refusal }) => refusal.kind === 'stale-info');
    const best = ranked[0];
    const patienceMs = best === undefined ? ANY_REPORT_PATIENCE_MS : FRESH_REPORT_PATIENCE_MS;
    if (awaited && nowMs < stage.sinceMs + patienceMs) return;
    if (best === undefined) {
      const refusals = refused.map(({ replica, refusal }) => ({ replica: replica.name, refusal }));
      this.#abort({ cause: 'no-good-replica', refusals }, actions);
      return;
    }
    this.#stage = { name: 'sending-promotion', sinceMs: nowMs, replica: best.name };
    actions.push(
      { do: 'report', occurrence: { kind: 'replica-chosen', replica: best.name } },
      entered('sending-promotion', best.name),
    );
  }

  #sendPromotion(
    stage: Extract<Stage, { name: 'sending-promotion' }>,
    nowMs: number,
    around: LeadershipSurroundings,
    actions: LeadershipAction[],
  ): void {
    const replica = around.replicas.find(({ name }) => name === stage.replica);
    if (this.#promotionIsHopeless(replica, stage.sinceMs, nowMs, around, actions)) return;
    if (replica === undefined || !replica.connected) return;
    this.#stage = {
      name: 'awaiting-promotion',
      sinceMs: nowMs,
      replica: stage.replica,
      sentAtReport: replica.reportNumber,
    };
    actions.push(
      this.#coordinated
        ? { do: 'hand-over', replica: stage.replica, timeoutMs: around.failoverTimeoutMs }
        : { do: 'promote', replica: stage.replica },
      entered('awaiting-promotion', stage.replica),
    );
  }

  #awaitPromotion(
    stage: Extract<Stage, { name: 'awaiting-promotion' }>,
    nowMs: number,
    around: LeadershipSurroundings,
    actions: LeadershipAction[],
  ): void {
    const replica = around.replicas.find(({ name }) => name === stage.replica);
    if (replica !== undefined && replica.reportsMaster && replica.reportNumber > stage.sentAtReport) {
      this.#record(stage.replica, nowMs, actions);
      return;
    }
    this.#promotionIsHopeless(replica, stage.sinceMs, nowMs, around, actions);
  }

  #promotionIsHopeless(
    replica: LedReplica | undefined,
    sinceMs: number,
    nowMs: number,
    around: LeadershipSurroundings,
    actions: LeadershipAction[],
  ): boolean {
    if (replica === undefined || replica.suspected) {
      this.#abort({ cause: 'promotion-failed', why: 'down', text: 'the replica is down' }, actions);
      return true;
    }
    if (nowMs >= sinceMs + around.failoverTimeoutMs) {
      this.#abort({ cause: 'promotion-failed', why: 'timeout', text: 'no promotion in time' }, actions);
      return true;
    }
    return false;
  }

  #record(replica: string, sinceMs: number, actions: LeadershipAction[]): void {
    this.#stage = { name: 'recording', sinceMs, replica, retryAtMs: null };
    actions.push({
      do: 'persist',
      epoch: this.epoch,
      then: { kind: 'configuration-recorded' },
      otherwise: { kind: 'configuration-not-recorded' },
    });
  }

  #reconfigure(
    promoted: string,
    sinceMs: number,
    nowMs: number,
    around: LeadershipSurroundings,
    actions: LeadershipAction[],
  ): void {
    const others = around.replicas.filter(({ name }) => name !== promoted);
    for (const replica of others) this.#followProgress(replica, nowMs, around, actions);
    this.#sendReconfigurations(promoted, others, nowMs, around, actions);

    const unfinished = others.filter(
      ({ name, suspected }) => !suspected && this.#reconfigurations.get(name)?.stage !== 'done',
    );
    // A new master that died already is better replaced by the next failover than waited for.
    const promotedIsDown = around.replicas.find(({ name }) => name === promoted)?.suspected ?? true;
    const timedOut = nowMs >= sinceMs + around.failoverTimeoutMs;
    if (unfinished.length > 0 && !promotedIsDown && !timedOut) return;

    this.#stage = { name: 'over' };
    if (unfinished.length > 0 && timedOut) {
      actions.push({ do: 'report', occurrence: { kind: 'ended', timedOut: true } });
    }
    actions.push({ do: 'report', occurrence: { kind: 'ended', timedOut: false } });
    if (timedOut) this.#pointTheRest(promoted, unfinished, actions);
    actions.push({ do: 'switch', replica: promoted });
  }

  #followProgress(
    replica: LedReplica,
    nowMs: number,
    around: LeadershipSurroundings,
    actions: LeadershipAction[],
  ): void {
    const progress = this.#reconfigurations.get(replica.name);
    if (progress === undefined) return;
    const reported = replica.reportNumber > progress.sentAtReport;
    if (progress.stage === 'sent' && reported && replica.followsPromoted) {
      progress.stage = 'in-progress';
      actions.push(reconfiguration(replica.name, 'in-progress'));
    }
    if (progress.stage === 'in-progress' && replica.followsPromoted && replica.masterLinkUp) {
      progress.stage = 'done';
      actions.push(reconfiguration(replica.name, 'done'));
    }
    if (progress.stage === 'sent' && nowMs >= progress.sentMs + around.reconfigurationTimeoutMs) {
      progress.stage = 'done';
      actions.push(reconfiguration(replica.name, 'timed-out'));
    }
  }

  #sendReconfigurations(
    promoted: string,
    others: readonly LedReplica[],
    nowMs: number,
    around: LeadershipSurroundings,
    actions: LeadershipAction[],
  ): void {
    let inFlight = 0;
    for (const { name, suspected } of others) {
      const stage = this.reconfigurationOf(name);
      if (!suspected && (stage === 'sent' || stage === 'in-progress')) inFlight++;
    }
    for (const { name, connected, reportNumber } of others) {
      if (inFlight >= Math.max(1, around.parallelSyncs)) return;
      if (!connected || this.#reconfigurations.has(name)) continue;
      this.#reconfigurations.set(name, { stage: 'sent', sentMs: nowMs, sentAtReport: reportNumber });
      inFlight++;
      actions.push({ do: 'point', replica: name, to: promoted }, reconfiguration(name, 'sent'));
    }
  }

  #pointTheRest(promoted: string, unfinished: readonly LedReplica[], actions: LeadershipAction[]): void {
    for (const { name, connected } of unfinished) {
      if (!connected || this.#reconfigurations.has(name)) continue;
      actions.push({ do: 'point', replica: name, to: promoted }, reconfiguration(name, 'sent-best-effort'));
    }
  }

  #abort(reason: AbortReason, actions: LeadershipAction[]): void {
    const handingOver = this.#coordinated && this.#stage.name === 'awaiting-promotion';
    this.#stage = { name: 'over' };
    if (handingOver) actions.push({ do: 'cancel-hand-over' });
    actions.push(
      { do: 'report', occurrence: { kind: 'aborted', reason } },
      { do: 'give-up', noGoodReplica: reason.cause === 'no-good-replica' },
    );
  }
}

function entered(stage: LeaderStage, replica: string | null): LeadershipAction {
  return { do: 'report', occurrence: { kind: 'stage-entered', stage, replica } };
}

function reconfiguration(replica: string, stage: ReconfigurationStage): LeadershipAction {
  return { do: 'report', occurrence: { kind: 'reconfiguration', replica, stage } };
}
