/**
 * A master's view of one replica: its connection, what it announced, how far it is.
 *
 * It sits between the connection and the client, because a replica is served from the backlog (and a snapshot)
 * instead of from a reply buffer. What a replica sends is read by the client as from anyone; only acknowledgements
 * may come. Who gets a snapshot, and when, is decided in full-sync.ts.
 */
import type { SnapshotContents } from '../persistence/replica-snapshots.js';
import type { Connection, ConnectionHandler } from '../platform/platform.js';
import type { Client } from '../server/client.js';
import type { BacklogCursor } from './backlog.js';
import { START, type Offset } from './identity.js';

/** The most that is handed to a socket in one piece. */
const PIECE_BYTES = 64 * 1024;

/** What a client said about itself with REPLCONF before it became a replica. */
export class ReplicaIntroduction {
  listeningPort = 0;
  /** Shown instead of the peer's address. */
  announcedAddress: string | null = null;
  canReadEndMark = false;
  knowsPsync2 = false;
  /** Wants the snapshot only; the connection ends with it. */
  snapshotOnly = false;
  /** What the snapshot is to contain. */
  filter: SnapshotContents = { data: true, functions: true };
}

/** Sends a snapshot to one replica; told when the socket has room again. */
export interface SnapshotSender {
  pump(): void;
  /** For how long the replica has taken nothing of what is there for it; 0 where that is nobody's loss. */
  stalledMs(nowMs: number): number;
  /** The replica is gone, or the snapshot is off. */
  abandon(): void;
}

/** The cursor keeps the stream from the snapshot on; who wants only the snapshot has none. */
export type ReplicaState =
  /** Waits for a snapshot to begin. */
  | { readonly kind: 'waiting'; readonly sinceMs: number }
  /** The snapshot is being taken: into a file, or (then there is a sender) straight to this replica. */
  | { readonly kind: 'snapshot'; sender: SnapshotSender | null; readonly cursor: BacklogCursor | null }
  /** The file with the snapshot is being sent. */
  | { readonly kind: 'bulk'; readonly sender: SnapshotSender; readonly cursor: BacklogCursor | null }
  /** Follows the stream; with `afterAck` as soon as it has said that it has loaded the snapshot. */
  | { readonly kind: 'online'; readonly cursor: BacklogCursor; afterAck: boolean };

/** As INFO and logs name the states. */
const STATE_NAMES = {
  waiting: 'wait_bgsave',
  snapshot: 'wait_bgsave',
  bulk: 'send_bulk',
  online: 'online',
} as const;

export class ReplicaSession implements ConnectionHandler {
  state: ReplicaState;
  /** The highest offsets acknowledged: applied, and safe on the replica's disk. */
  ackOffset: Offset = START;
  diskAckOffset: Offset = START;
  /** Bytes handed to the connection. */
  bytesSent = 0;
  private onlineSinceMs = 0;
  private isHeard = false;

  constructor(
    readonly client: Client,
    readonly connection: Connection,
    readonly introduction: ReplicaIntroduction,
    /** It came with SYNC instead of PSYNC: no acknowledgements are to be expected. */
    readonly isLegacy: boolean,
    nowMs: number,
  ) {
    this.state = { kind: 'waiting', sinceMs: nowMs };
    connection.handler = this;
    client.kind = 'replica';
    client.outputSource = this;
  }

  get isOnline(): boolean {
    return this.state.kind === 'online';
  }

  get stateName(): (typeof STATE_NAMES)[ReplicaState['kind']] {
    return STATE_NAMES[this.state.kind];
  }

  /** The address shown to others: what the replica announced, or where it connected from. */
  get address(): string {
    return this.introduction.announcedAddress ?? this.connection.remoteAddress;
  }

  get port(): number {
    return this.introduction.listeningPort;
  }

  /** For logs. */
  get name(): string {
    return this.port === 0 ? `client id #${this.client.id}` : `${this.address}:${this.port}`;
  }

  /** Stream bytes that have not reached the kernel. A snapshot being sent does not count. */
  get pendingBytes(): number {
    const { state } = this;
    if (state.kind === 'waiting') return 0;
    const buffered = state.kind === 'online' ? this.connection.bufferedBytes : 0;
    return buffered + (state.cursor?.pendingBytes ?? 0);
  }

  /** When this replica last gave a sign of life: an acknowledgement or an empty line. */
  get lastHeardMs(): number {
    return Math.max(this.client.lastInteractionMs, this.onlineSinceMs);
  }

  /** Follows the stream from the cursor's position on. */
  goOnline(cursor: BacklogCursor, afterAck: boolean, nowMs: number): void {
    this.state = { kind: 'online', cursor, afterAck };
    this.onlineSinceMs = nowMs;
  }

  /** REPLCONF ACK. */
  acknowledge(offset: Offset, diskOffset: Offset | null): void {
    this.isHeard = true;
    if (offset > this.ackOffset) this.ackOffset = offset;
    if (diskOffset !== null && diskOffset > this.diskAckOffset) this.diskAckOffset = diskOffset;
    const { state } = this;
    if (state.kind === 'online' && state.afterAck) {
      state.afterAck = false;
      this.pump();
    }
  }

  /**
   * Whether everything up to an offset is known to be applied. As long as nothing was acknowledged the replica may
   * still be loading the snapshot: not even what was written before the stream began, at offset 0, is known to be there.
   */
  hasApplied(offset: number): boolean {
    return this.isHeard && this.ackOffset >= offset;
  }

  /** The same for its disk. */
  hasOnDisk(offset: number): boolean {
    return this.isHeard && this.diskAckOffset >= offset;
  }

  /** Hands to the kernel what it takes: of the snapshot, or of the stream. */
  pump(): void {
    const { state, connection } = this;
    switch (state.kind) {
      case 'waiting':
        return;
      case 'snapshot':
      case 'bulk':
        state.sender?.pump();
        return;
      case 'online':
        if (state.afterAck) return;
        while (connection.bufferedBytes === 0) {
          const bytes = state.cursor.read(PIECE_BYTES);
          if (bytes === null) return;
          this.send(bytes);
        }
    }
  }

  /** Writes bytes that belong to neither: answers of the handshake, keepalives, pieces of a snapshot. */
  send(bytes: Buffer): void {
    this.bytesSent += bytes.length;
    this.client.server.statistics.totalNetReplicationOutputBytes += bytes.length;
    this.connection.write(bytes);
  }

  /** Gives back what the session holds. Called once, when the client has closed. */
  release(): void {
    const { state } = this;
    if (state.kind === 'waiting') return;
    if (state.kind !== 'online') state.sender?.abandon();
    state.cursor?.close();
  }

  onConnect(): void {
    throw new Error('a replica connects to its master, not the other way round');
  }

  onData(chunk: Buffer): void {
    this.client.onData(chunk);
  }

  onDrain(): void {
    this.pump();
    this.client.onDrain();
  }

  onEnd(): void {
    this.client.close();
  }

  onClose(): void {
    this.client.close();
  }
}
