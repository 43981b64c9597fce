/**
 * Saving the dataset to the snapshot file: SAVE, BGSAVE, save points, at shutdown, for replicas that are served from
 * the file. Keeps INFO's account of it, and refuses writes (MISCONF) while saving fails.
 */

import { textFromBytes } from '../resp/ascii.js';
import { GateRank, type Gate } from '../server/gates.js';
import type { Server } from '../server/server.js';
import type { ShutdownOptions } from '../server/shutdown.js';
import type { Snapshots } from './snapshots.js';
import type { StreamPosition } from './snapshot/snapshot-frame.js';
import { SnapshotFile, SynchronousSnapshotFile, type SnapshotPaths } from './snapshot/snapshot-file.js';
import type { SnapshotWalk } from './snapshot/snapshot-walk.js';

/** Stock's CONFIG_BGSAVE_RETRY_DELAY: how long after a failure saving is tried again. */
const RETRY_DELAY_MS = 5000;
/**
 * How long after a failure a save is tried that no save point asks for. Stock has none: who waits for stock's delay and
 * then sends BGSAVE must not find one running.
 */
const UNASKED_RETRY_DELAY_MS = 10_000;

const MISCONF =
  "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that " +
  'may modify the data set are disabled, because this instance is configured to report errors during writes if RDB ' +
  'snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB ' +
  'error.';

/** Told how a background save ended: with null, or why there is no new file. */
export type BackgroundSaveListener = (error: Error | null) => void;

interface RunningSave {
  readonly walk: SnapshotWalk;
  readonly file: SnapshotFile;
  /** On the server's steady clock. */
  readonly startedAtMs: number;
  readonly dirtyAtStart: number;
  readonly listener: BackgroundSaveListener;
}

export class Saving {
  /** Called whenever a background save has ended. */
  readonly idleListeners: (() => void)[] = [];
  private running: RunningSave | null = null;
  private isScheduled = false;
  /** Somebody else is about to replace the file. */
  private isFileReserved = false;
  /** Both on the server's steady clock: a wall clock that is set back must not keep a server from saving. */
  private lastAttemptAtMs = 0;
  private lastSuccessAtMs: number;
  private readonly misconfigured: Gate = {
    rank: GateRank.Misconfiguration,
    refusal: (_client, command, _args, writes) =>
      (writes || command.name === 'ping') && this.refusesWrites ? MISCONF : null,
  };

  constructor(
    private readonly server: Server,
    private readonly snapshots: Snapshots,
  ) {
    server.persistenceStatus.lastSaveAtMs = server.nowMs;
    this.lastSuccessAtMs = server.steadyClock.nowMs();
    server.cronTasks.push(() => this.cron());
    server.flushAllListeners.push(() => this.dataFlushed());
    server.shutdown.addParticipant({ finish: (options, done) => done(this.finish(options)) });
  }

  /** The snapshot file, wherever `dir` and `dbfilename` point now. */
  get path(): string {
    const { dir, dbfilename } = this.server.config.values;
    return textFromBytes(`${dir}/${dbfilename}`);
  }

  /** A background save to the file is running; after its snapshot is complete, until the file is in its place. */
  get isRunning(): boolean {
    return this.running !== null;
  }

  /** Neither SAVE nor BGSAVE may begin now. */
  get isBusy(): boolean {
    return this.running !== null || this.snapshots.isRunning || this.isFileReserved;
  }

  /**
   * Leaves the file to whoever brings another dataset and loads it from there: a running save of the present one ends
   * without a result, and none begins until {@link releaseFile}. It would put the old dataset in the place of the new.
   */
  reserveFile(reason: string): void {
    this.abort(reason);
    this.isFileReserved = true;
  }

  releaseFile(): void {
    this.isFileReserved = false;
    for (const listener of this.idleListeners) listener();
  }

  /** Saves now; the server stands still meanwhile. Returns what went wrong, or null. There must be no snapshot running. */
  save(): Error | null {
    const { server, snapshots } = this;
    const { processes, disk } = server.platform;
    const file = new SynchronousSnapshotFile(
      disk,
      this.paths(),
      snapshots.newFrame(snapshots.streamPosition()),
    );
    if (file.error === null) {
      const walk = snapshots.begin(file);
      walk.runToEnd((ms) => processes.blockingSleep(ms));
    }
    server.persistenceStatus.saves++;
    if (file.error !== null) {
      server.log.warning(`Failed to save the DB: ${file.error.message}`);
      return file.error;
    }
    server.log.notice('DB saved on disk');
    this.saved(server.keyspace.dirty);
    return null;
  }

