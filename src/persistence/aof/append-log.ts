/**
 * The open end of an append-only log: takes what is propagated, hands it to the system before replies are written,
 * and makes it durable as `appendfsync` says.
 *
 * - `always`: replies wait for one fsync that covers all that came before it; the event loop does not. While it
 *   runs, commands collect for the next one.
 * - `everysec`: an fsync a second, in the background. While one is slow, writing waits for it up to two seconds.
 * - `no`: the system decides.
 *
 * What could not be written stays in memory and is tried again; under `always` the server ends instead, because it
 * would otherwise have to keep silent for ever. A file never keeps half of a write that failed.
 *
 * Positions are bytes since the server's start, over all files.
 */
import type { FileHandle } from '../../platform/platform.js';
import { systemErrorText } from '../../platform/system-errors.js';
import type { PropagationSink } from '../../server/propagation.js';
import type { Server } from '../../server/server.js';
import { CommandBuffer } from './command-buffer.js';

const SYNC_INTERVAL_MS = 1000;
/** Stock's limit of patience with an fsync that is still running. */
const LONGEST_POSTPONEMENT_MS = 2000;
/** The same problem is said again after this time. */
const COMPLAINT_INTERVAL_MS = 30_000;

/** What the owner of the log is told. */
export interface AppendLogOwner {
  /** An fsync may be left out now (`no-appendfsync-on-rewrite`). */
  readonly maySkipSync: () => boolean;
  /** Writing or syncing failed (the text of the error), or both succeed again (null). */
  onProblem(problem: string | null): void;
  /** More of the log is durable. */
  onDurable(): void;
}

export class AppendLog implements PropagationSink {
  readonly destination = 'log';
  private readonly buffer = new CommandBuffer();
  /** Files of before {@link switchTo} that are not durable yet. */
  private readonly earlierFiles: FileHandle[] = [];
  /** Bytes in the present file. */
  private fileBytes: number;
  /** Positions: given to the system, and durable. */
  private written: number;
  private durable: number;
  /** Replication offsets that go with them: the writes up to there are in the log. */
  private writtenOffset: number;
  private durableOffset: number;
  private syncsRunning = 0;
  private lastSyncMs: number;
  private postponedSinceMs = -1;
  /** The end of the file may hold part of a write that failed. */
  private isTorn = false;
  private isRepairing = false;
  private writeProblem: string | null = null;
  private syncProblem: string | null = null;
  private lastComplaintMs = -Infinity;
  private isClosed = false;
  /** DEBUG AOF-FLUSH-SLEEP: for tests of a slow disk. */
  flushDelayMs = 0;

  /** @param handle an open file with `fileBytes` bytes in it, at whose end writing goes on */
  constructor(
    private readonly server: Server,
    private handle: FileHandle,
    fileBytes: number,
    private readonly owner: AppendLogOwner,
  ) {
    this.fileBytes = fileBytes;
    this.written = server.logPosition;
    this.durable = server.logPosition;
    this.writtenOffset = server.replicationOffset;
    this.durableOffset = server.replicationOffset;
    this.lastSyncMs = server.nowMs;
  }

  /** The size that the present file has or is about to have. */
  get sizeBytes(): number {
    return this.fileBytes + this.buffer.length;
  }

  /** What is kept back: this turn's output, and more while writing waits for an fsync. */
  get bufferedBytes(): number {
    return this.buffer.length;
  }

  /** Whether the log is durable up to a position. */
  hasSynced(position: number): boolean {
    return this.durable >= position;
  }

  /** The replication offset up to which everything is durable. */
  get syncedOffset(): number {
    return this.isSynced ? this.server.replicationOffset : this.durableOffset;
  }

  private get isSynced(): boolean {
    return this.durable === this.server.logPosition;
  }

  private get policy(): 'always' | 'everysec' | 'no' {
    return this.server.config.values.appendfsync;
  }

  append(databaseIndex: number, encoded: Buffer): void {
    const { server, buffer } = this;
    const lengthBefore = buffer.length;
    if (server.config.values['aof-timestamp-enabled']) buffer.addTimestamp(Math.floor(server.nowMs / 1000));
    buffer.add(databaseIndex, encoded);
    server.logPosition += buffer.length - lengthBefore;
    if (lengthBefore === 0) server.scheduleTurnEnd();
  }

