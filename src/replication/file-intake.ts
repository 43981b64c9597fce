/**
 * Takes in a snapshot through the disk: stores it as the RDB file, then loads it from there.
 *
 * The old dataset goes only after the whole payload has come, its checksum is right and it is safe on disk.
 */
import type { FileLoad } from '../persistence/loading/file-load.js';
import { Crc64 } from '../persistence/rdb/crc64.js';
import type { FileHandle, Platform } from '../platform/platform.js';
import { systemErrorText } from '../platform/system-errors.js';
import { textFromBytes } from '../resp/ascii.js';
import type { DatasetIntake, IntakeListener } from './dataset-intake.js';
import { giveUpDataset, welcomeDataset, type IntakeSurroundings } from './dataset-replacement.js';

/** The disk may lag this far behind the master before the link stops reading. */
const MAX_UNWRITTEN_BYTES = 4 * 1024 * 1024;
const RESUME_BELOW_BYTES = 1024 * 1024;
const CHECKSUM_BYTES = 8;

export class FileIntake implements DatasetIntake {
  private readonly platform: Platform;
  private readonly temporaryPath: string;
  private file: FileHandle | null = null;
  /** What came before the file was open. */
  private early: Buffer[] | null = [];
  private unwrittenBytes = 0;
  private totalBytes = 0;
  private paused = false;
  private over = false;
  /** The whole payload has come. */
  private complete = false;
  /** It is the RDB file now. */
  private stored = false;
  /** No save may touch the RDB file. */
  private hasReservedFile = false;
  private fileLoad: FileLoad | null = null;
  private readonly checksum = new TrailingChecksum();

  constructor(
    private readonly around: IntakeSurroundings,
    private readonly listener: IntakeListener,
  ) {
    const { server } = around;
    this.platform = server.platform;
    const seconds = Math.floor(this.platform.clock.nowMs() / 1000);
    this.temporaryPath = this.inDirectory(`temp-${seconds}.${this.platform.processes.pid}.rdb`);
    this.platform.disk.open(this.temporaryPath, 'write', (error, file) => {
      if (this.over) {
        file?.close(() => this.removeTemporary());
        return;
      }
      if (file === null) {
        this.fail('Opening the temp file needed for MASTER <-> REPLICA synchronization', error);
        return;
      }
      this.file = file;
      const { early } = this;
      this.early = null;
      for (const bytes of early ?? []) this.write(file, bytes);
      if (this.complete) this.store(file);
    });
  }

  push(bytes: Buffer): void {
    if (this.over) return;
    this.totalBytes += bytes.length;
    this.checksum.add(bytes);
    const copy = Buffer.from(bytes);
    this.unwrittenBytes += copy.length;
    if (this.file === null) this.early?.push(copy);
    else this.write(this.file, copy);
    if (!this.paused && this.unwrittenBytes > MAX_UNWRITTEN_BYTES) {
      this.paused = true;
      this.listener.onBackpressure(true);
    }
  }

  finish(): void {
    if (this.over) return;
    if (this.around.server.config.values.rdbchecksum && !this.checksum.isRight) {
      this.fail('The snapshot from the master is damaged: Wrong RDB checksum', null);
      return;
    }
    this.complete = true;
    if (this.file !== null) this.store(this.file);
  }

  abandon(): void {
    if (this.over) return;
    this.stop();
    this.file?.close(() => this.removeTemporary());
  }

  private write(file: FileHandle, bytes: Buffer): void {
    file.write(bytes, (error) => {
      if (this.over) return;
      if (error !== null) {
        this.fail(
          'Write error or short write writing to the DB dump file needed for MASTER <-> REPLICA synchronization',
          error,
        );
        return;
      }
      this.unwrittenBytes -= bytes.length;
      if (this.paused && this.unwrittenBytes < RESUME_BELOW_BYTES) {
        this.paused = false;
        this.listener.onBackpressure(false);
      }
    });
  }

