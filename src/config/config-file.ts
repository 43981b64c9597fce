/**
 * Reading the configuration at start: the file, what it includes, standard input and the command line's options,
 * which count as lines after the file's.
 *
 * Directives of the table go into the ServerConfig at once. Lines that others understand (`user`, `rename-command`,
 * `sentinel`) are handed back as they are, with their place, so that whoever reads them can complain about the
 * right line. Nothing is guessed: a line that cannot be accepted ends the start.
 */

import { splitWords, textFromBytes, toLowerAscii } from '../resp/ascii.js';
import { hasGlobCharacters, matchingPaths } from './include-paths.js';
import type { ReadableDisk } from './include-paths.js';
import { systemErrorText } from '../platform/system-errors.js';
import { ConfigFileError, ConfigFileUnreadable } from './errors.js';
import type { ConfigLine } from './errors.js';
import { trimLine } from './rewriter.js';
import { directiveNameOf } from './server-config.js';
import type { ServerConfig } from './server-config.js';
import { DIRECTIVES } from './directives/index.js';

/** Where the configuration comes from; later ones win. */
export interface ConfigSources {
  /** The file's absolute path. */
  readonly path: string | null;
  /** What standard input held, when `-` was given. */
  readonly standardInput: string | null;
  /** The command line's options as lines of a file. */
  readonly options: string;
}

/** Lines that the table of directives knows nothing about, in the order of the file. */
export interface OtherLines {
  readonly renamedCommands: readonly ConfigLine[];
  readonly users: readonly ConfigLine[];
  readonly sentinel: readonly ConfigLine[];
  /** What to say in the log once there is one. */
  readonly warnings: readonly string[];
}

/** Directives of old releases that were taken out; files that still have them are accepted. */
const RETIRED: ReadonlySet<string> = new Set([
  'list-max-ziplist-entries',
  'list-max-ziplist-value',
  'lua-replicate-commands',
]);

/**
 * Reads everything into `config`.
 * @throws {ConfigFileError} for a line that cannot be accepted
 * @throws {ConfigFileUnreadable} for a file that cannot be read
 */
export function loadConfig(config: ServerConfig, disk: ReadableDisk, sources: ConfigSources): OtherLines {
  config.filePath = sources.path;
  let text = sources.path === null ? '' : readText(disk, sources.path);
  if (sources.standardInput !== null) {
    if (text !== '' && !text.endsWith('\n')) text += '\n';
    text += sources.standardInput;
  }
  if (sources.options !== '') text += `\n${sources.options}`;
  const reader = new ConfigReader(config, disk);
  reader.readLines(text, sources.path === null ? [] : [disk.absolutePath(sources.path)], null);
  reader.checkTogether();
  return reader;
}

function readText(disk: ReadableDisk, path: string): string {
  try {
    return disk.readFileSync(path).latin1Slice();
  } catch (error) {
    throw new ConfigFileUnreadable(path, systemErrorText(error));
  }
}

class ConfigReader implements OtherLines {
  readonly renamedCommands: ConfigLine[] = [];
  readonly users: ConfigLine[] = [];
  readonly sentinel: ConfigLine[] = [];
  readonly warnings: string[] = [];

  constructor(
    private readonly config: ServerConfig,
    private readonly disk: ReadableDisk,
  ) {}

  /** Reads the lines of one file. `openFiles` are those being read, outermost first. */
  readLines(text: string, openFiles: readonly string[], includedFrom: string | null): void {
    text.split('\n').forEach((rawLine, index) => {
      const line = trimLine(rawLine);
      if (line === '' || line.startsWith('#')) return;
      const place = { text: line, lineNumber: index + 1, includedFrom };
      const words = splitWords(line);
      if (words === null) throw new ConfigFileError('Unbalanced quotes in configuration line', place);
      const [first, ...rest] = words;
      if (first === undefined) return;
      const refusal = this.readLine({ ...place, words: [toLowerAscii(first), ...rest] }, openFiles);
      if (refusal !== null) throw new ConfigFileError(refusal, place);
    });
  }

  /** Takes in one line; returns why it cannot be accepted. */
  private readLine(line: ConfigLine, openFiles: readonly string[]): string | null {
    const [name = '', ...words] = line.words;
    if (directiveNameOf(name) !== null) return this.config.configure(name, wordsOfLine(name, words));
    if (RETIRED.has(name) && words.length === 1) return null;
    if (name === 'include' && words.length === 1) return this.include(words[0] ?? '', openFiles);
    if (name === 'rename-command' && words.length === 2) {
      this.renamedCommands.push(line);
      return null;
    }
    if (name === 'user' && words.length >= 1) {
      this.users.push(line);
      return null;
    }
    if (name === 'loadmodule') return 'Modules are compiled for another server: loadmodule is not supported';
    if (name === 'sentinel') return this.readSentinelLine(line);
    return 'Bad directive or wrong number of arguments';
  }

  private readSentinelLine(line: ConfigLine): string | null {
    if (line.words.length === 1) return null;
    if (this.config.mode !== 'sentinel') return 'sentinel directive while not in sentinel mode';
    this.sentinel.push(line);
    return null;
  }

  private include(name: string, openFiles: readonly string[]): string | null {
    const pattern = textFromBytes(name);
    const paths = hasGlobCharacters(pattern) ? matchingPaths(this.disk, pattern) : [pattern];
    for (const path of paths) {
      const absolute = this.disk.absolutePath(path);
      if (openFiles.includes(absolute)) return `The file '${path}' includes itself`;
      this.readLines(readText(this.disk, path), [...openFiles, absolute], path);
    }
    return null;
  }

  /** What only shows when everything has been read. */
  checkTogether(): void {
    const { config } = this;
    const { logfile, databases } = config.values;
    if (logfile !== '') {
      try {
        this.disk.appendFileSync(textFromBytes(logfile), Buffer.alloc(0));
      } catch (error) {
        throw new ConfigFileError(`Can't open the log file: ${systemErrorText(error)}`, null);
      }
    }
    if (!config.values['cluster-enabled']) return;
    if (config.values.replicaof !== null) {
      throw new ConfigFileError('replicaof directive not allowed in cluster mode', null);
    }
    if (databases > 1) {
      this.warnings.push(
        `WARNING: Changing databases number from ${databases} to 1 since we are in cluster mode`,
      );
      config.assign('databases', 1);
    }
  }
}

/**
 * A directive that takes several words may be given all of them in one quoted word (`save "3600 1"`), as command
 * lines do. The empty word is left alone: it means "none".
 */
function wordsOfLine(name: string, words: readonly string[]): readonly string[] {
  const [only = ''] = words;
  const directive = directiveNameOf(name);
  if (words.length !== 1 || only === '' || directive === null) return words;
  return DIRECTIVES[directive].type.severalWords ? (splitWords(only) ?? words) : words;
}
