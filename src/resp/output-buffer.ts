/**
 * The reply side of a client: encodes replies straight into pooled chunks and hands them to the connection
 * in pieces. Nothing is allocated per reply while a chunk has room.
 */
import type { Connection } from '../platform/platform.js';
import { formatDouble } from './numbers.js';
import type { ProtocolVersion, ReplySink } from './reply-sink.js';

const CHUNK_BYTES = 16 * 1024;
/** Below this length a loop over characters is faster than a call into C++. */
const SHORT_STRING_LENGTH = 24;
/** Strings longer than this get a buffer of their own instead of filling chunks. */
const OWN_BUFFER_LENGTH = CHUNK_BYTES / 2;
const POOL_LIMIT = 256;

const CARRIAGE_RETURN = 13;
const LINE_FEED = 10;

/** Free chunks of one server. A client holds chunks only between writing a reply and flushing it. */
export class ChunkPool {
  private readonly free: Buffer[] = [];

  take(): Buffer {
    return this.free.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
  }

  give(chunk: Buffer): void {
    if (chunk.length === CHUNK_BYTES && this.free.length < POOL_LIMIT) this.free.push(chunk);
  }
}

export class OutputBuffer implements ReplySink {
  protocol: ProtocolVersion = 2;
  errorCount = 0;
  lastError = '';
  /** What is written is dropped; errors are counted all the same (CLIENT REPLY, clients that are closed). */
  isMuted = false;

  private chunk: Buffer | null = null;
  private used = 0;
  /** Full pieces before the current chunk. */
  private pieces: Buffer[] = [];
  private pieceBytes = 0;

  constructor(private readonly pool: ChunkPool) {}

  /** Bytes written and not yet flushed. */
  get pendingBytes(): number {
    return this.pieceBytes + this.used;
  }

  ok(): void {
    if (this.isMuted) return;
    this.reserve(5);
    const chunk = this.chunk!;
    const at = this.used;
    chunk[at] = 43;
    chunk[at + 1] = 79;
    chunk[at + 2] = 75;
    chunk[at + 3] = CARRIAGE_RETURN;
    chunk[at + 4] = LINE_FEED;
    this.used = at + 5;
  }

  simple(text: string): void {
    this.line(43, text);
  }

  error(text: string): void {
    this.errorCount++;
    this.lastError = text;
    this.line(45, text.replace(/[\r\n]/g, ' '));
  }

  integer(value: number): void {
    this.header(58, value);
  }

  bigInteger(value: bigint): void {
    this.line(58, value.toString());
  }

  bulk(bytes: string): void {
    if (this.isMuted) return;
    const length = bytes.length;
    this.header(36, length);
    if (length > OWN_BUFFER_LENGTH) {
      this.append(Buffer.from(bytes, 'latin1'));
      this.reserve(2);
    } else {
      this.reserve(length + 2);
      this.used = writeLatin1(this.chunk!, this.used, bytes);
    }
    this.lineEnd();
  }

  bulkBuffer(bytes: Buffer): void {
    if (this.isMuted) return;
    this.header(36, bytes.length);
    if (bytes.length > OWN_BUFFER_LENGTH) {
      // Copied: the value may change in place before the socket has taken it.
      this.append(Buffer.from(bytes));
      this.reserve(2);
    } else {
      this.reserve(bytes.length + 2);
      bytes.copy(this.chunk!, this.used);
      this.used += bytes.length;
    }
    this.lineEnd();
  }

  bulkInteger(value: number): void {
    this.bulk(String(value));
  }

  nullBulk(): void {
    this.raw(this.protocol === 2 ? '$-1\r\n' : '_\r\n');
  }

  nullArray(): void {
    this.raw(this.protocol === 2 ? '*-1\r\n' : '_\r\n');
  }

  boolean(value: boolean): void {
    if (this.protocol === 2) this.integer(value ? 1 : 0);
    else this.raw(value ? '#t\r\n' : '#f\r\n');
  }

  double(value: number): void {
    if (this.protocol === 2) this.bulk(formatDouble(value));
    else this.line(44, formatDouble(value));
  }

  bigNumber(digits: string): void {
    if (this.protocol === 2) this.bulk(digits);
    else this.line(40, digits);
  }

  verbatim(format: string, text: string): void {
    if (this.protocol === 2) {
      this.bulk(text);
    } else {
      this.header(61, text.length + 4);
      this.raw(format + ':');
      this.raw(text);
      this.raw('\r\n');
    }
  }

  arrayHeader(count: number): void {
    this.header(42, count);
  }

  mapHeader(pairCount: number): void {
    if (this.protocol === 2) this.header(42, pairCount * 2);
    else this.header(37, pairCount);
  }

