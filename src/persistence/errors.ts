/** What persistence can fail with, besides the RdbError of a bad snapshot. */
import { RdbError } from './rdb/errors.js';

/** A snapshot file cannot be loaded: which, why and (for a damaged one) where. */
export class DatasetProblem extends Error {
  override readonly name = 'DatasetProblem';

  constructor(
    readonly path: string,
    override readonly cause: Error,
  ) {
    super(`Fatal error loading the DB from ${path}: ${cause.message}. Exiting.`);
  }

  /** What a server says when it ends because of it; several lines for a damaged file, as stock has them. */
  get lastWords(): string {
    const { cause, message } = this;
    if (!(cause instanceof RdbError)) return message;
    return [
      `Internal error in RDB reading offset ${cause.offset} -> ${cause.reason}`,
      message,
      'Terminating server after rdb file reading failure.',
    ].join('\n');
  }
}
