/**
 * Snapshots for replicas: saved over the snapshot file, or streamed. Replication decides who gets them and when; it
 * sees whole RDBs, header and trailer included.
 */

import type { Server } from '../server/server.js';
import type { Saving } from './saving.js';
import type { StreamPosition } from './snapshot/snapshot-frame.js';
import type { SnapshotReceiver, SnapshotWalk } from './snapshot/snapshot-walk.js';
import type { Snapshots } from './snapshots.js';

/** What a replica wants of a snapshot. */
export interface SnapshotContents {
  readonly data: boolean;
  readonly functions: boolean;
}

/** Takes the bytes of a whole RDB, from a later turn of the event loop on. They never change. */
export interface RdbReceiver {
  onBytes(bytes: Buffer): void;
  /** Complete (null), or why it will never be. */
  onEnd(error: Error | null): void;
}

/** A snapshot being taken. */
export interface SnapshotJob {
  /** Nobody needs it any more. Nothing is called back afterwards. */
  abort(): void;
  /** Holds the bytes back. */
  pause(): void;
  resume(): void;
}

export class ReplicaSnapshots {
  constructor(
    private readonly server: Server,
    private readonly snapshots: Snapshots,
    private readonly saving: Saving,
  ) {}

  /** A snapshot is being taken; another cannot begin. */
  get isBusy(): boolean {
    return this.saving.isBusy;
  }

  /** The file that {@link saveFile} replaces. */
  get filePath(): string {
    return this.saving.path;
  }

  /** Has the callback called whenever {@link isBusy} has become false. */
  onIdle(callback: () => void): void {
    this.snapshots.idleListeners.push(callback);
    this.saving.idleListeners.push(callback);
  }

  /** Saves the dataset of this moment over the snapshot file. */
  saveFile(position: StreamPosition | null, done: (error: Error | null) => void): SnapshotJob {
    let isWanted = true;
    const walk = this.saving.begin((error) => {
      if (isWanted) done(error);
      isWanted = false;
    }, position);
    return {
      abort: () => {
        if (!isWanted) return;
        isWanted = false;
        this.saving.abort('no replica waits for it any more');
      },
      pause: () => walk.pause(),
      resume: () => walk.resume(),
    };
  }

  /** Streams the dataset of this moment. */
  stream(position: StreamPosition | null, contents: SnapshotContents, receiver: RdbReceiver): SnapshotJob {
    const { server, snapshots } = this;
    const frame = snapshots.newFrame(position, contents.functions);
    let isWanted = true;
    const give = (bytes: Buffer): void => {
      if (isWanted) receiver.onBytes(bytes);
    };
    const status = server.persistenceStatus;
    const end = (error: Error | null): void => {
      status.backgroundSaveInProgress = false;
      if (isWanted) receiver.onEnd(error);
      isWanted = false;
    };
    let isBegun = false;
    const begin = (): void => {
      if (!isBegun) give(frame.header());
      isBegun = true;
    };
    const body: SnapshotReceiver = {
      onBytes: (bytes) => {
        begin();
        frame.body(bytes);
        give(bytes);
      },
      onComplete: () => {
        begin();
        give(frame.trailer());
        end(null);
      },
      onAborted: (reason) => end(new Error(reason)),
    };
    server.statistics.totalForks++;
    status.backgroundSaveInProgress = true;
    let walk: SnapshotWalk | null = null;
    if (contents.data) walk = snapshots.begin(body);
    else server.platform.timers.endOfTurn(() => body.onComplete());
    return {
      abort: () => {
        isWanted = false;
        walk?.abort('no replica waits for it any more');
      },
      pause: () => walk?.pause(),
      resume: () => walk?.resume(),
    };
  }
}
