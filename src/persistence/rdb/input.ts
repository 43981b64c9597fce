/**
 * The reading end: bytes that have arrived, and the primitives of the format on them. When the bytes of a primitive
 * are not all there, it throws {@link UNDERFLOW}; the reader then goes back to its last mark and waits.
 *
 * Bytes are taken from the caller's chunk where possible and copied only when an item is cut by its end. Memory
 * grows with the bytes received, never with a length that was only promised.
 */

import { storedString } from '../../keyspace/values/string-value.js';
import type { StringValue } from '../../keyspace/values/value.js';
import { LONGEST_SHORT_BYTES, shortBytes } from '../../resp/short-bytes.js';
import { StringEncoding } from './format.js';
import { corrupt } from './errors.js';
import { decompressLzf, expandLzf, LARGEST_LZF_EXPANSION } from './lzf.js';

/** Thrown (it is not an error) when more bytes are needed. */
export const UNDERFLOW = Symbol('more bytes are needed');

/** The longest string of Redis's protocol by default; no snapshot has longer ones. */
const LONGEST_STRING = 512 * 1024 * 1024;

/** From this size on a string value goes into a Buffer without becoming text first. */
const LARGE_STRING_BYTES = 1024 * 1024;

/** Compressed text up to this size is expanded in memory that is kept for it. */
const EXPANSION_BYTES = 4096;

const UINT32_LIMIT = 0x1_0000_0000;

export class RdbInput {
  private window: Buffer = Buffer.alloc(0);
  private position = 0;
  private end = 0;
  /** True when the window is our own memory, with room to append. */
  private isOwn = false;
  private discardedBytes = 0;
  private expansion: Buffer | null = null;
  /** Of the compressed string that is being read. */
  private packedLength = 0;

  /** Bytes from the start of the snapshot to the next one to be read. */
  get offset(): number {
    return this.discardedBytes + this.position;
  }

  get availableBytes(): number {
    return this.end - this.position;
  }

  /** The window, and the place in it: for marks and checksums. */
  get bytes(): Buffer {
    return this.window;
  }

  get mark(): number {
    return this.position;
  }

  /** Goes back to a mark of this window. */
  rewind(mark: number): void {
    this.position = mark;
  }

  /** Adds received bytes. The chunk must stay unchanged until {@link keep}. */
  append(chunk: Buffer): void {
    const left = this.availableBytes;
    if (left === 0) {
      this.discardedBytes += this.position;
      this.window = chunk;
      this.position = 0;
      this.end = chunk.length;
      this.isOwn = false;
      return;
    }
    if (!this.isOwn || this.end + chunk.length > this.window.length) this.makeRoom(chunk.length);
    chunk.copy(this.window, this.end);
    this.end += chunk.length;
  }

  /** Reads the first `length` of these bytes from now on, and forgets all others. They must stay unchanged. */
  restart(bytes: Buffer, length: number): void {
    this.window = bytes;
    this.position = 0;
    this.end = length;
    this.isOwn = false;
    this.discardedBytes = 0;
  }

  /** Copies what is left of the caller's chunk, which it may then reuse. */
  keep(): void {
    if (!this.isOwn) this.makeRoom(0);
  }

  /** Takes all bytes that are left out of the input. */
  takeRest(): Buffer {
    const rest = Buffer.from(this.window.subarray(this.position, this.end));
    this.position = this.end;
    return rest;
  }

  byte(): number {
    if (this.position >= this.end) throw UNDERFLOW;
    return this.window[this.position++];
  }

  int32(): number {
    return this.window.readInt32LE(this.advance(4));
  }

  /** A signed 64-bit integer as a number; beyond the safe range it is not exact. */
  int64(): number {
    const at = this.advance(8);
    return this.window.readInt32LE(at + 4) * UINT32_LIMIT + this.window.readUInt32LE(at);
  }

  double(): number {
    return this.window.readDoubleLE(this.advance(8));
  }

  /** Bytes without a length in front, as a byte string. */
  rawText(length: number): string {
    const at = this.advance(length);
    return this.window.latin1Slice(at, at + length);
  }

  skip(length: number): void {
    this.advance(length);
  }

  /** A length that must be a plain number; those above 2^53 come out as Infinity. */
  lengthOf(): number {
    const first = this.byte();
    if (first >= 0xc0)
      return corrupt('Unknown length encoding: a string encoding where a length is expected');
    return this.lengthFrom(first);
  }

  /** An unsigned 64-bit number, exactly. */
  uint64(): number | bigint {
    const mark = this.position;
    const value = this.lengthOf();
    if (Number.isSafeInteger(value)) return value;
    return this.window.readBigUInt64BE(mark + 1);
  }

