/**
 * The append-only log of a server: on or off, loaded at start, appended to, rewritten. Composes the parts of this folder
 * and keeps INFO's account of them.
 *
 * Replies never tell of a write that was not given to the log before. While the first base of a log that was just
 * switched on is being written, the log is not yet what would be loaded.
 */
import type { FileHandle } from '../../platform/platform.js';
import { systemErrorText } from '../../platform/system-errors.js';
import { GateRank, type Gate } from '../../server/gates.js';
import type { Server } from '../../server/server.js';
import type { ShutdownOptions } from '../../server/shutdown.js';
import type { Loading } from '../loading.js';
import type { Snapshots } from '../snapshots.js';
import { AppendLog } from './append-log.js';
import { timestampLine } from './command-buffer.js';
import { LogDirectory } from './log-directory.js';
import { LogLoad, type LogLoadResult } from './log-load.js';
import {
  EMPTY_MANIFEST,
  isEmptyManifest,
  ManifestError,
  nextBase,
  nextIncrement,
  withBase,
  withIncrement,
  type Manifest,
} from './manifest.js';
import { Rewrite, type RewriteMode, type RewriteOwner } from './rewrite.js';
import { RewriteLimit } from './rewrite-limit.js';

/** `starting`: it was switched on, and its first base is not complete. */
type State = 'off' | 'starting' | 'on';

const FILE_MODE = 0o644;

export class Aof {
  /** Called when more of the log is durable: somebody may wait for that (WAITAOF). */
  readonly durableListeners: (() => void)[] = [];
  /** Called when there is a log from now on that takes commands, and when there is none any more. */
  readonly openListeners: (() => void)[] = [];
  private state: State = 'off';
  private log: AppendLog | null = null;
  private manifest: Manifest = EMPTY_MANIFEST;
  private rewrite: Rewrite | null = null;
  private isScheduled = false;
  private readonly directory: LogDirectory;
  private readonly limit: RewriteLimit;
  /** Size of the files that are complete, and of all when the last base was new. */
  private otherBytes = 0;
  private baseBytes = 0;
  private problem: string | null = null;
  private flushDelayMs = 0;
  private readonly misconfigured: Gate = {
    rank: GateRank.Misconfiguration,
    refusal: (_client, command, _args, writes) =>
      this.problem !== null && (writes || command.name === 'ping')
        ? `MISCONF Errors writing to the AOF file: ${this.problem}`
        : null,
  };

  constructor(
    private readonly server: Server,
    private readonly snapshots: Snapshots,
    private readonly loading: Loading,
  ) {
    const { config, platform, log } = server;
    this.directory = new LogDirectory(config, platform.disk);
    this.limit = new RewriteLimit(log);
    if (config.values.appendonly) server.persistenceStatus.aofEnabled = true;
    server.beforeReplies.push(() => this.log?.beforeReplies());
    server.cronTasks.push(() => this.cron());
    server.shutdown.addParticipant({ finish: (options, done) => this.finish(options, done) });
    snapshots.idleListeners.push(() => this.rewrite?.snapshotIdle());
    server.closeListeners.push(() => void this.turnOff());
    config.applyWith(['appendonly'], (_names, done) => {
      if (config.values.appendonly) done(this.turnOn() ? null : 'Unable to turn on AOF. Check server logs.');
      else done(this.turnOff());
    });
    config.applyWith(['aof-disable-auto-gc'], (_names, done) => this.deleteHistory(() => done(null)), {
      takesTime: true,
    });
  }

  get isEnabled(): boolean {
    return this.state !== 'off';
  }

  /** Commands go to a log. */
  get isOpen(): boolean {
    return this.log !== null;
  }

  /** A rewrite is under way. */
  get isRewriting(): boolean {
    return this.rewrite !== null;
  }

  /** Bytes of the log that have not been handed to the system yet. */
  get bufferedBytes(): number {
    return this.log?.bufferedBytes ?? 0;
  }

