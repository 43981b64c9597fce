/** A program that a virtual process has started: the test (or the simulator) plays the program. */
import type { ChildExit, ChildOptions, ChildProcess } from '../platform.js';
import type { VirtualProcess } from './virtual-process.js';

const NOT_STARTED: ChildExit = { code: null, signal: null };

export class SpawnRequest implements ChildProcess {
  /** Called when the process sends a signal to its child. SIGKILL has ended it by then. */
  onSignal: ((signal: NodeJS.Signals) => void) | null = null;
  /** What its standard input was given so far. */
  input = '';
  /** Called when its standard input ends: by its parent. */
  onInputEnd: (() => void) | null = null;
  private ended = false;

  constructor(
    /** Who started it. */
    readonly parent: VirtualProcess,
    readonly pid: number,
    readonly path: string,
    readonly args: readonly string[],
    readonly options: ChildOptions,
    private readonly onExit: (error: Error | null, exit: ChildExit) => void,
  ) {}

  get hasEnded(): boolean {
    return this.ended;
  }

  /** The program writes. */
  output(source: 'stdout' | 'stderr', text: string): void {
    const { onOutput } = this.options;
    if (onOutput !== undefined && !this.ended) this.parent.post(() => onOutput(source, text));
  }

  /** The program ends. */
  exit(code: number | null, signal: NodeJS.Signals | null = null): void {
    this.end(null, { code, signal });
  }

  /** The program could not be started. */
  fail(error: Error): void {
    this.end(error, NOT_STARTED);
  }

  kill(signal: NodeJS.Signals): void {
    if (this.ended) return;
    if (signal === 'SIGKILL') this.exit(null, signal);
    this.onSignal?.(signal);
  }

  write(text: string): void {
    this.input += text;
  }

  endInput(): void {
    this.onInputEnd?.();
  }

  unref(): void {
    // Nothing waits for children in the virtual world.
  }

  private end(error: Error | null, exit: ChildExit): void {
    if (this.ended) return;
    this.ended = true;
    this.parent.post(() => this.onExit(error, exit));
  }
}
