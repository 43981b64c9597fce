/** What persistence can fail with, besides the RdbError of a bad snapshot. */

/** A snapshot file cannot be loaded: which, why and (for a damaged one) where. */
export class DatasetProblem extends Error {
  override readonly name = 'DatasetProblem';

  constructor(
    readonly path: string,
    override readonly cause: Error,
  ) {
    super(`Fatal error loading the DB from ${path}: ${cause.message}. Exiting.`);
  }
}