  /** Whether everything up to a position of the log is on disk, in a log that would be loaded. */
  hasSynced(position: number): boolean {
    return this.state === 'on' && this.log?.hasSynced(position) === true;
  }

  /** The replication offset up to which the log is on disk; null without a log, 0 while it is not complete. */
  get syncedOffset(): number | null {
    if (this.state === 'off' || this.log === null) return null;
    return this.state === 'on' ? this.log.syncedOffset : 0;
  }

  /** DEBUG AOF-FLUSH-SLEEP */
  set flushDelayMicroseconds(delay: number) {
    this.flushDelayMs = delay / 1000;
    if (this.log !== null) this.log.flushDelayMs = this.flushDelayMs;
  }

  /**
   * Loads the log when the server starts, then opens it.
   * @param done called with null, or with the text of the problem, which may have several lines
   */
  loadAtStart(done: (problem: string | null) => void): void {
    const startedAtMs = this.server.platform.clock.monotonicMs();
    let manifest: Manifest;
    try {
      manifest = this.directory.load();
      const upgraded = this.directory.upgrade(manifest);
      if (upgraded !== null) {
        const { appendfilename, appenddirname } = this.server.config.values;
        this.server.log.notice(
          `Successfully migrated an old-style AOF configuration (${appendfilename}) into the AOF directory (${appenddirname}).`,
        );
        manifest = upgraded;
      }
    } catch (error) {
      return done(error instanceof ManifestError ? error.report.join('\n') : systemErrorText(error));
    }
    this.manifest = manifest;
    this.load((result) => {
      if (result.kind === 'failed') return done(result.problem);
      if (result.kind === 'loaded') {
        const seconds = (this.server.platform.clock.monotonicMs() - startedAtMs) / 1000;
        this.server.log.notice(`DB loaded from append only file: ${seconds.toFixed(3)} seconds`);
      }
      // Clients wait until the log is open: a write that it does not get would be lost.
      const { pause } = this.server;
      pause.begin('opening the log', Infinity, false);
      this.loading.end();
      this.openAtStart((problem) => {
        pause.end('opening the log');
        done(problem);
      });
    });
  }

  /** Empties the dataset and loads the log again: DEBUG LOADAOF. @param done called with the text of the problem, or null */
  loadAgain(done: (problem: string | null) => void): void {
    const { log, server } = this;
    const load = (): void => {
      try {
        if (this.rewrite === null) this.manifest = this.directory.load();
      } catch (error) {
        return done(String(error));
      }
      for (const database of server.keyspace.databases) database.flush();
      this.load((result) => {
        this.loading.end();
        done(result.kind === 'failed' ? result.problem : null);
      });
    };
    if (log === null) load();
    else log.flushAndSync((error) => (error === null ? load() : done(systemErrorText(error))));
  }

  /** Begins a rewrite; there must be none. */
  beginRewrite(): void {
    const { server } = this;
    const { persistenceStatus: status } = server;
    const mode: RewriteMode =
      this.state === 'on' ? 'continue' : this.state === 'starting' ? 'begin' : 'base only';
    this.isScheduled = false;
    status.aofRewrites++;
    status.aofRewriteStartedAtMs = server.nowMs;
    server.statistics.totalForks++;
    server.log.notice(
      `Background append only file rewriting started by pid ${server.platform.processes.pid}`,
    );
    const rewrite = new Rewrite(server, this.snapshots, this.directory, mode, this.ownerOf(mode));
    this.rewrite = rewrite;
    this.report();
    rewrite.begin();
  }

  /** Has a rewrite begin as soon as possible. */
  scheduleRewrite(): void {
    this.isScheduled = true;
    this.server.persistenceStatus.aofRewriteFailuresInARow = 0;
    this.report();
  }

  /** Gives up the rewrite for now, because the keyspace must be saved at once (SAVE). */
  postponeRewrite(): void {
    if (this.rewrite?.abort() !== true) return;
    this.rewriteGivenUp();
    if (this.state === 'starting') this.closeLog();
    this.isScheduled = true;
  }

