/** What was seen in one trial, before anything is made of it. Times are monotonic milliseconds. */
import type { Operation } from './operations.js';
import type { Mode } from './settings.js';

export interface Observation {
  readonly mode: Mode;
  readonly operations: readonly Operation[];
  /** The numbers of the writes that were acknowledged, and that nobody has when all is well again. */
  readonly lostWrites: readonly number[];
  /** Whether the key of that write was the faulted master's. */
  readonly isAffected: (number: number) => boolean;
  /** Whether that client's view is the measured one: where some are cut off, one side's. */
  readonly isMeasured: (client: number) => boolean;
  /** The longest time for which the measuring process itself stood still. */
  readonly stallMs: number;
  readonly events: readonly TimedEvent[];
  /** Name and address of the master that the fault was for. */
  readonly faulted: { readonly name: string; readonly address: string };
  readonly faultMs: number;
  /** When the fault was taken back: the killed started again, the cut link healed. */
  readonly repairMs: number;
  /** When all members were up, agreed and were in sync again; null when they never were. */
  readonly rejoinedMs: number | null;
}

/** A sighting of the watch, or what the harness did. */
export interface TimedEvent {
  readonly atMs: number;
  readonly observer: string;
  readonly event: string;
  readonly detail: string;
}
