/** Chance from the operating system's generator, drawn in blocks: a system call per number would be slow. */
import { randomFillSync } from 'node:crypto';
import type { Randomness } from '../platform.js';

const POOL_BYTES = 4096;
const BYTES_PER_FRACTION = 6;
const FRACTION_RANGE = 2 ** (8 * BYTES_PER_FRACTION);

export class NodeRandomness implements Randomness {
  private readonly pool = Buffer.alloc(POOL_BYTES);
  private position = POOL_BYTES;

  fraction(): number {
    return this.pool.readUIntBE(this.take(BYTES_PER_FRACTION), BYTES_PER_FRACTION) / FRACTION_RANGE;
  }

  integer(bound: number): number {
    return Math.floor(this.fraction() * bound);
  }

  hex(length: number): string {
    let text = '';
    while (text.length < length) {
      const byteCount = Math.min(Math.ceil((length - text.length) / 2), POOL_BYTES);
      const start = this.take(byteCount);
      text += this.pool.toString('hex', start, start + byteCount);
    }
    return text.slice(0, length);
  }

  /** Position of that many unused bytes in the pool. */
  private take(byteCount: number): number {
    if (this.position + byteCount > POOL_BYTES) {
      randomFillSync(this.pool);
      this.position = 0;
    }
    const start = this.position;
    this.position += byteCount;
    return start;
  }
}
