/**
 * The Disk of an embedded process on the machine's real one: relative to its own directory, silent while it stands
 * still, and with no file left open when it has died. What had been written by then is there, as after a real crash.
 */
import type { Disk, FileHandle, FileStatus, OpenMode } from '../platform.js';

/** What the disk must know of its process. */
export interface FileDiskOwner {
  readonly isAlive: boolean;
  run(code: () => void): void;
  /** The absolute form of a path, from the directory of the process. */
  resolvePath(path: string): string;
}

type Failure = NodeJS.ErrnoException | null;
type Done = (error: Failure) => void;

export class FileDisk implements Disk {
  private readonly openFiles = new Set<FileHandle>();

  constructor(
    private readonly owner: FileDiskOwner,
    private readonly machine: Disk,
  ) {}

  open(path: string, mode: OpenMode, callback: (error: Failure, file: FileHandle | null) => void): void {
    this.machine.open(this.absolutePath(path), mode, (error, file) => {
      if (file !== null) this.openFiles.add(file);
      if (!this.owner.isAlive) this.closeAll();
      else this.owner.run(() => callback(error, file === null ? null : this.own(file)));
    });
  }

  readFile(path: string, callback: (error: Failure, bytes: Buffer) => void): void {
    this.machine.readFile(this.absolutePath(path), (error, bytes) =>
      this.owner.run(() => callback(error, bytes)),
    );
  }

  rename(from: string, to: string, callback: Done): void {
    this.machine.rename(this.absolutePath(from), this.absolutePath(to), this.told(callback));
  }

  unlink(path: string, callback: Done): void {
    this.machine.unlink(this.absolutePath(path), this.told(callback));
  }

  syncDirectory(path: string, callback: Done): void {
    this.machine.syncDirectory(this.absolutePath(path), this.told(callback));
  }

  replaceFile(path: string, bytes: Buffer, mode: number, callback: Done): void {
    this.machine.replaceFile(this.absolutePath(path), bytes, mode, this.told(callback));
  }

  openSync(path: string, mode: OpenMode): FileHandle {
    const file = this.machine.openSync(this.absolutePath(path), mode);
    this.openFiles.add(file);
    return this.own(file);
  }

  readFileSync(path: string): Buffer {
    return this.machine.readFileSync(this.absolutePath(path));
  }

  replaceFileSync(path: string, bytes: Buffer, mode: number): void {
    this.machine.replaceFileSync(this.absolutePath(path), bytes, mode);
  }

  publishFileSync(temporaryPath: string, path: string): void {
    this.machine.publishFileSync(this.absolutePath(temporaryPath), this.absolutePath(path));
  }

  writeFileSync(path: string, bytes: Buffer): void {
    this.machine.writeFileSync(this.absolutePath(path), bytes);
  }

  appendFileSync(path: string, bytes: Buffer): void {
    this.machine.appendFileSync(this.absolutePath(path), bytes);
  }

  unlinkSync(path: string): void {
    this.machine.unlinkSync(this.absolutePath(path));
  }

  renameSync(from: string, to: string): void {
    this.machine.renameSync(this.absolutePath(from), this.absolutePath(to));
  }

  makeDirectorySync(path: string): void {
    this.machine.makeDirectorySync(this.absolutePath(path));
  }

  listDirectorySync(path: string): string[] {
    return this.machine.listDirectorySync(this.absolutePath(path));
  }

  removeTreeSync(path: string): void {
    this.machine.removeTreeSync(this.absolutePath(path));
  }

  statusSync(path: string): FileStatus | null {
    return this.machine.statusSync(this.absolutePath(path));
  }

  isWritableSync(path: string): boolean {
    return this.machine.isWritableSync(this.absolutePath(path));
  }

  absolutePath(path: string): string {
    return this.owner.resolvePath(path);
  }

  /** The process has ended. */
  closeAll(): void {
    for (const file of this.openFiles) file.close(() => undefined);
    this.openFiles.clear();
  }

  private told(callback: Done): Done {
    return (error) => this.owner.run(() => callback(error));
  }

  private own(file: FileHandle): FileHandle {
    return {
      write: (bytes, callback) => file.write(bytes, this.told(callback)),
      writeSync: (bytes) => file.writeSync(bytes),
      read: (maxBytes, callback) =>
        file.read(maxBytes, (error, bytes) => this.owner.run(() => callback(error, bytes))),
      sync: (callback) => file.sync(this.told(callback)),
      truncate: (sizeBytes, callback) => file.truncate(sizeBytes, this.told(callback)),
      close: (callback) => {
        this.openFiles.delete(file);
        file.close(this.told(callback));
      },
    };
  }
}
