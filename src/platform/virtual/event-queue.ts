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
  readonly tieBreak: number;
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
  private cancelledCount = 0;

  /** Events that are going to happen. */
  get length(): number {
    return this.heap.length - this.cancelledCount;
  }

  push(event: ScheduledEvent<Owner>): void {
    event.isQueued = true;
    this.heap.push(event);
    this.siftUp(this.heap.length - 1);
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
      const first = this.heap[0];
      if (first === undefined) return null;
      if (first.run !== null) return first;
      this.removeFirst();
      this.cancelledCount--;
    }
  }

  pop(): ScheduledEvent<Owner> | null {
    const first = this.peek();
    if (first !== null) {
      this.removeFirst();
      first.isQueued = false;
    }
    return first;
  }

  private removeFirst(): void {
    const last = this.heap.pop();
    if (last === undefined || this.heap.length === 0) return;
    this.heap[0] = last;
    this.siftDown(0);
  }

  private compact(): void {
    this.heap = this.heap.filter((event) => event.run !== null).sort(compareEvents);
    this.cancelledCount = 0;
  }

  private siftUp(start: number): void {
    const { heap } = this;
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (compareEvents(heap[parent]!, heap[index]!) <= 0) return;
      swap(heap, parent, index);
      index = parent;
    }
  }

  private siftDown(start: number): void {
    const { heap } = this;
    let index = start;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      let first = index;
      if (left < heap.length && compareEvents(heap[left]!, heap[first]!) < 0) first = left;
      if (right < heap.length && compareEvents(heap[right]!, heap[first]!) < 0) first = right;
      if (first === index) return;
      swap(heap, first, index);
      index = first;
    }
  }
}

function compareEvents<Owner>(a: ScheduledEvent<Owner>, b: ScheduledEvent<Owner>): number {
  return (
    a.timeMs - b.timeMs ||
    a.phase - b.phase ||
    a.tieBreak - b.tieBreak ||
    a.dueMs - b.dueMs ||
    a.sequence - b.sequence
  );
}

function swap<T>(items: T[], a: number, b: number): void {
  const item = items[a]!;
  items[a] = items[b]!;
  items[b] = item;
}