  /** Makes the payload the RDB file, then loads it. Each step waits for the one before. */
  private store(file: FileHandle): void {
    this.around.persistence.saving.reserveFile('a replica is about to store the snapshot of its master');
    this.hasReservedFile = true;
    const { disk } = this.platform;
    const target = this.rdbPath;
    file.sync((error) => {
      if (
        this.failed('Failed trying to sync the temp DB to disk in MASTER <-> REPLICA synchronization', error)
      )
        return;
      file.close((error) => {
        if (this.failed('Failed closing the temp DB', error)) return;
        this.file = null;
        disk.rename(this.temporaryPath, target, (error) => {
          const problem = `Failed trying to rename the temp DB into ${target} in MASTER <-> REPLICA synchronization`;
          if (this.failed(problem, error)) return;
          this.stored = true;
          disk.syncDirectory(this.inDirectory(''), () => undefined);
          this.load();
        });
      });
    });
  }

  private load(): void {
    const { server, persistence } = this.around;
    giveUpDataset(this.around);
    server.log.notice('MASTER <-> REPLICA sync: Loading DB in memory');
    this.fileLoad = persistence.loading.loadFile(this.rdbPath, false, (problem, facts) => {
      this.fileLoad = null;
      if (facts === null) return this.discard(problem?.message ?? 'The stored DB cannot be loaded');
      const refusal = persistence.snapshots.takeFunctions(facts.functions);
      if (refusal !== null) return this.discard(refusal);
      this.end();
      this.removeIfUnwanted();
      welcomeDataset(this.around);
      this.listener.onLoaded({ streamDatabase: facts.streamDatabase });
    });
  }

  /** What was loaded is no dataset that anybody ever had. */
  private discard(reason: string): void {
    for (const database of this.around.server.keyspace.databases) database.flush();
    this.fail(reason, null);
  }

  /** `rdb-del-sync-files`: without persistence the file is of no use after a restart either. */
  private removeIfUnwanted(): void {
    const { server } = this.around;
    const { values } = server.config;
    if (!values['rdb-del-sync-files'] || values.save.length > 0 || values.appendonly) return;
    server.log.notice(
      'Removing the RDB file obtained from the master. This replica has persistence disabled',
    );
    this.platform.disk.unlink(this.rdbPath, () => undefined);
  }

  /** True when this step must not be followed by another: it failed, or nobody wants the outcome any more. */
  private failed(what: string, error: Error | null): boolean {
    if (error !== null && !this.over) this.fail(what, error);
    return this.over;
  }

  private fail(what: string, error: Error | null): void {
    this.abandon();
    this.listener.onFailed(error === null ? what : `${what}: ${systemErrorText(error)}`);
  }

  private stop(): void {
    this.end();
    if (this.fileLoad === null) return;
    this.fileLoad.stop();
    this.fileLoad = null;
    this.around.persistence.loading.end();
  }

  private end(): void {
    this.over = true;
    if (!this.hasReservedFile) return;
    this.hasReservedFile = false;
    this.around.persistence.saving.releaseFile();
  }

  private removeTemporary(): void {
    if (!this.stored) this.platform.disk.unlink(this.temporaryPath, () => undefined);
  }

  private get rdbPath(): string {
    return this.around.persistence.saving.path;
  }

  private inDirectory(name: string): string {
    return `${textFromBytes(this.around.server.config.values.dir)}/${name}`;
  }
}

/** Compares the checksum at the end of a snapshot with that of all before it. A checksum of zero is none. */
class TrailingChecksum {
  private readonly crc = new Crc64();
  private held: Buffer = Buffer.alloc(0);

  add(bytes: Buffer): void {
    const joined = this.held.length === 0 ? bytes : Buffer.concat([this.held, bytes]);
    const summed = Math.max(0, joined.length - CHECKSUM_BYTES);
    this.crc.update(joined, 0, summed);
    this.held = Buffer.from(joined.subarray(summed));
  }

  get isRight(): boolean {
    if (this.held.length < CHECKSUM_BYTES) return false;
    return this.held.every((byte) => byte === 0) || this.crc.equals(this.held, 0);
  }
}
