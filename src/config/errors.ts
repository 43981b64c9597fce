/** What can be wrong with a configuration at start. Each of them ends the start and says what to mend. */

import { textFromBytes } from '../resp/ascii.js';
import { REDIS_VERSION } from './version.js';

/** Where a line of the configuration comes from. */
export interface ConfigLine {
  /** Its words; the first in lower case. */
  readonly words: readonly string[];
  /** The line without the blanks around it. */
  readonly text: string;
  /** Counted from 1. Standard input and the command line count on from the end of the main file. */
  readonly lineNumber: number;
  /** The included file it stands in; null for the main one. */
  readonly includedFrom: string | null;
}

/** A line that cannot be accepted, or settings that contradict each other (then without a line). */
export class ConfigFileError extends Error {
  override readonly name = 'ConfigFileError';

  constructor(
    readonly reason: string,
    readonly line: Omit<ConfigLine, 'words'> | null,
  ) {
    super(reason);
  }

  /** The message for standard error, in the form in which Redis says it. */
  report(): string {
    let report = `\n*** FATAL CONFIG FILE ERROR (Redis ${REDIS_VERSION}) ***\n`;
    if (this.line !== null) {
      const { includedFrom, lineNumber, text } = this.line;
      const place = includedFrom === null ? '' : ` of '${includedFrom}'`;
      report += `Reading the configuration file, at line ${lineNumber}${place}\n`;
      report += `>>> '${textFromBytes(text)}'\n`;
    }
    return `${report}${textFromBytes(this.reason)}\n`;
  }
}

/** A configuration file that cannot be read. */
export class ConfigFileUnreadable extends Error {
  override readonly name = 'ConfigFileUnreadable';

  constructor(path: string, reason: string) {
    super(`Fatal error, can't open config file '${path}': ${reason}`);
  }
}
