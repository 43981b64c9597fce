/**
 * A monitored master with everything that belongs to its group: settings, replicas, fellow sentinels, what is
 * agreed about its failure, and the failover that may be under way.
 */
import { Agreement, FailureReports } from '../failover/agreement.js';
import { NO_EPOCH, type Epoch } from '../failover/epoch.js';
import type { Election } from '../failover/election.js';
import type { NodeId } from '../failover/identity.js';
import type { Leadership } from '../failover/leadership.js';
import type { EligibilityLimits } from '../failover/replica-ranking.js';
import { sameAddress, type InstanceAddress } from './address.js';
import { earlier } from './attendance.js';
import type { MasterConfiguration, MasterSettings } from './configuration.js';
import type { InfoReport } from './info-report.js';
import type { InstanceWatcher } from './instance.js';
import type { InstanceLink } from './instance-link.js';
import type { Peer } from './peer.js';
import type { Periods } from './periods.js';
import type { Replica } from './replica.js';
import { ServerInstance } from './server-instance.js';

/** Answers of peers count for this many ask periods. */
const ANSWER_VALIDITY_PERIODS = 5;
/** A replica that has not answered for this many ping periods is not promoted. */
const MAX_SILENT_PING_PERIODS = 5;
const MAX_INFO_AGE_PERIODS = 3;
/** A replica whose link to the master was down for this many down-after periods before the failure is too old. */
const MAX_LINK_DOWN_FACTOR = 10;
/** A master that reports another role for this many INFO periods, on top of down-after, counts as down. */
const WRONG_ROLE_INFO_PERIODS = 2;

export class MonitoredMaster extends ServerInstance {
  readonly role = 'master';
  readonly name: string;
  override readonly watcher: InstanceWatcher;
  readonly settings: MasterSettings;
  configEpoch: Epoch = NO_EPOCH;
  readonly replicas = new Map<string, Replica>();
  readonly peers = new Map<NodeId, Peer>();

  /** Peers that say that the master is down. */
  readonly reports: FailureReports;
  /** ODOWN. */
  readonly agreement = new Agreement('lapses');
  readonly election: Election;
  /** The failover we lead; null when there is none. */
  leadership: Leadership | null = null;
  /** The present leadership has been ordered by an operator and does not ask the others. */
  forced = false;
  stageSinceMs = 0;
  /** The reason last said for not failing over, so that it is said once. */
  toldHold = '';

  constructor(
    watcher: InstanceWatcher,
    link: InstanceLink,
    name: string,
    settings: MasterSettings,
    makeElection: (subject: string) => Election,
    private readonly periods: Periods,
    nowMs: number,
  ) {
    super(watcher, link, 'master', nowMs);
    this.watcher = watcher;
    this.name = name;
    this.settings = settings;
    this.reports = new FailureReports(() => ANSWER_VALIDITY_PERIODS * periods.askMs);
    this.election = makeElection(name);
  }

  protected get self(): this {
    return this;
  }

  get downAfterMs(): number {
    return this.settings.downAfterMs;
  }

  /** A failover of ours is under way: standing for election counts. */
  get failoverInProgress(): boolean {
    return this.leadership !== null || this.election.inProgress;
  }

  /** The replica being promoted, once there is one. */
  get promotedReplica(): Replica | null {
    const name = this.leadership?.promoted ?? null;
    return name === null ? null : (this.replicas.get(name) ?? null);
  }

  /** The address clients and peers are told: the promoted replica's as soon as it is master and that is on disk. */
  get currentAddress(): InstanceAddress {
    const name = this.leadership?.advertised ?? null;
    return (name === null ? null : this.replicas.get(name)?.address) ?? this.address;
  }

  /** The address and epoch that the configuration file must hold if it is written now. */
  get recordedConfiguration(): { readonly address: InstanceAddress; readonly epoch: Epoch } {
    const name = this.leadership?.recorded ?? null;
    const replica = name === null ? undefined : this.replicas.get(name);
    if (replica === undefined || this.leadership === null) {
      return { address: this.address, epoch: this.configEpoch };
    }
    return { address: replica.address, epoch: this.leadership.epoch };
  }

  findReplica(address: InstanceAddress): Replica | null {
    for (const replica of this.replicas.values()) if (sameAddress(replica.address, address)) return replica;
    return null;
  }

  take(report: InfoReport, text: string, askedMs: number, nowMs: number): void {
    this.takeReport(report, text, askedMs, nowMs);
  }

  /** Since when it has been wrong about its role, as far as that counts against it. */
  override suspicionDueMs(): number | null {
    return earlier(super.suspicionDueMs(), earlier(this.wrongRoleDueMs(), this.rebootDueMs()));
  }

  private wrongRoleDueMs(): number | null {
    if (this.reportedRole === 'master') return null;
    return this.reportedRoleSinceMs + this.downAfterMs + WRONG_ROLE_INFO_PERIODS * this.periods.infoMs;
  }

  private rebootDueMs(): number | null {
    const { rebootDownAfterMs } = this.settings;
    if (this.rebootedSinceMs === null || rebootDownAfterMs === 0) return null;
    return this.rebootedSinceMs + rebootDownAfterMs;
  }

  /** The limits for a choice among the replicas now. */
  eligibilityLimits(nowMs: number): EligibilityLimits {
    const { pingMs, infoMs } = this.periods;
    const downForMs = this.suspectedSinceMs === null ? 0 : nowMs - this.suspectedSinceMs;
    return {
      maxSilentMs: MAX_SILENT_PING_PERIODS * pingMs,
      maxInfoAgeMs: this.suspected ? MAX_SILENT_PING_PERIODS * pingMs : MAX_INFO_AGE_PERIODS * infoMs,
      maxMasterLinkDownMs: MAX_LINK_DOWN_FACTOR * this.downAfterMs + downForMs,
    };
  }

  /** What the configuration file says about it. */
  configuration(leaderEpoch: Epoch): MasterConfiguration {
    const { address, epoch } = this.recordedConfiguration;
    const { announceHostnames } = this.watcher.options;
    const known = ({ host, ip, port }: InstanceAddress): { host: string; port: number } => ({
      host: announceHostnames || ip === '' ? host : ip,
      port,
    });
    const replicas = [...this.replicas.values()].map((replica) =>
      // The master-to-be is named as master, so the old one takes its place among the replicas.
      known(replica.address === address ? this.address : replica.address),
    );
    return {
      name: this.name,
      ...known(address),
      settings: this.settings,
      configEpoch: epoch,
      leaderEpoch,
      replicas,
      sentinels: [...this.peers.values()].map((peer) => ({ ...known(peer.address), runId: peer.runId })),
    };
  }
}
