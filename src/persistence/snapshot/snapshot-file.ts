/**
 * A snapshot in a file: written beside the old one, made durable, then put in its place. Until the last step the
 * old file is untouched; after a failure the new one is removed.
 */

import { dirname } from 'node:path';
import type { Disk, FileHandle } from '../../platform/platform.js';
import type { SnapshotFrame } from './snapshot-frame.js';
import type { SnapshotReceiver, SnapshotWalk } from './snapshot-walk.js';

/** With `rdb-save-incremental-fsync` the file is synced this often, so that the disk is not flooded at the end. */
const SYNC_INTERVAL_BYTES = 32 * 1024 * 1024;

/** What makes the bytes of a snapshot a whole file. A {@link SnapshotFrame} makes it an RDB file. */
export type FileFrame = Pick<SnapshotFrame, 'header' | 'body' | 'trailer'>;

/** Whom bytes are given back to when they are in the file. */
export interface BytesOwner {
  recycle(bytes: Buffer): void;
}

export interface SnapshotPaths {
  /** In the same file system. */
  readonly temporary: string;
  readonly final: string;
}

export interface SnapshotFileOwner {
  /** The disk is behind: no more bytes, please, until it has caught up. */
  onBackpressure(isBehind: boolean): void;
  /** The file is in its place, or (with an error) the old one is. Called once, unless the walk was aborted. */
  onDone(error: Error | null): void;
}

/** So much may wait for the disk. */
const HIGH_WATER_BYTES = 16 * 1024 * 1024;
const LOW_WATER_BYTES = 4 * 1024 * 1024;

export class SnapshotFile implements SnapshotReceiver {
  private pendingBytes = 0;
  private isBehind = false;
  private handle: FileHandle | null = null;
  private readonly beforeOpen: { readonly bytes: Buffer; readonly from: BytesOwner | null }[] = [];
  private unsyncedBytes = 0;
  private state: 'writing' | 'finished' | 'published' | 'failed' | 'aborted' = 'writing';

  constructor(
    private readonly disk: Disk,
    private readonly paths: SnapshotPaths,
    private readonly frame: FileFrame,
    private readonly incrementalSync: boolean,
    private readonly owner: SnapshotFileOwner,
  ) {
    this.write(frame.header(), null);
    disk.open(paths.temporary, 'write', (error, handle) => this.opened(error, handle));
  }

  onBytes(bytes: Buffer, from: BytesOwner): void {
    this.frame.body(bytes);
    this.write(bytes, from);
  }

  onComplete(): void {
    this.write(this.frame.trailer(), null);
    this.state = 'finished';
    if (this.handle !== null) this.publish(this.handle);
  }

  /** Also after all bytes were given, as long as the file is not in its place. */
  onAborted(): void {
    if (this.state === 'writing' || this.state === 'finished') this.discard('aborted');
  }

  private opened(error: Error | null, handle: FileHandle | null): void {
    if (handle === null) {
      this.fail(error ?? new Error('the file could not be opened'));
      return;
    }
    this.handle = handle;
    if (this.state !== 'writing' && this.state !== 'finished') {
      this.removeTemporary(handle);
      return;
    }
    for (const { bytes, from } of this.beforeOpen) this.writeTo(handle, bytes, from);
    this.beforeOpen.length = 0;
    if (this.state === 'finished') this.publish(handle);
  }

  /** @param from whom the bytes are to be given back to */
  private write(bytes: Buffer, from: BytesOwner | null): void {
    if (this.state !== 'writing') return;
    this.pendingBytes += bytes.length;
    if (!this.isBehind && this.pendingBytes > HIGH_WATER_BYTES) this.setBehind(true);
    if (this.handle === null) this.beforeOpen.push({ bytes, from });
    else this.writeTo(this.handle, bytes, from);
  }

  private writeTo(handle: FileHandle, bytes: Buffer, from: BytesOwner | null): void {
    handle.write(bytes, (error) => {
      if (error !== null) {
        this.fail(error);
        return;
      }
      this.pendingBytes -= bytes.length;
      from?.recycle(bytes);
      if (this.isBehind && this.pendingBytes < LOW_WATER_BYTES) this.setBehind(false);
    });
    this.unsyncedBytes += bytes.length;
    if (!this.incrementalSync || this.unsyncedBytes < SYNC_INTERVAL_BYTES) return;
    this.unsyncedBytes = 0;
    handle.sync((error) => {
      if (error !== null) this.fail(error);
    });
  }

  private setBehind(isBehind: boolean): void {
    this.isBehind = isBehind;
    if (this.state === 'writing') this.owner.onBackpressure(isBehind);
  }

  /** Sync, then rename, then sync of the directory. Up to the rename the save can still be aborted. */
  private publish(handle: FileHandle): void {
    const { disk, paths } = this;
    handle.sync((error) => {
      if (this.state !== 'finished') return;
      if (error !== null) return this.fail(error);
      // The old file is held open over the rename: removing its content, which can take long, then happens when it
      // is closed, in the background.
      disk.open(paths.final, 'read', (_error, replaced) => {
        const failure = this.state === 'finished' ? this.rename() : null;
        replaced?.close(() => undefined);
        if (failure !== null) return this.fail(failure);
        if (this.state !== 'published') return;
        disk.syncDirectory(dirname(paths.final), (error) => {
          handle.close(() => this.owner.onDone(error));
        });
      });
    });
  }

  /** At once, so that there is no moment in which it is not known whether the old file or the new is there. */
  private rename(): Error | null {
    try {
      this.disk.renameSync(this.paths.temporary, this.paths.final);
      this.state = 'published';
      return null;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  private fail(error: Error): void {
    if (this.state !== 'writing' && this.state !== 'finished') return;
    this.discard('failed');
    this.owner.onDone(error);
  }

  private discard(state: 'failed' | 'aborted'): void {
    this.state = state;
    this.beforeOpen.length = 0;
    if (this.handle !== null) this.removeTemporary(this.handle);
  }

  private removeTemporary(handle: FileHandle): void {
    handle.close(() => this.disk.unlink(this.paths.temporary, () => undefined));
  }
}

/** The same for SAVE, which stops the server by contract. Check {@link error} after each slice. */
export class SynchronousSnapshotFile implements SnapshotReceiver {
  error: Error | null = null;

  constructor(
    private readonly disk: Disk,
    private readonly paths: SnapshotPaths,
    private readonly frame: SnapshotFrame,
  ) {
    this.attempt(() => disk.writeFileSync(paths.temporary, frame.header()));
  }

  onBytes(bytes: Buffer, walk: SnapshotWalk): void {
    this.frame.body(bytes);
    this.attempt(() => this.disk.appendFileSync(this.paths.temporary, bytes));
    walk.recycle(bytes);
  }

  onComplete(): void {
    this.attempt(() => {
      this.disk.appendFileSync(this.paths.temporary, this.frame.trailer());
      this.disk.publishFileSync(this.paths.temporary, this.paths.final);
    });
  }

  onAborted(): void {
    this.removeTemporary();
  }

  private attempt(work: () => void): void {
    if (this.error !== null) return;
    try {
      work();
    } catch (error) {
      this.error = error instanceof Error ? error : new Error(String(error));
      this.removeTemporary();
    }
  }

  private removeTemporary(): void {
    try {
      this.disk.unlinkSync(this.paths.temporary);
    } catch {
      // It may never have been made; what went wrong before is what counts.
    }
  }
}