  /** The dataset is about to be replaced: what is logged of it ends here. */
  suspend(): void {
    if (this.state !== 'off') this.turnOff();
  }

  /** The dataset is another one, or is going to change again: the log begins with it. */
  resume(): void {
    if (this.server.config.values.appendonly && this.state === 'off') this.turnOn();
  }

  private turnOn(): boolean {
    const { server } = this;
    const { log } = server;
    this.state = 'starting';
    this.setProblem(null);
    if (this.isBusyElsewhere) {
      log.notice(
        'AOF was enabled but there is already another background operation. An AOF background was scheduled to ' +
          'start when possible.',
      );
      this.isScheduled = true;
    } else if (server.dispatcher.deniesBlocking) {
      log.notice(
        'AOF was enabled during a transaction. An AOF background was scheduled to start when possible.',
      );
      this.isScheduled = true;
    } else if (this.rewrite !== null) {
      log.notice(
        'AOF was enabled but there is already an AOF rewriting in background. Stopping background AOF and ' +
          'starting a rewrite now.',
      );
      if (this.rewrite.abort()) {
        this.rewriteGivenUp();
        this.beginRewrite();
      } else {
        this.isScheduled = true;
      }
    } else {
      this.beginRewrite();
    }
    this.report();
    return this.state === 'starting';
  }

  /** Nothing more is logged; what was is made durable. The files stay. Always null: nothing can go wrong. */
  private turnOff(): null {
    if (this.rewrite?.abort() === true) {
      this.server.log.notice(`Killing running AOF rewrite child: ${this.server.platform.processes.pid}`);
      this.rewriteGivenUp();
    }
    this.closeLog();
    this.state = 'off';
    this.isScheduled = false;
    this.setProblem(null);
    this.report();
    for (const listener of this.durableListeners) listener();
    return null;
  }

  private attach(handle: FileHandle, fileBytes: number): void {
    const { server } = this;
    const log = new AppendLog(server, handle, fileBytes, {
      maySkipSync: () =>
        server.config.values['no-appendfsync-on-rewrite'] &&
        (this.snapshots.isRunning || this.rewrite !== null),
      onProblem: (problem) => {
        if (this.log === log) this.setProblem(problem);
      },
      onDurable: () => {
        for (const listener of this.durableListeners) listener();
      },
    });
    log.flushDelayMs = this.flushDelayMs;
    this.log = log;
    server.propagation.addSink(log);
    for (const listener of this.openListeners) listener();
  }

  private closeLog(): void {
    const { log, server } = this;
    if (log === null) return;
    server.propagation.endUnit();
    server.propagation.removeSink(log);
    this.log = null;
    for (const listener of this.openListeners) listener();
    // A log that never had its base is worth nothing.
    if (this.state === 'starting' && this.rewrite === null) this.directory.removeTemporaryIncrement();
    log.close((error) => {
      if (error !== null) server.log.warning(`Fail to fsync the AOF file: ${systemErrorText(error)}`);
    });
  }

  private load(done: (result: LogLoadResult) => void): void {
    const { server, loading, directory, manifest, snapshots } = this;
    new LogLoad(
      {
        server,
        loading,
        directory,
        manifest,
        takeFunctions: (sources) => snapshots.takeFunctions(sources),
      },
      (result) => {
        server.persistenceStatus.dirtyAtLastSave = server.keyspace.dirty;
        done(result);
      },
    );
  }

