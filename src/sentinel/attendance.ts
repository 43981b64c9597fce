/**
 * Sees to it that every instance is attended to when something is due or has happened.
 *
 * Each instance has one alarm, set to the earliest thing that its state makes due. Nothing is polled: what
 * happens leads to {@link Attendance.soon}, what is due by time to the alarm, and both to the same work.
 */
import type { Platform } from '../platform/platform.js';
import { Alarm } from '../platform/alarm.js';
import type { Instance } from './instance.js';

/** The earlier of two times at which something is due; null is never. */
export function earlier(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null || a < b ? a : b;
}

export class Attendance<Attended extends Instance> {
  readonly #alarms = new Map<Attended, Alarm>();
  #waiting = new Set<Attended>();
  #scheduled = false;

  /**
   * @param attend does what is due for the instance
   * @param dueMs when something is due next; null when only an event can change that
   */
  constructor(
    private readonly platform: Pick<Platform, 'clock' | 'timers'>,
    private readonly attend: (instance: Attended) => void,
    private readonly dueMs: (instance: Attended) => number | null,
  ) {}

  add(instance: Attended): void {
    const { clock, timers } = this.platform;
    this.#alarms.set(instance, new Alarm(clock, timers, () => this.now(instance)));
    this.soon(instance);
  }

  remove(instance: Attended): void {
    this.#alarms.get(instance)?.cancel();
    this.#alarms.delete(instance);
    this.#waiting.delete(instance);
  }

  /** Everybody who is attended to. */
  get all(): Iterable<Attended> {
    return this.#alarms.keys();
  }

  has(instance: Attended): boolean {
    return this.#alarms.has(instance);
  }

  /** Attends to the instance at the end of this turn of the event loop. */
  soon(instance: Attended): void {
    if (!this.#alarms.has(instance)) return;
    this.#waiting.add(instance);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.platform.timers.endOfTurn(() => this.#attendWaiting());
  }

  /** Attends to every instance: the rules have changed. */
  allSoon(): void {
    for (const instance of this.#alarms.keys()) this.soon(instance);
  }

  /** Attends to the instance at once. */
  now(instance: Attended): void {
    if (!this.#alarms.has(instance)) return;
    this.attend(instance);
    this.rearm(instance);
  }

  /** What is due for the instance may be due earlier now. */
  rearm(instance: Attended): void {
    this.#alarms.get(instance)?.set(this.dueMs(instance));
  }

  close(): void {
    for (const alarm of this.#alarms.values()) alarm.cancel();
    this.#alarms.clear();
    this.#waiting.clear();
  }

  #attendWaiting(): void {
    this.#scheduled = false;
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const instance of waiting) this.now(instance);
  }
}
