/**
 * What the link to a master needs in order to take in a snapshot: somewhere to put its bytes, and word when they have
 * become the dataset. How (through a file, straight into the dataset, into a second one) is decided in intakes.ts.
 */
import type { PayloadFrame } from './payload-framing.js';

/** The snapshot has become the dataset; this is what it says about the stream. */
export interface IntakeResult {
  /** The database that the stream has selected at the snapshot's offset. */
  readonly streamDatabase: number;
}

/** Takes one snapshot in. After `abandon` nothing is called back any more. */
export interface DatasetIntake {
  /** Takes a piece; it may be reused when this returns. */
  push(bytes: Buffer): void;
  /** The snapshot is complete: make it the dataset. */
  finish(): void;
  /** The link broke, or the server has another master now: undo what can be undone. */
  abandon(): void;
}

export interface IntakeListener {
  /** The dataset is in place. */
  onLoaded(result: IntakeResult): void;
  /** The snapshot is unusable or could not be stored. */
  onFailed(reason: string): void;
  /** Asks the link to stop or go on reading, because the disk is slower than the master. */
  onBackpressure(paused: boolean): void;
}

/** A payload that is about to come. */
export interface AnnouncedPayload {
  readonly frame: PayloadFrame;
  /** It belongs to the history that our dataset belongs to: ours is only stale, not foreign. */
  readonly isSameHistory: boolean;
}

/** Begins an intake for a payload whose frame is known. */
export type BeginIntake = (payload: AnnouncedPayload, listener: IntakeListener) => DatasetIntake;
