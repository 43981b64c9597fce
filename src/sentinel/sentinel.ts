/**
 * A sentinel: the masters it monitors, and the parts that watch them, agree with other sentinels and fail over.
 *
 * This file holds the parts together: it owns the instances, hears what their links report, and attends to each
 * when something is due. What a part decides stands in its own file. All state is in this object; time, chance,
 * network, disk and processes come from the platform.
 */
import type { ConfigWriter } from '../config/config-writer.js';
import type { ServerConfig } from '../config/server-config.js';
import { Election } from '../failover/election.js';
import type { Epoch } from '../failover/epoch.js';
import { toNodeId, type NodeId } from '../failover/identity.js';
import { VoteLedger } from '../failover/vote-ledger.js';
import type { Logger } from '../log/logger.js';
import type { Platform, Timer } from '../platform/platform.js';
import type { PubSub } from '../server/pubsub.js';
import { matchesGlob } from '../resp/glob.js';
import { addressOf, announcedHost, type InstanceAddress } from './address.js';
import { Asker } from './asker.js';
import { Attendance, earlier } from './attendance.js';
import { ConfigurationStore } from './configuration-store.js';
import {
  MY_ID_LENGTH,
  type MasterConfiguration,
  type MasterSettings,
  type SentinelConfiguration,
  type SentinelOptions,
} from './configuration.js';
import { Detector } from './detector.js';
import { DialectSpeaker } from './dialect.js';
import { EventPublisher } from './event-publisher.js';
import { Failovers } from './failovers.js';
import { Hellos } from './hellos.js';
import type { InstanceWatcher, WatchedInstance } from './instance.js';
import type { PingAnswer } from './instance-link.js';
import { Links } from './links.js';
import { MonitoredMaster } from './master.js';
import { Peer } from './peer.js';
import type { Periods } from './periods.js';
import { Replica } from './replica.js';
import { ReportHandler } from './report-handler.js';
import { Resolver } from './resolver.js';
import { Scripts } from './scripts.js';
import { Switches } from './switches.js';
import { Tilt, TILT_HEARTBEAT_MS } from './tilt.js';

/** What a sentinel is made of. */
export interface SentinelParts {
  readonly platform: Platform;
  readonly config: ServerConfig;
  readonly log: Logger;
  readonly pubsub: PubSub;
  readonly writer: ConfigWriter;
  readonly periods: Periods;
  readonly configuration: SentinelConfiguration;
  /** The port on which this sentinel is reached. */
  readonly port: () => number;
}

/** Where an operator wants the process to die. */
export type CrashMoment = 'election' | 'promotion';

/** After a reset the links come back a little later, so that what was forgotten is seen to be. */
const RESET_RECONNECT_MS = 500;

export class Sentinel implements InstanceWatcher {
  readonly platform: Platform;
  readonly log: Logger;
  readonly config: ServerConfig;
  readonly options: SentinelOptions;
  readonly periods: Periods;
  readonly myId: NodeId;
  readonly masters = new Map<string, MonitoredMaster>();
  readonly ledger = new VoteLedger();
  /** Names of masters that are no longer monitored. */
  readonly formerMasters = new Set<string>();
  readonly simulatedCrashes = new Set<CrashMoment>();

  readonly events: EventPublisher;
  readonly store: ConfigurationStore;
  readonly tilt: Tilt;
  readonly scripts: Scripts;
  readonly resolver: Resolver;
  readonly asker = new Asker(this);
  readonly reports = new ReportHandler(this);
  readonly failovers = new Failovers(this);
  readonly hellos = new Hellos(this);
  readonly switches = new Switches(this);
  readonly dialect = new DialectSpeaker(this);
  readonly links = new Links(this);

  readonly #detector: Detector;
  readonly #attendance: Attendance<WatchedInstance>;
  readonly #port: () => number;
  readonly #isNew: boolean;
  #heartbeat: Timer | null = null;

