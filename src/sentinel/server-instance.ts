/** A master or a replica: an instance that reports about itself with INFO. */
import { Instance, type InstanceWatcher } from './instance.js';
import type { InfoReport } from './info-report.js';
import type { InstanceLink } from './instance-link.js';

/** The role an instance says it has. */
export type ReportedRole = 'master' | 'replica';

export abstract class ServerInstance extends Instance {
  abstract override readonly role: ReportedRole;

  /** The last INFO text as it came; empty before the first. */
  infoText = '';
  infoAtMs: number | null = null;
  /** The instance answered what it knew at this moment or later: when the answered question was asked. */
  infoAsOfMs: number | null = null;
  /** Questions without an answer yet, and when the last one was asked. */
  infoAsked = 0;
  infoAskedMs = -Infinity;
  /** Grows with every report. */
  reportNumber = 0;
  /** The role it last reported, and since when it reports that. */
  reportedRole: ReportedRole;
  reportedRoleSinceMs: number;
  /** Its run id changed since it last answered a PING with PONG; since when. Null: no. */
  rebootedSinceMs: number | null = null;
  /** Bytes of the stream it has. */
  offset = 0n;

  protected constructor(watcher: InstanceWatcher, link: InstanceLink, role: ReportedRole, nowMs: number) {
    super(watcher, link);
    this.reportedRole = role;
    this.reportedRoleSinceMs = nowMs;
  }

  /** Takes the fields of a report that are common to both roles. */
  protected takeReport(report: InfoReport, text: string, askedMs: number, nowMs: number): void {
    this.infoText = text;
    this.infoAtMs = nowMs;
    this.infoAsOfMs = askedMs;
    this.reportNumber++;
    if (report.offset !== null) this.offset = report.offset;
    if (report.role !== null && report.role !== this.reportedRole) {
      this.reportedRole = report.role;
      this.reportedRoleSinceMs = nowMs;
    }
  }
}
