/** What a virtual process knows about itself, and the programs it starts. */
import type { ChildExit, ChildOptions, ChildProcess, Processes } from '../platform.js';
import { resolvePath } from './disk/paths.js';
import type { VirtualProcess } from './virtual-process.js';
import { SpawnRequest } from './spawn-request.js';
import { systemError } from './system-error.js';

/** Signals that are ignored unless somebody subscribes to them; the others end the process. */
const IGNORED_SIGNALS: ReadonlySet<NodeJS.Signals> = new Set(['SIGCHLD', 'SIGURG', 'SIGWINCH', 'SIGPIPE']);

export class ProcessTable implements Processes {
  readonly pid: number;
  readonly executablePath = '/usr/bin/node';
  readonly operatingSystem = 'Virtual 1.0 x86_64';
  private readonly listeners = new Map<NodeJS.Signals, Set<() => void>>();

  constructor(
    private readonly owner: VirtualProcess,
    private directory: string,
    readonly environment: Readonly<Record<string, string | undefined>>,
  ) {
    this.pid = owner.pid;
  }

  get workingDirectory(): string {
    return this.directory;
  }

  changeDirectory(path: string): void {
    const absolutePath = resolvePath(this.directory, path);
    const status = this.owner.host.disk.status(absolutePath);
    if (status === null) throw systemError('ENOENT', 'chdir', absolutePath);
    if (!status.isDirectory) throw systemError('ENOTDIR', 'chdir', absolutePath);
    this.directory = absolutePath;
  }

  spawn(
    path: string,
    args: readonly string[],
    options: ChildOptions,
    onExit: (error: Error | null, exit: ChildExit) => void,
  ): ChildProcess | null {
    const { owner } = this;
    if (!owner.isAlive) return null;
    const request = new SpawnRequest(owner, owner.world.takePid(), path, args, options, onExit);
    if (owner.world.onSpawn === null) request.fail(systemError('ENOENT', 'spawn', path));
    else owner.world.onSpawn(request);
    return request;
  }

  exit(code: number): void {
    this.owner.exit(code);
  }

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

  /** Simulated code takes no time. */
  cpuSeconds(): { user: number; system: number } {
    return { user: 0, system: 0 };
  }

  /** For the process: false when the signal is to end it. */
  tellListeners(signal: NodeJS.Signals): boolean {
    const listeners = this.listeners.get(signal);
    if (listeners === undefined || listeners.size === 0) return IGNORED_SIGNALS.has(signal);
    for (const listener of [...listeners]) listener();
    return true;
  }
}