  constructor(parts: SentinelParts) {
    const { platform, configuration, log, periods } = parts;
    const { clock, timers, processes, network, random } = platform;
    this.platform = platform;
    this.config = parts.config;
    this.log = log;
    this.periods = periods;
    this.options = configuration.options;
    this.#port = parts.port;
    this.#isNew = configuration.myId === null;
    this.myId = configuration.myId ?? toNodeId(random.hex(MY_ID_LENGTH));
    this.events = new EventPublisher({
      clock,
      log,
      pubsub: parts.pubsub,
      ledger: this.ledger,
      myId: () => this.myId,
      notifyScript: (name, channel, payload) => this.#runNotificationScript(name, channel, payload),
    });
    this.store = new ConfigurationStore(parts.writer, timers, log);
    this.tilt = new Tilt(clock, periods, (entered) => this.#tiltChanged(entered));
    this.scripts = new Scripts({ clock, timers, processes, periods, say: (what) => this.events.say(what) });
    this.resolver = new Resolver(network, this.options, log);
    this.#detector = new Detector(this.events, periods);
    this.#attendance = new Attendance(
      platform,
      (instance) => this.#attend(instance),
      (instance) => this.#dueMs(instance),
    );
    this.#restore(configuration);
  }

  /** Begins to watch. The configuration file gets our id if it had none. */
  start(): void {
    if (this.#isNew) this.store.saveAtStart();
    this.log.notice(`Sentinel ID is ${this.myId}`);
    // A slow disk at the start is our own silence, not that of the others.
    for (const { link } of this.#attendance.all) link.suspicion.restart(this.nowMs());
    for (const master of this.masters.values()) this.#sayMonitoring(master);
    this.#heartbeat = this.platform.timers.every(TILT_HEARTBEAT_MS, () => this.tilt.look());
  }

  /** Stops watching and closes all links. The process goes on. */
  close(): void {
    this.#heartbeat?.cancel();
    this.scripts.close();
    for (const master of this.masters.values()) this.#forgetGroup(master);
    this.#attendance.close();
  }

  nowMs(): number {
    return this.platform.clock.monotonicMs();
  }

  /** The port that hellos tell. */
  get announcedPort(): number {
    return this.options.announcePort === 0 ? this.#port() : this.options.announcePort;
  }

  // What is to be done, and when.

  attend(instance: WatchedInstance): void {
    this.#attendance.now(instance);
  }

  attendSoon(instance: WatchedInstance): void {
    this.#attendance.soon(instance);
  }

  /** What is due for the instance may be due earlier now. */
  rearm(instance: WatchedInstance): void {
    this.#attendance.rearm(instance);
  }

  /** Whether the instance is still part of what we watch: answers come late. */
  isWatched(instance: WatchedInstance): boolean {
    return this.#attendance.has(instance);
  }

  /** Periods or options have changed. */
  rulesChanged(): void {
    this.#attendance.allSoon();
  }

  /** Does what is due for an instance. */
  #attend(instance: WatchedInstance): void {
    this.tilt.look();
    const master = groupOf(instance);
    const nowMs = this.nowMs();
    instance.link.attend(nowMs);
    if (instance.role !== 'sentinel') this.reports.attend(instance, nowMs);
    this.hellos.attend(instance, master, nowMs);
    if (!this.tilt.isActive) this.#judge(instance, master, nowMs);
  }

  #judge(instance: WatchedInstance, master: MonitoredMaster, nowMs: number): void {
    const changed = this.#detector.judge(instance, master, nowMs);
    if (instance.role === 'sentinel') this.asker.attend(instance, nowMs);
    if (instance !== master) {
      if (changed) this.failovers.look(master);
      return;
    }
    if (changed) for (const peer of master.peers.values()) this.attend(peer);
    this.weigh(master);
  }

  /** Updates the agreement about a master and goes on from there. */
  weigh(master: MonitoredMaster): void {
    if (this.tilt.isActive) return;
    const change = this.#detector.weigh(master, this.nowMs());
    // Whom to promote is decided by what replicas say from now on.
    if (change === 'reached') for (const replica of master.replicas.values()) this.reports.ask(replica);
    this.failovers.look(master);
  }

  /** When something is due for an instance next if nothing happens. */
  #dueMs(instance: WatchedInstance): number | null {
    let dueMs = earlier(instance.link.nextDueMs(), this.hellos.dueMs(instance));
    if (instance.role !== 'sentinel') dueMs = earlier(dueMs, this.reports.dueMs(instance));
    if (this.tilt.isActive) return dueMs;
    if (!instance.suspected) dueMs = earlier(dueMs, instance.suspicionDueMs());
    if (instance.role === 'sentinel') return earlier(dueMs, this.asker.dueMs(instance));
    if (instance.role === 'replica') return dueMs;
    dueMs = earlier(dueMs, this.#detector.weighingDueMs(instance));
    return earlier(dueMs, this.failovers.dueMs(instance));
  }

