/**
 * Replication of one server: its history, its replicas, and its own role. Composes the parts of this folder, changes
 * the role, and registers with the server what they need.
 *
 * Who decides to promote or to follow (a client, Sentinel, Cluster) is not known here.
 */
import type { Connection } from '../platform/platform.js';
import type { Client } from '../server/client.js';
import type { Gate } from '../server/gates.js';
import type { Server } from '../server/server.js';
import { AckWaiters } from './ack-waiters.js';
import { replicationCommands } from './commands.js';
import { CoordinatedFailover, type FailoverOptions, type FailoverTarget } from './coordinated-failover.js';
import type { BeginIntake } from './dataset-intake.js';
import { FullSync } from './full-sync.js';
import { History } from './history.js';
import type { Offset } from './identity.js';
import { replicationSection } from './info-section.js';
import type { PsyncDecision, PsyncRequest } from './psync-decision.js';
import { NO_REPLICATION_ID } from './identity.js';
import { ReplicaIntroduction, ReplicaSession } from './replica-session.js';
import { ReplicaRole, type ResumePoint } from './replica-role.js';
import { Replicas } from './replicas.js';
import { enoughReplicasGate, readOnlyGate, staleGate } from './role-gates.js';
import type { SnapshotSource, StreamPosition } from './snapshot-source.js';

const SECOND_MS = 1000;
/** INFO's section between stats and CPU. */
const INFO_ORDER = 60;
const UNBLOCKED =
  'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)';

/** What replication is given. */
export interface ReplicationParts {
  readonly server: Server;
  readonly snapshots: SnapshotSource;
  /** Takes in a master's snapshot. */
  readonly beginIntake: (replication: Replication) => BeginIntake;
  /** Up to where the append-only file is on disk; null without one. */
  readonly localDiskOffset?: () => Offset | null;
}

export class Replication {
  readonly history: History;
  readonly replicas: Replicas;
  readonly fullSync: FullSync;
  readonly waiters: AckWaiters;
  readonly failover: CoordinatedFailover;

  private readonly server: Server;
  private readonly beginIntake: BeginIntake;
  private readonly localDiskOffset: () => Offset | null;
  private readonly introductions = new WeakMap<Client, ReplicaIntroduction>();
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
    const { server } = parts;
    this.server = server;
    this.localDiskOffset = parts.localDiskOffset ?? (() => null);
    this.beginIntake = parts.beginIntake(this);
    const { random } = server.platform;
    this.history = new History(
      (length) => random.hex(length),
      () => server.config.values['repl-backlog-size'],
      this.onAppend,
    );
    this.replicas = new Replicas(server, () => this.requestTurnEnd('progress'));
    this.waiters = new AckWaiters(server, this.replicas, this.localDiskOffset, () => this.requestAcks());
    this.failover = new CoordinatedFailover(server, this.replicas, this.roleChanger());
    this.fullSync = new FullSync({
      server,
      history: this.history,
      replicas: this.replicas,
      source: parts.snapshots,
      position: () => this.streamPosition,
      requestCheck: () => this.requestTurnEnd('check'),
      onOnline: () => this.requestTurnEnd('progress'),
    });
    this.lastSecondMs = server.nowMs;
    this.lastPingMs = server.nowMs;
    this.register();
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

  /** What a client has said about itself with REPLCONF. */
  introductionOf(client: Client): ReplicaIntroduction {
    const known = this.introductions.get(client);
    if (known !== undefined) return known;
    const introduction = new ReplicaIntroduction();
    this.introductions.set(client, introduction);
    return introduction;
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
    server.propagation.removeSink(history.stream);
    server.keyspace.expiryMode = 'hide';
    server.config.assign('replicaof', target);
    this.startRole(target, resume);
  }

  /** Makes this server a master, with the dataset it has. */
  promote(): void {
    const { server, history } = this;
    if (this.replicaRole === null) return;
    this.replicaRole.close();
    this.replicaRole = null;
    history.promote();
    // They are to learn the new id, which they do by asking anew; nothing will be missing.
    this.replicas.disconnectAll();
    this.replicas.restartIdleTime(server.nowMs);
    server.keyspace.expiryMode = 'delete';
    server.config.assign('replicaof', null);
    this.updateSink();
    this.updateGates();
  }

