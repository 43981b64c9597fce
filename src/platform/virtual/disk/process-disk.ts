/**
 * The Disk of a process whose files are in memory: each operation takes the disk some time, then has its effect, then
 * calls back. A process that dies meanwhile leaves the operation undone. Blocking operations have their effect at once
 * and keep the process busy for as long as they take.
 */
import type { Disk, FileHandle, FileStatus, OpenMode, Processes, Randomness } from '../../platform.js';
import type { DiskOperation } from './disk-faults.js';
import { VirtualFileHandle } from './file-handle.js';
import type { FileSystem } from './file-system.js';
import { parentOf, resolvePath } from './paths.js';

type Done = (error: NodeJS.ErrnoException | null) => void;

const NOTHING = Buffer.alloc(0);
const TEMPORARY_SUFFIX_LENGTH = 12;

/** What the disk needs of the process that it serves. */
export interface DiskOwner {
  readonly name: string;
  readonly isAlive: boolean;
  readonly random: Randomness;
  readonly processes: Pick<Processes, 'workingDirectory'>;
  /** Has something happen outside of the process's code, so that a pause does not hold it up. */
  afterDelay(delayMs: number, effect: () => void): void;
  /** Runs code of the process as soon as it can. */
  post(run: () => void): void;
  /** Keeps the process busy. */
  stall(ms: number): void;
}

export class ProcessDisk implements Disk {
  constructor(
    private readonly owner: DiskOwner,
    private readonly system: FileSystem,
  ) {}

  open(
    path: string,
    mode: OpenMode,
    callback: (error: NodeJS.ErrnoException | null, file: FileHandle | null) => void,
  ): void {
    this.perform('open', () => this.openNow(path, mode), callback);
  }

  readFile(path: string, callback: (error: NodeJS.ErrnoException | null, bytes: Buffer) => void): void {
    this.perform(
      'read',
      () => this.read(path),
      (error, bytes) => callback(error, bytes ?? NOTHING),
    );
  }

  rename(from: string, to: string, callback: Done): void {
    this.perform(
      'rename',
      () => this.system.rename(this.absolutePath(from), this.absolutePath(to)),
      callback,
    );
  }

  unlink(path: string, callback: Done): void {
    this.perform('unlink', () => this.system.unlink(this.absolutePath(path)), callback);
  }

  syncDirectory(path: string, callback: Done): void {
    this.perform('sync', () => this.system.syncDirectory(this.absolutePath(path)), callback);
  }

  replaceFile(path: string, bytes: Buffer, mode: number, callback: Done): void {
    const steps = this.replacementSteps(path, Buffer.from(bytes), mode);
    const next = (index: number): void => {
      const step = steps[index];
      if (step === undefined) {
        callback(null);
        return;
      }
      this.perform(step.operation, step.run, (error) => {
        if (error === null) next(index + 1);
        else callback(error);
      });
    };
    next(0);
  }

  openSync(path: string, mode: OpenMode): FileHandle {
    return this.block('open', () => this.openNow(path, mode));
  }

  readFileSync(path: string): Buffer {
    return this.block('read', () => this.read(path));
  }

  replaceFileSync(path: string, bytes: Buffer, mode: number): void {
    for (const step of this.replacementSteps(path, bytes, mode)) this.block(step.operation, step.run);
  }

  publishFileSync(temporaryPath: string, path: string): void {
    const { system } = this;
    const [temporary, target] = [this.absolutePath(temporaryPath), this.absolutePath(path)];
    this.block('sync', () => system.sync(temporary, system.open(temporary, 'read')));
    this.block('rename', () => system.rename(temporary, target));
    this.block('sync', () => system.syncDirectory(parentOf(target)));
  }

  writeFileSync(path: string, bytes: Buffer): void {
    this.block('write', () => this.writeWhole(path, 'write', bytes));
  }

