/** What every mode of vedette-cli is: one option, one thing that is done instead of sending a command. */
import type { Platform } from '../../platform/platform.js';
import type { Terminal } from '../../platform/terminal.js';
import type { CliOptions } from '../options.js';
import type { OutputMode } from '../reply-format.js';

export interface ModeContext {
  readonly platform: Platform;
  readonly terminal: Terminal;
  readonly options: CliOptions;
  readonly output: OutputMode;
}

/** Resolves to the exit status, if it ever ends. @throws CliError (as a rejection) */
export type Mode = (context: ModeContext) => Promise<number>;
