/**
 * Loads an append-only log: its base, then its increments, in the order of the manifest. Says in Redis's words what is
 * wrong with it. The caller ends the state of loading. A torn end is cut off if `aof-load-truncated` allows that; nothing else changes a file.
 */
import { systemErrorText } from '../../platform/system-errors.js';
import type { Server } from '../../server/server.js';
import type { Loading } from '../loading.js';
import { LogFileLoad, type FileOutcome } from './log-file-load.js';
import type { LogDirectory } from './log-directory.js';
import { filesToLoad, type LogFile, type Manifest } from './manifest.js';
import { Replay } from './replay.js';

export interface LogLoadParts {
  readonly server: Server;
  readonly loading: Loading;
  readonly directory: LogDirectory;
  readonly manifest: Manifest;
  /** Takes the function libraries of a snapshot over; returns what is wrong with them, or null. */
  readonly takeFunctions: (sources: readonly string[]) => string | null;
}

/** How it ended. */
export type LogLoadResult =
  | { readonly kind: 'loaded' }
  /** There are no files, or nothing is in them. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'failed'; readonly problem: string };

export class LogLoad {
  private readonly files: readonly LogFile[];
  private readonly replay: Replay;
  private loadedBytes = 0;

  /** @param done called once, perhaps before this returns */
  constructor(
    private readonly parts: LogLoadParts,
    private readonly done: (result: LogLoadResult) => void,
  ) {
    const { server, directory, manifest, loading } = parts;
    this.files = filesToLoad(manifest);
    this.replay = new Replay(server);
    let totalBytes = 0;
    for (const { name } of this.files) {
      const size = directory.sizeOf(name);
      if (size === null) {
        const problem = `Unable to obtain the AOF file ${name} length. stat: No such file or directory`;
        done({ kind: 'failed', problem });
        return;
      }
      totalBytes += size;
    }
    if (totalBytes === 0) {
      done({ kind: 'empty' });
      return;
    }
    loading.begin(totalBytes, false);
    this.load(0);
  }

  private load(index: number): void {
    const { server, loading, directory, takeFunctions } = this.parts;
    const file = this.files[index];
    if (file === undefined) return this.done({ kind: 'loaded' });
    const startedAtMs = server.platform.clock.monotonicMs();
    const isBase = file === this.parts.manifest.base;
    new LogFileLoad(
      {
        server,
        loading,
        replay: this.replay,
        path: directory.pathOf(file.name),
        onProgress: (bytes) => loading.setLoadedBytes(this.loadedBytes + bytes),
        onSnapshot: (loader) => takeFunctions(loader.facts.functions),
      },
      (outcome) => {
        const next = (): void => {
          const seconds = (server.platform.clock.monotonicMs() - startedAtMs) / 1000;
          server.log.notice(
            `DB loaded from ${isBase ? 'base' : 'incr'} file ${file.name}: ${seconds.toFixed(3)} seconds`,
          );
          this.loadedBytes += directory.sizeOf(file.name) ?? 0;
          this.load(index + 1);
        };
        if (outcome.kind === 'loaded') next();
        else if (outcome.kind === 'torn') this.cut(index, outcome, next);
        else this.fail(failureText(file, isBase, outcome));
      },
    );
  }

  /** Cuts a torn end off, if that is allowed and nothing of value comes after it. */
  private cut(index: number, torn: Extract<FileOutcome, { kind: 'torn' }>, next: () => void): void {
    const { server, directory } = this.parts;
    const { log, config } = server;
    const { name } = this.files[index];
    if (torn.inTransaction) {
      log.warning(`Revert incomplete MULTI/EXEC transaction in AOF file ${name}`);
    }
    if (!config.values['aof-load-truncated']) {
      return this.fail(
        `Unexpected end of file reading the append only file ${name}. You can: ` +
          '1) Make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>. ' +
          "2) Alternatively you can set the 'aof-load-truncated' configuration option to yes and restart the server.",
      );
    }
    log.warning(`!!! Warning: short read while loading the AOF file ${name}!!!`);
    log.warning(`!!! Truncating the AOF ${name} at offset ${torn.wholeBytes} !!!`);
    // An increment is opened before the one before it is complete: only what is empty may come after a torn end.
    const isLast = this.files.slice(index + 1).every((later) => directory.sizeOf(later.name) === 0);
    this.truncate(directory.pathOf(name), torn.wholeBytes, (error) => {
      if (error !== null) {
        log.warning(`Error truncating the AOF file ${name}: ${systemErrorText(error)}`);
      } else if (isLast) {
        log.warning(`AOF ${name} loaded anyway because aof-load-truncated is enabled`);
        return next();
      }
      this.fail('Fatal error: the truncated file is not the last file');
    });
  }

  private truncate(path: string, sizeBytes: number, done: (error: Error | null) => void): void {
    this.parts.server.platform.disk.open(path, 'append', (openError, handle) => {
      if (handle === null) return done(openError);
      let problem: Error | null = null;
      handle.truncate(sizeBytes, (error) => (problem = error));
      handle.sync((error) => {
        problem ??= error;
        handle.close(() => done(problem));
      });
    });
  }

  private fail(problem: string): void {
    this.done({ kind: 'failed', problem });
  }
}

function failureText(
  { name }: LogFile,
  isBase: boolean,
  outcome: Exclude<FileOutcome, { kind: 'loaded' | 'torn' }>,
): string {
  switch (outcome.kind) {
    case 'malformed':
      return (
        `At byte ${outcome.offset}: ${outcome.reason}\n` +
        `Bad file format reading the append only file ${name}: make a backup of your AOF file, then use ` +
        './redis-check-aof --fix <filename.manifest>'
      );
    case 'unknown command':
      return `Unknown command '${outcome.name}' reading the append only file ${name}`;
    case 'bad snapshot': {
      const what = isBase && !name.endsWith('.base.rdb') ? 'RDB preamble of the AOF file' : 'RDB base file';
      return `${outcome.reason}\nError reading the ${what} ${name}, AOF loading aborted`;
    }
    case 'unreadable':
      return `Fatal error: can't open the append log file ${name} for reading: ${outcome.reason}`;
  }
}
