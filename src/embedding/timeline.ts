/** What happened to a topology: the faults that a test made, and what members told of failovers, in order. */
import type { FailoverEvent } from '../failover/events.js';
import type { Sighting } from '../lab/sighting.js';

/** What a test did to a topology. */
export type Fault =
  | { readonly fault: 'kill' | 'pause' | 'resume' | 'restart' | 'drop-replies'; readonly member: string }
  | { readonly fault: 'slow'; readonly member: string; readonly delayMs: number }
  | { readonly fault: 'partition'; readonly left: readonly string[]; readonly right: readonly string[] }
  | { readonly fault: 'heal' };

/** An entry of {@link StartedTopology.timeline}. `timeMs` is wall-clock time in milliseconds since the Unix epoch. */
export type TimelineEntry =
  | ({ readonly kind: 'fault'; readonly timeMs: number } & Fault)
  /** A member within this process told a step of a failover. */
  | {
      readonly kind: 'failover';
      readonly timeMs: number;
      readonly member: string;
      readonly event: FailoverEvent;
    }
  /** A member that is a process of its own published something, or was seen to change. */
  | ({ readonly kind: 'sighting' } & Sighting);

export class Timeline {
  private readonly entries: TimelineEntry[] = [];
  private disturbed = false;

  constructor(private readonly nowMs: () => number) {}

  /** Whether anything but healthy work has happened since the start or the last {@link clear}. */
  get isDisturbed(): boolean {
    return this.disturbed;
  }

  get soFar(): readonly TimelineEntry[] {
    return [...this.entries];
  }

  fault(fault: Fault): void {
    this.disturbed = true;
    this.entries.push({ kind: 'fault', timeMs: this.nowMs(), ...fault });
  }

  failover(member: string, event: FailoverEvent): void {
    this.disturbed = true;
    this.entries.push({ kind: 'failover', timeMs: event.timeMs, member, event });
  }

  sighting(sighting: Sighting): void {
    this.disturbed = true;
    this.entries.push({ kind: 'sighting', ...sighting });
  }

  clear(): void {
    this.entries.length = 0;
    this.disturbed = false;
  }
}
