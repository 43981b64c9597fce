/** What members of a topology, and its clients, see of a failover: what every watch reports. */
import type { EventEmitter } from 'eventemitter3';

/** One line of the story. */
export interface Sighting {
  /** Wall-clock time in milliseconds since the Unix epoch. */
  readonly timeMs: number;
  /** Who saw it: a member's name, or `client`. */
  readonly observer: string;
  readonly event: string;
  readonly detail: string;
}

/** Reports sightings as `sighting` events from `start` to `stop`. */
export interface Watch extends EventEmitter<{ sighting: [Sighting] }> {
  start(): void;
  stop(): void;
}
