/** `--eval script.lua key ... , argument ...`: the file is sent with EVAL. */
import type { Disk } from '../../platform/platform.js';
import { systemErrorText } from '../../platform/system-errors.js';
import { CliError } from '../errors.js';

/** Between the keys and the other arguments. */
const SEPARATOR = ',';

/** The command that runs the script. @throws CliError when the file cannot be read */
export function evalCommand(disk: Disk, path: string, words: readonly string[]): string[] {
  let script;
  try {
    script = disk.readFileSync(path).latin1Slice();
  } catch (error) {
    throw new CliError(`Can't open file '${path}': ${systemErrorText(error as Error)}`);
  }
  const separator = words.indexOf(SEPARATOR);
  const keys = separator === -1 ? words : words.slice(0, separator);
  const rest = separator === -1 ? [] : words.slice(separator + 1);
  return ['EVAL', script, String(keys.length), ...keys, ...rest];
}