  /** Whether PSYNC and SYNC may be answered now; otherwise the client has been told why not. */
  mayServe(client: Client): boolean {
    const { reply } = client;
    if (client.connection === null || this.replicas.of(client) !== undefined) return false;
    const problem = this.serviceProblem(client);
    if (problem === null) return true;
    reply.error(problem);
    return false;
  }

  /** PSYNC: continues the stream, or sends everything. */
  serve(client: Client, request: PsyncRequest): void {
    const { server, history } = this;
    const decision = history.decide(request);
    if (decision.kind === 'continue') {
      this.serveContinuation(client, decision.from);
      return;
    }
    this.logRefusal(client, request, decision.reason);
    if (decision.reason !== 'requested') server.statistics.syncPartialError++;
    if (history.stream.backlog === null && this.replicas.count === 0) {
      history.beginBacklog();
      this.updateSink();
      server.log.notice(
        `Replication backlog created, my new replication IDs are '${history.identity.replid}' and ` +
          `'${NO_REPLICATION_ID}'`,
      );
    }
    this.serveFullResync(client, false);
  }

  /** SYNC, or a PSYNC that cannot be continued: the client waits for a snapshot. */
  serveFullResync(client: Client, isLegacy: boolean): void {
    const session = this.openSession(client, isLegacy);
    if (session === null) return;
    this.server.statistics.syncFull++;
    if (this.history.stream.backlog === null) {
      this.history.beginBacklog();
      this.updateSink();
    }
    if (this.server.config.values['repl-disable-tcp-nodelay']) session.connection.setNoDelay(false);
    this.fullSync.request(session);
  }

  /** FAILOVER. The options have been checked. */
  beginFailover(options: FailoverOptions): void {
    this.failover.begin(options);
    this.requestTurnEnd('progress');
  }

  /** Has all replicas asked at the end of this turn how far they are. */
  requestAcks(): void {
    this.ackRequested = true;
    this.server.scheduleTurnEnd();
  }

  /** A master has loaded a snapshot at start, or is about to: it continues the saved history. */
  continueFromSnapshot(position: StreamPosition): void {
    this.history.stream.restartAt(position.offset);
    this.history.continueFromSnapshot(position.replid, position.offset);
    this.history.keepBacklog();
    this.updateSink();
  }

  /**
   * Becomes a replica at start, as configured.
   * @param position what the snapshot that was loaded says of the stream; null: everything will be asked for
   */
  followFromStart(target: FailoverTarget, position: StreamPosition | null): void {
    this.server.keyspace.expiryMode = 'hide';
    if (position !== null) this.history.resumeFromSnapshot(position.replid, position.offset);
    this.startRole(target, position === null ? null : { databaseIndex: position.streamDatabase });
  }

  /** Ends the link and everything that waits. The replicas' connections are closed by the server. */
  close(): void {
    this.replicaRole?.close();
    this.fullSync.close();
    this.failover.close();
  }

  private startRole(target: FailoverTarget, resume: ResumePoint | null): void {
    this.replicaRole = new ReplicaRole(
      {
        server: this.server,
        history: this.history,
        replicas: this.replicas,
        beginIntake: this.beginIntake,
        isHandingOver: () => this.failover.isHandingOver,
        onAnswered: (accepted) => this.failover.onAnswered(accepted),
        localDiskOffset: this.localDiskOffset,
      },
      target.host,
      target.port,
      resume,
    );
    this.updateGates();
    this.replicaRole.link.start();
  }

  private serveContinuation(client: Client, from: Offset): void {
    const { server, history } = this;
    const { backlog } = history.stream;
    const session = this.openSession(client, false);
    if (session === null || backlog === null) return;
    server.statistics.syncPartialOk++;
    const { knowsPsync2 } = session.introduction;
    session.send(
      Buffer.from(knowsPsync2 ? `+CONTINUE ${history.identity.replid}\r\n` : '+CONTINUE\r\n', 'latin1'),
    );
    const cursor = backlog.open(from);
    server.log.notice(
      `Partial resynchronization request from ${session.name} accepted. ` +
        `Sending ${cursor.pendingBytes} bytes of backlog starting from offset ${from}.`,
    );
    session.goOnline(cursor, false, server.nowMs);
    this.onAppend();
  }

