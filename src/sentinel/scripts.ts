/**
 * Runs operators' scripts: a queue in order, a few at a time, with a limit on their time, and again after a
 * failure that may pass. Started without a shell; what they do is never waited for.
 */
import type { ChildExit, Clock, Processes, Timer, Timers } from '../platform/platform.js';
import { textFromBytes } from '../resp/ascii.js';
import type { SentinelOccurrence } from './events.js';
import type { Periods } from './periods.js';

const MAX_QUEUED = 256;
const MAX_RUNNING = 16;
const MAX_TRIES = 10;
/** A script that ends with this code, or by a signal, is run again later. */
const RETRY_EXIT_CODE = 1;
/** Told as the exit code of a script that could not be started. */
const NOT_STARTED_EXIT_CODE = 2;

/** Signals by the numbers that events tell. */
const SIGNAL_NUMBERS: Readonly<Partial<Record<NodeJS.Signals, number>>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
};

/** A script that runs or waits. */
export interface ScriptJob {
  /** The path and its arguments, as bytes. */
  readonly argv: readonly string[];
  /** How often it has been started. */
  tries: number;
  /** Not before this time on the monotonic clock. */
  dueMs: number;
  /** While it runs. */
  running: { readonly pid: number; readonly sinceMs: number; readonly limit: Timer } | null;
}

export interface ScriptParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly processes: Processes;
  readonly periods: Periods;
  readonly say: (occurrence: SentinelOccurrence) => void;
}

export class Scripts {
  readonly #jobs: ScriptJob[] = [];
  readonly #parts: ScriptParts;
  #timer: Timer | null = null;
  #closed = false;

  constructor(parts: ScriptParts) {
    this.#parts = parts;
  }

  get jobs(): readonly ScriptJob[] {
    return this.#jobs;
  }

  get runningCount(): number {
    return this.#jobs.filter(({ running }) => running !== null).length;
  }

  /** Adds a script to the queue. A full queue loses the oldest that does not run yet. */
  schedule(path: string, args: readonly string[]): void {
    if (this.#closed) return;
    this.#jobs.push({ argv: [path, ...args], tries: 0, dueMs: 0, running: null });
    if (this.#jobs.length > MAX_QUEUED) {
      const oldest = this.#jobs.findIndex(({ running }) => running === null);
      this.#jobs.splice(oldest, 1);
    }
    this.#startDue();
  }

  /** Starts nothing any more. What runs goes on without us. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const { running } of this.#jobs) running?.limit.cancel();
  }

  #startDue(): void {
    if (this.#closed) return;
    const nowMs = this.#parts.clock.monotonicMs();
    for (const job of [...this.#jobs]) {
      if (this.runningCount >= MAX_RUNNING) return;
      if (job.running === null && job.dueMs <= nowMs) this.#start(job, nowMs);
    }
    this.#wakeForNext(nowMs);
  }

  #wakeForNext(nowMs: number): void {
    this.#timer?.cancel();
    const waiting = this.#jobs.filter(({ running }) => running === null);
    if (waiting.length === 0) return;
    const nextMs = Math.min(...waiting.map(({ dueMs }) => dueMs));
    this.#timer = this.#parts.timers.after(Math.max(0, nextMs - nowMs), () => this.#startDue());
  }

  #start(job: ScriptJob, nowMs: number): void {
    const { processes, timers, periods, say } = this.#parts;
    const [path, ...args] = job.argv.map(textFromBytes);
    job.tries++;
    const child = processes.spawn(path, args, {}, (error, exit) => this.#ended(job, error, exit));
    if (child === null) return;
    const limit = timers.after(periods.scriptMaxRuntimeMs, () => {
      say({ kind: 'script-timed-out', path: job.argv[0], pid: child.pid });
      child.kill('SIGKILL');
    });
    job.running = { pid: child.pid, sinceMs: nowMs, limit };
    say({ kind: 'script-started', pid: child.pid });
  }

  #ended(job: ScriptJob, error: Error | null, exit: ChildExit): void {
    const { say, periods, clock } = this.#parts;
    const { running } = job;
    running?.limit.cancel();
    job.running = null;
    const signal = exit.signal === null ? 0 : (SIGNAL_NUMBERS[exit.signal] ?? 0);
    const exitCode = error === null ? (exit.code ?? 0) : NOT_STARTED_EXIT_CODE;
    if (running !== null) say({ kind: 'script-ended', pid: running.pid, exitCode, signal });
    const mayPass = error === null && (signal !== 0 || exitCode === RETRY_EXIT_CODE);
    if (mayPass && job.tries < MAX_TRIES) {
      job.dueMs = clock.monotonicMs() + periods.scriptRetryDelayMs * 2 ** (job.tries - 1);
    } else {
      this.#jobs.splice(this.#jobs.indexOf(job), 1);
      if (signal !== 0 || exitCode !== 0) {
        say({ kind: 'script-failed', path: job.argv[0], signal, exitCode });
      }
    }
    this.#startDue();
  }
}
