/** CLIENT PAUSE and the pause of writes during FAILOVER: holds clients' commands back until it ends. */
import type { Timer } from '../platform/platform.js';
import type { Client } from './client.js';
import type { Command } from './command.js';
import type { Server } from './server.js';

/** Who asked for a pause; each purpose has its own, and the strictest holds. */
export type PausePurpose = 'client' | 'failover' | 'shutdown' | 'opening the log';

interface ActivePause {
  readonly writesOnly: boolean;
  readonly untilMs: number;
}

export class Pause {
  private readonly active = new Map<PausePurpose, ActivePause>();
  private postponed = new Set<Client>();
  private timer: Timer | null = null;
  private readonly releaseListeners = new Set<() => void>();
  /** Fast path: nothing is paused. */
  private idle = true;

  constructor(private readonly server: Server) {}

  get isActive(): boolean {
    return !this.idle;
  }

  /** While writes are paused, nothing may change the dataset: no expiry, no eviction. */
  get pausesWrites(): boolean {
    return !this.idle;
  }

  /** Reason shown by INFO, or null. */
  get purposes(): readonly PausePurpose[] {
    return [...this.active.keys()];
  }

  /**
   * Starts or extends a pause. An existing one of the same purpose is never shortened or weakened.
   * @param durationMs Infinity: until it is ended
   */
  begin(purpose: PausePurpose, durationMs: number, writesOnly: boolean): void {
    const existing = this.active.get(purpose);
    const untilMs = this.server.steadyClock.nowMs() + durationMs;
    this.active.set(purpose, {
      untilMs: Math.max(untilMs, existing?.untilMs ?? 0),
      writesOnly: writesOnly && (existing?.writesOnly ?? true),
    });
    this.update();
  }

  end(purpose: PausePurpose): void {
    if (this.active.delete(purpose)) this.update();
  }

  /** Whether the command must wait. Replicas and a master's stream never do. */
  holds(client: Client, command: Command, args: readonly string[]): boolean {
    if (this.idle) return false;
    if (client.kind === 'replica' || client.isTrusted) return false;
    let everything = false;
    for (const pause of this.active.values()) if (!pause.writesOnly) everything = true;
    if (everything) return true;
    if (command.name === 'exec') return client.transaction?.hasWrites === true;
    const judged = command.judgedFor(args);
    return judged.isWrite || judged.mayReplicate;
  }

  /** Keeps a command until the pause ends; the client reads no further meanwhile. */
  postpone(client: Client, args: string[]): void {
    client.postponed = args;
    this.postponed.add(client);
  }

  forget(client: Client): void {
    this.postponed.delete(client);
  }

  get postponedCount(): number {
    return this.postponed.size;
  }

  /**
   * Has `listener` called whenever a pause may have ended or been weakened, inside the command that did it and before
   * those it held back go on. Returns what ends that.
   */
  onRelease(listener: () => void): () => void {
    this.releaseListeners.add(listener);
    return () => this.releaseListeners.delete(listener);
  }

  private update(): void {
    this.timer?.cancel();
    this.timer = null;
    const { platform, steadyClock } = this.server;
    const nowMs = steadyClock.nowMs();
    let nextEndMs = Infinity;
    for (const [purpose, pause] of this.active) {
      if (pause.untilMs <= nowMs) this.active.delete(purpose);
      else nextEndMs = Math.min(nextEndMs, pause.untilMs);
    }
    this.idle = this.active.size === 0;
    this.server.keyspace.expiryPaused = !this.idle;
    if (!this.idle && nextEndMs < Infinity) {
      this.timer = platform.timers.after(Math.min(nextEndMs - nowMs, 0x7fffffff), () => this.update());
    }
    this.release();
  }

  /**
   * Has what was held back executed at the end of the turn, never inside the command that ends the pause: it would
   * be part of that one's unit. Commands that a remaining pause still holds are postponed again.
   */
  private release(): void {
    const clients = this.postponed;
    this.postponed = new Set();
    for (const listener of [...this.releaseListeners]) listener();
    for (const client of clients) this.server.resumeLater(client);
  }

  close(): void {
    this.timer?.cancel();
  }
}
