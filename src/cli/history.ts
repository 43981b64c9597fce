/** The lines a person has entered, kept in a file between sessions; secrets are left out. */
import type { Platform } from '../platform/platform.js';
import { splitWords } from '../resp/ascii.js';
import { isSensitive } from './command-kinds.js';
import { isRepetition, wholeInteger } from './leading-number.js';

const MAX_LINES = 1000;
const FILE_VARIABLE = 'REDISCLI_HISTFILE';
const DEFAULT_FILE = '.vedette_cli_history';
/** Keys and values are nobody else's business. */
const FILE_MODE = 0o600;

export class History {
  private readonly lines: string[];

  private constructor(
    private readonly platform: Pick<Platform, 'disk'>,
    private readonly path: string | null,
  ) {
    this.lines = path === null ? [] : this.load(path);
  }

  static open(platform: Pick<Platform, 'disk' | 'processes'>): History {
    const { environment } = platform.processes;
    const home = environment.HOME;
    const path = environment[FILE_VARIABLE] ?? (home === undefined ? null : `${home}/${DEFAULT_FILE}`);
    // /dev/null is the usual way to have none; it must not be replaced by a file.
    const status = path === null ? null : platform.disk.statusSync(path);
    return new History(platform, status !== null && !status.isFile ? null : path);
  }

  /** Oldest first. */
  get entries(): readonly string[] {
    return this.lines;
  }

  /** Adds a line and saves, unless it is to be forgotten. */
  add(line: string): void {
    if (!this.isKept(line) || this.lines.at(-1) === line) return;
    this.lines.push(line);
    if (this.lines.length > MAX_LINES) this.lines.shift();
    this.save();
  }

  /** Not kept are secrets, lines without words, and repetitions that cannot be; what cannot be split may be mended. */
  isKept(line: string): boolean {
    const words = splitWords(line);
    if (words === null) return true;
    const repeat = words.length > 1 ? wholeInteger(words[0]!) : null;
    if (words.length === 0 || (repeat !== null && !isRepetition(repeat))) return false;
    return !isSensitive(repeat === null ? words : words.slice(1));
  }

  private load(path: string): string[] {
    try {
      const text = this.platform.disk.readFileSync(path).latin1Slice();
      return text
        .split('\n')
        .filter((line) => line !== '')
        .slice(-MAX_LINES);
    } catch {
      // There is none yet, or it cannot be read: the session goes on without.
      return [];
    }
  }

  private save(): void {
    if (this.path === null) return;
    try {
      const bytes = Buffer.from(this.lines.join('\n') + '\n', 'latin1');
      this.platform.disk.replaceFileSync(this.path, bytes, FILE_MODE);
    } catch {
      // Without a place to save it the history lasts as long as the session.
    }
  }
}
