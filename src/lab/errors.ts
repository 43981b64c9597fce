/** What can go wrong in the lab. Callers match by `code`. */

/**
 * - `PORT_IN_USE`: a port that a topology needs is taken; nothing was started.
 * - `NOT_STARTED`: a program could not be started or ended at once; the message has what it said.
 * - `NOT_READY`: the members run, but did not become a working topology in time; the message says what is missing.
 * - `WRONG_STATE`: a member cannot be paused, resumed or restarted in the state it is in.
 * - `UNKNOWN_MEMBER`: a topology has no member of that name.
 * - `NOT_SUPPORTED`: this system lacks what is asked for.
 * - `BAD_RESULTS`: a file of results of a comparison is none, or of another version.
 * - `NOT_WRITABLE`: a file that was asked for cannot be written; nothing was started.
 */
export type LabErrorCode =
  | 'PORT_IN_USE'
  | 'NOT_STARTED'
  | 'NOT_READY'
  | 'WRONG_STATE'
  | 'UNKNOWN_MEMBER'
  | 'NOT_SUPPORTED'
  | 'BAD_RESULTS'
  | 'NOT_WRITABLE';

export class LabError extends Error {
  override readonly name = 'LabError';

  constructor(
    readonly code: LabErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
