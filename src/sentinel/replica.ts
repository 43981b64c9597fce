/** A replica of a monitored master. */
import type { ReplicaFacts } from '../failover/replica-ranking.js';
import { toLowerAscii } from '../resp/ascii.js';
import { isAddress, joinHostPort, type InstanceAddress } from './address.js';
import type { InfoReport } from './info-report.js';
import type { InstanceLink } from './instance-link.js';
import type { MonitoredMaster } from './master.js';
import { ServerInstance } from './server-instance.js';

const DEFAULT_PRIORITY = 100;

export class Replica extends ServerInstance {
  readonly role = 'replica';
  readonly name: string;
  readonly master: MonitoredMaster;

  priority = DEFAULT_PRIORITY;
  announced = true;
  /** The master it says it follows; empty while unknown. */
  masterHost = '';
  masterPort = 0;
  masterSinceMs: number;
  masterLinkUp = false;
  masterLinkDownMs = 0;
  /** It turned an order to become master down: when, and in which words. */
  promotionRefused: { readonly atMs: number; readonly text: string } | null = null;
  /** When it was last ordered to follow the master after it had not. */
  lastCorrectedMs: number | null = null;

  constructor(master: MonitoredMaster, link: InstanceLink, nowMs: number) {
    super(master.watcher, link, 'replica', nowMs);
    this.master = master;
    this.name = joinHostPort(this.address.host, this.address.port);
    this.masterSinceMs = nowMs;
  }

  protected get self(): this {
    return this;
  }

  get downAfterMs(): number {
    return this.master.settings.downAfterMs;
  }

  follows(address: InstanceAddress): boolean {
    return this.reportedRole === 'replica' && isAddress(address, this.masterHost, this.masterPort);
  }

  take(report: InfoReport, text: string, askedMs: number, nowMs: number): void {
    this.takeReport(report, text, askedMs, nowMs);
    this.masterLinkDownMs = report.masterLinkDownMs;
    if (report.priority !== null) this.priority = report.priority;
    if (report.announced !== null) this.announced = report.announced;
    if (report.role !== 'replica') return;
    this.masterLinkUp = report.masterLinkUp ?? false;
    const { masterHost, masterPort } = report;
    if (masterHost === null || masterPort === null) return;
    if (masterHost !== this.masterHost || masterPort !== this.masterPort) {
      this.masterHost = masterHost;
      this.masterPort = masterPort;
      this.masterSinceMs = nowMs;
    }
  }

  /** What a choice among replicas goes by. A refusal to be promoted is remembered for `memoryMs`. */
  facts(nowMs: number, memoryMs: number): ReplicaFacts {
    const refused = this.promotionRefused;
    return {
      name: this.name,
      runId: toLowerAscii(this.runId),
      priority: this.priority,
      offset: this.offset,
      suspected: this.suspected,
      connected: this.link.isUp,
      silentMs: nowMs - this.link.suspicion.lastSignMs,
      infoAgeMs: this.infoAsOfMs === null ? null : nowMs - this.infoAsOfMs,
      masterLinkDownMs: this.masterLinkDownMs,
      promotionRefused: refused !== null && nowMs - refused.atMs < memoryMs ? refused.text : null,
    };
  }
}
