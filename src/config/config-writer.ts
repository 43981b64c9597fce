/**
 * Bringing the configuration file up to date: CONFIG REWRITE, SENTINEL FLUSHCONFIG, and every change of state that a
 * sentinel must not forget.
 *
 * The new text is composed from the file as it is now, so that what people edit meanwhile stays. The file is
 * replaced as a whole: after a crash at any moment either the old or the new content is there.
 */

import type { Disk } from '../platform/platform.js';
import { toLowerAscii } from '../resp/ascii.js';
import { systemErrorText } from '../platform/system-errors.js';
import { rewriteConfigText } from './rewriter.js';
import type { OptionOfLine } from './rewriter.js';
import { directiveNameOf } from './server-config.js';
import type { ConfigMode, ServerConfig } from './server-config.js';

/** What rewriting asks of a disk. */
export type WritableDisk = Pick<Disk, 'readFileSync' | 'replaceFile' | 'replaceFileSync' | 'statusSync'>;

/** Told when the file is on disk (null), or why it is not (the system's reason). */
export type RewriteCallback = (problem: string | null) => void;

const DEFAULT_MODE = 0o644;

/** Words that begin a line of the file without being directives of the table. */
const OTHER_OPTIONS: ReadonlySet<string> = new Set(['include', 'rename-command', 'user', 'loadmodule']);

/** Old names of sentinel options, whose lines are reused for the new ones. */
const SENTINEL_ALIASES: Readonly<Record<string, string>> = { 'known-slave': 'known-replica' };

/** A sentinel's lines about one of its masters have at least these words; `sentinel myid x` has fewer. */
const MASTER_LINE_WORDS = 4;

/**
 * Which option a line of a redis.conf or sentinel.conf belongs to. A sentinel's lines belong together by their
 * second word and, if they are about one of its masters, by that master's name.
 */
export function optionOfLine(mode: ConfigMode): OptionOfLine {
  return (words) => {
    const [name = '', second, third] = words;
    const directive = directiveNameOf(name);
    if (directive !== null) return directive;
    if (OTHER_OPTIONS.has(name)) return name;
    if (name !== 'sentinel') return null;
    if (mode !== 'sentinel' || second === undefined) return name;
    const option = toLowerAscii(second);
    const family = `sentinel ${SENTINEL_ALIASES[option] ?? option}`;
    return words.length < MASTER_LINE_WORDS ? family : `${family} ${third}`;
  };
}

/** The file's text as it should be now. `force` writes every directive, default or not. */
export function composeConfigText(config: ServerConfig, oldText: string, force = false): string {
  return rewriteConfigText(oldText, config.rewriteLines(), optionOfLine(config.mode), force);
}

export class ConfigWriter {
  /** Those who wait for the write in progress, and for the one after it. */
  private writing: RewriteCallback[] | null = null;
  private waiting: RewriteCallback[] = [];

  constructor(
    private readonly config: ServerConfig,
    private readonly disk: WritableDisk,
  ) {}

  /**
   * Rewrites the file without standing still for the disk. What the configuration holds when the callback comes
   * without a problem, or held when this was called, is safe on disk. Requests that come while a write is going
   * on share the next one.
   */
  rewrite(callback: RewriteCallback): void {
    this.waiting.push(callback);
    if (this.writing === null) this.writeNext();
  }

  /** Rewrites the file and returns when it is on disk: CONFIG REWRITE, which blocks by contract. */
  rewriteSync(force = false): string | null {
    const path = this.config.filePath;
    if (path === null) return NO_FILE;
    try {
      const { old, problem } = this.readText(path);
      if (problem !== null) return problem;
      const newText = composeConfigText(this.config, old, force);
      if (newText !== old) this.disk.replaceFileSync(path, bytesOf(newText), this.modeOf(path));
      return null;
    } catch (error) {
      return systemErrorText(error);
    }
  }

  /**
   * Composes the text without writing it. The first time takes ten times as long as later ones, and without this
   * it would be in the middle of a failover: a sentinel's order to a server includes CONFIG REWRITE.
   */
  rehearse(): void {
    const path = this.config.filePath;
    if (path !== null) composeConfigText(this.config, this.readText(path).old);
  }

  private writeNext(): void {
    if (this.waiting.length === 0) return;
    const path = this.config.filePath;
    this.writing = this.waiting;
    this.waiting = [];
    if (path === null) {
      this.finish(NO_FILE);
      return;
    }
    const text = this.readText(path);
    if (text.problem !== null) {
      this.finish(text.problem);
      return;
    }
    const newText = composeConfigText(this.config, text.old);
    if (newText === text.old) {
      this.finish(null);
      return;
    }
    this.disk.replaceFile(path, bytesOf(newText), this.modeOf(path), (error) => {
      this.finish(error === null ? null : systemErrorText(error));
    });
  }

  /** A small file that we wrote ourselves: the system has it in memory, and reading it does not wait for the disk. */
  private readText(path: string): { readonly old: string; readonly problem: string | null } {
    try {
      const exists = this.disk.statusSync(path) !== null;
      return { old: exists ? this.disk.readFileSync(path).latin1Slice() : '', problem: null };
    } catch (error) {
      return { old: '', problem: systemErrorText(error) };
    }
  }

  private finish(problem: string | null): void {
    const callbacks = this.writing ?? [];
    this.writing = null;
    for (const callback of callbacks) callback(problem);
    // A callback may have asked for the next write already.
    if (this.writing === null) this.writeNext();
  }

  /** A file that was kept from others' eyes, for the passwords in it, stays so. */
  private modeOf(path: string): number {
    const status = this.disk.statusSync(path);
    return status === null ? DEFAULT_MODE : status.mode & 0o777;
  }
}

const NO_FILE = 'The server is running without a config file';

function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
