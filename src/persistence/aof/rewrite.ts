/**
 * One rewrite of an append-only log: a new base with the dataset of one moment, and another file for the commands that
 * come after it.
 *
 *   1. a new file for commands is opened and, if the log is in use, named in the manifest;
 *   2. between two execution units, the log goes on in that file and the snapshot begins (a log that begins does so
 *      at once, unless another snapshot runs: what a replica applies after a full synchronisation is for the log to
 *      make durable, and must not get onto the disk as part of the base);
 *   3. the snapshot becomes the new base, durably; then the manifest says so; then what it replaces is deleted.
 *
 * At every moment the manifest on disk names files that make up the whole dataset. Up to the moment in which the base is
 * in its place the rewrite can be given up.
 */
import type { FileHandle } from '../../platform/platform.js';
import { systemErrorText } from '../../platform/system-errors.js';
import { textFromBytes } from '../../resp/ascii.js';
import type { Server } from '../../server/server.js';
import { SnapshotFile } from '../snapshot/snapshot-file.js';
import type { SnapshotWalk } from '../snapshot/snapshot-walk.js';
import type { Snapshots } from '../snapshots.js';
import { CommandBase, CommandFrame } from './base-file.js';
import type { LogDirectory } from './log-directory.js';
import { nextBase, nextIncrement, withBase, withIncrement, type Manifest } from './manifest.js';

/**
 * What becomes of the log: it goes on in another file; it begins (it was just switched on), in a file that becomes
 * part of it together with the base; there is none, and only a base is written.
 */
export type RewriteMode = 'continue' | 'begin' | 'base only';

export interface RewriteOwner {
  /** The manifest that holds, as it is on disk. */
  manifest: Manifest;
  /** This is the moment of the snapshot: commands go here from now on. False if that is impossible. */
  takeOver(handle: FileHandle): boolean;
  /** The rewrite is over; with an error, the old base is still there. Not called after {@link Rewrite.abort}. */
  onDone(error: Error | null): void;
}

type State = 'preparing' | 'waiting' | 'writing' | 'committing' | 'over';

export class Rewrite {
  private state: State = 'preparing';
  private handle: FileHandle | null = null;
  private walk: SnapshotWalk | null = null;
  private file: SnapshotFile | null = null;
  private isBehind = false;
  private isConverting = false;

  constructor(
    private readonly server: Server,
    private readonly snapshots: Snapshots,
    private readonly directory: LogDirectory,
    private readonly mode: RewriteMode,
    private readonly owner: RewriteOwner,
  ) {}

  /** Begins. There must be no other rewrite. */
  begin(): void {
    try {
      this.directory.make();
    } catch (error) {
      const { appenddirname } = this.server.config.values;
      return this.fail(error, `Can't open or create append-only dir ${appenddirname}`);
    }
    if (this.mode === 'base only') this.beReady();
    else if (this.mode === 'begin') this.openFirstIncrement();
    else this.openIncrement();
  }

  /** Another snapshot has ended: if this one was waiting for that, it begins. */
  snapshotIdle(): void {
    // Whoever ended it may be in the middle of an execution unit.
    this.server.platform.timers.endOfTurn(() => {
      if (this.state === 'waiting') this.beReady();
    });
  }

  /** Gives the rewrite up; false when it is too late for that, and it will be done. */
  abort(): boolean {
    if (this.state === 'committing') return false;
    if (this.state === 'over') return true;
    this.state = 'over';
    this.walk?.abort('the rewrite of the append-only log was given up');
    this.file?.onAborted();
    if (this.handle !== null) this.discardIncrement(this.handle);
    return true;
  }

  private openFirstIncrement(): void {
    const { server, directory, owner } = this;
    const path = directory.temporaryIncrementPath;
    try {
      this.handle = server.platform.disk.openSync(path, 'write');
    } catch (error) {
      return this.fail(error, `Can't open the append-only file ${path}`);
    }
    const { name } = nextIncrement(owner.manifest, directory.baseName);
    server.log.notice(`Creating AOF incr file ${name} on background rewrite`);
    this.beReady();
  }

  private openIncrement(): void {
    const { server, directory, owner } = this;
    const file = nextIncrement(owner.manifest, directory.baseName);
    const path = directory.pathOf(file.name);
    server.platform.disk.open(path, 'write', (error, handle) => {
      if (handle === null) return this.fail(error, `Can't open the append-only file ${path}`);
      if (this.state === 'over') return this.discardIncrement(handle);
      this.handle = handle;
      server.log.notice(`Creating AOF incr file ${file.name} on background rewrite`);
      const manifest = withIncrement(owner.manifest, file);
      directory.save(manifest, (saveError) => {
        if (saveError !== null) return this.fail(saveError, "Can't write the manifest");
        owner.manifest = manifest;
        if (this.state === 'over') return;
        this.beReady();
      });
    });
  }

