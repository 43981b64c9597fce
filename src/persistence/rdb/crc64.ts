/**
 * CRC-64 "Jones", the checksum of RDB files and DUMP payloads: reflected polynomial 95ac9329ac4bc9b5, initial value
 * 0, no final xor. `crc64("123456789")` is e9c6d914c4b8d9ca.
 *
 * The value is kept in two 32-bit halves, and eight bytes are taken per step from eight tables; a BigInt per
 * byte would be a hundred times slower.
 */

const POLYNOMIAL_LOW = 0xac4bc9b5;
const POLYNOMIAL_HIGH = 0x95ac9329;

/** Table k gives the effect of a byte followed by k zero bytes; 256 entries each, low and high halves apart. */
const LOW = new Int32Array(8 * 256);
const HIGH = new Int32Array(8 * 256);
fillTables();

function fillTables(): void {
  for (let byte = 0; byte < 256; byte++) {
    let low = byte;
    let high = 0;
    for (let bit = 0; bit < 8; bit++) {
      const carry = low & 1;
      low = (low >>> 1) | (high << 31);
      high >>>= 1;
      if (carry === 1) {
        low ^= POLYNOMIAL_LOW;
        high ^= POLYNOMIAL_HIGH;
      }
    }
    LOW[byte] = low;
    HIGH[byte] = high;
  }
  for (let i = 256; i < 8 * 256; i++) {
    const low = LOW[i - 256];
    const high = HIGH[i - 256];
    LOW[i] = ((low >>> 8) | (high << 24)) ^ LOW[low & 0xff];
    HIGH[i] = (high >>> 8) ^ HIGH[low & 0xff];
  }
}

/** A running checksum. */
export class Crc64 {
  private low = 0;
  private high = 0;

  update(bytes: Buffer, start = 0, end = bytes.length): void {
    let low = this.low;
    let high = this.high;
    let i = start;
    for (; i + 8 <= end; i += 8) {
      low ^= bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
      high ^= bytes[i + 4] | (bytes[i + 5] << 8) | (bytes[i + 6] << 16) | (bytes[i + 7] << 24);
      const a = 1792 + (low & 0xff);
      const b = 1536 + ((low >>> 8) & 0xff);
      const c = 1280 + ((low >>> 16) & 0xff);
      const d = 1024 + (low >>> 24);
      const e = 768 + (high & 0xff);
      const f = 512 + ((high >>> 8) & 0xff);
      const g = 256 + ((high >>> 16) & 0xff);
      const h = high >>> 24;
      low = LOW[a] ^ LOW[b] ^ LOW[c] ^ LOW[d] ^ LOW[e] ^ LOW[f] ^ LOW[g] ^ LOW[h];
      high = HIGH[a] ^ HIGH[b] ^ HIGH[c] ^ HIGH[d] ^ HIGH[e] ^ HIGH[f] ^ HIGH[g] ^ HIGH[h];
    }
    for (; i < end; i++) {
      const index = (low ^ bytes[i]) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ LOW[index];
      high = (high >>> 8) ^ HIGH[index];
    }
    this.low = low;
    this.high = high;
  }

  /** Stores the checksum as files carry it: 8 bytes, least significant first. */
  writeTo(bytes: Buffer, offset: number): void {
    bytes.writeInt32LE(this.low, offset);
    bytes.writeInt32LE(this.high, offset + 4);
  }

  /** Compares with a stored checksum. */
  equals(bytes: Buffer, offset: number): boolean {
    return bytes.readInt32LE(offset) === this.low && bytes.readInt32LE(offset + 4) === this.high;
  }
}