  /** A string in any of its encodings; a small integer stays a number. */
  stringOrInteger(): string | number {
    const first = this.byte();
    if (first < 0xc0) return this.text(this.stringLength(this.lengthFrom(first)));
    switch (first as StringEncoding) {
      case StringEncoding.Int8:
        return this.window.readInt8(this.advance(1));
      case StringEncoding.Int16:
        return this.window.readInt16LE(this.advance(2));
      case StringEncoding.Int32:
        return this.window.readInt32LE(this.advance(4));
      case StringEncoding.Compressed:
        return this.expandedText(this.compressedLengths());
      default:
        return corrupt(`Unknown RDB string encoding type ${first & 0x3f}`);
    }
  }

  /** A string value as the keyspace keeps it: a canonical integer as a number, a very large one as a Buffer. */
  stringValue(): StringValue {
    const first = this.byte();
    if (first < 0xc0) {
      const length = this.stringLength(this.lengthFrom(first));
      if (length < LARGE_STRING_BYTES) return storedString(this.text(length));
      const at = this.advance(length);
      return Buffer.from(this.window.subarray(at, at + length));
    }
    if ((first as StringEncoding) === StringEncoding.Compressed) {
      const length = this.compressedLengths();
      return length < LARGE_STRING_BYTES ? storedString(this.expandedText(length)) : this.expanded(length);
    }
    this.position--;
    return this.stringOrInteger();
  }

  string(): string {
    const value = this.stringOrInteger();
    return typeof value === 'string' ? value : String(value);
  }

  /** A string as bytes. The buffer is valid until more bytes are appended. */
  blob(): Buffer {
    const first = this.byte();
    if (first < 0xc0) {
      const length = this.stringLength(this.lengthFrom(first));
      const at = this.advance(length);
      return this.window.subarray(at, at + length);
    }
    if ((first as StringEncoding) === StringEncoding.Compressed)
      return this.expanded(this.compressedLengths());
    this.position--;
    return Buffer.from(this.string(), 'latin1');
  }

  private text(length: number): string {
    const at = this.advance(length);
    if (length <= LONGEST_SHORT_BYTES) return shortBytes(this.window, at, length);
    return this.window.latin1Slice(at, at + length);
  }

  /** Reads how long a compressed string is, and returns how long it will be; its bytes must be expanded next. */
  private compressedLengths(): number {
    this.packedLength = this.stringLength(this.lengthOf());
    const length = this.stringLength(this.lengthOf());
    if (length > this.packedLength * LARGEST_LZF_EXPANSION) corrupt('Invalid LZF compressed string');
    return length;
  }

  private expanded(length: number): Buffer {
    const at = this.advance(this.packedLength);
    return decompressLzf(this.window.subarray(at, at + this.packedLength), length);
  }

  private expandedText(length: number): string {
    if (length > EXPANSION_BYTES) return this.expanded(length).latin1Slice();
    const expansion = (this.expansion ??= Buffer.allocUnsafeSlow(EXPANSION_BYTES));
    const at = this.advance(this.packedLength);
    expandLzf(this.window, at, at + this.packedLength, expansion, length);
    return expansion.latin1Slice(0, length);
  }

  private stringLength(length: number): number {
    if (length > LONGEST_STRING) corrupt(`A string of ${length} bytes is longer than a snapshot may have`);
    return length;
  }

  private lengthFrom(first: number): number {
    switch (first >>> 6) {
      case 0:
        return first & 0x3f;
      case 1:
        return ((first & 0x3f) << 8) | this.byte();
      default:
        break;
    }
    if (first === 0x80) return this.window.readUInt32BE(this.advance(4));
    if (first !== 0x81) return corrupt(`Unknown length encoding ${first} in rdbLoadLen()`);
    const at = this.advance(8);
    const value = this.window.readUInt32BE(at) * UINT32_LIMIT + this.window.readUInt32BE(at + 4);
    return Number.isSafeInteger(value) ? value : Infinity;
  }

  /** Passes over `count` bytes and returns where they begin. */
  private advance(count: number): number {
    const at = this.position;
    if (at + count > this.end) throw UNDERFLOW;
    this.position = at + count;
    return at;
  }

  private makeRoom(addedBytes: number): void {
    const left = this.availableBytes;
    const needed = left + addedBytes;
    const fits = this.isOwn && needed * 2 <= this.window.length;
    const target = fits ? this.window : Buffer.allocUnsafe(Math.max(needed * 2, 1024));
    this.window.copy(target, 0, this.position, this.end);
    this.discardedBytes += this.position;
    this.window = target;
    this.position = 0;
    this.end = left;
    this.isOwn = true;
  }
}
