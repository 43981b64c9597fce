/** Where a person's own files are: in the home directory, or where a variable says. */
import type { Processes } from '../platform/platform.js';

/** As an empty name it stands for no file at all. */
const NO_FILE = '/dev/null';

/** @returns null where there is to be none */
export function dotFilePath(
  { environment }: Pick<Processes, 'environment'>,
  variable: string,
  name: string,
): string | null {
  const named = environment[variable];
  if (named !== undefined) return named === '' || named === NO_FILE ? null : named;
  // On Windows it is the second one.
  const home = environment.HOME ?? environment.USERPROFILE;
  return home === undefined ? null : `${home}/${name}`;
}
