/**
 * Loads one file of an append-only log in blocks, so that the server answers its clients (with -LOADING) in between:
 * a snapshot first if there is one, then commands. The file is only read; where a torn end is to be cut off is told.
 */
import type { FileHandle, Timer } from '../../platform/platform.js';
import { systemErrorText } from '../../platform/system-errors.js';
import type { Server } from '../../server/server.js';
import type { Loading } from '../loading.js';
import type { KeyspaceLoader } from '../loading/keyspace-loader.js';
import { RdbError } from '../rdb/errors.js';
import { KeyDelay } from '../snapshot/delay.js';
import { CommandReader } from './command-reader.js';
import type { Replay } from './replay.js';

/** How a file ended. */
export type FileOutcome =
  | { readonly kind: 'loaded' }
  /** It ends inside a command, or inside a transaction; up to `wholeBytes` it is right. */
  | { readonly kind: 'torn'; readonly wholeBytes: number; readonly inTransaction: boolean }
  | { readonly kind: 'malformed'; readonly offset: number; readonly reason: string }
  | { readonly kind: 'unknown command'; readonly name: string }
  | { readonly kind: 'bad snapshot'; readonly reason: string }
  | { readonly kind: 'unreadable'; readonly reason: string };

export interface LogFileLoadParts {
  readonly server: Server;
  readonly loading: Loading;
  readonly replay: Replay;
  readonly path: string;
  /** Told of the bytes of this file that are done. */
  readonly onProgress: (bytes: number) => void;
  /** Told when a snapshot is complete; returns why it cannot be used after all, or null. */
  readonly onSnapshot: (loader: KeyspaceLoader) => string | null;
}

const LARGEST_BLOCK_BYTES = 256 * 1024;
const SNAPSHOT_MAGIC = 'REDIS';
const NOTHING = Buffer.alloc(0);

export class LogFileLoad {
  private handle: FileHandle | null = null;
  private timer: Timer | null = null;
  private snapshot: KeyspaceLoader | null = null;
  private commands: CommandReader | null = null;
  /** The first bytes, until it is known what the file begins with. */
  private beginning = NOTHING;
  private transactionStart = 0;
  private readonly delay: KeyDelay;

  /** @param done called once */
  constructor(
    private readonly parts: LogFileLoadParts,
    private readonly done: (outcome: FileOutcome) => void,
  ) {
    const { server, path, replay } = parts;
    this.delay = new KeyDelay(server.config.values['key-load-delay']);
    replay.beginFile();
    server.platform.disk.open(path, 'read', (error, handle) => {
      if (handle === null) return this.finish({ kind: 'unreadable', reason: systemErrorText(error) });
      this.handle = handle;
      this.readBlock(handle);
    });
  }

  private readBlock(handle: FileHandle): void {
    const { config } = this.parts.server;
    const size = Math.min(config.values['loading-process-events-interval-bytes'], LARGEST_BLOCK_BYTES);
    handle.read(size, (error, block) => {
      if (error !== null) return this.finish({ kind: 'unreadable', reason: systemErrorText(error) });
      this.advance(() => (block.length === 0 ? this.endOfFile() : this.take(block)));
    });
  }

  /** Does a piece of work, then goes on: after a delay, with the next block, or to the end. */
  private advance(work: () => FileOutcome | null): void {
    let outcome: FileOutcome | null = null;
    this.parts.replay.within(() => {
      outcome = this.attempt(work);
    });
    if (outcome !== null) return this.finish(outcome);
    const { snapshot, commands, handle } = this;
    const { replay } = this.parts;
    if (replay.isSuspended) return replay.afterwards(() => this.advance(() => this.takeCommands()));
    this.parts.onProgress(commands?.wholeBytes ?? snapshot?.reader.offset ?? 0);
    const isPaused = this.delay.isDue || snapshot?.reader.paused === true;
    if (!isPaused && handle !== null) return this.readBlock(handle);
    const delayMs = this.delay.take() + (snapshot?.takeDelayMs() ?? 0);
    this.timer = this.parts.server.platform.timers.after(delayMs, () => {
      this.advance(() => (commands === null ? this.takeSnapshot(null) : this.takeCommands()));
    });
  }

  private attempt(work: () => FileOutcome | null): FileOutcome | null {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof RdbError)) throw error;
      return { kind: 'bad snapshot', reason: error.message };
    }
  }

  private take(block: Buffer): FileOutcome | null {
    if (this.snapshot !== null && this.commands === null) return this.takeSnapshot(block);
    if (this.commands === null) {
      const beginning = Buffer.concat([this.beginning, block]);
      if (beginning.length < SNAPSHOT_MAGIC.length) {
        this.beginning = beginning;
        return null;
      }
      return this.begin(beginning);
    }
    this.commands.feed(block);
    return this.takeCommands();
  }

  private begin(bytes: Buffer): FileOutcome | null {
    const { loading, server } = this.parts;
    if (bytes.latin1Slice(0, SNAPSHOT_MAGIC.length) === SNAPSHOT_MAGIC) {
      // What has expired may be needed by the commands that follow.
      this.snapshot = loading.newLoader(server.keyspace, false);
      return this.takeSnapshot(bytes);
    }
    this.commands = new CommandReader();
    this.commands.feed(bytes);
    return this.takeCommands();
  }

  /** @param block null to go on after a delay */
  private takeSnapshot(block: Buffer | null): FileOutcome | null {
    const { snapshot, parts } = this;
    if (snapshot === null) return null;
    const { reader } = snapshot;
    if (block === null) reader.resume();
    else reader.push(block);
    if (!reader.isComplete) return null;
    parts.loading.recordResult(snapshot);
    const problem = parts.onSnapshot(snapshot);
    if (problem !== null) return { kind: 'bad snapshot', reason: problem };
    this.commands = new CommandReader(reader.offset);
    this.commands.feed(reader.takeRest());
    return this.takeCommands();
  }

  private takeCommands(): FileOutcome | null {
    const { commands, delay } = this;
    const { replay } = this.parts;
    if (commands === null) return null;
    while (!delay.isDue && !replay.isSuspended) {
      const start = commands.wholeBytes;
      switch (commands.next()) {
        case 'more':
          return null;
        case 'malformed': {
          const { offset, reason } = commands.malformation ?? { offset: start, reason: 'malformed' };
          return { kind: 'malformed', offset, reason };
        }
        case 'annotation':
          break;
        case 'command': {
          const { args } = commands;
          if (!replay.isKnown(args[0])) return { kind: 'unknown command', name: args[0] };
          const wasInTransaction = replay.isInTransaction;
          replay.execute(args);
          if (!wasInTransaction && replay.isInTransaction) this.transactionStart = start;
          delay.add();
        }
      }
    }
    return null;
  }

  private endOfFile(): FileOutcome | null {
    const { snapshot, beginning, parts } = this;
    if (this.commands === null) {
      if (snapshot !== null) snapshot.reader.end();
      this.commands = new CommandReader();
      this.commands.feed(beginning);
      const outcome = this.takeCommands();
      if (outcome !== null) return outcome;
    }
    if (parts.replay.isInTransaction) {
      parts.replay.discardTransaction();
      return { kind: 'torn', wholeBytes: this.transactionStart, inTransaction: true };
    }
    return this.commands.isInsideItem
      ? { kind: 'torn', wholeBytes: this.commands.wholeBytes, inTransaction: false }
      : { kind: 'loaded' };
  }

  private finish(outcome: FileOutcome): void {
    this.timer?.cancel();
    this.handle?.close(() => undefined);
    this.handle = null;
    this.done(outcome);
  }
}
