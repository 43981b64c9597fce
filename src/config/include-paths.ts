/** The files that an `include` with wildcards stands for, in alphabetical order; none is not an error. */

import type { Disk } from '../platform/platform.js';
import { compareBytes } from '../resp/ascii.js';
import { matchesGlob } from '../resp/glob.js';

/** What reading a configuration asks of a disk. */
export type ReadableDisk = Pick<
  Disk,
  'readFileSync' | 'appendFileSync' | 'statusSync' | 'listDirectorySync' | 'absolutePath'
>;

export function hasGlobCharacters(path: string): boolean {
  return /[*?[]/.test(path);
}

/** Existing paths that match a pattern, component by component; a leading dot must be given. */
export function matchingPaths(disk: ReadableDisk, pattern: string): string[] {
  const components = pattern.split('/');
  let bases = [''];
  components.forEach((component, index) => {
    const isLast = index === components.length - 1;
    const separator = isLast ? '' : '/';
    bases = bases.flatMap((base) =>
      hasGlobCharacters(component)
        ? entriesOf(disk, base)
            .filter((name) => name.startsWith('.') === component.startsWith('.'))
            .filter((name) => matchesGlob(component, name))
            .map((name) => base + name + separator)
        : [base + component + separator],
    );
  });
  return bases.filter((path) => disk.statusSync(path)?.isFile === true);
}

function entriesOf(disk: ReadableDisk, directory: string): string[] {
  const path = directory === '' ? '.' : directory;
  if (disk.statusSync(path)?.isDirectory !== true) return [];
  return disk.listDirectorySync(path).sort(compareBytes);
}
