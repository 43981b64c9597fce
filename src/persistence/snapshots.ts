/**
 * The one snapshot that may run at a time, whoever takes it: a file, replicas, or both. Knows what of the
 * configuration and of the server's state goes into every snapshot.
 */

import { REDIS_VERSION } from '../config/version.js';
import type { RestorePolicy } from '../server/function-libraries.js';
import type { Server } from '../server/server.js';
import { accessReader } from './access-marks.js';
import type { WritableRdbVersion } from './rdb/format.js';
import { auxFields, SnapshotFrame, type StreamPosition } from './snapshot/snapshot-frame.js';
import { SnapshotWalk, type SnapshotOptions, type SnapshotReceiver } from './snapshot/snapshot-walk.js';

export class Snapshots {
  /** Libraries of a server that cannot run functions: they are kept for those that load its snapshots. */
  private keptFunctions: readonly string[] = [];
  /** Where the replication stream is now; set by replication. */
  streamPosition: () => StreamPosition | null = () => null;
  /** Called whenever a snapshot has ended and another may begin. */
  readonly idleListeners: (() => void)[] = [];

  private walk: SnapshotWalk | null = null;

  constructor(private readonly server: Server) {
    server.cronTasks.push(() => this.reportProgress());
    server.config.onChange('rdb-key-save-delay', (delay) => this.walk?.changeKeyDelay(delay));
  }

  get isRunning(): boolean {
    return this.walk !== null;
  }

  /** Sources of the function libraries, which go into every snapshot. */
  get functions(): readonly string[] {
    return this.server.functions?.sources() ?? this.keptFunctions;
  }

  /**
   * Takes the libraries of a loaded snapshot over, in place of all that are there or, to merge them, beside them.
   * Returns what is wrong with them, or null.
   */
  takeFunctions(sources: readonly string[], policy: RestorePolicy = 'flush'): string | null {
    const { server } = this;
    if (server.functions === null) {
      this.keptFunctions = sources;
      return null;
    }
    const problem = server.functions.restore(sources, policy);
    if (problem !== null) server.log.warning(`Failed loading the functions of a snapshot: ${problem}`);
    return problem;
  }

  /** The frame of a snapshot that is about to begin. */
  newFrame(position: StreamPosition | null, withFunctions = true): SnapshotFrame {
    return this.frame(position, withFunctions, false);
  }

  /** The frame of the base of an append-only log. */
  newBaseFrame(): SnapshotFrame {
    return this.frame(null, true, true);
  }

  /** `rdb-version` */
  get version(): WritableRdbVersion {
    return this.server.config.values['rdb-version'] === 11 ? 11 : 10;
  }

  private frame(position: StreamPosition | null, withFunctions: boolean, isAofBase: boolean): SnapshotFrame {
    const { server } = this;
    const aux = auxFields({
      redisVersion: REDIS_VERSION,
      nowMs: server.platform.clock.nowMs(),
      usedMemoryBytes: server.platform.memory.heapUsedBytes(),
      position,
      isAofBase,
    });
    return new SnapshotFrame({
      version: this.version,
      aux,
      functions: withFunctions ? this.functions : [],
      checksum: server.config.values.rdbchecksum,
    });
  }

  /**
   * Begins a snapshot of this moment, which must be the end of an execution unit; none may be running. Bytes come
   * from the next turn of the event loop on.
   */
  begin(receiver: SnapshotReceiver): SnapshotWalk {
    const { keyspace, platform } = this.server;
    const walk = new SnapshotWalk(keyspace, platform.timers, this.options(), receiver, () => {
      this.server.persistenceStatus.lastSaveCopiedBytes = walk.copiedBytes;
      this.walk = null;
      this.reportProgress();
      for (const listener of this.idleListeners) listener();
    });
    this.walk = walk;
    this.reportProgress();
    return walk;
  }

  /** Ends the running snapshot, if any, without a result. */
  abort(reason: string): void {
    this.walk?.abort(reason);
  }

  private options(): SnapshotOptions {
    const { values } = this.server.config;
    return {
      version: this.version,
      compression: values.rdbcompression,
      keyDelayMicroseconds: values['rdb-key-save-delay'],
      accessOf: accessReader(values['maxmemory-policy'], this.server.keyspace.accessMark),
    };
  }

  private reportProgress(): void {
    const status = this.server.persistenceStatus;
    status.saveKeysProcessed = this.walk?.processedKeys ?? 0;
    status.saveKeysTotal = this.walk?.totalKeys ?? 0;
    status.saveCopiedBytes = this.walk?.copiedBytes ?? 0;
  }
}