  /** Part of what precedes replies: hands over what this turn produced. */
  readonly beforeReplies = (): void => {
    if (this.buffer.length === 0 && !this.server.heldReplies.isHolding) return;
    this.flush();
  };

  /** Periodic work: what was postponed, what failed, what is due to be synced. */
  cron(): void {
    if (this.buffer.length > 0) this.flush();
    else if (!this.isSynced) this.syncIfDue();
    this.report();
  }

  /**
   * Goes on in another file. Everything so far is made durable in the old one before more is made durable.
   * @returns false when the old one could not take what belongs in it; then nothing has changed
   */
  switchTo(handle: FileHandle): boolean {
    if (this.isHeldBack || !this.write()) return false;
    this.earlierFiles.push(this.handle);
    this.handle = handle;
    this.fileBytes = 0;
    this.buffer.forgetSelection();
    this.startSync(() => undefined, [...this.earlierFiles]);
    return true;
  }

  /** Has everything written now, and durable when `done` is called. */
  flushAndSync(done: (error: Error | null) => void): void {
    if (!this.write()) {
      done(new Error('the log could not be written'));
      return;
    }
    this.startSync(done);
  }

  /** Writes everything, makes it durable and closes the file. Nothing may be appended any more. */
  close(done: (error: Error | null) => void): void {
    this.flushAndSync((error) => {
      this.isClosed = true;
      this.report();
      for (const file of this.earlierFiles) file.close(() => undefined);
      this.handle.close(() => done(error));
    });
  }

  private flush(): void {
    const { server, policy } = this;
    const skipsSync = this.owner.maySkipSync();
    if (policy === 'always' && !skipsSync) server.heldReplies.waitFor(server.logPosition);
    if (this.isHeldBack) return this.syncIfDue();
    if (this.buffer.length === 0 || this.mustWait()) return;
    this.postponedSinceMs = -1;
    if (this.write()) this.syncIfDue();
  }

  /**
   * An earlier file could not be made durable. Until it is, nothing goes into the present one: a power failure could
   * leave that without what comes before it. Clients are refused writes meanwhile.
   */
  private get isHeldBack(): boolean {
    return this.earlierFiles.length > 0 && this.syncProblem !== null;
  }

  /** Whether writing is postponed because of an fsync that runs: the system would make everybody wait for it. */
  private mustWait(): boolean {
    const { server, policy } = this;
    if (this.syncsRunning === 0 || policy === 'no') return false;
    if (policy === 'always' || server.heldReplies.isHolding) return true;
    const nowMs = server.platform.clock.monotonicMs();
    if (this.postponedSinceMs < 0) this.postponedSinceMs = nowMs;
    if (nowMs - this.postponedSinceMs < LONGEST_POSTPONEMENT_MS) return true;
    server.persistenceStatus.aofDelayedSyncs++;
    server.log.notice(
      'Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for ' +
        'fsync to complete, this may slow down the server.',
    );
    return false;
  }

  /** Hands the buffer to the system. False when that failed: it is kept, and tried again. */
  private write(): boolean {
    const { buffer, server } = this;
    if (this.isTorn) {
      this.repair();
      return false;
    }
    if (buffer.length === 0) return true;
    if (this.flushDelayMs > 0) server.platform.processes.blockingSleep(this.flushDelayMs);
    try {
      this.handle.writeSync(buffer.content);
    } catch (error) {
      this.failed(error);
      return false;
    }
    this.fileBytes += buffer.length;
    this.written += buffer.length;
    this.writtenOffset = server.replicationOffset;
    buffer.clear();
    if (this.writeProblem !== null) {
      server.log.warning('AOF write error looks solved. The server can write again.');
      this.writeProblem = null;
      this.owner.onProblem(this.syncProblem);
    }
    return true;
  }

