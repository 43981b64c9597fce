/**
 * INFO: asking for it and acting on it. This is how replicas are discovered, how a promotion and the move of the
 * others show, and how servers that are not what they should be are put right.
 */
import type { Reply } from '../client/reply.js';
import { addressOf } from './address.js';
import { correctionFor, mayCorrectNow, type CorrectionFacts } from './corrections.js';
import { parseInfo, type InfoReport } from './info-report.js';
import type { MonitoredMaster } from './master.js';
import { orderRole } from './orders.js';
import { URGENT_INFO_MS, WATCHED_INFO_MS } from './periods.js';
import { Replica } from './replica.js';
import type { Sentinel } from './sentinel.js';
import type { ServerInstance } from './server-instance.js';

/** A master is sane only if it has reported within this many INFO periods. */
const SANE_INFO_PERIODS = 2;

type Server = MonitoredMaster | Replica;

export class ReportHandler {
  constructor(private readonly sentinel: Sentinel) {}

  /** Asks for a report if that is due. */
  attend(server: Server, nowMs: number): void {
    const dueMs = this.dueMs(server);
    if (dueMs !== null && nowMs >= dueMs) this.ask(server);
  }

  /** When the next report is to be asked for; null while that cannot be, or one is on its way. */
  dueMs(server: Server): number | null {
    if (!server.link.isUp || server.infoAsked > 0 || server.link.isOverloaded) return null;
    if (server.infoAtMs === null) return -Infinity;
    const dueMs = server.infoAtMs + this.#periodMs(server);
    const correctionMs = server instanceof Replica ? this.#correctionDueMs(server) : null;
    return correctionMs === null ? dueMs : Math.min(dueMs, correctionMs);
  }

  /** Asks now, whatever is on its way already: only an answer to this question is certain to be news. */
  ask(server: Server): void {
    const askedMs = this.sentinel.nowMs();
    const { link } = server;
    const sent = server.send('INFO', [], (reply) => {
      if (server.link !== link) return;
      server.infoAsked--;
      this.#take(server, reply, askedMs);
    });
    if (!sent) return;
    server.infoAsked++;
    server.infoAskedMs = askedMs;
  }

  /** Asks unless an answer to a question of that time or later is here or on its way. */
  askSince(server: Server, sinceMs: number): void {
    if (server.infoAskedMs < sinceMs) this.ask(server);
  }

  #periodMs(server: Server): number {
    const { infoMs } = this.sentinel.periods;
    if (!(server instanceof Replica)) return infoMs;
    const { master } = server;
    if (master.leadership?.watches(server.name) === true) return WATCHED_INFO_MS;
    const urgent =
      master.agreement.holds ||
      master.failoverInProgress ||
      server.masterLinkDownMs !== 0 ||
      server.reportedRole === 'master';
    return urgent ? Math.min(URGENT_INFO_MS, infoMs) : infoMs;
  }

  #take(server: Server, reply: Reply, askedMs: number): void {
    if (typeof reply !== 'string' || !this.sentinel.isWatched(server)) {
      this.sentinel.attend(server);
      return;
    }
    const nowMs = this.sentinel.nowMs();
    const report = parseInfo(reply);
    this.#noteRunId(server, report, nowMs);
    const roleBefore = server.reportedRole;
    server.take(report, reply, askedMs, nowMs);
    if (server instanceof Replica) this.#takeFromReplica(server, nowMs, roleBefore);
    else this.#takeFromMaster(server, report, roleBefore);
    this.sentinel.attend(server);
  }

  #noteRunId(server: Server, report: InfoReport, nowMs: number): void {
    if (report.runId === null || report.runId === server.runId) return;
    const rebooted = server.runId !== '';
    server.runId = report.runId;
    if (!rebooted) return;
    this.sentinel.events.say({
      kind: 'rebooted',
      master: this.#masterOf(server).reference,
      peer: server.reference,
    });
    if (!(server instanceof Replica) && server.settings.rebootDownAfterMs !== 0)
      server.rebootedSinceMs = nowMs;
  }

  #takeFromMaster(
    master: MonitoredMaster,
    report: InfoReport,
    roleBefore: ServerInstance['reportedRole'],
  ): void {
    if (report.role === 'master') {
      for (const { host, port } of report.replicas)
        this.sentinel.addReplica(master, addressOf(host, port), true);
    }
    if (this.sentinel.tilt.isActive) return;
    this.#sayRole(master, roleBefore);
    this.sentinel.failovers.look(master);
  }

  #takeFromReplica(replica: Replica, nowMs: number, roleBefore: ServerInstance['reportedRole']): void {
    if (this.sentinel.tilt.isActive) return;
    const { master } = replica;
    this.#sayRole(replica, roleBefore);
    this.sentinel.failovers.look(master);
    if (this.sentinel.isWatched(replica)) this.#correct(replica, nowMs);
  }

  #sayRole(server: Server, before: ServerInstance['reportedRole']): void {
    if (server.reportedRole === before) return;
    this.sentinel.events.say({
      kind: 'role-reported',
      master: this.#masterOf(server).reference,
      peer: server.reference,
      role: server.reportedRole === 'master' ? 'master' : 'slave',
      expected: server.reportedRole === server.role,
    });
  }

  #correct(replica: Replica, nowMs: number): void {
    const facts = this.#correctionFacts(replica, nowMs);
    const correction = correctionFor(facts);
    if (correction === null || !mayCorrectNow(facts, correction.fromMs)) return;
    const { master } = replica;
    const { announceHostnames } = this.sentinel.options;
    const ordered = orderRole(replica, master.currentAddress, announceHostnames, (text) => {
      this.sentinel.log.warning(`${replica.name} refuses to become a replica of ${master.name}: ${text}`);
    });
    if (!ordered) return;
    replica.lastCorrectedMs = nowMs;
    this.sentinel.events.say({
      kind: 'corrected',
      master: master.reference,
      peer: replica.reference,
      how: correction.kind,
    });
    this.ask(replica);
  }

  /** When to look at a replica again because a correction becomes due. */
  #correctionDueMs(replica: Replica): number | null {
    const nowMs = this.sentinel.nowMs();
    const facts = this.#correctionFacts(replica, nowMs);
    const correction = correctionFor(facts);
    // Past ones wait for the regular reports: the master is not sane, or the order was turned down.
    return correction === null || correction.fromMs < nowMs ? null : correction.fromMs + 1;
  }

  #correctionFacts(replica: Replica, nowMs: number): CorrectionFacts {
    const { master } = replica;
    const { infoMs, publishMs } = this.sentinel.periods;
    return {
      nowMs,
      masterIsSane:
        master.reportedRole === 'master' &&
        !master.suspected &&
        !master.agreement.holds &&
        master.infoAtMs !== null &&
        nowMs - master.infoAtMs < SANE_INFO_PERIODS * infoMs,
      reportedRole: replica.reportedRole,
      reportedRoleSinceMs: replica.reportedRoleSinceMs,
      followsMaster: replica.masterHost === '' || replica.follows(master.currentAddress),
      masterSinceMs: replica.masterSinceMs,
      lastSuspectedMs: replica.lastSuspectedMs,
      lastCorrectedMs: replica.lastCorrectedMs,
      isBeingPromoted: master.leadership?.promoted === replica.name,
      publishPeriodMs: publishMs,
      failoverTimeoutMs: master.settings.failoverTimeoutMs,
    };
  }

  #masterOf(server: Server): MonitoredMaster {
    return server instanceof Replica ? server.master : server;
  }
}
