/** What replication needs of persistence: snapshots to send, and where they stand in the stream. */
import type { Offset, ReplicationId } from './identity.js';
import type { SnapshotFilter } from './replica-session.js';

/** The replication fields of a snapshot (`repl-stream-db`, `repl-id`, `repl-offset`). */
export interface StreamPosition {
  readonly replid: ReplicationId;
  readonly offset: Offset;
  /** The database that the stream has selected at the offset. */
  readonly streamDatabase: number;
}

/** A snapshot being taken. */
export interface SnapshotJob {
  /** Nobody needs it any more. Nothing is called back afterwards. */
  abort(): void;
  /** Holds back the bytes while no receiver can take them. */
  pause(): void;
  resume(): void;
}

/** Takes the bytes of a snapshot. They may be shared and never change. */
export interface SnapshotReceiver {
  onBytes(bytes: Buffer): void;
  /** Complete (null), or why it will never be. */
  onEnd(error: Error | null): void;
}

export interface SnapshotSource {
  /** A snapshot is being taken for somebody else; another cannot begin. */
  readonly isBusy: boolean;
  /** Saves the dataset of this moment over the RDB file. Null when it could not even begin. */
  saveFile(position: StreamPosition | null, done: (error: Error | null) => void): SnapshotJob | null;
  /** Streams the dataset of this moment. */
  stream(
    position: StreamPosition | null,
    filter: SnapshotFilter,
    receiver: SnapshotReceiver,
  ): SnapshotJob | null;
  /** Absolute path of the RDB file. */
  readonly filePath: string;
  /** Has the callback called whenever {@link isBusy} has become false. */
  onIdle(callback: () => void): void;
}
