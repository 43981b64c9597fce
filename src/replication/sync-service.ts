/**
 * Answers PSYNC and SYNC: whether a client may become a replica, and how: by going on with the stream or by being
 * sent everything.
 */
import type { Client } from '../server/client.js';
import type { Server } from '../server/server.js';
import type { FullSync } from './full-sync.js';
import type { History } from './history.js';
import { NO_REPLICATION_ID, type Offset } from './identity.js';
import type { FullResyncReason, PsyncRequest } from './psync-decision.js';
import { ReplicaIntroduction, ReplicaSession } from './replica-session.js';
import type { Replicas } from './replicas.js';

/** What answering needs of the rest of replication. */
export interface SyncSurroundings {
  readonly server: Server;
  readonly history: History;
  readonly replicas: Replicas;
  readonly fullSync: FullSync;
  /** Why nobody can be served now, as an error text; null: one can. */
  readonly obstacle: () => string | null;
  /** A backlog exists now: the stream must be fed. */
  readonly onBacklogCreated: () => void;
  /** A replica has come online; there may be something to send it. */
  readonly onOnline: () => void;
}

export class SyncService {
  private readonly introductions = new WeakMap<Client, ReplicaIntroduction>();

  constructor(private readonly around: SyncSurroundings) {}

  /** What a client has said about itself with REPLCONF. */
  introductionOf(client: Client): ReplicaIntroduction {
    const known = this.introductions.get(client);
    if (known !== undefined) return known;
    const introduction = new ReplicaIntroduction();
    this.introductions.set(client, introduction);
    return introduction;
  }

  /** Whether PSYNC and SYNC may be answered now; otherwise the client has been told why not. */
  mayServe(client: Client): boolean {
    if (client.connection === null || this.around.replicas.of(client) !== undefined) return false;
    const { filter, canReadEndMark } = this.introductionOf(client);
    let problem = this.around.obstacle();
    if (problem === null && client.pendingOutputBytes > 0) {
      problem = 'ERR SYNC and PSYNC are invalid with pending output';
    }
    if (problem === null && (!filter.data || !filter.functions) && !canReadEndMark) {
      problem = 'ERR Filtered replica requires EOF capability';
    }
    if (problem !== null) client.reply.error(problem);
    return problem === null;
  }

  /** PSYNC: continues the stream, or sends everything. */
  serve(client: Client, request: PsyncRequest): void {
    const { server, history } = this.around;
    const decision = history.decide(request);
    if (decision.kind === 'continue') {
      this.continueStream(client, decision.from);
      return;
    }
    this.logRefusal(client, request, decision.reason);
    if (decision.reason !== 'requested') server.statistics.syncPartialError++;
    this.sendEverything(client, false);
  }

  /** SYNC, or a PSYNC that cannot be continued: the client waits for a snapshot. */
  sendEverything(client: Client, isLegacy: boolean): void {
    const { server, history, fullSync, onBacklogCreated } = this.around;
    const session = this.openSession(client, isLegacy);
    if (session === null) return;
    server.statistics.syncFull++;
    if (server.config.values['repl-disable-tcp-nodelay']) session.connection.setNoDelay(false);
    if (history.stream.backlog === null) {
      history.beginBacklog();
      onBacklogCreated();
      server.log.notice(
        `Replication backlog created, my new replication IDs are '${history.identity.replid}' and ` +
          `'${NO_REPLICATION_ID}'`,
      );
    }
    fullSync.request(session);
  }

  private continueStream(client: Client, from: Offset): void {
    const { server, history, onOnline } = this.around;
    const { backlog } = history.stream;
    const session = this.openSession(client, false);
    if (session === null || backlog === null) return;
    server.statistics.syncPartialOk++;
    const answer = session.introduction.knowsPsync2 ? `+CONTINUE ${history.identity.replid}` : '+CONTINUE';
    session.send(Buffer.from(`${answer}\r\n`, 'latin1'));
    const cursor = backlog.open(from);
    server.log.notice(
      `Partial resynchronization request from ${session.name} accepted. ` +
        `Sending ${cursor.pendingBytes} bytes of backlog starting from offset ${from}.`,
    );
    session.goOnline(cursor, false, server.steadyNowMs);
    onOnline();
  }

  private openSession(client: Client, isLegacy: boolean): ReplicaSession | null {
    const { server, replicas } = this.around;
    const { connection } = client;
    if (connection === null) return null;
    const introduction = this.introductionOf(client);
    const session = new ReplicaSession(client, connection, introduction, isLegacy, server.steadyNowMs);
    server.log.notice(`Replica ${session.name} asks for synchronization`);
    replicas.add(session);
    return session;
  }

  private logRefusal(client: Client, request: PsyncRequest, reason: FullResyncReason): void {
    const { log } = this.around.server;
    const { replid, previous } = this.around.history.identity;
    const { announcedAddress, listeningPort } = this.introductionOf(client);
    const address = announcedAddress ?? client.connection?.remoteAddress ?? '';
    const name = listeningPort === 0 ? `client id #${client.id}` : `${address}:${listeningPort}`;
    switch (reason) {
      case 'requested':
        log.notice(`Full resync requested by replica ${name}`);
        return;
      case 'unknown-history':
        log.notice(
          'Partial resynchronization not accepted: Replication ID mismatch (Replica asked for ' +
            `'${request.replid}', my replication IDs are '${replid}' and ` +
            `'${previous?.replid ?? NO_REPLICATION_ID}')`,
        );
        return;
      case 'diverged':
        log.notice(
          'Partial resynchronization not accepted: Requested offset for second ID was ' +
            `${request.offset}, but I can reply up to ${previous?.end ?? -1}`,
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
            `Warning: replica ${name} tried to PSYNC with an offset that is greater than the master ` +
              'replication offset.',
          );
        }
    }
  }
}