  #tiltChanged(entered: boolean): void {
    this.events.say({ kind: 'tilt', entered });
    if (!entered) this.#attendance.allSoon();
  }

  // What links report.

  linkUp(instance: WatchedInstance): void {
    instance.lastHelloMs = null;
    if (instance.role === 'sentinel') {
      instance.asking = false;
      const epoch = instance.master.election.requestedEpoch;
      this.dialect.identify(instance);
      if (epoch !== null && instance.master.election.awaits(instance.runId)) {
        this.asker.requestVote(instance, epoch);
      }
    } else {
      instance.infoAsked = 0;
      this.reports.ask(instance);
    }
  }

  linkChanged(instance: WatchedInstance): void {
    if (!instance.link.isUp) {
      if (instance.role === 'sentinel') instance.asking = false;
      else instance.infoAsked = 0;
      if (this.isWatched(instance)) this.failovers.look(groupOf(instance));
    }
    this.attendSoon(instance);
  }

  pinged(instance: WatchedInstance, answer: PingAnswer): void {
    if (answer.kind === 'unacceptable') this.#sayPingProblem(instance, answer.text);
    else instance.pingProblem = '';
    if (answer.kind === 'pong' && instance.role === 'master') instance.rebootedSinceMs = null;
    this.attend(instance);
  }

  helloReceived(_instance: WatchedInstance, payload: string): void {
    this.hellos.take(payload);
  }

  #sayPingProblem(instance: WatchedInstance, text: string): void {
    const code = text.slice(0, text.indexOf(' ') === -1 ? undefined : text.indexOf(' '));
    if (code !== instance.pingProblem) {
      const { role, name } = instance.reference;
      this.log.warning(`The answer of ${role} ${name} to PING does not count as a sign of life: ${text}`);
      instance.pingProblem = code;
    }
    if (code === 'BUSY' && instance.suspected && !instance.scriptKillSent) {
      instance.scriptKillSent = instance.send('SCRIPT', ['KILL'], null);
    }
  }

  // Epochs.

  /** Somebody told of an epoch. */
  learnEpoch(epoch: Epoch): void {
    if (!this.ledger.observe(epoch)) return;
    this.store.save(() => this.events.tell({ kind: 'epoch-advanced' }));
  }

  // Masters, replicas, sentinels.

  findMaster(host: string, port: number): MonitoredMaster | null {
    for (const master of this.masters.values()) {
      const { address } = master;
      if (address.port === port && (address.host === host || address.ip === host)) return master;
    }
    return null;
  }

  /** Begins to monitor a master. The name must be free. */
  monitor(name: string, address: InstanceAddress, settings: MasterSettings): MonitoredMaster {
    const master = this.#addMaster(name, address, settings);
    this.#sayMonitoring(master);
    return master;
  }

  remove(master: MonitoredMaster): void {
    this.events.say({ kind: 'monitoring-ended', master: master.reference });
    this.#forgetGroup(master);
    this.masters.delete(master.name);
    this.ledger.drop(master.name);
    this.formerMasters.add(master.name);
  }

  /** Forgets replicas, sentinels and state of the masters that match; returns how many do. */
  reset(pattern: string): number {
    let count = 0;
    for (const master of this.masters.values()) {
      if (!matchesGlob(pattern, master.name)) continue;
      this.#resetMaster(master);
      count++;
    }
    return count;
  }

  addReplica(master: MonitoredMaster, address: InstanceAddress, tell: boolean): void {
    const known = master.findReplica(address);
    if (known !== null) return;
    const replica = new Replica(master, this.links.toServer(address, master.settings), this.nowMs());
    master.replicas.set(replica.name, replica);
    this.#attendance.add(replica);
    if (!tell) return;
    this.events.say({ kind: 'replica-found', master: master.reference, peer: replica.reference });
    this.store.save();
  }

  addPeer(master: MonitoredMaster, address: InstanceAddress, runId: NodeId): Peer {
    const link = this.links.toPeer(address, runId, master.settings);
    const peer = new Peer(master, link, runId, this.nowMs());
    peer.address = address;
    master.peers.set(runId, peer);
    this.#attendance.add(peer);
    if (link.isUp) this.linkUp(peer);
    return peer;
  }

  removePeer(peer: Peer): void {
    peer.master.peers.delete(peer.runId);
    peer.master.reports.withdraw(peer.runId);
    this.forget(peer);
  }

  /** Stops attending to an instance and lets go of its link. */
  forget(instance: WatchedInstance): void {
    this.#attendance.remove(instance);
    instance.releaseLink();
  }

  #addMaster(name: string, address: InstanceAddress, settings: MasterSettings): MonitoredMaster {
    this.formerMasters.delete(name);
    const link = this.links.toServer(address, settings);
    const makeElection = (subject: string): Election =>
      new Election({
        self: this.myId,
        subject,
        ledger: this.ledger,
        randomInteger: (bound) => this.platform.random.integer(bound),
      });
    const master = new MonitoredMaster(this, link, name, settings, makeElection, this.periods, this.nowMs());
    this.masters.set(name, master);
    this.#attendance.add(master);
    return master;
  }

  #sayMonitoring(master: MonitoredMaster): void {
    this.events.say({ kind: 'monitoring', master: master.reference, quorum: master.settings.quorum });
  }

  #forgetGroup(master: MonitoredMaster): void {
    this.failovers.drop(master);
    for (const replica of master.replicas.values()) this.forget(replica);
    for (const peer of master.peers.values()) this.forget(peer);
    master.replicas.clear();
    master.peers.clear();
    this.forget(master);
  }

  #resetMaster(master: MonitoredMaster): void {
    this.failovers.drop(master);
    for (const replica of master.replicas.values()) this.forget(replica);
    for (const peer of master.peers.values()) this.forget(peer);
    master.replicas.clear();
    master.peers.clear();
    master.reports.withdrawAll();
    master.agreement.clear();
    master.suspectedSinceMs = null;
    master.runId = '';
    master.infoAtMs = null;
    master.infoAsOfMs = null;
    master.infoText = '';
    master.reportedRole = 'master';
    master.reportedRoleSinceMs = this.nowMs();
    master.rebootedSinceMs = null;
    this.ledger.forgetCandidate(master.name);
    master.link.restart(RESET_RECONNECT_MS);
    this.events.say({ kind: 'master-reset', master: master.reference });
  }

  // Configuration.

  /** What the file is to say now. */
  describe(): SentinelConfiguration {
    return {
      myId: this.myId,
      currentEpoch: this.ledger.currentEpoch,
      options: this.options,
      masters: [...this.masters.values()].map((master) =>
        master.configuration(this.ledger.voteOn(master.name).epoch),
      ),
    };
  }

  #restore(configuration: SentinelConfiguration): void {
    this.ledger.observe(configuration.currentEpoch);
    for (const each of configuration.masters) this.#restoreMaster(each);
  }

  #restoreMaster(known: MasterConfiguration): void {
    const master = this.#addMaster(known.name, addressOf(known.host, known.port), known.settings);
    master.configEpoch = known.configEpoch;
    this.ledger.restore(known.name, known.leaderEpoch);
    for (const { host, port } of known.replicas) this.addReplica(master, addressOf(host, port), false);
    for (const { host, port, runId } of known.sentinels) {
      if (runId !== this.myId) this.addPeer(master, addressOf(host, port), runId);
    }
  }

  // Scripts.

  #runNotificationScript(masterName: string, channel: string, payload: string): void {
    const path = this.masters.get(masterName)?.settings.notificationScript ?? '';
    if (path !== '') this.scripts.schedule(path, [channel, payload]);
  }

  runReconfigurationScript(
    master: MonitoredMaster,
    role: 'leader' | 'observer',
    to: InstanceAddress,
    from: InstanceAddress = master.address,
  ): void {
    const path = master.settings.clientReconfigScript;
    if (path === '') return;
    const { announceHostnames } = this.options;
    const words = [from, to].flatMap((each) => [announcedHost(each, announceHostnames), String(each.port)]);
    this.scripts.schedule(path, [master.name, role, 'start', ...words]);
  }
}

function groupOf(instance: WatchedInstance): MonitoredMaster {
  return instance.role === 'master' ? instance : instance.master;
}