  private openSession(client: Client, isLegacy: boolean): ReplicaSession | null {
    const connection: Connection | null = client.connection;
    if (connection === null) return null;
    const introduction = this.introductionOf(client);
    const session = new ReplicaSession(client, connection, introduction, isLegacy, this.server.nowMs);
    this.server.log.notice(`Replica ${session.name} asks for synchronization`);
    this.replicas.add(session);
    return session;
  }

  private serviceProblem(client: Client): string | null {
    const { filter, canReadEndMark } = this.introductionOf(client);
    if (this.failover.isActive) return "NOMASTERLINK Can't SYNC while failing over";
    if (this.replicaRole !== null && !this.replicaRole.link.isUp) {
      return "NOMASTERLINK Can't SYNC while not connected with my master";
    }
    if (client.pendingOutputBytes > 0) return 'ERR SYNC and PSYNC are invalid with pending output';
    if ((!filter.data || !filter.functions) && !canReadEndMark) {
      return 'ERR Filtered replica requires EOF capability';
    }
    return null;
  }

  private logRefusal(
    client: Client,
    request: PsyncRequest,
    reason: (PsyncDecision & { kind: 'full' })['reason'],
  ): void {
    const { log } = this.server;
    const { replid, previous } = this.history.identity;
    const name = `client id #${client.id}`;
    switch (reason) {
      case 'requested':
        log.notice(`Full resync requested by replica ${name}`);
        return;
      case 'unknown-history':
        log.notice(
          `Partial resynchronization not accepted: Replication ID mismatch (Replica asked for ` +
            `'${request.replid}', my replication IDs are '${replid}' and '${previous?.replid ?? NO_REPLICATION_ID}')`,
        );
        return;
      case 'diverged':
        log.notice(
          `Partial resynchronization not accepted: Requested offset for second ID was ${request.offset}, ` +
            `but I can reply up to ${previous?.end ?? -1}`,
        );
        return;
      case 'out-of-backlog':
      case 'ahead':
        log.notice(
          `Unable to partial resync with replica ${name} for lack of backlog ` +
            `(Replica request was: ${request.offset}).`,
        );
        if (reason === 'ahead') {
          log.warning(
            `Warning: replica ${name} tried to PSYNC with an offset that is greater than the master replication offset.`,
          );
        }
    }
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
      !this.failover.isActive
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
    const { propagation } = this.server;
    const { stream } = this.history;
    propagation.removeSink(stream);
    if (this.replicaRole === null && stream.backlog !== null) propagation.addSink(stream);
  }

  private readonly updateGates = (): void => {
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
    server.info.add(INFO_ORDER, replicationSection(server, this));
    server.beforeReplies.push(this.beforeReplies);
    server.cronTasks.push((nowMs) => this.cron(nowMs));
    server.clientCloseListeners.push((client) => this.onClientClosed(client));
    server.config.onChange('min-replicas-to-write', this.updateGates);
    server.config.onChange('min-replicas-max-lag', this.updateGates);
    server.config.onChange('repl-backlog-size', (sizeBytes) =>
      this.history.stream.backlog?.resize(sizeBytes),
    );
    server.shutdown.addParticipant({
      isReady: () => this.laggingReplicas() === 0,
      hurry: () => this.requestAcks(),
      finish: (_options, done) => {
        this.sayHowReplicasAre();
        done(true);
      },
    });
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

  private laggingReplicas(): number {
    if (this.replicaRole !== null) return 0;
    let lagging = 0;
    for (const session of this.replicas.all()) {
      if (session.isOnline && session.ackOffset !== this.history.offset) lagging++;
    }
    return lagging;
  }

  private sayHowReplicasAre(): void {
    const { log } = this.server;
    if (this.replicaRole !== null || this.replicas.count === 0) return;
    let inSync = 0;
    for (const session of this.replicas.all()) {
      if (session.ackOffset === this.history.offset) {
        inSync++;
        continue;
      }
      const lag = session.isOnline ? Math.floor((this.server.nowMs - session.lastHeardMs) / SECOND_MS) : 0;
      log.notice(
        `Lagging replica ${session.name} reported offset ${this.history.offset - session.ackOffset} behind master, ` +
          `lag=${lag}, state=${session.stateName}.`,
      );
    }
    log.notice(`${inSync} of ${this.replicas.count} replicas are in sync when shutting down.`);
  }
}