  private failed(error: unknown): void {
    const { server, policy } = this;
    const text = systemErrorText(error);
    this.isTorn = true;
    if (policy === 'always') {
      server.log.warning(
        `Can't recover from AOF write error when the AOF fsync policy is 'always': ${text}. Exiting...`,
      );
      server.platform.processes.exit(1);
      return;
    }
    const nowMs = server.platform.clock.monotonicMs();
    if (nowMs - this.lastComplaintMs >= COMPLAINT_INTERVAL_MS) {
      this.lastComplaintMs = nowMs;
      server.log.warning(`Error writing to the AOF file: ${text}`);
    }
    this.writeProblem = text;
    this.owner.onProblem(text);
    this.repair();
  }

  /** Cuts off what a failed write may have left; only then it is tried again. */
  private repair(): void {
    if (this.isRepairing) return;
    this.isRepairing = true;
    this.handle.truncate(this.fileBytes, (error) => {
      this.isRepairing = false;
      if (error === null) this.isTorn = false;
      else
        this.server.log.warning(
          `Could not remove short write from the append-only file: ${systemErrorText(error)}`,
        );
    });
  }

  private syncIfDue(): void {
    const { policy, server } = this;
    if (this.syncsRunning > 0) return;
    const nowMs = server.platform.clock.nowMs();
    const isPeriodic = policy === 'everysec' || this.isHeldBack;
    const isDue =
      policy === 'always' || (isPeriodic && Math.abs(nowMs - this.lastSyncMs) >= SYNC_INTERVAL_MS);
    const isWanted = server.heldReplies.isHolding || (isDue && !this.owner.maySkipSync());
    if (isWanted) this.startSync(() => undefined);
  }

  private startSync(
    done: (error: Error | null) => void,
    files: readonly FileHandle[] = [...this.earlierFiles, this.handle],
  ): void {
    const { server, written, writtenOffset } = this;
    this.lastSyncMs = server.platform.clock.nowMs();
    this.syncsRunning++;
    this.syncInOrder(files, (error) => {
      this.syncsRunning--;
      if (error === null) this.becameDurable(written, writtenOffset);
      else this.syncFailed(error);
      done(error);
      if (this.isClosed) return;
      if (this.buffer.length > 0) this.flush();
      else if (!this.isSynced && server.heldReplies.isHolding) this.syncIfDue();
    });
  }

  /** None is made durable before those that precede it: after a power failure there must be no gap between them. */
  private syncInOrder(files: readonly FileHandle[], done: (error: Error | null) => void): void {
    const { earlierFiles, handle } = this;
    const next = files.findIndex((file) => file === handle || earlierFiles.includes(file));
    if (next === -1) return done(null);
    const file = files[next];
    file.sync((error) => {
      if (error !== null) return done(error);
      const place = earlierFiles.indexOf(file);
      if (place !== -1) {
        earlierFiles.splice(place, 1);
        file.close(() => undefined);
      }
      this.syncInOrder(files.slice(next + 1), done);
    });
  }

  private becameDurable(position: number, offset: number): void {
    this.durable = Math.max(this.durable, position);
    this.durableOffset = Math.max(this.durableOffset, offset);
    if (this.syncProblem !== null) {
      this.syncProblem = null;
      this.owner.onProblem(this.writeProblem);
    }
    this.server.heldReplies.advance(position);
    this.owner.onDurable();
  }

  private syncFailed(error: Error): void {
    const { server } = this;
    const text = systemErrorText(error);
    if (this.policy === 'always' || server.heldReplies.isHolding) {
      // What waits is never released: nobody knows what of it is on disk.
      server.log.warning(
        `Can't persist AOF for fsync error when the AOF fsync policy is 'always': ${text}. Exiting...`,
      );
      server.platform.processes.exit(1);
      return;
    }
    server.log.warning(`Fail to fsync the AOF file: ${text}`);
    this.syncProblem = text;
    this.owner.onProblem(text);
  }

  private report(): void {
    const { persistenceStatus: status } = this.server;
    status.aofBufferedBytes = this.isClosed ? 0 : this.buffer.length;
    status.aofPendingSyncs = this.isClosed ? 0 : this.syncsRunning;
  }
}
