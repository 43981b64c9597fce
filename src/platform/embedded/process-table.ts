/** What an embedded process knows about itself: a directory and signals of its own, everything else the machine's. */
import { isAbsolute, resolve } from 'node:path';
import type { ChildExit, ChildOptions, ChildProcess, Disk, Processes } from '../platform.js';
import { systemError } from '../virtual/system-error.js';

/** What the table must know of its process. */
export interface TableOwner {
  readonly isAlive: boolean;
  readonly disk: Pick<Disk, 'statusSync' | 'absolutePath'>;
  run(code: () => void): void;
  exit(code: number): void;
  stall(ms: number): void;
}

export class EmbeddedProcessTable implements Processes {
  readonly pid: number;
  readonly environment: Processes['environment'];
  readonly executablePath: string;
  readonly operatingSystem: string;
  private readonly listeners = new Map<NodeJS.Signals, Set<() => void>>();
  private readonly children = new Set<ChildProcess>();

  constructor(
    private readonly owner: TableOwner,
    private readonly machine: Processes,
    public workingDirectory: string,
  ) {
    // It shares its process, and there is no other id that would lead to it.
    this.pid = machine.pid;
    this.environment = machine.environment;
    this.executablePath = machine.executablePath;
    this.operatingSystem = machine.operatingSystem;
  }

  changeDirectory(path: string): void {
    const { disk } = this.owner;
    const status = disk.statusSync(path);
    if (status === null) throw systemError('ENOENT', 'chdir', path);
    if (!status.isDirectory) throw systemError('ENOTDIR', 'chdir', path);
    this.workingDirectory = disk.absolutePath(path);
  }

  /** Scripts of sentinels. They end with their starter, of which nothing may be left. */
  spawn(
    path: string,
    args: readonly string[],
    options: ChildOptions,
    onExit: (error: Error | null, exit: ChildExit) => void,
  ): ChildProcess | null {
    const { workingDirectory, owner } = this;
    const child = this.machine.spawn(path, args, { workingDirectory, ...options }, (error, exit) => {
      if (child !== null) this.children.delete(child);
      owner.run(() => onExit(error, exit));
    });
    if (child !== null) this.children.add(child);
    return child;
  }

  exit(code: number): void {
    this.owner.exit(code);
  }

  /** Signals reach it through {@link tell} only: those of the process it lives in are none of its business. */
  onSignal(signal: NodeJS.Signals, callback: () => void): () => void {
    const listeners = this.listeners.get(signal) ?? new Set();
    this.listeners.set(signal, listeners);
    const listener = (): void => callback();
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  blockingSleep(ms: number): void {
    this.owner.stall(ms);
  }

  /** Of the whole process, in which nobody can tell whose they are. */
  cpuSeconds(): { readonly user: number; readonly system: number } {
    return this.machine.cpuSeconds();
  }

  /** Whether anybody listens to the signal. */
  tell(signal: NodeJS.Signals): boolean {
    const listeners = [...(this.listeners.get(signal) ?? [])];
    for (const listener of listeners) this.owner.run(listener);
    return listeners.length > 0;
  }

  endChildren(): void {
    for (const child of this.children) child.kill('SIGKILL');
  }
}

/** A path of the real disk, seen from a directory that is not this process's. */
export function resolveFrom(directory: string, path: string): string {
  return isAbsolute(path) ? path : resolve(directory, path);
}
