/**
 * The tail of the replication stream: one copy of its bytes, from which partial resynchronisations and all replicas
 * are served.
 *
 * The bytes lie in blocks that are only ever appended to, so that pieces of them can be handed to sockets without
 * copying. Each reader (a replica) has a cursor; a block goes when the backlog would still be as long as configured
 * without it and no cursor has to read it. So a slow replica can make the backlog longer than configured, never
 * shorter, and what bounds that is the replica's output limit.
 */
import { advance, toOffset, type Offset } from './identity.js';

/** Redis's lower bound for `repl-backlog-size`. */
const MIN_BACKLOG_BYTES = 16 * 1024;
const MAX_BLOCK_BYTES = 64 * 1024;
/** The backlog is trimmed by whole blocks, so a block is a small part of it. */
const BLOCKS_PER_BACKLOG = 16;

class Block {
  readonly bytes: Buffer;
  used = 0;
  next: Block | null = null;
  /** Cursors whose next byte is in this block (or, for the last block, will be). */
  readers = 0;

  constructor(
    /** Offset of the first byte. */
    readonly start: number,
    capacity: number,
  ) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
  }

  /** Offset of the byte after the last one. */
  get end(): number {
    return this.start + this.used;
  }
}

export class Backlog {
  private head: Block;
  private tail: Block;
  private limitBytes: number;
  private blockBytes: number;
  private capacityBytes: number;

  /**
   * @param sizeBytes how much history to keep
   * @param offset the stream's offset so far: the next byte gets the one after it
   */
  constructor(sizeBytes: number, offset: Offset) {
    this.limitBytes = Math.max(sizeBytes, MIN_BACKLOG_BYTES);
    this.blockBytes = blockSizeFor(this.limitBytes);
    this.head = new Block(offset + 1, this.blockBytes);
    this.tail = this.head;
    this.capacityBytes = this.blockBytes;
  }

  /** The offset of the last byte appended. */
  get offset(): Offset {
    return toOffset(this.tail.end - 1);
  }

  /** Offset of the oldest byte kept; one past {@link offset} while there is none. */
  get first(): Offset {
    return toOffset(this.head.start);
  }

  /** How many bytes are kept. */
  get length(): number {
    return this.tail.end - this.head.start;
  }

  /** The configured size, as INFO's `repl_backlog_size`. */
  get sizeBytes(): number {
    return this.limitBytes;
  }

  /** Memory that the blocks take. */
  get memoryBytes(): number {
    return this.capacityBytes;
  }

  /** `repl-backlog-size` changed. */
  resize(sizeBytes: number): void {
    this.limitBytes = Math.max(sizeBytes, MIN_BACKLOG_BYTES);
    this.blockBytes = blockSizeFor(this.limitBytes);
    this.trim();
  }

  /** Appends a piece of the stream; the bytes are copied. */
  append(bytes: Buffer): void {
    let taken = 0;
    while (taken < bytes.length) {
      if (this.tail.used === this.tail.bytes.length) this.addBlock(bytes.length - taken);
      const { tail } = this;
      const copied = bytes.copy(tail.bytes, tail.used, taken);
      tail.used += copied;
      taken += copied;
    }
  }

  /** A reader that starts with the byte at `from`, which must be in the backlog or the next one to come. */
  open(from: Offset): BacklogCursor {
    if (from < this.head.start || from > this.tail.end) {
      throw new RangeError(`offset ${from} is not in the backlog ${this.head.start}..${this.tail.end}`);
    }
    let block = this.head;
    while (from >= block.end && block.next !== null) block = block.next;
    return new BacklogCursor(this, block, from - block.start);
  }

  /** Drops what is no longer needed. Called when a block was added and when a cursor has moved on. */
  trim(): void {
    for (;;) {
      const { head } = this;
      if (head.next === null || head.readers > 0 || this.length - head.used < this.limitBytes) return;
      this.capacityBytes -= head.bytes.length;
      this.head = head.next;
    }
  }

  private addBlock(bytesToCome: number): void {
    // A huge command gets larger blocks, so that it does not become hundreds of small writes.
    const capacity = Math.max(this.blockBytes, Math.min(bytesToCome, this.limitBytes / BLOCKS_PER_BACKLOG));
    const block = new Block(this.tail.end, Math.ceil(capacity));
    this.capacityBytes += block.bytes.length;
    this.tail.next = block;
    this.tail = block;
    this.trim();
  }
}

function blockSizeFor(backlogBytes: number): number {
  return Math.min(MAX_BLOCK_BYTES, Math.ceil(backlogBytes / BLOCKS_PER_BACKLOG));
}

/** A reader's position. It must be closed, or the backlog grows for ever. */
export class BacklogCursor {
  private closed = false;

  constructor(
    private readonly backlog: Backlog,
    private block: Block,
    private position: number,
  ) {
    block.readers++;
  }

  /** Offset of the next byte to read. */
  get next(): Offset {
    return toOffset(this.block.start + this.position);
  }

  /** Bytes that are there to read. */
  get pendingBytes(): number {
    return advance(this.backlog.offset, 1) - this.next;
  }

  /**
   * Reads up to `maxBytes`, at most to the end of a block; null when there is nothing. The buffer is a view of
   * bytes that never change again.
   */
  read(maxBytes: number): Buffer | null {
    if (this.position === this.block.used) {
      if (this.block.next === null) return null;
      this.moveTo(this.block.next);
    }
    const end = Math.min(this.block.used, this.position + maxBytes);
    const bytes = this.block.bytes.subarray(this.position, end);
    this.position = end;
    return bytes;
  }

  /** A second reader at the same position. */
  fork(): BacklogCursor {
    return new BacklogCursor(this.backlog, this.block, this.position);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.block.readers--;
    this.backlog.trim();
  }

  private moveTo(block: Block): void {
    this.block.readers--;
    block.readers++;
    this.block = block;
    this.position = 0;
    this.backlog.trim();
  }
}
