/**
 * The RESTORE commands that carry keys to their target, as bytes. Small ones are collected in batches; the payload of
 * a large one is sent in the pieces in which it was made, between a head and a tail.
 */
import { writeHeader, writeLatin1 } from '../resp/output-buffer.js';

const BATCH_BYTES = 64 * 1024;
/** Bounds what numbers, line ends and words take. */
const FRAME_BYTES = 160;
const ARRAY = 42;
const BULK = 36;
const CR = 13;
const LF = 10;
const TAIL = Buffer.from('\r\n', 'latin1');
const TAIL_REPLACE = Buffer.from('\r\n$7\r\nREPLACE\r\n', 'latin1');

/** What is said of a key besides its value. */
export interface RestoreHead {
  readonly key: string;
  /** Remaining time to live, 0 for none. */
  readonly timeToLiveMs: number;
  readonly replaces: boolean;
}

export class RestoreMessages {
  private batch = Buffer.allocUnsafeSlow(BATCH_BYTES);
  private used = 0;

  /** @param word RESTORE, or RESTORE-ASKING in cluster mode: the target serves it while it takes the slot over. */
  constructor(private readonly word: 'RESTORE' | 'RESTORE-ASKING') {}

  /** Bytes in the batch. */
  get batchBytes(): number {
    return this.used;
  }

  get isBatchFull(): boolean {
    return this.used >= BATCH_BYTES - FRAME_BYTES;
  }

  /** Adds a whole command to the batch; returns its length in bytes. */
  add(head: RestoreHead, payload: Buffer): number {
    const before = this.used;
    this.head(head, payload.length, payload.length);
    this.used += payload.copy(this.batch, this.used);
    this.used += tailOf(head).copy(this.batch, this.used);
    return this.used - before;
  }

  /** Adds the beginning of a command to the batch: its payload and its {@link tailOf tail} must follow. */
  addHead(head: RestoreHead, payloadBytes: number): void {
    this.head(head, payloadBytes, 0);
  }

  /** The batch, which the caller owns. */
  take(): Buffer {
    const taken = this.batch.subarray(0, this.used);
    // A small batch leaves room for the next one.
    const rest = this.batch.subarray(this.used);
    this.batch = rest.length >= BATCH_BYTES / 2 ? rest : Buffer.allocUnsafeSlow(BATCH_BYTES);
    this.used = 0;
    return taken;
  }

  private head({ key, timeToLiveMs, replaces }: RestoreHead, payloadBytes: number, roomBytes: number): void {
    this.reserve(key.length + roomBytes + FRAME_BYTES);
    this.used = writeHeader(this.batch, this.used, ARRAY, replaces ? 5 : 4);
    this.bulk(this.word);
    this.bulk(key);
    this.bulk(String(timeToLiveMs));
    this.used = writeHeader(this.batch, this.used, BULK, payloadBytes);
  }

  private bulk(text: string): void {
    this.used = writeHeader(this.batch, this.used, BULK, text.length);
    this.used = writeLatin1(this.batch, this.used, text);
    this.batch[this.used++] = CR;
    this.batch[this.used++] = LF;
  }

  private reserve(count: number): void {
    if (this.used + count <= this.batch.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(BATCH_BYTES, this.used + count));
    this.batch.copy(grown, 0, 0, this.used);
    this.batch = grown;
  }
}

/** What follows the payload. */
export function tailOf({ replaces }: RestoreHead): Buffer {
  return replaces ? TAIL_REPLACE : TAIL;
}
