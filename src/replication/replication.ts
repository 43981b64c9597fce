/**
 * Replication of one server: its history, its replicas, and its own role. Composes the parts of this folder, changes
 * the role, and registers with the server what they need.
 *
 * Who decides to promote or to follow (a client, Sentinel, Cluster) is not known here.
 */
import type { SnapshotFacts } from '../persistence/loading/keyspace-loader.js';
import type { Persistence } from '../persistence/persistence.js';
import type { StreamPosition } from '../persistence/snapshot/snapshot-frame.js';
import type { Client } from '../server/client.js';
import type { Gate } from '../server/gates.js';
import { INFO_ORDER } from '../server/info.js';
import type { ReplicationMemory, Server } from '../server/server.js';
import { AckWaiters } from './ack-waiters.js';
import { replicationCommands } from './commands.js';
import { CoordinatedFailover, type FailoverOptions, type FailoverTarget } from './coordinated-failover.js';
import type { BeginIntake } from './dataset-intake.js';
import { replicationDebugSubcommands } from './debug.js';
import { replicationFarewell } from './farewell.js';
import { FullSync } from './full-sync.js';
import { History } from './history.js';
import { NO_REPLICATION_ID, parseReplicationId, toOffset, type Offset } from './identity.js';
import { replicationSection } from './info-section.js';
import { intakeFor } from './intakes.js';
import { LocalExpiry } from './local-expiry.js';
import { ReplicaRole, type ResumePoint } from './replica-role.js';
import { Replicas } from './replicas.js';
import { enoughReplicasGate, readOnlyGate, staleGate } from './role-gates.js';
import { SyncService } from './sync-service.js';

const SECOND_MS = 1000;
const UNBLOCKED =
  'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)';

/** What replication is given. */
export interface ReplicationParts {
  readonly server: Server;
  readonly persistence: Persistence;
  /** Told of every change of role, and of the role at start if it is a replica's. */
  readonly onRoleChange?: (role: 'master' | 'replica') => void;
}

export class Replication {
  readonly history: History;
  readonly replicas: Replicas;
  readonly fullSync: FullSync;
  readonly waiters: AckWaiters;
  readonly failover: CoordinatedFailover;
  readonly sync: SyncService;

  private readonly server: Server;
  private readonly beginIntake: BeginIntake;
  private readonly persistence: Persistence;
  private readonly onRoleChange: (role: 'master' | 'replica') => void;
  private readonly localExpiry: LocalExpiry;
  private replicaRole: ReplicaRole | null = null;
  private gates: Gate[] = [];

  /** There is something in the stream that the replicas have not been given. */
  private hasNews = false;
  private ackRequested = false;
  private checkRequested = false;
  private progressMade = false;
  private lastSecondMs: number;
  private lastPingMs: number;
  private lastAckSent = -1;

  constructor(parts: ReplicationParts) {
    const { server, persistence } = parts;
    this.server = server;
    this.persistence = persistence;
    this.onRoleChange = parts.onRoleChange ?? (() => undefined);
    this.beginIntake = intakeFor({
      server,
      persistence,
      detachFollowers: () => this.detachFollowers(),
    });
    this.localExpiry = new LocalExpiry(server);
    const { random } = server.platform;
    this.history = new History(
      (length) => random.hex(length),
      () => server.config.values['repl-backlog-size'],
      this.onAppend,
    );
    this.replicas = new Replicas(server, () => this.requestTurnEnd('progress'));
    this.waiters = new AckWaiters(server, this.replicas, persistence.aof, () => this.requestAcks());
    persistence.aof.durableListeners.push(() => this.requestTurnEnd('progress'));
    persistence.aof.openListeners.push(() => this.updateSink());
    this.failover = new CoordinatedFailover(server, this.replicas, this.roleChanger());
    this.fullSync = new FullSync({
      server,
      history: this.history,
      replicas: this.replicas,
      source: persistence.replicaSnapshots,
      position: () => this.streamPosition,
      requestCheck: () => this.requestTurnEnd('check'),
      onOnline: () => this.requestTurnEnd('progress'),
    });
    this.sync = new SyncService({
      server,
      history: this.history,
      replicas: this.replicas,
      fullSync: this.fullSync,
      obstacle: () => this.obstacleToSync(),
      onBacklogCreated: () => this.updateSink(),
      onOnline: () => this.onAppend(),
    });
    this.lastSecondMs = server.steadyNowMs;
    this.lastPingMs = server.steadyNowMs;
    persistence.snapshots.streamPosition = () => this.streamPosition;
    this.register();
    // Known before the dataset is loaded: it decides what becomes of keys that have expired.
    if (server.config.values.replicaof !== null) this.beReplica();
  }

