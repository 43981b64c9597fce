/**
 * Loads a snapshot file in blocks, so that the server answers its clients (with -LOADING) in between. The file is
 * only read; whatever happens, it stays as it was.
 */

import type { FileHandle, Platform, Timer } from '../../platform/platform.js';
import { RdbError } from '../rdb/errors.js';
import type { KeyspaceLoader } from './keyspace-loader.js';

/** Even if `loading-process-events-interval-bytes` is larger: events should not wait longer than for this. */
export const LARGEST_BLOCK_BYTES = 256 * 1024;

export interface FileLoadOptions {
  readonly path: string;
  /** `loading-process-events-interval-bytes`. */
  readonly blockBytes: number;
  readonly onProgress: (loadedBytes: number) => void;
}

export class FileLoad {
  private handle: FileHandle | null = null;
  private timer: Timer | null = null;
  private isStopped = false;

  /**
   * Begins.
   * @param done called once, unless stopped: with null, an RdbError, or an error of the system
   */
  constructor(
    private readonly platform: Platform,
    private readonly loader: KeyspaceLoader,
    private readonly options: FileLoadOptions,
    private readonly done: (error: Error | null) => void,
  ) {
    platform.disk.open(options.path, 'read', (error, handle) => {
      if (handle === null) return this.finish(error ?? new Error('the file could not be opened'));
      this.handle = handle;
      if (this.isStopped) handle.close(() => undefined);
      else this.readBlock(handle);
    });
  }

  /** Gives up; `done` is not called any more. */
  stop(): void {
    this.isStopped = true;
    this.close();
  }

  private readBlock(handle: FileHandle): void {
    const size = Math.min(this.options.blockBytes, LARGEST_BLOCK_BYTES);
    handle.read(size, (error, block) => {
      if (this.isStopped) return;
      if (error !== null) return this.finish(error);
      this.load(handle, () => {
        if (block.length === 0) this.loader.reader.end();
        else this.loader.reader.push(block);
      });
    });
  }

  /** Runs the reader, then goes on: after a delay, with the next block, or to the end. */
  private load(handle: FileHandle, work: () => void): void {
    const { reader } = this.loader;
    try {
      work();
    } catch (error) {
      if (!(error instanceof RdbError)) throw error;
      return this.finish(error);
    }
    this.options.onProgress(reader.offset);
    if (reader.isComplete) return this.finish(null);
    if (!reader.paused) return this.readBlock(handle);
    this.timer = this.platform.timers.after(this.loader.takeDelayMs(), () => {
      this.load(handle, () => reader.resume());
    });
  }

  private finish(error: Error | null): void {
    this.isStopped = true;
    this.close();
    this.done(error);
  }

  private close(): void {
    this.timer?.cancel();
    this.timer = null;
    this.handle?.close(() => undefined);
    this.handle = null;
  }
}

/**
 * Loads a snapshot file at once: DEBUG RELOAD.
 * @throws RdbError, or an error of the system
 */
export function loadFileSync(platform: Platform, loader: KeyspaceLoader, path: string): void {
  const bytes = platform.disk.readFileSync(path);
  const { reader } = loader;
  for (let at = 0; at < bytes.length && !reader.isComplete; at += LARGEST_BLOCK_BYTES) {
    reader.push(bytes.subarray(at, at + LARGEST_BLOCK_BYTES));
    while (reader.paused) {
      platform.processes.blockingSleep(loader.takeDelayMs());
      reader.resume();
    }
  }
  reader.end();
}
