/**
 * When the dataset is to be saved without a client waiting for it, and why: one rule for the save points, for a BGSAVE
 * that was put off, and for the way back from a save that failed.
 *
 * A pure function of what {@link Saving} knows. It does not ask whether a save may begin at this moment (another one, a
 * rewrite or a load may be under way): that is the caller's to know.
 */
import type { SavePoint } from '../config/special-types.js';

/** Stock's CONFIG_BGSAVE_RETRY_DELAY: how long after a failure saving is tried again, whoever wants it. */
export const RETRY_DELAY_MS = 5000;
/**
 * How long after a failure a save is tried that no save point asks for. Stock has none: who waits for stock's delay and
 * then sends BGSAVE must not find one running.
 */
export const UNASKED_RETRY_DELAY_MS = 10_000;

export interface SavingState {
  readonly savePoints: readonly SavePoint[];
  /** Since the last save that succeeded. */
  readonly changes: number;
  readonly sinceSuccessMs: number;
  /** Since the last background save began. */
  readonly sinceAttemptMs: number;
  readonly lastSaveFailed: boolean;
  /** A background save was asked for that could not begin then. */
  readonly isScheduled: boolean;
  /** Clients' writes are refused because saving failed. */
  readonly refusesWrites: boolean;
}

/** Why a save is due. */
export type DueSave =
  | { readonly reason: 'save-point'; readonly point: SavePoint }
  | { readonly reason: 'scheduled' }
  /**
   * No save point may ever be reached while nothing can be written: stock then waits for an operator, and so do
   * replicas, whose PING is refused like a write.
   */
  | { readonly reason: 'writes-refused' };

/** Null while no save is due. */
export function dueSave(state: SavingState): DueSave | null {
  if (state.lastSaveFailed && state.sinceAttemptMs <= RETRY_DELAY_MS) return null;
  const point = state.savePoints.find(
    ({ changes, seconds }) => state.changes >= changes && state.sinceSuccessMs > seconds * 1000,
  );
  if (point !== undefined) return { reason: 'save-point', point };
  if (state.isScheduled) return { reason: 'scheduled' };
  const mayTryUnasked = state.sinceAttemptMs > UNASKED_RETRY_DELAY_MS;
  return state.refusesWrites && mayTryUnasked ? { reason: 'writes-refused' } : null;
}
