/** This process, and the ones it starts. */
import { spawn, type ChildProcess as NodeChild, type SpawnOptions } from 'node:child_process';
import type { Socket } from 'node:net';
import { machine, release, type } from 'node:os';
import type { ChildExit, ChildOptions, ChildProcess, Processes } from '../platform.js';
import { blockingSleep } from './blocking-sleep.js';
import { startedProgram } from './script-program.js';

type ExitCallback = (error: Error | null, exit: ChildExit) => void;

const NOT_STARTED: ChildExit = { code: null, signal: null };

export class NodeProcesses implements Processes {
  readonly pid = process.pid;
  readonly environment = process.env;
  readonly executablePath = process.execPath;
  readonly operatingSystem = `${type()} ${release()} ${machine()}`;

  get workingDirectory(): string {
    return process.cwd();
  }

  changeDirectory(path: string): void {
    process.chdir(path);
  }

  spawn(
    path: string,
    args: readonly string[],
    options: ChildOptions,
    onExit: ExitCallback,
  ): ChildProcess | null {
    let child: NodeChild;
    try {
      const program = startedProgram(path, args);
      child = spawn(program.path, program.args, spawnOptions(options));
    } catch (error) {
      // Some failures (arguments too long, a NUL in the path) are thrown instead of being emitted.
      process.nextTick(onExit, error as Error, NOT_STARTED);
      return null;
    }
    listenForExit(child, options, onExit);
    return child.pid === undefined ? null : new StartedProcess(child, child.pid);
  }

  exit(code: number): void {
    process.exit(code);
  }

  onSignal(signal: NodeJS.Signals, callback: () => void): () => void {
    const listener = (): void => callback();
    process.on(signal, listener);
    return () => process.off(signal, listener);
  }

  blockingSleep(ms: number): void {
    blockingSleep(ms);
  }

  cpuSeconds(): { user: number; system: number } {
    const usage = process.cpuUsage();
    return { user: usage.user / 1e6, system: usage.system / 1e6 };
  }
}

class StartedProcess implements ChildProcess {
  constructor(
    private readonly child: NodeChild,
    readonly pid: number,
  ) {}

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  write(text: string): void {
    this.child.stdin?.write(text);
  }

  endInput(): void {
    this.child.stdin?.end();
  }

  unref(): void {
    this.child.unref();
    const input = this.child.stdin as Socket | null;
    input?.unref();
  }
}

function spawnOptions(options: ChildOptions): SpawnOptions {
  const output = options.onOutput === undefined ? 'ignore' : 'pipe';
  return {
    cwd: options.workingDirectory,
    env: options.environment === undefined ? process.env : { ...process.env, ...options.environment },
    detached: options.detached ?? false,
    stdio:
      options.inheritStreams === true
        ? 'inherit'
        : [options.openInput === true ? 'pipe' : 'ignore', output, output],
    shell: false,
  };
}

function listenForExit(child: NodeChild, options: ChildOptions, onExit: ExitCallback): void {
  const { onOutput } = options;
  if (onOutput !== undefined) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => onOutput('stdout', text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => onOutput('stderr', text));
  }
  // A reader that is gone is told by the exit.
  child.stdin?.on('error', () => undefined);
  let started = false;
  child.once('spawn', () => (started = true));
  child.on('error', (error) => {
    // After the start, an error is a signal that could not be sent: the exit is still to come.
    if (!started) onExit(error, NOT_STARTED);
  });
  // Whoever reads the output wants all of it before the exit; otherwise a grandchild that keeps the pipes
  // open must not hide the exit.
  child.once(
    onOutput === undefined ? 'exit' : 'close',
    (code: number | null, signal: NodeJS.Signals | null) => {
      if (started) onExit(null, { code, signal });
    },
  );
}