  private beReady(): void {
    const { snapshots, server, owner, handle } = this;
    if (this.state === 'over') return;
    this.state = 'waiting';
    if (snapshots.isRunning) return;
    // What was changed outside of commands so far (expired keys) comes before the snapshot.
    server.propagation.endUnit(true);
    this.handle = null;
    if (handle !== null && !owner.takeOver(handle)) {
      handle.close(() => undefined);
      return this.fail(new Error('the log could not be written'), "Can't go on in another file");
    }
    this.state = 'writing';
    this.write();
  }

  private write(): void {
    const { server, snapshots, directory, owner } = this;
    const { values } = server.config;
    const base = nextBase(owner.manifest, directory.baseName, values['aof-use-rdb-preamble'] ? 'rdb' : 'aof');
    const temporary = directory.inDataDirectory(`temp-rewriteaof-bg-${server.platform.processes.pid}.aof`);
    const timestamp = values['aof-timestamp-enabled'] ? Math.floor(server.nowMs / 1000) : null;
    const frame = values['aof-use-rdb-preamble']
      ? snapshots.newBaseFrame()
      : new CommandFrame(snapshots.functions, timestamp);
    const file = new SnapshotFile(
      server.platform.disk,
      { temporary, final: directory.pathOf(base.name) },
      frame,
      values['aof-rewrite-incremental-fsync'],
      {
        onBackpressure: (isBehind) => {
          this.isBehind = isBehind;
          this.updatePace();
        },
        onDone: (error) => {
          if (this.state === 'over') return;
          if (error !== null) {
            this.walk?.abort(error.message);
            return this.fail(error, 'Write error writing append only file on disk');
          }
          server.log.notice(`Successfully created the temporary AOF base file ${temporary}`);
          server.log.notice('Background AOF rewrite terminated with success');
          server.log.notice(
            `Successfully renamed the temporary AOF base file ${temporary} into ${textFromBytes(base.name)}`,
          );
          this.commit(base);
        },
      },
    );
    this.file = file;
    const receiver = values['aof-use-rdb-preamble']
      ? file
      : new CommandBase(file, server.platform.timers, server.keyspace.limits, snapshots.version, (isHeld) => {
          this.isConverting = isHeld;
          this.updatePace();
        });
    this.walk = snapshots.begin(receiver);
  }

  private updatePace(): void {
    if (this.isBehind || this.isConverting) this.walk?.pause();
    else this.walk?.resume();
  }

  private commit(base: { readonly name: string; readonly sequence: number }): void {
    const { server, directory, owner, mode } = this;
    const { disk } = server.platform;
    this.state = 'committing';
    const save = (manifest: Manifest): void => {
      directory.save(manifest, (error) => {
        if (error !== null) return this.fail(error, "Can't write the manifest");
        owner.manifest = manifest;
        directory.deleteHistory(manifest, (shorter) => {
          owner.manifest = shorter;
          this.state = 'over';
          owner.onDone(null);
        });
      });
    };
    if (mode !== 'begin') return save(withBase(owner.manifest, base, mode === 'continue' ? 1 : 0));
    const increment = nextIncrement(owner.manifest, directory.baseName);
    disk.rename(directory.temporaryIncrementPath, directory.pathOf(increment.name), (error) => {
      if (error !== null) return this.fail(error, 'Error trying to rename the temporary AOF incr file');
      server.log.notice(`Successfully renamed the temporary AOF incr file into ${increment.name}`);
      save(withBase(withIncrement(owner.manifest, increment), base, 1));
    });
  }

  private fail(error: unknown, what: string): void {
    if (this.state === 'over') return;
    this.state = 'over';
    if (this.handle !== null) this.discardIncrement(this.handle);
    this.server.log.warning(`${what}: ${systemErrorText(error)}`);
    this.owner.onDone(error instanceof Error ? error : new Error(String(error)));
  }

  /** A file that no command was written to. The manifest may name it already; then it is continued some day. */
  private discardIncrement(handle: FileHandle): void {
    if (this.mode === 'begin') this.directory.removeTemporaryIncrement();
    handle.close(() => undefined);
  }
}