  appendFileSync(path: string, bytes: Buffer): void {
    this.block('write', () => this.writeWhole(path, 'append', bytes));
  }

  unlinkSync(path: string): void {
    this.block('unlink', () => this.system.unlink(this.absolutePath(path)));
  }

  renameSync(from: string, to: string): void {
    this.block('rename', () => this.system.rename(this.absolutePath(from), this.absolutePath(to)));
  }

  makeDirectorySync(path: string): void {
    this.block('mkdir', () => this.system.makeDirectory(this.absolutePath(path)));
  }

  removeTreeSync(path: string): void {
    this.block('unlink', () => this.system.removeTree(this.absolutePath(path)));
  }

  listDirectorySync(path: string): string[] {
    return this.system.list(this.absolutePath(path));
  }

  statusSync(path: string): FileStatus | null {
    return this.system.status(this.absolutePath(path));
  }

  isWritableSync(path: string): boolean {
    return this.system.isWritable(this.absolutePath(path));
  }

  absolutePath(path: string): string {
    return resolvePath(this.owner.processes.workingDirectory, path);
  }

  /** For this folder: has an effect on the disk once the operation has taken its time, then calls back. */
  perform<T>(
    operation: DiskOperation,
    effect: () => T,
    callback: (error: NodeJS.ErrnoException | null, result: T | null) => void,
  ): void {
    const { owner } = this;
    owner.afterDelay(this.system.drawLatencyMs(operation), () => {
      if (!owner.isAlive) return;
      const outcome = attempt(effect);
      owner.post(() => callback(outcome.error, outcome.result));
    });
  }

  /** For this folder: a blocking operation. */
  block<T>(operation: DiskOperation, effect: () => T): T {
    // A dead process's code may still be running (it asked to exit); it must not touch the disk any more.
    if (!this.owner.isAlive) throw new Error(`process ${this.owner.name} has ended`);
    this.owner.stall(this.system.drawLatencyMs(operation));
    return effect();
  }

  private openNow(path: string, mode: OpenMode): FileHandle {
    const where = this.absolutePath(path);
    return new VirtualFileHandle(this, this.system, where, this.system.open(where, mode), mode);
  }

  private read(path: string): Buffer {
    const where = this.absolutePath(path);
    return this.system.read(where, this.system.open(where, 'read'), 0, Infinity);
  }

  private writeWhole(path: string, mode: 'write' | 'append', bytes: Buffer): void {
    const where = this.absolutePath(path);
    this.system.write(where, this.system.open(where, mode), 'end', bytes);
  }

  /** The steps of Disk.replaceFile, each of which may be the last one before a crash. */
  private replacementSteps(
    path: string,
    bytes: Buffer,
    mode: number,
  ): { readonly operation: DiskOperation; readonly run: () => void }[] {
    const { system } = this;
    const target = this.absolutePath(path);
    const temporary = `${target}.tmp-${this.owner.random.hex(TEMPORARY_SUFFIX_LENGTH)}`;
    const discardOnError = (run: () => void) => (): void => {
      const { error } = attempt(run);
      if (error === null) return;
      attempt(() => system.unlink(temporary));
      throw error;
    };
    return [
      {
        operation: 'write',
        run: discardOnError(() => {
          const file = system.open(temporary, 'write');
          file.mode = mode;
          system.write(temporary, file, 0, bytes);
        }),
      },
      {
        operation: 'sync',
        run: discardOnError(() => system.sync(temporary, system.open(temporary, 'read'))),
      },
      { operation: 'rename', run: discardOnError(() => system.rename(temporary, target)) },
      { operation: 'sync', run: () => system.syncDirectory(parentOf(target)) },
    ];
  }
}

function attempt<T>(effect: () => T): { error: NodeJS.ErrnoException | null; result: T | null } {
  try {
    return { error: null, result: effect() };
  } catch (error) {
    return { error: error as NodeJS.ErrnoException, result: null };
  }
}