  setHeader(count: number): void {
    this.header(this.protocol === 2 ? 42 : 126, count);
  }

  pushHeader(count: number): void {
    this.header(this.protocol === 2 ? 42 : 62, count);
  }

  attributeHeader(pairCount: number): void {
    this.header(124, pairCount);
  }

  raw(bytes: string): void {
    if (this.isMuted) return;
    if (bytes.length > OWN_BUFFER_LENGTH) {
      this.append(Buffer.from(bytes, 'latin1'));
      return;
    }
    this.reserve(bytes.length);
    this.used = writeLatin1(this.chunk!, this.used, bytes);
  }

  /** Appends bytes that are already RESP; the buffer must not change afterwards. */
  append(bytes: Buffer): void {
    if (this.isMuted) return;
    this.closeChunk();
    this.pieces.push(bytes);
    this.pieceBytes += bytes.length;
  }

  clear(): void {
    if (this.chunk !== null) this.pool.give(this.chunk);
    this.chunk = null;
    this.used = 0;
    this.pieces = [];
    this.pieceBytes = 0;
  }

  /** Takes everything out, to be handed to the connection later. */
  take(): Buffer[] {
    const { chunk, used } = this;
    if (this.pieces.length === 0) {
      // A short reply is copied, so that its chunk serves others while it waits.
      const copy = chunk === null ? [] : [Buffer.from(chunk.subarray(0, used))];
      this.clear();
      return copy;
    }
    this.closeChunk();
    const { pieces } = this;
    this.pieces = [];
    this.pieceBytes = 0;
    return pieces;
  }

  /** Hands everything to the connection. */
  flush(connection: Connection): void {
    if (this.pieces.length > 0) {
      const pieces = this.pieces;
      this.pieces = [];
      this.pieceBytes = 0;
      for (const piece of pieces) if (piece.length > 0) connection.write(piece);
    }
    const chunk = this.chunk;
    if (chunk === null) return;
    const used = this.used;
    this.chunk = null;
    this.used = 0;
    if (used === 0) {
      this.pool.give(chunk);
      return;
    }
    connection.write(chunk.subarray(0, used));
    if (connection.bufferedBytes === 0) this.pool.give(chunk);
  }

  private reserve(bytes: number): void {
    if (this.chunk !== null && this.chunk.length - this.used >= bytes) return;
    this.closeChunk();
    this.chunk = bytes > CHUNK_BYTES ? Buffer.allocUnsafeSlow(bytes) : this.pool.take();
  }

  private closeChunk(): void {
    if (this.chunk === null) return;
    if (this.used > 0) {
      this.pieces.push(this.chunk.subarray(0, this.used));
      this.pieceBytes += this.used;
    } else {
      this.pool.give(this.chunk);
    }
    this.chunk = null;
    this.used = 0;
  }

  private lineEnd(): void {
    const chunk = this.chunk!;
    chunk[this.used] = CARRIAGE_RETURN;
    chunk[this.used + 1] = LINE_FEED;
    this.used += 2;
  }

  private line(type: number, text: string): void {
    if (this.isMuted) return;
    this.reserve(text.length + 3);
    this.chunk![this.used++] = type;
    this.used = writeLatin1(this.chunk!, this.used, text);
    this.lineEnd();
  }

  private header(type: number, value: number): void {
    if (this.isMuted) return;
    this.reserve(24);
    this.used = writeHeader(this.chunk!, this.used, type, value);
  }
}

/** Writes `type`, a decimal integer and CRLF; returns the position after it. 24 bytes must be free. */
export function writeHeader(target: Buffer, position: number, type: number, value: number): number {
  let at = position;
  target[at++] = type;
  if (value >= 0 && value < 10) {
    target[at++] = 48 + value;
  } else if (value >= 0 && value < 2147483648) {
    let digits = 1;
    for (let bound = 10; bound <= value; bound *= 10) digits++;
    let rest = value;
    for (let i = at + digits - 1; i >= at; i--) {
      const next = (rest / 10) | 0;
      target[i] = 48 + rest - next * 10;
      rest = next;
    }
    at += digits;
  } else {
    at = writeLatin1(target, at, String(value));
  }
  target[at] = CARRIAGE_RETURN;
  target[at + 1] = LINE_FEED;
  return at + 2;
}

/** Writes a byte string; returns the position after it. There must be room. */
export function writeLatin1(target: Buffer, position: number, bytes: string): number {
  const length = bytes.length;
  if (length > SHORT_STRING_LENGTH) return position + target.latin1Write(bytes, position, length);
  for (let i = 0; i < length; i++) target[position + i] = bytes.charCodeAt(i);
  return position + length;
}
