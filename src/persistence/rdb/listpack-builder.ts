/** Writes listpacks: elements as integers in their smallest form when they are canonical, else as strings. */

import { backLengthSize, LISTPACK_OVERHEAD_BYTES } from '../../keyspace/values/packed-size.js';
import { parseInt64, parseSafeInteger } from '../../resp/numbers.js';

const HEADER_BYTES = 6;
const END_MARK = 0xff;
/** Largest count that the header can tell; readers of larger ones scan. */
const COUNT_UNKNOWN = 65535;
/** Longest decimal form of a 64-bit integer. */
const LONGEST_INTEGER = 20;
/** Encoding byte, length and back length of the largest string. */
const LARGEST_ELEMENT_OVERHEAD = 10;

/** Builds one listpack after the other in the same buffer. */
export class ListpackBuilder {
  private bytes = Buffer.allocUnsafe(1024);
  private used = HEADER_BYTES;
  private count = 0;

  /** Size of the listpack as it stands. */
  get sizeBytes(): number {
    return this.used + LISTPACK_OVERHEAD_BYTES - HEADER_BYTES;
  }

  get elementCount(): number {
    return this.count;
  }

  append(text: string): void {
    const length = text.length;
    if (length > 0 && length <= LONGEST_INTEGER) {
      const first = text.charCodeAt(0);
      if ((first >= 48 && first <= 57) || first === 45) {
        const integer = parseSafeInteger(text);
        if (!Number.isNaN(integer)) return this.appendInteger(integer);
        const wide = parseInt64(text);
        if (wide !== null) return this.appendInteger(wide);
      }
    }
    this.appendString(text);
  }

  appendInteger(value: number | bigint): void {
    this.reserve(LARGEST_ELEMENT_OVERHEAD);
    const { bytes } = this;
    const start = this.used;
    if (typeof value === 'bigint') {
      bytes[start] = 0xf4;
      this.used = bytes.writeBigInt64LE(value, start + 1);
    } else if (value >= 0 && value <= 127) {
      bytes[this.used++] = value;
    } else if (value >= -4096 && value <= 4095) {
      bytes[this.used++] = 0xc0 | ((value >> 8) & 0x1f);
      bytes[this.used++] = value & 0xff;
    } else if (value >= -32768 && value <= 32767) {
      bytes[start] = 0xf1;
      this.used = bytes.writeInt16LE(value, start + 1);
    } else if (value >= -8388608 && value <= 8388607) {
      bytes[start] = 0xf2;
      this.used = bytes.writeIntLE(value, start + 1, 3);
    } else if (value >= -2147483648 && value <= 2147483647) {
      bytes[start] = 0xf3;
      this.used = bytes.writeInt32LE(value, start + 1);
    } else {
      bytes[start] = 0xf4;
      this.used = bytes.writeBigInt64LE(BigInt(value), start + 1);
    }
    this.finishElement(this.used - start);
  }

  /** Ends the listpack. The view is valid until the next element is appended. */
  finish(): Buffer {
    this.reserve(1);
    this.bytes[this.used++] = END_MARK;
    const size = this.used;
    this.bytes.writeUInt32LE(size, 0);
    this.bytes.writeUInt16LE(Math.min(this.count, COUNT_UNKNOWN), 4);
    this.used = HEADER_BYTES;
    this.count = 0;
    return this.bytes.subarray(0, size);
  }

  private appendString(text: string): void {
    const length = text.length;
    this.reserve(length + LARGEST_ELEMENT_OVERHEAD);
    const { bytes } = this;
    const start = this.used;
    if (length < 64) {
      bytes[this.used++] = 0x80 | length;
    } else if (length < 4096) {
      bytes[this.used++] = 0xe0 | (length >>> 8);
      bytes[this.used++] = length & 0xff;
    } else {
      bytes[start] = 0xf0;
      this.used = bytes.writeUInt32LE(length, start + 1);
    }
    this.used += bytes.latin1Write(text, this.used);
    this.finishElement(this.used - start);
  }

  /** Writes the element's size behind it, seven bits a byte, for those who read backwards. */
  private finishElement(sizeBytes: number): void {
    this.count++;
    const size = backLengthSize(sizeBytes);
    for (let i = 0; i < size; i++) {
      const group = Math.floor(sizeBytes / 2 ** (7 * (size - 1 - i))) & 0x7f;
      this.bytes[this.used++] = i === 0 ? group : group | 0x80;
    }
  }

  private reserve(count: number): void {
    if (this.used + count <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.used + count));
    this.bytes.copy(grown, 0, 0, this.used);
    this.bytes = grown;
  }
}