  /** This server's role as a replica; null: it is a master. */
  get role(): ReplicaRole | null {
    return this.replicaRole;
  }

  /** Where the stream stands now, for a snapshot taken now; null when nobody could make use of it. */
  get streamPosition(): StreamPosition | null {
    const { history, replicaRole } = this;
    const { replid } = history.identity;
    const { offset } = history;
    if (replicaRole === null) {
      if (history.stream.backlog === null) return null;
      return { replid, offset, streamDatabase: history.stream.selectedDatabase };
    }
    const streamDatabase = replicaRole.streamDatabase;
    return streamDatabase === null ? null : { replid, offset, streamDatabase };
  }

  /** How far this server has the stream, as a master or as a replica; 0 for a replica that has nothing of it. */
  get processedOffset(): number {
    const { replicaRole } = this;
    if (replicaRole === null) return this.history.offset;
    return replicaRole.resume === null ? 0 : replicaRole.offsets.applied;
  }

  /**
   * How long ago a replica's dataset was last known to be its master's: the last word of the master while the stream is
   * up, the break of the stream afterwards. Null if it has never been. 0 for a master.
   */
  get dataAgeMs(): number | null {
    if (this.replicaRole === null) return 0;
    const { link } = this.replicaRole;
    const nowMs = this.server.steadyClock.nowMs();
    if (link.isUp) return Math.max(0, nowMs - link.lastHeardMs);
    return link.brokenSinceMs === 0 ? null : Math.max(0, nowMs - link.brokenSinceMs);
  }

  /** Makes this server a replica. Its dataset is kept, and served, until the master's has come. */
  follow(target: FailoverTarget): void {
    const { server, history } = this;
    const wasMaster = this.replicaRole === null;
    if (wasMaster) {
      server.log.notice(
        'Before turning into a replica, using my own master parameters to synthesize a cached master: ' +
          'I may be able to synchronize with the new master with just a partial transfer.',
      );
    }
    this.unblockAll();
    this.replicaRole?.close();
    const resume: ResumePoint | null =
      this.replicaRole === null ? { databaseIndex: -1 } : this.replicaRole.resume;
    // Another address of the master, or another master, makes the dataset no younger and no older.
    const ageMs = wasMaster ? null : this.dataAgeMs;
    const staleSinceMs = ageMs === null ? 0 : server.steadyClock.nowMs() - ageMs;
    // What this unit has written so far (REPLICAOF may be in a transaction) is part of the history that is kept.
    server.propagation.endUnit();
    server.propagation.removeSink(history.stream);
    server.config.assign('replicaof', target);
    this.startRole(target, resume, staleSinceMs);
  }

  /** Makes this server a master, with the dataset it has. */
  promote(): void {
    const { server, history } = this;
    if (this.replicaRole === null) return;
    this.replicaRole.close();
    this.replicaRole = null;
    history.promote();
    const { replid, previous } = history.identity;
    server.log.notice(
      `Setting secondary replication ID to ${previous?.replid ?? NO_REPLICATION_ID}, valid up to offset: ` +
        `${previous?.end ?? -1}. New replication ID is ${replid}`,
    );
    // They are to learn the new id, which they do by asking anew; nothing will be missing.
    this.replicas.disconnectAll();
    this.replicas.restartIdleTime(server.steadyNowMs);
    server.role = 'master';
    server.keyspace.expiryMode = 'delete';
    server.config.assign('replicaof', null);
    this.updateSink();
    // A transfer that broke off may have left the log closed.
    this.persistence.aof.resume();
    this.applyRole();
    this.onRoleChange('master');
  }

  /** FAILOVER. The options have been checked. */
  beginFailover(options: FailoverOptions): void {
    this.failover.begin(options);
    this.requestTurnEnd('progress');
  }

  /** Up to where the append-only log is on disk; null without one. */
  private get localDiskOffset(): Offset | null {
    const offset = this.persistence.aof.syncedOffset;
    return offset === null ? null : toOffset(offset);
  }

  /** Has all replicas asked at the end of this turn how far they are. */
  requestAcks(): void {
    this.ackRequested = true;
    this.server.scheduleTurnEnd();
  }

