/**
 * Where snapshot bytes are collected before they go to a file, a socket or a DUMP reply: a growing buffer with
 * the primitives of the format (lengths, strings, doubles, ids). Knows no values and no keys.
 */

import { LzfCompressor } from './lzf.js';
import { StringEncoding } from './format.js';

const FIRST_CAPACITY = 4096;
/** Redis compresses strings longer than this, and only if that saves four bytes. */
const SHORTEST_COMPRESSED = 20;
const COMPRESSION_GAIN = 4;
/** Longer strings would take more than a slice's time to compress. */
const LONGEST_COMPRESSED = 64 * 1024;
/** Below this length a loop beats the call into the native encoder. */
const SHORT_STRING = 24;
const UINT32_LIMIT = 0x1_0000_0000;

/** Buffers kept for reuse: what is being written to a file while the next slice is made. */
const MOST_SPARE_BUFFERS = 4;

export class RdbOutput {
  private bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  private readonly spare: Buffer[] = [];
  private used = 0;
  private readonly compressor: LzfCompressor | null;
  /** Where text lies as bytes while it is compressed. */
  private uncompressed = Buffer.alloc(0);

  constructor(compression: boolean) {
    this.compressor = compression ? new LzfCompressor() : null;
  }

  /** Bytes collected since the last {@link take}. */
  get length(): number {
    return this.used;
  }

  /** Where the bytes are, from 0 to {@link length}; until more is added. */
  get collected(): Buffer {
    return this.bytes;
  }

  /** Forgets what was collected. */
  clear(): void {
    this.used = 0;
  }

  /** Hands over what was collected. */
  take(): Buffer {
    const taken = this.bytes.subarray(0, this.used);
    this.bytes = this.spare.pop() ?? Buffer.allocUnsafeSlow(Math.max(FIRST_CAPACITY, this.used));
    this.used = 0;
    return taken;
  }

  /**
   * Gives back what {@link take} has returned, whole and unused by anybody else, to be overwritten. Without
   * that, a snapshot leaves as much garbage as it has bytes, and the collector stops the server for it.
   */
  recycle(taken: Buffer): void {
    if (this.spare.length < MOST_SPARE_BUFFERS) this.spare.push(Buffer.from(taken.buffer));
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.used++] = value;
  }

  int32(value: number): void {
    this.reserve(4);
    this.used = this.bytes.writeInt32LE(value, this.used);
  }

  /** A signed 64-bit integer that is safe. */
  int64(value: number): void {
    this.reserve(8);
    this.bytes.writeUInt32LE(((value % UINT32_LIMIT) + UINT32_LIMIT) % UINT32_LIMIT, this.used);
    this.bytes.writeInt32LE(Math.floor(value / UINT32_LIMIT), this.used + 4);
    this.used += 8;
  }

  double(value: number): void {
    this.reserve(8);
    this.used = this.bytes.writeDoubleLE(value, this.used);
  }

  /** An unsigned number in the format's variable-length form. */
  lengthOf(value: number | bigint): void {
    this.reserve(9);
    const bytes = this.bytes;
    if (typeof value === 'bigint') {
      bytes[this.used] = 0x81;
      bytes.writeBigUInt64BE(value, this.used + 1);
      this.used += 9;
    } else if (value < 0x40) {
      bytes[this.used++] = value;
    } else if (value < 0x4000) {
      bytes[this.used++] = 0x40 | (value >>> 8);
      bytes[this.used++] = value & 0xff;
    } else if (value < UINT32_LIMIT) {
      bytes[this.used] = 0x80;
      bytes.writeUInt32BE(value, this.used + 1);
      this.used += 5;
    } else {
      bytes[this.used] = 0x81;
      bytes.writeUInt32BE(Math.floor(value / UINT32_LIMIT), this.used + 1);
      bytes.writeUInt32BE(value % UINT32_LIMIT, this.used + 5);
      this.used += 9;
    }
  }

  /** A string in its shortest form: as an integer, compressed, or plain. */
  string(text: string): void {
    const length = text.length;
    if (length <= 11) {
      const integer = int32Of(text);
      if (integer !== null) return this.integerString(integer);
    }
    if (length > SHORTEST_COMPRESSED && length <= LONGEST_COMPRESSED && this.compressor !== null) {
      if (this.uncompressed.length < length) this.uncompressed = Buffer.allocUnsafeSlow(length * 2);
      this.uncompressed.latin1Write(text, 0);
      if (this.compressed(this.uncompressed, length, this.compressor)) return;
    }
    this.lengthOf(length);
    this.rawText(text);
  }

  /** A safe integer as a string. */
  numberString(value: number): void {
    if (value >= -0x8000_0000 && value <= 0x7fff_ffff) this.integerString(value);
    else this.string(String(value));
  }

  /** A string whose bytes are in a buffer. */
  blob(bytes: Buffer): void {
    const length = bytes.length;
    if (length > SHORTEST_COMPRESSED && length <= LONGEST_COMPRESSED && this.compressor !== null) {
      if (this.compressed(bytes, length, this.compressor)) return;
    }
    this.lengthOf(length);
    this.raw(bytes);
  }

  raw(bytes: Buffer): void {
    this.reserve(bytes.length);
    this.used += bytes.copy(this.bytes, this.used);
  }

  /** The bytes of a byte string, without a length. */
  rawText(text: string): void {
    const length = text.length;
    this.reserve(length);
    if (length > SHORT_STRING) {
      this.used += this.bytes.latin1Write(text, this.used);
      return;
    }
    const bytes = this.bytes;
    let to = this.used;
    for (let i = 0; i < length; i++) bytes[to++] = text.charCodeAt(i);
    this.used = to;
  }

  private integerString(value: number): void {
    this.reserve(5);
    if (value >= -128 && value <= 127) {
      this.bytes[this.used++] = StringEncoding.Int8;
      this.bytes[this.used++] = value & 0xff;
    } else if (value >= -32768 && value <= 32767) {
      this.bytes[this.used++] = StringEncoding.Int16;
      this.used = this.bytes.writeInt16LE(value, this.used);
    } else {
      this.bytes[this.used++] = StringEncoding.Int32;
      this.used = this.bytes.writeInt32LE(value, this.used);
    }
  }

  /** @param length how many of the bytes the string has */
  private compressed(bytes: Buffer, length: number, compressor: LzfCompressor): boolean {
    const packed = compressor.compress(bytes, length - COMPRESSION_GAIN, length);
    if (packed === null) return false;
    this.byte(StringEncoding.Compressed);
    this.lengthOf(packed.length);
    this.lengthOf(length);
    this.raw(packed);
    return true;
  }

  private reserve(count: number): void {
    if (this.used + count <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.used + count));
    this.bytes.copy(grown, 0, 0, this.used);
    this.bytes = grown;
  }
}

/** The value of a canonical decimal 32-bit integer; null for other texts. Allocates nothing. */
function int32Of(text: string): number | null {
  const length = text.length;
  const isNegative = text.charCodeAt(0) === 45;
  const first = isNegative ? 1 : 0;
  if (length === first) return null;
  if (text.charCodeAt(first) === 48) return length === 1 ? 0 : null;
  let value = 0;
  for (let i = first; i < length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return null;
    value = value * 10 + digit;
  }
  if (isNegative) value = -value;
  return value >= -0x8000_0000 && value <= 0x7fff_ffff ? value : null;
}
