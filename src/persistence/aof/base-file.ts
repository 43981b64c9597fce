/**
 * What the base of an append-only log is written from: the bytes of a snapshot, as they are (with a header and a
 * checksum around them) or turned into commands (`aof-use-rdb-preamble no`).
 */
import type { EncodingLimits } from '../../keyspace/values/encoding-limits.js';
import type { Timer, Timers } from '../../platform/platform.js';
import { encodeCommand } from '../../server/propagation.js';
import { Opcode, type WritableRdbVersion } from '../rdb/format.js';
import { RdbReader, type RdbEntry, type RdbSink } from '../rdb/reader.js';
import type { FileFrame, SnapshotFile } from '../snapshot/snapshot-file.js';
import type { SnapshotReceiver, SnapshotWalk } from '../snapshot/snapshot-walk.js';
import { RdbOutput } from '../rdb/output.js';
import { writeMagic } from '../rdb/writer.js';
import { timestampLine } from './command-buffer.js';
import { commandsFor } from './value-commands.js';

/** Handed to the file at a time, and done between two events. */
const PIECE_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);
const CHECKSUM_BYTES = 8;

/** The frame of a file of commands: function libraries first. */
export class CommandFrame implements FileFrame {
  /** @param timestamp seconds; null without `aof-timestamp-enabled` */
  constructor(
    private readonly functions: readonly string[],
    private readonly timestamp: number | null,
  ) {}

  header(): Buffer {
    const lines = this.timestamp === null ? NOTHING : Buffer.from(timestampLine(this.timestamp), 'latin1');
    return Buffer.concat([lines, ...this.functions.map((source) => encoded(['FUNCTION', 'LOAD', source]))]);
  }

  body(): void {
    // There is no checksum over commands.
  }

  trailer(): Buffer {
    return NOTHING;
  }
}

/**
 * Turns a snapshot into commands as it comes. One key is in memory at a time; one with many elements is written in
 * pieces between events, and the walk waits meanwhile.
 */
export class CommandBase implements SnapshotReceiver, RdbSink {
  private readonly reader: RdbReader;
  private pieces: Buffer[] = [];
  private pieceBytes = 0;
  private steps: Generator<readonly string[], void> | null = null;
  private timer: Timer | null = null;
  private isOver = false;

  /** @param hold pauses the walk (true), lets it go on (false) */
  constructor(
    private readonly file: SnapshotFile,
    private readonly timers: Timers,
    limits: EncodingLimits,
    version: WritableRdbVersion,
    private readonly hold: (isHeld: boolean) => void,
  ) {
    this.reader = new RdbReader(this, { limits, verifyChecksum: false });
    const output = new RdbOutput(false);
    writeMagic(output, version);
    this.reader.push(output.take());
  }

  onBytes(bytes: Buffer, walk: SnapshotWalk): void {
    this.reader.push(bytes);
    walk.recycle(bytes);
    this.flush();
  }

  onComplete(): void {
    const end = Buffer.alloc(1 + CHECKSUM_BYTES);
    end[0] = Opcode.End;
    this.reader.push(end);
    if (this.steps === null) this.complete();
  }

  onAborted(): void {
    this.isOver = true;
    this.timer?.cancel();
    this.file.onAborted();
  }

  onSelectDatabase(index: number): void {
    this.add(['SELECT', String(index)]);
  }

  onEntry({ key, value, expireAtMs }: RdbEntry): void {
    if (this.pieceBytes >= PIECE_BYTES) this.flush();
    this.steps = commandsFor(key, value, expireAtMs);
    if (this.step()) return;
    this.reader.pause();
    this.hold(true);
    this.goOnLater();
  }

  onAux(): void {
    // The fields of a snapshot's header are not in its body.
  }

  onFunction(): void {
    // Written by the frame.
  }

  onSizeHint(): void {
    // Commands need none.
  }

  onEmptyKey(): void {
    // A keyspace has none.
  }

  onModuleAux(): void {
    // There are no modules.
  }

  onEnd(): void {
    // The walk says when it is complete.
  }

  /** Writes a piece of the present key; true when it is complete. */
  private step(): boolean {
    while (this.steps !== null && this.pieceBytes < PIECE_BYTES) {
      const next = this.steps.next();
      if (next.done === true) this.steps = null;
      else this.add(next.value);
    }
    return this.steps === null;
  }

  private goOnLater(): void {
    this.timer = this.timers.after(0, () => {
      this.flush();
      if (!this.step()) return this.goOnLater();
      this.timer = null;
      this.reader.resume();
      if (this.timer !== null || this.isOver) return;
      this.flush();
      this.hold(false);
      if (this.reader.isComplete) this.complete();
    });
  }

  private add(command: readonly string[]): void {
    const bytes = encoded(command);
    this.pieces.push(bytes);
    this.pieceBytes += bytes.length;
  }

  private flush(): void {
    if (this.pieceBytes === 0) return;
    const bytes = Buffer.concat(this.pieces);
    this.pieces = [];
    this.pieceBytes = 0;
    this.file.onBytes(bytes, NOBODY);
  }

  private complete(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.flush();
    this.file.onComplete();
  }
}

const NOBODY = { recycle: () => undefined };

function encoded(command: readonly string[]): Buffer {
  const bound = command.reduce((sum, { length }) => sum + length + 26, 24);
  const bytes = Buffer.allocUnsafe(bound);
  return bytes.subarray(0, encodeCommand(bytes, 0, command));
}