  /** Continues the last file, or makes the first ones. Clients are not served meanwhile. */
  private openAtStart(done: (problem: string | null) => void): void {
    const { server, directory } = this;
    const { log, platform } = server;
    let { manifest } = this;
    try {
      directory.make();
      if (isEmptyManifest(manifest)) manifest = withBase(manifest, this.makeEmptyBase(manifest), 0);
    } catch (error) {
      return done(`Can't open or create append-only dir: ${systemErrorText(error)}`);
    }
    const existing = manifest.increments.at(-1);
    const increment = existing ?? nextIncrement(manifest, directory.baseName);
    if (existing === undefined) manifest = withIncrement(manifest, increment);
    const verb = existing === undefined ? 'Creating' : 'Opening';
    platform.disk.open(directory.pathOf(increment.name), 'append', (error, handle) => {
      if (handle === null) return done(`Can't open the append-only file: ${systemErrorText(error)}`);
      log.notice(`${verb} AOF incr file ${increment.name} on server start`);
      directory.syncFiles(manifest.increments, (syncError) => {
        if (syncError !== null) return done(`Can't fsync the AOF files: ${systemErrorText(syncError)}`);
        directory.save(manifest, (saveError) => {
          if (saveError !== null) return done(`Can't write the AOF manifest: ${systemErrorText(saveError)}`);
          this.opened(manifest, handle);
          // The directory itself may be new.
          platform.disk.syncDirectory(directory.inDataDirectory(''), () => done(null));
        });
      });
    });
  }

  /** Deletes what rewrites have replaced, if that is not to be kept. */
  private deleteHistory(done: () => void): void {
    // A rewrite does it at its end.
    if (this.rewrite !== null) return done();
    this.directory.deleteHistory(this.manifest, (shorter) => {
      if (this.rewrite === null) this.manifest = shorter;
      done();
    });
  }

  private opened(manifest: Manifest, handle: FileHandle): void {
    const { directory } = this;
    const current = manifest.increments.at(-1);
    this.manifest = manifest;
    this.attach(handle, current === undefined ? 0 : (directory.sizeOf(current.name) ?? 0));
    this.state = 'on';
    this.measure();
    this.baseBytes = manifest.base === null ? 0 : (directory.sizeOf(manifest.base.name) ?? 0);
    this.report();
    this.deleteHistory(() => undefined);
  }

  private makeEmptyBase(manifest: Manifest): { readonly name: string; readonly sequence: number } {
    const { server, directory, snapshots } = this;
    const { values } = server.config;
    const usesSnapshot = values['aof-use-rdb-preamble'];
    const base = nextBase(manifest, directory.baseName, usesSnapshot ? 'rdb' : 'aof');
    const frame = snapshots.newBaseFrame();
    const timestamp = values['aof-timestamp-enabled'] ? timestampLine(Math.floor(server.nowMs / 1000)) : '';
    const bytes = usesSnapshot
      ? Buffer.concat([frame.header(), frame.trailer()])
      : Buffer.from(timestamp, 'latin1');
    server.platform.disk.replaceFileSync(directory.pathOf(base.name), bytes, FILE_MODE);
    server.log.notice(`Creating AOF base file ${base.name} on server start`);
    return base;
  }

  private ownerOf(mode: RewriteMode): RewriteOwner {
    const setManifest = (manifest: Manifest): void => {
      this.manifest = manifest;
      this.measure();
    };
    const getManifest = (): Manifest => this.manifest;
    return {
      get manifest() {
        return getManifest();
      },
      set manifest(manifest) {
        setManifest(manifest);
      },
      takeOver: (handle) => {
        if (mode === 'begin') this.attach(handle, 0);
        else if (this.log?.switchTo(handle) !== true) return false;
        this.measure();
        return true;
      },
      onDone: (error) => this.rewriteDone(mode, error),
    };
  }

  private rewriteDone(mode: RewriteMode, error: Error | null): void {
    const { server } = this;
    const { persistenceStatus: status, log } = server;
    this.rewriteGivenUp();
    if (error === null) {
      status.aofRewriteFailuresInARow = 0;
      log.notice('Background AOF rewrite finished successfully');
      if (mode === 'begin' && this.state === 'starting' && this.log !== null) this.state = 'on';
      this.measure();
      this.baseBytes = this.currentBytes;
    } else {
      status.aofRewriteFailuresInARow++;
      log.warning('Background AOF rewrite terminated with error');
    }
    status.aofLastRewriteOk = error === null;
    if (this.state === 'starting') {
      // It is not what would be loaded: the next attempt begins another one.
      this.closeLog();
      this.isScheduled = true;
    }
    this.report();
    for (const listener of this.durableListeners) listener();
  }

