/** SHUTDOWN: what it asks for, and who does it. Launch provides the handler, with persistence's help. */

/** What becomes of the dataset: `default` saves when save points are configured. */
export type ShutdownSave = 'default' | 'save' | 'nosave';

export interface ShutdownRequest {
  readonly save: ShutdownSave;
  /** Does not wait for replicas that lag behind. */
  readonly now: boolean;
  /** Ends even when saving fails. */
  readonly force: boolean;
}

export interface ShutdownHandler {
  /**
   * Begins to shut down; the process ends when all is done. `onFailed` is called instead, at most once, when it
   * cannot be done or is cancelled; the log then says why.
   */
  begin(request: ShutdownRequest, onFailed: () => void): void;
  /** Cancels a shutdown that waits for replicas; false when there is none. */
  abort(): boolean;
  /** When a shutdown that waits will go on at the latest, in Unix milliseconds; null while there is none. */
  readonly deadlineMs: number | null;
}