  /**
   * Begins a save in the background; there must be no snapshot running.
   * @param listener called when the file is in its place, or will not be
   */
  begin(
    listener: BackgroundSaveListener = () => undefined,
    position: StreamPosition | null = this.snapshots.streamPosition(),
  ): SnapshotWalk {
    const { server, snapshots } = this;
    const { log, persistenceStatus: status, keyspace } = server;
    this.isScheduled = false;
    const startedAtMs = server.steadyClock.nowMs();
    this.lastAttemptAtMs = startedAtMs;
    const file = new SnapshotFile(
      server.platform.disk,
      this.paths(),
      snapshots.newFrame(position),
      server.config.values['rdb-save-incremental-fsync'],
      {
        onBackpressure: (isBehind) => (isBehind ? walk.pause() : walk.resume()),
        onDone: (error) => this.fileDone(error),
      },
    );
    const walk = snapshots.begin(file);
    this.running = { walk, file, listener, startedAtMs, dirtyAtStart: keyspace.dirty };
    status.backgroundSaveInProgress = true;
    status.backgroundSaveStartedAtMs = server.nowMs;
    status.saves++;
    server.statistics.totalForks++;
    log.notice(`Background saving started by pid ${server.platform.processes.pid}`);
    return walk;
  }

  /** Has a background save begin as soon as none is running. */
  schedule(): void {
    this.isScheduled = true;
  }

  /** Ends a running background save without a result. */
  abort(reason: string): void {
    const { running } = this;
    if (running === null) return;
    running.walk.abort(reason);
    running.file.onAborted();
    this.ended(running);
    this.server.log.warning(`Background saving aborted: ${reason}`);
    running.listener(new Error(reason));
    for (const listener of this.idleListeners) listener();
  }

  private fileDone(error: Error | null): void {
    const { running, server } = this;
    if (running === null) return;
    const { persistenceStatus: status, log } = server;
    if (error !== null) running.walk.abort(error.message);
    this.ended(running);
    if (error === null) {
      log.notice('DB saved on disk');
      log.notice('Background saving terminated with success');
      this.saved(running.dirtyAtStart);
    } else {
      log.warning(`Background saving error: ${error.message}`);
      status.lastBackgroundSaveOk = false;
      if (this.refusesWrites) server.gates.add(this.misconfigured);
    }
    running.listener(error);
    for (const listener of this.idleListeners) listener();
  }

  private ended(running: RunningSave): void {
    const { persistenceStatus: status, steadyClock } = this.server;
    this.running = null;
    status.backgroundSaveInProgress = false;
    status.lastBackgroundSaveSeconds = Math.floor((steadyClock.nowMs() - running.startedAtMs) / 1000);
  }

  private saved(dirtyAtStart: number): void {
    const { persistenceStatus: status, platform, steadyClock, gates } = this.server;
    status.dirtyAtLastSave = dirtyAtStart;
    status.lastSaveAtMs = platform.clock.nowMs();
    this.lastSuccessAtMs = steadyClock.nowMs();
    status.lastBackgroundSaveOk = true;
    gates.remove(this.misconfigured);
  }

  private get refusesWrites(): boolean {
    const { config, persistenceStatus: status } = this.server;
    const { save, 'stop-writes-on-bgsave-error': stopWrites } = config.values;
    return stopWrites && save.length > 0 && !status.lastBackgroundSaveOk;
  }

  private cron(): void {
    const { server } = this;
    const nowMs = server.steadyNowMs;
    const { persistenceStatus: status, keyspace, config, gates } = server;
    // The directives that rule it may have changed since saving failed.
    if (this.refusesWrites) gates.add(this.misconfigured);
    if (this.isBusy || status.loading !== null) return;
    const sinceAttemptMs = nowMs - this.lastAttemptAtMs;
    if (!status.lastBackgroundSaveOk && sinceAttemptMs <= RETRY_DELAY_MS) return;
    const changes = keyspace.dirty - status.dirtyAtLastSave;
    const secondsSince = (nowMs - this.lastSuccessAtMs) / 1000;
    const reached = config.values.save.find(
      (point) => changes >= point.changes && secondsSince > point.seconds,
    );
    if (reached !== undefined) {
      server.log.notice(`${reached.changes} changes in ${reached.seconds} seconds. Saving...`);
      this.begin();
    } else if (this.isScheduled) {
      this.begin();
    } else if (this.refusesWrites && sinceAttemptMs > UNASKED_RETRY_DELAY_MS) {
      // No save point may ever be reached while nothing can be written: stock then waits for an operator, and so do
      // replicas, whose PING is refused like a write.
      server.log.notice('Writes are refused until the dataset is saved. Saving again...');
      this.begin();
    }
  }

  /** After FLUSHALL: what is being saved is gone, and the file is not to bring it back. */
  private dataFlushed(): void {
    this.abort('the dataset was flushed');
    if (this.server.config.values.save.length > 0 && !this.snapshots.isRunning) this.save();
  }

  /** The last work of a server; false when it should rather live on. */
  private finish({ save }: ShutdownOptions): boolean {
    const { server } = this;
    if (this.running !== null) {
      server.log.warning('There is a child saving an .rdb. Killing it!');
      this.abort('the server is shutting down');
    }
    const wanted = save === 'save' || (save === 'default' && server.config.values.save.length > 0);
    if (!wanted) return true;
    server.log.notice('Saving the final RDB snapshot before exiting.');
    if (this.snapshots.isRunning) this.snapshots.abort('the server is shutting down');
    if (this.save() === null) return true;
    server.log.warning("Error trying to save the DB, can't exit.");
    return false;
  }

  private paths(): SnapshotPaths {
    const { server } = this;
    const temporary = textFromBytes(`${server.config.values.dir}/temp-${server.platform.processes.pid}.rdb`);
    return { temporary, final: this.path };
  }
}