  private rewriteGivenUp(): void {
    const { persistenceStatus: status, platform } = this.server;
    this.rewrite = null;
    status.aofLastRewriteSeconds = Math.floor((platform.clock.nowMs() - status.aofRewriteStartedAtMs) / 1000);
    this.report();
  }

  private cron(): void {
    this.log?.cron();
    this.report();
    const { persistenceStatus: status, config, log, steadyNowMs: nowMs } = this.server;
    if (this.rewrite !== null || this.isBusyElsewhere || status.loading !== null) return;
    const failures = status.aofRewriteFailuresInARow;
    if (this.isScheduled) {
      if (!this.limit.holds(failures, nowMs)) this.beginRewrite();
      return;
    }
    const percentage = config.values['auto-aof-rewrite-percentage'];
    if (this.state !== 'on' || percentage === 0) return;
    if (this.currentBytes <= config.values['auto-aof-rewrite-min-size']) return;
    const growth = Math.floor((this.currentBytes * 100) / Math.max(1, this.baseBytes)) - 100;
    if (growth < percentage || this.limit.holds(failures, nowMs)) return;
    log.notice(`Starting automatic rewriting of AOF on ${growth}% growth`);
    this.beginRewrite();
  }

  /** Another snapshot is being taken, or brought to its file. */
  private get isBusyElsewhere(): boolean {
    const { backgroundSaveInProgress } = this.server.persistenceStatus;
    return backgroundSaveInProgress || (this.snapshots.isRunning && this.rewrite === null);
  }

  /** BGREWRITEAOF must wait. */
  get mustWait(): boolean {
    return this.isBusyElsewhere || this.server.dispatcher.deniesBlocking;
  }

  private setProblem(problem: string | null): void {
    const { gates, persistenceStatus } = this.server;
    this.problem = problem;
    persistenceStatus.aofLastWriteOk = problem === null;
    if (problem === null) gates.remove(this.misconfigured);
    else gates.add(this.misconfigured);
  }

  private get currentBytes(): number {
    return this.otherBytes + (this.log?.sizeBytes ?? 0);
  }

  /** Looks up the sizes of the files that are not appended to. */
  private measure(): void {
    const { manifest, directory, log } = this;
    const all = directory.sizeBytes(manifest);
    const last = manifest.increments.at(-1);
    const lastBytes = log === null || last === undefined ? 0 : (directory.sizeOf(last.name) ?? 0);
    this.otherBytes = all - lastBytes;
  }

  private report(): void {
    const { persistenceStatus: status } = this.server;
    status.aofEnabled = this.state !== 'off';
    status.aofRewriteInProgress = this.rewrite !== null;
    status.aofRewriteScheduled = this.isScheduled;
    status.aofCurrentSizeBytes = this.currentBytes;
    status.aofBaseSizeBytes = this.baseBytes;
  }

  /** The last work of a server. */
  private finish({ force }: ShutdownOptions, done: (succeeded: boolean) => void): void {
    const { server, log } = this;
    if (this.state === 'starting') {
      if (!force) {
        server.log.warning("Writing initial AOF, can't exit.");
        return done(false);
      }
      server.log.warning('Writing initial AOF. Exit anyway.');
    }
    if (this.rewrite?.abort() === true) {
      server.log.warning('There is a child rewriting the AOF. Killing it!');
      this.rewriteGivenUp();
    }
    if (log === null) return done(true);
    server.log.notice('Calling fsync() on the AOF file.');
    log.flushAndSync((error) => {
      if (error !== null) server.log.warning(`Fail to fsync the AOF file: ${systemErrorText(error)}.`);
      done(true);
    });
  }
}
