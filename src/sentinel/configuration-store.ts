/**
 * Keeps the configuration file up to date without ever standing still for the disk.
 *
 * Whoever changes something that must be durable calls {@link ConfigurationStore.save} and goes on in the
 * callback: persist first, then speak. All changes of one turn of the event loop share a write, and all that come
 * while one is under way share the next. How the file is written is config-writer.ts's business.
 */
import type { ConfigWriter } from '../config/config-writer.js';
import type { Logger } from '../log/logger.js';
import type { Timers } from '../platform/platform.js';

/** Told whether the state as it was at the time of asking, or a later one, is on disk. */
export type SaveCallback = (saved: boolean) => void;

export class ConfigurationStore {
  /** Whom the next write serves; null while nothing has changed since the last one was begun. */
  #next: SaveCallback[] | null = null;
  /** Whom the writes under way serve, oldest first. */
  readonly #underWay: SaveCallback[][] = [];

  constructor(
    private readonly writer: ConfigWriter,
    private readonly timers: Timers,
    private readonly log: Logger,
  ) {}

  /** Puts the state as it is now, or later, on disk; then calls back. */
  save(callback: SaveCallback | null = null): void {
    if (this.#next === null) {
      this.#next = [];
      this.timers.endOfTurn(() => this.#write());
    }
    if (callback !== null) this.#next.push(callback);
  }

  /** Calls back once all that was to be saved so far is; at once when nothing waits. */
  whenSaved(callback: SaveCallback): void {
    const latest = this.#next ?? this.#underWay.at(-1);
    if (latest === undefined) callback(true);
    else latest.push(callback);
  }

  /** Saves before anything is served. Returns the system's reason when that fails. */
  saveAtStart(): string | null {
    const problem = this.writer.rewriteSync();
    this.#say(problem);
    return problem;
  }

  #write(): void {
    const served = this.#next ?? [];
    this.#next = null;
    this.#underWay.push(served);
    this.writer.rewrite((problem) => {
      this.#underWay.shift();
      this.#say(problem);
      for (const callback of served) callback(problem === null);
    });
  }

  #say(problem: string | null): void {
    if (problem === null) this.log.notice('Sentinel new configuration saved on disk');
    else {
      this.log.warning(`WARNING: Sentinel was not able to save the new configuration on disk!!!: ${problem}`);
    }
  }
}
