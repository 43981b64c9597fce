/**
 * What is going to happen in the virtual world, in order: by time, then by phase, then by a tie-break, then by
 * the time at which it should have happened, then in the order of scheduling. The order is total, so that a run
 * replays exactly.
 */

/** Within one moment, what ends a turn of a process's event loop comes after all that makes up the turn. */
export const enum Phase {
  Event,
  EndOfTurn,
}

export interface ScheduledEvent<Owner> {
  timeMs: number;
  /** When it was to happen at first, before it had to wait. */
  readonly dueMs: number;
  readonly phase: Phase;
  /** Null until it is asked for: most events meet no other at their moment. */
  tieBreak: number | null;
  readonly sequence: number;
  /** Whose code runs; null for what the network, a disk or a kernel does by itself. */
  readonly owner: Owner | null;
  /** Null once cancelled. */
  run: (() => void) | null;
  /** Kept by the queue: false once the event was taken out. */
  isQueued: boolean;
}

/** Cancelled events stay queued until their time, unless they are many. */
const COMPACTION_THRESHOLD = 1024;

export class EventQueue<Owner> {
  /** A binary heap, the next event first. */
  private heap: ScheduledEvent<Owner>[] = [];
  /**
   * What was scheduled for the moment that is now, the next one last. Half of all events happen at the moment at which
   * they are scheduled; here they pass by those that wait for later.
   */
  private readonly now: ScheduledEvent<Owner>[] = [];
  private cancelledCount = 0;

  /** @param drawTieBreak orders events of one moment and phase: always the same number for the same event */
  constructor(private readonly drawTieBreak: (event: ScheduledEvent<Owner>) => number) {}

  /** Events that are going to happen. */
  get length(): number {
    return this.heap.length + this.now.length - this.cancelledCount;
  }

  push(event: ScheduledEvent<Owner>): void {
    event.isQueued = true;
    this.heap.push(event);
    this.siftUp(this.heap.length - 1);
  }

  /** As {@link push}, for an event at the present time. */
  pushNow(event: ScheduledEvent<Owner>): void {
    event.isQueued = true;
    const { now } = this;
    let index = now.length;
    while (index > 0 && this.precedes(now[index - 1]!, event)) index--;
    if (index === now.length) now.push(event);
    else now.splice(index, 0, event);
  }

  cancel(event: ScheduledEvent<Owner>): void {
    if (event.run === null) return;
    event.run = null;
    if (!event.isQueued) return;
    this.cancelledCount++;
    if (this.cancelledCount > COMPACTION_THRESHOLD && this.cancelledCount > this.heap.length / 2)
      this.compact();
  }

  /** The next event, which stays queued. */
  peek(): ScheduledEvent<Owner> | null {
    for (;;) {
      const first = this.first();
      if (first === undefined || first.run !== null) return first ?? null;
      this.removeFirst(first);
      this.cancelledCount--;
    }
  }

  /** Takes out the next event, if it happens at that time or before. */
  popDue(untilMs: number): ScheduledEvent<Owner> | null {
    const first = this.peek();
    if (first === null || first.timeMs > untilMs) return null;
    this.removeFirst(first);
    first.isQueued = false;
    return first;
  }

  private first(): ScheduledEvent<Owner> | undefined {
    const later = this.heap[0];
    if (this.now.length === 0) return later;
    const soonest = this.now[this.now.length - 1]!;
    return later === undefined || this.precedes(soonest, later) ? soonest : later;
  }

  private removeFirst(first: ScheduledEvent<Owner>): void {
    if (first === this.now[this.now.length - 1]) {
      this.now.pop();
      return;
    }
    const last = this.heap.pop();
    if (last === undefined || this.heap.length === 0) return;
    this.heap[0] = last;
    this.siftDown(0);
  }

  private compact(): void {
    const alive = this.heap.filter((event) => event.run !== null);
    this.cancelledCount -= this.heap.length - alive.length;
    this.heap = alive.sort((a, b) => (this.precedes(a, b) ? -1 : 1));
  }

  private siftUp(start: number): void {
    const { heap } = this;
    const event = heap[start]!;
    let index = start;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex]!;
      if (!this.precedes(event, parent)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = event;
  }

  private siftDown(start: number): void {
    const { heap } = this;
    const event = heap[start]!;
    let index = start;
    for (;;) {
      let childIndex = 2 * index + 1;
      if (childIndex >= heap.length) break;
      if (childIndex + 1 < heap.length && this.precedes(heap[childIndex + 1]!, heap[childIndex]!))
        childIndex++;
      const child = heap[childIndex]!;
      if (!this.precedes(child, event)) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = event;
  }

  private precedes(a: ScheduledEvent<Owner>, b: ScheduledEvent<Owner>): boolean {
    if (a.timeMs !== b.timeMs) return a.timeMs < b.timeMs;
    if (a.phase !== b.phase) return a.phase < b.phase;
    const first = this.tieBreakOf(a);
    const second = this.tieBreakOf(b);
    if (first !== second) return first < second;
    if (a.dueMs !== b.dueMs) return a.dueMs < b.dueMs;
    return a.sequence < b.sequence;
  }

  private tieBreakOf(event: ScheduledEvent<Owner>): number {
    return (event.tieBreak ??= this.drawTieBreak(event));
  }
}