  /**
   * Takes up the role that is configured, when the dataset has been loaded at start.
   * @param facts what the snapshot said; null without one
   */
  start(facts: SnapshotFacts | null): void {
    const { history, server } = this;
    const target = server.config.values.replicaof;
    const saved = facts?.replication ?? null;
    const replid = saved === null ? null : parseReplicationId(saved.id);
    if (facts === null || saved === null || replid === null) {
      if (target !== null) this.startRole(target, null);
      return;
    }
    const offset = toOffset(saved.offset);
    if (target !== null) {
      history.resumeFromSnapshot(replid, offset);
      server.replicationOffset = offset;
      this.startRole(target, { databaseIndex: facts.streamDatabase });
      return;
    }
    history.continueFromSnapshot(replid, offset);
    this.updateSink();
    // Replicas that come back have these keys still.
    for (const { databaseIndex, key } of facts.expiredKeys) {
      server.propagation.add(databaseIndex, ['DEL', key]);
    }
    server.propagation.endUnit(true);
  }

  /** Our dataset is about to be replaced by a master's: who follows us must ask anew. */
  private detachFollowers(): void {
    this.replicas.disconnectAll();
    this.history.abandonBacklog();
    this.replicaRole?.forgetResumePoint();
  }

  /** Ends the link and everything that waits. The replicas' connections are closed by the server. */
  close(): void {
    this.replicaRole?.close();
    this.fullSync.close();
    this.failover.close();
  }

  private startRole(target: FailoverTarget, resume: ResumePoint | null, staleSinceMs = 0): void {
    this.beReplica();
    this.replicaRole = new ReplicaRole(
      {
        server: this.server,
        history: this.history,
        replicas: this.replicas,
        beginIntake: this.beginIntake,
        isHandingOver: () => this.failover.isHandingOver,
        onAnswered: (accepted) => this.failover.onAnswered(accepted),
        resumeLog: () => this.persistence.aof.resume(),
        localDiskOffset: () => this.localDiskOffset,
      },
      target.host,
      target.port,
      resume,
      staleSinceMs,
    );
    this.applyRole();
    this.onRoleChange('replica');
    this.replicaRole.link.start();
  }

  /** A replica leaves expiry to its master. */
  private beReplica(): void {
    this.server.role = 'replica';
    this.server.keyspace.expiryMode = 'hide';
  }

  private obstacleToSync(): string | null {
    if (this.failover.isActive) return "NOMASTERLINK Can't SYNC while failing over";
    return this.replicaRole !== null && !this.replicaRole.link.isUp
      ? "NOMASTERLINK Can't SYNC while not connected with my master"
      : null;
  }

  private readonly onAppend = (): void => {
    this.server.replicationOffset = this.history.offset;
    if (this.hasNews) return;
    this.hasNews = true;
    this.server.scheduleTurnEnd();
  };

  private requestTurnEnd(what: 'check' | 'progress'): void {
    if (what === 'check') this.checkRequested = true;
    else this.progressMade = true;
    this.server.scheduleTurnEnd();
  }

  /** What a turn produced goes to the replicas, before the clients hear of it. */
  private readonly beforeReplies = (): void => {
    if (this.checkRequested) {
      this.checkRequested = false;
      this.fullSync.check();
    }
    if (this.ackRequested && !this.server.pause.isActive) {
      this.ackRequested = false;
      if (this.replicas.count > 0) this.history.stream.appendAckRequest();
    }
    this.replicas.dropTalkative();
    if (this.hasNews) {
      this.hasNews = false;
      this.replicas.feed();
    }
    if (this.progressMade) {
      this.progressMade = false;
      this.waiters.onProgress();
      this.failover.onProgress();
      this.server.shutdown.recheck();
    }
  };

  private cron(nowMs: number): void {
    this.localExpiry.tick();
    const { applier } = this.replicaRole?.link ?? { applier: null };
    if (nowMs - this.lastSecondMs >= SECOND_MS) {
      this.lastSecondMs = nowMs;
      this.everySecond(nowMs);
    } else if (applier !== null && applier.appliedOffset !== this.lastAckSent) {
      // More often than stock, so that WAIT on a stock master and a failover need not wait a second.
      this.acknowledge();
    }
  }

