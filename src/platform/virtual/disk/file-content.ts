/**
 * The bytes of one file: what processes see, and what is on the platter. A sync makes the second the first; a
 * crash makes the first the second.
 */
import type { SeededRandom } from '../seeded-random.js';

const INITIAL_CAPACITY_BYTES = 256;

export class FileContent {
  private buffer: Buffer = Buffer.alloc(INITIAL_CAPACITY_BYTES);
  private size = 0;
  /** Is the same buffer as long as nothing below `durableSize` was overwritten: syncing copies nothing. */
  private durableBuffer = this.buffer;
  private durableSize = 0;
  /** So many first bytes are the same in both. */
  private commonSize = 0;

  get sizeBytes(): number {
    return this.size;
  }

  /** A copy of what processes see. */
  bytes(start = 0, end = this.size): Buffer {
    return Buffer.from(this.buffer.subarray(start, Math.min(end, this.size)));
  }

  durableBytes(): Buffer {
    return Buffer.from(this.durableBuffer.subarray(0, this.durableSize));
  }

  /** Writes, with zeros up to the position when that is beyond the end. */
  writeAt(position: number, bytes: Buffer): void {
    const start = Math.min(position, this.size);
    const end = position + bytes.length;
    const overwritesDurable = this.durableBuffer === this.buffer && start < this.durableSize;
    if (end > this.buffer.length || overwritesDurable) this.moveToOwnBuffer(end);
    this.buffer.fill(0, start, position);
    bytes.copy(this.buffer, position);
    this.size = Math.max(this.size, end);
    this.commonSize = Math.min(this.commonSize, start);
  }

  truncate(sizeBytes: number): void {
    if (sizeBytes > this.size) this.writeAt(sizeBytes, Buffer.alloc(0));
    this.size = sizeBytes;
    this.commonSize = Math.min(this.commonSize, sizeBytes);
  }

  sync(): void {
    this.durableBuffer = this.buffer;
    this.durableSize = this.size;
    this.commonSize = this.size;
  }

  /**
   * Forgets what was not synced. A torn crash keeps a random part of what was appended since the last sync, cut
   * at any byte: the kernel had begun to write it out.
   */
  crash(torn: boolean, random: SeededRandom): void {
    const appendedBytes = this.size - this.durableSize;
    if (torn && appendedBytes > 0 && this.commonSize === this.durableSize) {
      this.size = this.durableSize + random.integer(appendedBytes + 1);
    } else {
      this.buffer = this.durableBytes();
      this.size = this.durableSize;
    }
    this.sync();
  }

  private moveToOwnBuffer(neededBytes: number): void {
    const larger = Buffer.alloc(neededBytes > this.buffer.length ? neededBytes * 2 : this.buffer.length);
    this.buffer.copy(larger, 0, 0, this.size);
    this.buffer = larger;
  }
}
