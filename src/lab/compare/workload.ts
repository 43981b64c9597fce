/**
 * An open-loop workload: operations are due at fixed times, whatever became of the earlier ones, and their latency is
 * counted from then on. A client that waits for a reply before it sends the next command would send nothing while the
 * master is down, and so leave out of its figures what it should measure (coordinated omission).
 */
import type { Platform, Timer } from '../../platform/platform.js';
import { keyOf, valueOf, type Operation, type Outcome } from './operations.js';

/** What a client answers: the server and its reply, or the code of the error. */
export type Answer =
  | { readonly kind: 'reply'; readonly server: string; readonly value: unknown }
  | { readonly kind: 'error'; readonly error: string };

/** One client of the service, with its connections. It tries each command once. */
export interface WorkloadClient {
  command(args: readonly [string, string, ...string[]], callback: (answer: Answer) => void): void;
  close(): void;
}

/** Between looks at what is due. */
const TICK_MS = 1;
/** Every so many operations one reads. */
const READ_EVERY = 5;
/** A read looks for one of that many last acknowledged writes. */
const READ_WINDOW = 500;

export class Workload {
  readonly operations: Operation[] = [];
  private readonly acknowledged: number[] = [];
  private timer: Timer | null = null;
  private startMs = 0;
  private issued = 0;
  private writes = 0;
  private unanswered = 0;
  private lastLookMs = 0;
  private longestPauseMs = 0;

  constructor(
    private readonly platform: Pick<Platform, 'clock' | 'timers' | 'random'>,
    private readonly clients: readonly WorkloadClient[],
    private readonly ratePerSecond: number,
  ) {}

  /** Operations without an outcome yet. */
  get pendingCount(): number {
    return this.unanswered;
  }

  /** The longest time for which this process itself stood still: nothing was sent or heard meanwhile. */
  get stallMs(): number {
    return this.longestPauseMs;
  }

  start(): void {
    this.startMs = this.platform.clock.monotonicMs();
    this.lastLookMs = this.startMs;
    this.timer = this.platform.timers.every(TICK_MS, () => this.issueDue());
  }

  /** Issues nothing more; what is under way still gets its outcome. */
  stop(): void {
    this.timer?.cancel();
  }

  private issueDue(): void {
    const nowMs = this.platform.clock.monotonicMs();
    this.longestPauseMs = Math.max(this.longestPauseMs, nowMs - this.lastLookMs);
    this.lastLookMs = nowMs;
    for (;;) {
      const dueMs = this.startMs + (this.issued * 1000) / this.ratePerSecond;
      if (dueMs > nowMs) return;
      const client = this.nextClient();
      const isRead = this.issued % READ_EVERY === READ_EVERY - 1 && this.acknowledged.length > 0;
      this.issued++;
      if (isRead) this.read(client, dueMs);
      else this.write(client, dueMs);
    }
  }

  /** All in turn, each round beginning with the next one: whatever is done every so many times falls on all alike. */
  private nextClient(): number {
    const round = Math.floor(this.issued / this.clients.length);
    return (this.issued + round) % this.clients.length;
  }

  private write(client: number, dueMs: number): void {
    const number = this.writes++;
    this.send(['SET', keyOf(number), valueOf(number)], { kind: 'write', number, client, dueMs }, (value) => {
      if (value === 'OK') this.acknowledged.push(number);
      return false;
    });
  }

  private read(client: number, dueMs: number): void {
    const window = Math.min(READ_WINDOW, this.acknowledged.length);
    const number = this.acknowledged[this.acknowledged.length - 1 - this.platform.random.integer(window)]!;
    this.send(
      ['GET', keyOf(number)],
      { kind: 'read', number, client, dueMs },
      (value) => value !== valueOf(number),
    );
  }

  private send(
    args: readonly [string, string, ...string[]],
    operation: Omit<Operation, 'endMs' | 'outcome'>,
    isStale: (value: unknown) => boolean,
  ): void {
    this.unanswered++;
    this.clients[operation.client]!.command(args, (answer) => {
      this.unanswered--;
      const outcome: Outcome =
        answer.kind === 'error'
          ? { kind: 'failed', error: answer.error }
          : { kind: 'acknowledged', server: answer.server, isStale: isStale(answer.value) };
      this.operations.push({ ...operation, endMs: this.platform.clock.monotonicMs(), outcome });
    });
  }
}
