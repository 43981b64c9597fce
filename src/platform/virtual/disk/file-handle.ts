/** An open file of a virtual process. Operations have their effect one after the other. */
import type { FileHandle, OpenMode } from '../../platform.js';
import { systemError } from '../system-error.js';
import type { DiskOperation } from './disk-faults.js';
import type { FileSystem, VirtualFile } from './file-system.js';
import type { ProcessDisk } from './process-disk.js';

type Done = (error: NodeJS.ErrnoException | null) => void;

const NOTHING = Buffer.alloc(0);

export class VirtualFileHandle implements FileHandle {
  private readonly waiting: (() => void)[] = [];
  private busy = false;
  private position = 0;
  private closed = false;

  constructor(
    private readonly disk: ProcessDisk,
    private readonly system: FileSystem,
    private readonly path: string,
    private readonly file: VirtualFile,
    private readonly mode: OpenMode,
  ) {}

  write(bytes: Buffer, callback: Done): void {
    this.enqueue('write', () => this.writeNow(bytes), callback);
  }

  writeSync(bytes: Buffer): void {
    this.disk.block('write', () => this.writeNow(bytes));
  }

  read(maxBytes: number, callback: (error: NodeJS.ErrnoException | null, bytes: Buffer) => void): void {
    this.enqueue(
      'read',
      () => this.readNow(maxBytes),
      (error, bytes) => callback(error, bytes ?? NOTHING),
    );
  }

  sync(callback: Done): void {
    this.enqueue('sync', () => this.system.sync(this.path, this.file), callback);
  }

  truncate(sizeBytes: number, callback: Done): void {
    this.enqueue('write', () => this.truncateNow(sizeBytes), callback);
  }

  close(callback: Done): void {
    this.enqueue('open', () => void (this.closed = true), callback);
  }

  private writeNow(bytes: Buffer): void {
    if (this.mode === 'read') throw systemError('EBADF', 'write', this.path);
    this.system.write(this.path, this.file, this.mode === 'append' ? 'end' : this.position, bytes);
    this.position += bytes.length;
  }

  private readNow(maxBytes: number): Buffer {
    if (this.mode !== 'read') throw systemError('EBADF', 'read', this.path);
    const bytes = this.system.read(this.path, this.file, this.position, maxBytes);
    this.position += bytes.length;
    return bytes;
  }

  private truncateNow(sizeBytes: number): void {
    if (this.mode === 'read') throw systemError('EINVAL', 'ftruncate', this.path);
    this.system.truncate(this.path, this.file, sizeBytes);
    this.position = Math.min(this.position, sizeBytes);
  }

  private enqueue<T>(
    operation: DiskOperation,
    effect: () => T,
    callback: (error: NodeJS.ErrnoException | null, result: T | null) => void,
  ): void {
    const start = (): void => {
      this.disk.perform(
        operation,
        () => {
          this.startNext();
          if (this.closed) throw systemError('EBADF', operation, this.path);
          return effect();
        },
        callback,
      );
    };
    if (this.busy) {
      this.waiting.push(start);
    } else {
      this.busy = true;
      start();
    }
  }

  /** The next operation begins when this one has its effect, whether or not the process can be told. */
  private startNext(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.busy = false;
    else next();
  }
}
