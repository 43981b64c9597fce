/**
 * LZF, the compression of strings in RDB: runs of literals, and references back into the last 8 KiB of output.
 *
 *     000LLLLL <L+1 bytes>                     literals
 *     LLLooooo oooooooo                        copy L+2 bytes from o+1 bytes back, L = 1..6
 *     111ooooo LLLLLLLL oooooooo               the same with 7 + L
 */

import { corrupt } from './errors.js';

const TABLE_BITS = 14;
const LONGEST_LITERAL = 32;
const LONGEST_MATCH = 264;
const FARTHEST = 8192;

/** No three bytes stand for more than a match of the greatest length. */
export const LARGEST_LZF_EXPANSION = LONGEST_MATCH / 3;

/** Compresses strings; keeps its tables between calls. */
export class LzfCompressor {
  /** Last position of each hash of three bytes, counted on over all calls so that it need not be cleared. */
  private readonly table = new Int32Array(1 << TABLE_BITS);
  private base = 1;
  private output = Buffer.allocUnsafe(1024);

  /**
   * Compresses the first `length` bytes of `input` into at most `maxBytes`.
   * @returns a view that is valid until the next call, or null when it does not fit.
   */
  compress(input: Buffer, maxBytes: number, length = input.length): Buffer | null {
    if (length < 4 || maxBytes < 1) return null;
    if (this.output.length < maxBytes) this.output = Buffer.allocUnsafe(maxBytes * 2);
    const { table, output } = this;
    if (this.base + length > 0x7fff_0000) {
      table.fill(0);
      this.base = 1;
    }
    const base = this.base;
    // Also when this call gives up: what it noted must not be taken for positions of the next input.
    this.base = base + length;
    let out = 0;
    let literalStart = 0;
    let position = 0;
    const lastStart = length - 2;
    while (position < lastStart) {
      const hash = hashOfThree(input, position);
      const candidate = table[hash] - base;
      table[hash] = position + base;
      // The very first position never serves as a source, so that results equal those of other writers.
      if (
        candidate < 1 ||
        position - candidate > FARTHEST ||
        input[candidate] !== input[position] ||
        input[candidate + 1] !== input[position + 1] ||
        input[candidate + 2] !== input[position + 2]
      ) {
        position++;
        continue;
      }
      const limit = Math.min(LONGEST_MATCH, lastStart - position);
      let matched = Math.min(3, limit);
      while (matched < limit && input[candidate + matched] === input[position + matched]) matched++;
      if (matched < 3) break;
      out = this.writeLiterals(input, literalStart, position, out, maxBytes);
      if (out === -1 || out + 3 > maxBytes) return null;
      out = this.writeMatch(matched - 2, position - candidate - 1, out);
      const end = position + matched;
      for (position++; position < end; position++) {
        if (position < lastStart) table[hashOfThree(input, position)] = position + base;
      }
      literalStart = end;
    }
    out = this.writeLiterals(input, literalStart, length, out, maxBytes);
    return out === -1 ? null : output.subarray(0, out);
  }

  private writeLiterals(input: Buffer, start: number, end: number, out: number, maxBytes: number): number {
    const { output } = this;
    let to = out;
    for (let from = start; from < end; from += LONGEST_LITERAL) {
      const count = Math.min(LONGEST_LITERAL, end - from);
      if (to + count + 1 > maxBytes) return -1;
      output[to++] = count - 1;
      for (let i = 0; i < count; i++) output[to++] = input[from + i];
    }
    return to;
  }

  private writeMatch(length: number, distance: number, out: number): number {
    const { output } = this;
    let to = out;
    if (length < 7) {
      output[to++] = (length << 5) | (distance >>> 8);
    } else {
      output[to++] = 0xe0 | (distance >>> 8);
      output[to++] = length - 7;
    }
    output[to++] = distance & 0xff;
    return to;
  }
}

function hashOfThree(bytes: Buffer, position: number): number {
  const three = (bytes[position] << 16) | (bytes[position + 1] << 8) | bytes[position + 2];
  return Math.imul(three, 0x9e3779b1) >>> (32 - TABLE_BITS);
}

/** Expands `input` to exactly `length` bytes; the caller has checked that `length` is plausible. */
export function decompressLzf(input: Buffer, length: number): Buffer {
  const output = Buffer.allocUnsafe(length);
  expandLzf(input, 0, input.length, output, length);
  return output;
}

/** As {@link decompressLzf}, from `start` to `end` of the input, into the first `length` bytes of `output`. */
export function expandLzf(input: Buffer, start: number, end: number, output: Buffer, length: number): void {
  let from = start;
  let to = 0;
  while (from < end) {
    const control = input[from++];
    if (control < 32) {
      const count = control + 1;
      if (from + count > end || to + count > length) corrupt('Invalid LZF compressed string');
      for (let i = 0; i < count; i++) output[to++] = input[from++];
      continue;
    }
    let count = control >>> 5;
    if (count === 7) count += from < end ? input[from++] : corrupt('Invalid LZF compressed string');
    count += 2;
    if (from >= end) corrupt('Invalid LZF compressed string');
    let source = to - ((control & 31) << 8) - input[from++] - 1;
    if (source < 0 || to + count > length) corrupt('Invalid LZF compressed string');
    // Byte by byte: source and destination may overlap, which is how runs are made.
    for (let i = 0; i < count; i++) output[to++] = output[source++];
  }
  if (to !== length) corrupt('Invalid LZF compressed string');
}
