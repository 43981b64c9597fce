/**
 * The directory of an append-only log: where its files are, and the manifest on disk. The manifest is replaced as a
 * whole: temporary file, fsync, rename, fsync of the directory; before that the new one does not count.
 */
import type { ServerConfig } from '../../config/server-config.js';
import type { Disk } from '../../platform/platform.js';
import { textFromBytes } from '../../resp/ascii.js';
import {
  EMPTY_MANIFEST,
  filesToLoad,
  formatManifest,
  isEmptyManifest,
  parseManifest,
  withoutHistory,
  type LogFile,
  type Manifest,
} from './manifest.js';

type Done = (error: Error | null) => void;

export class LogDirectory {
  /** Manifests are replaced one after the other. */
  private readonly waitingSaves: (() => void)[] = [];
  private isSaving = false;

  constructor(
    private readonly config: ServerConfig,
    private readonly disk: Disk,
  ) {}

  /** `appendfilename` */
  get baseName(): string {
    return this.config.values.appendfilename;
  }

  /** The path of the directory. */
  get path(): string {
    return this.inDataDirectory(this.config.values.appenddirname);
  }

  /** The path of one of its files. */
  pathOf(name: string): string {
    return `${this.path}/${textFromBytes(name)}`;
  }

  /** A path in the server's own directory, where the temporary file of a rewrite is. */
  inDataDirectory(name: string): string {
    return textFromBytes(`${this.config.values.dir}/${name}`);
  }

  /** Collects commands while the first base of a log that was just switched on is written. */
  get temporaryIncrementPath(): string {
    return this.pathOf(`temp-${this.baseName}.incr`);
  }

  /** At once, so that the next attempt finds it gone; whoever has it open is not disturbed. */
  removeTemporaryIncrement(): void {
    if (this.disk.statusSync(this.temporaryIncrementPath) !== null) {
      this.disk.unlinkSync(this.temporaryIncrementPath);
    }
  }

  get manifestPath(): string {
    return this.pathOf(`${this.baseName}.manifest`);
  }

  /** The size of a file; null when it is not there. */
  sizeOf(name: string): number | null {
    return this.disk.statusSync(this.pathOf(name))?.sizeBytes ?? null;
  }

  /** The size of everything that would be loaded. */
  sizeBytes(manifest: Manifest): number {
    return filesToLoad(manifest).reduce((sum, { name }) => sum + (this.sizeOf(name) ?? 0), 0);
  }

  /** @throws the error of the system */
  make(): void {
    this.disk.makeDirectorySync(this.path);
  }

  /**
   * Reads the manifest, while starting. Without one the log is empty.
   * @throws ManifestError
   */
  load(): Manifest {
    if (this.disk.statusSync(this.manifestPath) === null) return EMPTY_MANIFEST;
    return parseManifest(this.disk.readFileSync(this.manifestPath).latin1Slice());
  }

  /** Replaces the manifest while nobody is served yet. @throws the error of the system */
  saveSync(manifest: Manifest): void {
    this.disk.writeFileSync(this.temporaryManifestPath, Buffer.from(formatManifest(manifest), 'latin1'));
    this.disk.publishFileSync(this.temporaryManifestPath, this.manifestPath);
  }

  /** Replaces the manifest. @param done called when the new one is durable, or (with an error) the old one is */
  save(manifest: Manifest, done: Done): void {
    if (this.isSaving) {
      this.waitingSaves.push(() => this.save(manifest, done));
      return;
    }
    this.isSaving = true;
    this.replaceManifest(manifest, (error) => {
      this.isSaving = false;
      done(error);
      if (!this.isSaving) this.waitingSaves.shift()?.();
    });
  }

  private replaceManifest(manifest: Manifest, done: Done): void {
    const { disk } = this;
    const temporary = this.temporaryManifestPath;
    disk.open(temporary, 'write', (error, file) => {
      if (file === null) return done(error);
      let problem: Error | null = null;
      file.write(Buffer.from(formatManifest(manifest), 'latin1'), (error) => (problem = error));
      file.sync((error) => {
        problem ??= error;
        file.close(() => {
          if (problem !== null) return done(problem);
          disk.rename(temporary, this.manifestPath, (renameError) => {
            if (renameError !== null) return done(renameError);
            disk.syncDirectory(this.path, done);
          });
        });
      });
    });
  }

  /**
   * Makes files durable that a process before this one wrote: it may have been killed before it did so, and what is
   * written from now on is worth nothing without them.
   */
  syncFiles(files: readonly LogFile[], done: Done): void {
    let remaining = files.length;
    let problem: Error | null = null;
    const finished = (error: Error | null): void => {
      problem ??= error;
      if (--remaining === 0) done(problem);
    };
    if (remaining === 0) return done(null);
    for (const { name } of files) {
      this.disk.open(this.pathOf(name), 'append', (openError, file) => {
        if (file === null) return finished(openError);
        file.sync((error) => file.close(() => finished(error)));
      });
    }
  }

  /**
   * Deletes replaced files and takes them out of the manifest. Failure harms nobody: it is tried again after the
   * next rewrite or start.
   * @param done called with the manifest that holds then
   */
  deleteHistory(manifest: Manifest, done: (manifest: Manifest) => void): void {
    if (manifest.history.length === 0 || this.config.values['aof-disable-auto-gc']) return done(manifest);
    const shorter = withoutHistory(manifest);
    let remaining = manifest.history.length;
    for (const { name } of manifest.history) {
      this.disk.unlink(this.pathOf(name), () => {
        if (--remaining === 0) this.save(shorter, (error) => done(error === null ? shorter : manifest));
      });
    }
  }

  /**
   * Takes over the single file that a Redis before 7.0 left. Safe to be repeated after a crash.
   * @returns the manifest to go on with, or null when there is nothing to take over
   * @throws the error of the system
   */
  upgrade(manifest: Manifest): Manifest | null {
    const oldPath = this.inDataDirectory(this.baseName);
    if (this.disk.statusSync(oldPath)?.isFile !== true) return null;
    const isHalfDone =
      manifest.increments.length === 0 &&
      manifest.base?.name === this.baseName &&
      this.sizeOf(this.baseName) === null;
    const isUnused = this.disk.statusSync(this.path) === null || isEmptyManifest(manifest);
    if (!isHalfDone && !isUnused) return null;
    const upgraded: Manifest = {
      ...EMPTY_MANIFEST,
      base: { name: this.baseName, sequence: 1 },
      baseSequence: 1,
    };
    this.make();
    this.saveSync(upgraded);
    this.disk.renameSync(oldPath, this.pathOf(this.baseName));
    return upgraded;
  }

  private get temporaryManifestPath(): string {
    return this.pathOf(`temp-${this.baseName}.manifest`);
  }
}
