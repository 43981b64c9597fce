/** What a person prefers: set at the prompt with `:set`, or in a file for every session. */
import type { Platform } from '../platform/platform.js';
import { isWord, splitWords } from '../resp/ascii.js';
import { dotFilePath } from './dot-file.js';

const FILE_VARIABLE = 'REDISCLI_RCFILE';
const DEFAULT_FILE = '.redisclirc';

export class Preferences {
  showsHints = true;

  /**
   * Takes a line such as `:set nohints`.
   * @returns what is wrong with it; null when nothing is
   */
  take(words: readonly string[]): string | null {
    const [command = '', name] = words;
    if (!isWord(command, ':set') || name === undefined) {
      return `unknown vedette-cli internal command '${command}'`;
    }
    if (isWord(name, 'hints')) this.showsHints = true;
    else if (isWord(name, 'nohints')) this.showsHints = false;
    else return `unknown vedette-cli preference '${name}'`;
    return null;
  }

  /** Reads the file, if there is one. @param complain is told, line by line, what is wrong in it */
  load({ disk, processes }: Pick<Platform, 'disk' | 'processes'>, complain: (problem: string) => void): void {
    const path = dotFilePath(processes, FILE_VARIABLE, DEFAULT_FILE);
    if (path === null || disk.statusSync(path)?.isFile !== true) return;
    for (const line of disk.readFileSync(path).latin1Slice().split('\n')) {
      const words = splitWords(line) ?? [];
      const problem = words.length === 0 ? null : this.take(words);
      if (problem !== null) complain(`.redisclirc: ${problem}`);
    }
  }
}
