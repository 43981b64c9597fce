/**
 * The replicas of this instance: feeding them, what they have acknowledged, who is too slow or silent.
 *
 * The stream reaches the kernel here, before the clients' replies of the same turn (see `Server.beforeReplies`):
 * what a client saw acknowledged is on the wire to the replicas.
 */
import { toLowerAscii } from '../resp/ascii.js';
import type { Client } from '../server/client.js';
import type { Server } from '../server/server.js';
import type { Offset } from './identity.js';
import type { ReplicaSession } from './replica-session.js';

const KEEPALIVE = Buffer.from('\n', 'latin1');

export class Replicas {
  private readonly sessions = new Map<Client, ReplicaSession>();
  /** Since when there are none, for `repl-backlog-ttl`. */
  private noneSinceMs: number;

  constructor(
    private readonly server: Server,
    /** Told when a replica has acknowledged something or come online. */
    private readonly onProgress: () => void,
  ) {
    this.noneSinceMs = server.steadyNowMs;
  }

  get count(): number {
    return this.sessions.size;
  }

  all(): IterableIterator<ReplicaSession> {
    return this.sessions.values();
  }

  of(client: Client): ReplicaSession | undefined {
    return this.sessions.get(client);
  }

  /** Finds a replica by the address it announces. */
  find(host: string, port: number): ReplicaSession | null {
    const wanted = toLowerAscii(host);
    for (const session of this.sessions.values()) {
      if (toLowerAscii(session.address) === wanted && session.port === port) return session;
    }
    return null;
  }

  add(session: ReplicaSession): void {
    this.sessions.set(session.client, session);
  }

  /** Forgets a replica whose client has closed. */
  remove(session: ReplicaSession): void {
    this.sessions.delete(session.client);
    session.release();
    if (this.sessions.size === 0) this.noneSinceMs = this.server.steadyNowMs;
  }

  /** Closes the connections of all replicas: they are to come back and ask anew. */
  disconnectAll(): void {
    for (const session of [...this.sessions.values()]) session.client.close();
  }

  /** For how long there has been no replica. */
  idleMs(nowMs: number): number {
    return this.sessions.size > 0 ? 0 : nowMs - this.noneSinceMs;
  }

  /** Counts the time without replicas from now on. */
  restartIdleTime(nowMs: number): void {
    this.noneSinceMs = nowMs;
  }

  /** Hands what is new in the stream to the kernel, for every replica that is online. */
  feed(): void {
    for (const session of this.sessions.values()) {
      session.pump();
      if (session.pendingBytes > 0) this.server.clients.checkOutputLimit(session.client);
    }
  }

  /**
   * Sends away replicas that sent a command which is answered: an answer in the middle of the stream would be taken
   * for a part of it.
   */
  dropTalkative(): void {
    for (const session of this.sessions.values()) {
      if (session.client.reply.pendingBytes > 0) this.dropForReply(session.client);
    }
  }

  /** REPLCONF ACK from a replica. */
  acknowledge(session: ReplicaSession, offset: Offset, diskOffset: Offset | null): void {
    session.acknowledge(offset, diskOffset);
    this.onProgress();
  }

  /** How many online replicas have applied everything up to `offset`. */
  countAcknowledged(offset: number): number {
    let count = 0;
    for (const session of this.sessions.values()) {
      if (session.isOnline && session.hasApplied(offset)) count++;
    }
    return count;
  }

  /** How many online replicas have everything up to `offset` on their disk. */
  countOnDisk(offset: number): number {
    let count = 0;
    for (const session of this.sessions.values()) {
      if (session.isOnline && session.hasOnDisk(offset)) count++;
    }
    return count;
  }

  /** How many are online and gave a sign of life within the last `maxLagSeconds` (min-replicas-max-lag). */
  countGood(maxLagSeconds: number, nowMs: number): number {
    let count = 0;
    for (const session of this.sessions.values()) {
      if (session.isOnline && lagSeconds(session, nowMs) <= maxLagSeconds) count++;
    }
    return count;
  }

  private dropForReply(client: Client): void {
    const { log, statistics } = this.server;
    const commandName = client.command?.fullName ?? '<unknown>';
    const { reply } = client;
    if (reply.errorCount > 0) {
      statistics.unexpectedErrorReplies++;
      log.warning(
        `== CRITICAL == This master is sending an error to its replica: '${reply.lastError}' ` +
          `after processing the command '${commandName}'`,
      );
    }
    log.warning(
      `Replica generated a reply to command '${commandName}', disconnecting it: ` +
        this.server.clients.describe(client),
    );
    client.close();
  }

  /** Once per second: keepalives for who waits for a snapshot, the end of who has been silent for too long. */
  everySecond(nowMs: number): void {
    const timeoutMs = this.server.config.values['repl-timeout'] * 1000;
    for (const session of [...this.sessions.values()]) {
      const { state } = session;
      if (state.kind === 'waiting' || (state.kind === 'snapshot' && state.sender === null)) {
        session.send(KEEPALIVE);
      } else if (state.kind === 'online' && !session.isLegacy && nowMs - session.lastHeardMs > timeoutMs) {
        this.server.log.warning(`Disconnecting timedout replica (streaming sync): ${session.name}`);
        session.client.close();
      }
    }
  }
}

/** Whole seconds since the replica was last heard of, as INFO shows them. */
export function lagSeconds(session: ReplicaSession, nowMs: number): number {
  return Math.max(0, Math.floor((nowMs - session.lastHeardMs) / 1000));
}
