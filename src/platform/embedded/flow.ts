/**
 * One direction of a connection: hands on what it is given, at once while nothing is in the way, and otherwise later
 * and in order. It knows no connection and no process; a gate says what is in the way.
 */
import type { Clock, Timer, Timers } from '../platform.js';

/** What travels. `begin` asks for the connection, `connect` says that it is there. */
export type FlowItem =
  | { readonly kind: 'data'; readonly bytes: Buffer }
  | { readonly kind: 'begin' | 'connect' | 'end' | 'destroy' | 'reset' }
  | { readonly kind: 'close'; readonly error: Error | null };

export interface FlowGate {
  /** Nothing may pass now. Whoever opens the gate calls {@link Flow.pump}. */
  isShut(): boolean;
  delayMs(): number;
}

interface Held {
  readonly item: FlowItem;
  readonly dueMs: number;
}

export class Flow {
  private held: Held[] = [];
  private bytes = 0;
  private timer: Timer | null = null;
  private isPumping = false;

  constructor(
    private readonly machine: { readonly clock: Clock; readonly timers: Timers },
    private readonly gate: FlowGate,
    private readonly deliver: (item: FlowItem) => void,
  ) {}

  /** Bytes that wait. */
  get heldBytes(): number {
    return this.bytes;
  }

  get isEmpty(): boolean {
    return this.held.length === 0;
  }

  /** Whether what is pushed now is delivered before `push` returns. */
  get isOpen(): boolean {
    return this.isEmpty && !this.isPumping && !this.gate.isShut() && this.gate.delayMs() === 0;
  }

  /** Buffers are the giver's again when this returns. */
  push(item: FlowItem): void {
    if (this.isOpen) {
      this.deliver(item);
      return;
    }
    const kept: FlowItem = item.kind === 'data' ? { kind: 'data', bytes: Buffer.from(item.bytes) } : item;
    if (kept.kind === 'data') this.bytes += kept.bytes.length;
    const lastDueMs = this.held.at(-1)?.dueMs ?? 0;
    const dueMs = Math.max(lastDueMs, this.machine.clock.monotonicMs() + this.gate.delayMs());
    this.held.push({ item: kept, dueMs });
    this.pump();
  }

  /** Delivers what may be delivered now. */
  pump(): void {
    if (this.isPumping) return;
    this.timer?.cancel();
    this.timer = null;
    this.isPumping = true;
    for (let head = this.held[0]; head !== undefined && !this.gate.isShut(); head = this.held[0]) {
      const waitMs = head.dueMs - this.machine.clock.monotonicMs();
      if (waitMs > 0) {
        this.timer = this.machine.timers.after(waitMs, () => this.pump());
        break;
      }
      this.held.shift();
      if (head.item.kind === 'data') this.bytes -= head.item.bytes.length;
      this.deliver(head.item);
    }
    this.isPumping = false;
  }

  /** Forgets what waits. */
  clear(): void {
    this.timer?.cancel();
    this.timer = null;
    this.held = [];
    this.bytes = 0;
  }
}
