/**
 * Commands on their way to the append-only log, as they will stand in the file: SELECT where the database changes,
 * and timestamps if wanted.
 */
import { encodeCommand } from '../../server/propagation.js';

const INITIAL_BYTES = 64 * 1024;
/** A buffer that one busy turn made larger than this is given up again. */
const LARGEST_KEPT_BYTES = 1024 * 1024;
const NO_DATABASE = -1;

export class CommandBuffer {
  private bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  private used = 0;
  private selected = NO_DATABASE;
  private lastTimestamp = 0;

  get length(): number {
    return this.used;
  }

  /** What was added since {@link clear}; valid until more is. */
  get content(): Buffer {
    return this.bytes.subarray(0, this.used);
  }

  /** @param databaseIndex -1 for MULTI and EXEC, which need no SELECT */
  add(databaseIndex: number, encoded: Buffer): void {
    if (databaseIndex >= 0 && databaseIndex !== this.selected) this.select(databaseIndex);
    this.reserve(encoded.length);
    encoded.copy(this.bytes, this.used);
    this.used += encoded.length;
  }

  /** Puts a timestamp before the next command when the second is another than at the last one. */
  addTimestamp(seconds: number): void {
    if (seconds <= this.lastTimestamp) return;
    this.lastTimestamp = seconds;
    const line = timestampLine(seconds);
    this.reserve(line.length);
    this.used += this.bytes.latin1Write(line, this.used, line.length);
  }

  /** Another file begins, in which no database is selected. */
  forgetSelection(): void {
    this.selected = NO_DATABASE;
  }

  clear(): void {
    this.used = 0;
    if (this.bytes.length > LARGEST_KEPT_BYTES) this.bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  }

  private select(databaseIndex: number): void {
    this.selected = databaseIndex;
    this.reserve(64);
    this.used = encodeCommand(this.bytes, this.used, ['SELECT', String(databaseIndex)]);
  }

  private reserve(count: number): void {
    const needed = this.used + count;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.used);
    this.bytes = larger;
  }
}

/** The annotation of `aof-timestamp-enabled`. */
export function timestampLine(seconds: number): string {
  return `#TS:${seconds}\r\n`;
}
