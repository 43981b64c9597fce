/**
 * Loading: at start from the snapshot file, and the state in which the server answers -LOADING, which a replica
 * that takes in its master's dataset is in, too.
 */

import { DatasetProblem } from './errors.js';
import { isSystemError } from '../platform/system-errors.js';
import type { Gate } from '../server/gates.js';
import { GateRank } from '../server/gates.js';
import type { Server } from '../server/server.js';
import type { LoadingProgress } from '../server/persistence-status.js';
import { FileLoad, LARGEST_BLOCK_BYTES, loadFileSync } from './loading/file-load.js';
import { KeyspaceLoader, type LoadOptions, type SnapshotFacts } from './loading/keyspace-loader.js';
import type { Keyspace } from '../keyspace/keyspace.js';
import { RdbError } from './rdb/errors.js';

const LOADING = 'LOADING Redis is loading the dataset in memory';

export class Loading {
  private progress: LoadingProgress | null = null;
  private readonly gate: Gate = {
    rank: GateRank.Loading,
    refusal: (client, command) => {
      const queued = command.name === 'exec' ? client.transaction : null;
      const isRefused =
        this.progress?.isAsync === true
          ? command.deniedWhileAsyncLoading
          : !command.allowedWhileLoading || queued?.allowedWhileLoading === false;
      return isRefused ? LOADING : null;
    },
  };

  constructor(private readonly server: Server) {}

  /** From now on the server is loading. `isAsync`: beside the old dataset, which clients still see. */
  begin(totalBytes: number, isAsync: boolean): void {
    const { server } = this;
    this.progress = { startedAtMs: server.platform.clock.nowMs(), totalBytes, loadedBytes: 0, isAsync };
    server.persistenceStatus.loading = this.progress;
    server.gates.add(this.gate);
  }

  setLoadedBytes(bytes: number): void {
    if (this.progress !== null) this.progress.loadedBytes = bytes;
  }

  /** The server is not loading any more. */
  end(): void {
    this.progress = null;
    this.server.persistenceStatus.loading = null;
    this.server.gates.remove(this.gate);
  }

  /**
   * A loader with the options that the configuration asks for.
   * @param dropsExpired see {@link LoadOptions}
   */
  newLoader(keyspace: Keyspace, dropsExpired: boolean, overrides: Partial<LoadOptions> = {}): KeyspaceLoader {
    const { config, platform, log } = this.server;
    const options: LoadOptions = {
      verifyChecksum: config.values.rdbchecksum,
      dropsExpired,
      nowMs: platform.clock.nowMs(),
      replacesExisting: false,
      evictionPolicy: config.values['maxmemory-policy'],
      keyDelayMicroseconds: config.values['key-load-delay'],
      ...overrides,
    };
    return new KeyspaceLoader(keyspace, options, log);
  }

  /** Notes for INFO what a finished loader has done. */
  recordResult(loader: KeyspaceLoader): void {
    const { persistenceStatus: status } = this.server;
    status.lastLoadKeysLoaded = loader.keysLoaded;
    status.lastLoadKeysExpired = loader.keysExpired;
  }

  /**
   * Loads a snapshot file into the server's keyspace, which is expected to be empty; the server is loading
   * meanwhile. A small one is loaded before this returns: nobody sees the server without its dataset.
   * @param done called with what the snapshot said, or why it could not be loaded; the keyspace then holds a part
   * @returns what may be stopped while it goes on
   */
  loadFile(
    path: string,
    dropsExpired: boolean,
    done: (problem: DatasetProblem | null, facts: SnapshotFacts | null) => void,
  ): FileLoad | null {
    const { server } = this;
    const { config, platform, keyspace } = server;
    const sizeBytes = platform.disk.statusSync(path)?.sizeBytes ?? 0;
    const loader = this.newLoader(keyspace, dropsExpired);
    this.begin(sizeBytes, false);
    const ended = (error: Error | null): void => {
      this.end();
      this.recordResult(loader);
      if (error === null) done(null, loader.facts);
      else done(new DatasetProblem(path, error), null);
    };
    const blockBytes = config.values['loading-process-events-interval-bytes'];
    const isSmall = sizeBytes <= Math.min(blockBytes, LARGEST_BLOCK_BYTES);
    if (isSmall && config.values['key-load-delay'] === 0) {
      ended(attempt(() => loadFileSync(platform, loader, path)));
      return null;
    }
    const onProgress = (bytes: number): void => this.setLoadedBytes(bytes);
    return new FileLoad(platform, loader, { path, blockBytes, onProgress }, ended);
  }
}

/** What is wrong with the snapshot or the disk, or null. */
function attempt(work: () => void): Error | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof RdbError || isSystemError(error)) return error;
    throw error;
  }
}
