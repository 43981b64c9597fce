/**
 * The RESTORE commands that carry keys to their target, as bytes. Small ones are collected in batches; the payload of
 * a large one is sent in the pieces in which it was made, between a head and a tail.
 */
import type { DumpEncoder } from '../persistence/rdb/dump-payload.js';
import { writeHeader, writeLatin1 } from '../resp/output-buffer.js';

const BATCH_BYTES = 64 * 1024;
/** Bounds what numbers, line ends and words take. */
const FRAME_BYTES = 160;
const ARRAY = 42;
const BULK = 36;
const CR = 13;
const LF = 10;
const END = '\r\n';
const END_REPLACE = '\r\n$7\r\nREPLACE\r\n';

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

  /**
   * Adds a whole command to the batch.
   * @param timeToLiveMs remaining time to live, 0 for none
   * @param dumps has the payload prepared
   * @returns its length in bytes
   */
  add(
    key: string,
    timeToLiveMs: number,
    replaces: boolean,
    dumps: DumpEncoder,
    payloadBytes: number,
  ): number {
    this.reserve(key.length + payloadBytes + FRAME_BYTES);
    const before = this.used;
    this.head(key, timeToLiveMs, replaces, payloadBytes);
    dumps.moveTo(this.batch, this.used);
    this.used += payloadBytes;
    this.used = writeLatin1(this.batch, this.used, replaces ? END_REPLACE : END);
    return this.used - before;
  }

  /** Adds the beginning of a command to the batch: its payload and its {@link tailOf tail} must follow. */
  addHead(key: string, timeToLiveMs: number, replaces: boolean, payloadBytes: number): void {
    this.reserve(key.length + FRAME_BYTES);
    this.head(key, timeToLiveMs, replaces, payloadBytes);
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

  private head(key: string, timeToLiveMs: number, replaces: boolean, payloadBytes: number): void {
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
export function tailOf(replaces: boolean): Buffer {
  return Buffer.from(replaces ? END_REPLACE : END, 'latin1');
}