  private everySecond(nowMs: number): void {
    this.replicaRole?.link.everySecond(nowMs);
    this.acknowledge();
    this.replicas.everySecond(nowMs);
    this.fullSync.everySecond(nowMs);
    this.requestTurnEnd('progress');
    if (this.replicaRole !== null) return;
    const { values } = this.server.config;
    if (
      nowMs - this.lastPingMs >= values['repl-ping-replica-period'] * SECOND_MS &&
      !this.failover.isActive &&
      // A replica that is to take over catches up with an offset that must stand still.
      !this.server.pause.purposes.includes('failover')
    ) {
      this.lastPingMs = nowMs;
      if (this.replicas.count > 0) this.history.stream.appendPing();
    }
    const ttlMs = values['repl-backlog-ttl'] * SECOND_MS;
    if (ttlMs > 0 && this.history.stream.backlog !== null && this.replicas.idleMs(nowMs) > ttlMs) {
      this.history.endBacklog();
      this.updateSink();
      this.server.log.notice(
        `Replication backlog freed after ${values['repl-backlog-ttl']} seconds without connected replicas.`,
      );
    }
  }

  private acknowledge(): void {
    const { replicaRole } = this;
    if (replicaRole === null) return;
    this.lastAckSent = replicaRole.link.applier?.appliedOffset ?? -1;
    replicaRole.acknowledge();
  }

  /** Blocked clients must not be served by the master's stream: they are told and sent away. */
  private unblockAll(): void {
    const { server } = this;
    for (const client of [...server.clients.all()]) {
      if (client.blocked === null) continue;
      server.blocking.unblock(client, UNBLOCKED);
      client.closeAfterReply = true;
      client.scheduleFlush();
    }
  }

  private updateSink(): void {
    const { propagation, role } = this.server;
    const { stream } = this.history;
    propagation.removeSink(stream);
    if (role === 'replica') return;
    if (stream.backlog !== null || this.persistence.aof.isOpen) propagation.addSink(stream);
  }

  private readonly applyRole = (): void => {
    const { server, replicaRole } = this;
    const { values } = server.config;
    for (const gate of this.gates) server.gates.remove(gate);
    this.gates = [];
    if (replicaRole !== null) {
      this.gates.push(readOnlyGate(server.config), staleGate(server.config, replicaRole));
    } else if (values['min-replicas-to-write'] > 0 && values['min-replicas-max-lag'] > 0) {
      this.gates.push(enoughReplicasGate(server, this.replicas));
    }
    for (const gate of this.gates) server.gates.add(gate);
    this.localExpiry.setActive(replicaRole !== null && !values['replica-read-only']);
  };

  private roleChanger(): { readonly offset: Offset; follow(target: FailoverTarget): void; promote(): void } {
    const { history } = this;
    return {
      get offset() {
        return history.offset;
      },
      follow: (target) => this.follow(target),
      promote: () => this.promote(),
    };
  }

  private register(): void {
    const { server } = this;
    server.commands.register(replicationCommands(this));
    server.info.add(INFO_ORDER.replication, replicationSection(server, this));
    server.beforeReplies.push(this.beforeReplies);
    server.cronTasks.push(() => this.cron(server.steadyNowMs));
    server.replicationMemory = () => this.memory();
    for (const [name, handler] of replicationDebugSubcommands(this))
      server.debugSubcommands.set(name, handler);
    server.flushAllListeners.push(() => this.fullSync.onFlushAll());
    server.clientCloseListeners.push((client) => this.onClientClosed(client));
    server.config.onChange('min-replicas-to-write', this.applyRole);
    server.config.onChange('min-replicas-max-lag', this.applyRole);
    server.config.onChange('replica-read-only', this.applyRole);
    server.config.onChange('repl-backlog-size', (sizeBytes) =>
      this.history.stream.backlog?.resize(sizeBytes),
    );
    server.shutdown.addParticipant(
      replicationFarewell(server, this.history, this.replicas, () => this.replicaRole === null),
    );
  }

  private memory(): ReplicationMemory {
    const { backlog } = this.history.stream;
    if (backlog === null) return { backlogBytes: 0, beyondBacklogBytes: 0 };
    // It goes by whole blocks, so it is a little more than its size without anybody being behind.
    const isForReplicas = this.replicas.count > 0;
    const backlogBytes = isForReplicas
      ? Math.min(backlog.memoryBytes, backlog.sizeBytes)
      : backlog.memoryBytes;
    return { backlogBytes, beyondBacklogBytes: backlog.memoryBytes - backlogBytes };
  }

  private onClientClosed(client: Client): void {
    const session = this.replicas.of(client);
    if (session !== undefined) {
      this.replicas.remove(session);
      this.fullSync.onReplicaGone(session);
      this.requestTurnEnd('progress');
    }
    const { replicaRole } = this;
    const applier = replicaRole?.link.applier;
    if (applier !== undefined && applier !== null && applier.client === client) {
      replicaRole?.link.onClientClosed(applier);
    }
  }
}
