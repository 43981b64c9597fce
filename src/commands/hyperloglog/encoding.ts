/**
 * A HyperLogLog as the bytes that Redis stores: a header, and 16384 registers of 6 bits, dense or run-length
 * encoded. The bytes travel in RDB files and to clients, so their layout is Redis's to the bit.
 *
 * Header: `HYLL`, one byte of encoding, three unused, eight of the cached cardinality (little endian; its highest
 * bit set when the cache is stale). Sparse opcodes: 00nnnnnn n+1 zeros, 01nnnnnn nnnnnnnn n+1 zeros,
 * 1vvvvvnn the value v+1 n+1 times.
 */

export const REGISTERS = 16384;
const INDEX_BITS = 14;
const REGISTER_BITS = 6;
const REGISTER_MASK = 63;
/** Bits of the hash that decide a register's value. */
export const VALUE_BITS = 64 - INDEX_BITS;
export const HEADER_BYTES = 16;
const DENSE_BYTES = HEADER_BYTES + (REGISTERS * REGISTER_BITS) / 8;
const ENCODING_OFFSET = 4;
const CARDINALITY_OFFSET = 8;
const STALE_OFFSET = 15;
const DENSE = 0;
const SPARSE = 1;
/** Limits of the sparse opcodes. */
const SHORT_ZEROS = 64;
const SPARSE_VALUE_RUN = 4;
const SPARSE_VALUE_LIMIT = 32;

/** One register per byte. */
export type Registers = Uint8Array;

export function isHyperLogLog(bytes: Buffer): boolean {
  if (bytes.length < HEADER_BYTES || bytes.latin1Slice(0, 4) !== 'HYLL') return false;
  const encoding = bytes[ENCODING_OFFSET];
  return encoding === SPARSE || (encoding === DENSE && bytes.length === DENSE_BYTES);
}

export function isSparse(bytes: Buffer): boolean {
  return bytes[ENCODING_OFFSET] === SPARSE;
}

/** The cached cardinality; null when it is stale. */
export function cachedCardinality(bytes: Buffer): bigint | null {
  return (bytes[STALE_OFFSET] & 0x80) === 0 ? bytes.readBigUInt64LE(CARDINALITY_OFFSET) : null;
}

export function cacheCardinality(bytes: Buffer, cardinality: number): void {
  bytes.writeBigUInt64LE(BigInt(cardinality), CARDINALITY_OFFSET);
}

export function markStale(bytes: Buffer): void {
  bytes[STALE_OFFSET] |= 0x80;
}

/** Which register an element's hash belongs to, and the value it asks for. */
export function registerOf(hash: bigint): { index: number; value: number } {
  const index = Number(hash & BigInt(REGISTERS - 1));
  // A bit behind the last one bounds the run of zeros.
  let rest = (hash >> BigInt(INDEX_BITS)) | (1n << BigInt(VALUE_BITS));
  let value = 1;
  while ((rest & 1n) === 0n) {
    rest >>= 1n;
    value++;
  }
  return { index, value };
}

export function emptyHyperLogLog(): Buffer {
  return encode(new Uint8Array(REGISTERS), true, null);
}

/**
 * Encodes registers, sparse only where the values fit. The cardinality is stale.
 * @param before what the value was; its cardinality is kept, stale as it is, as Redis does
 */
export function encode(registers: Registers, sparse: boolean, before: Buffer | null): Buffer {
  const body = sparse ? sparseBody(registers) : null;
  const bytes = Buffer.alloc(body === null ? DENSE_BYTES : HEADER_BYTES + body.length);
  bytes.latin1Write('HYLL', 0, 4);
  bytes[ENCODING_OFFSET] = body === null ? DENSE : SPARSE;
  before?.copy(bytes, CARDINALITY_OFFSET, CARDINALITY_OFFSET, HEADER_BYTES);
  markStale(bytes);
  if (body !== null) bytes.set(body, HEADER_BYTES);
  else for (let i = 0; i < REGISTERS; i++) if (registers[i] > 0) setDense(bytes, i, registers[i]);
  return bytes;
}

/** The registers; null when the sparse form is damaged. */
export function decode(bytes: Buffer): Registers | null {
  const registers = new Uint8Array(REGISTERS);
  if (!isSparse(bytes)) {
    for (let i = 0; i < REGISTERS; i++) registers[i] = getDense(bytes, i);
    return registers;
  }
  let index = 0;
  const isWhole = walkSparse(bytes, (value, length) => {
    if (index + length > REGISTERS) return false;
    registers.fill(value, index, index + length);
    index += length;
    return true;
  });
  return isWhole && index === REGISTERS ? registers : null;
}

/** Visits the runs of the sparse form while `visit` returns true; false when stopped or cut short. */
export function walkSparse(
  bytes: Buffer,
  visit: (value: number, length: number, isLongForm: boolean) => boolean,
): boolean {
  for (let i = HEADER_BYTES; i < bytes.length; i++) {
    const code = bytes[i];
    let goOn: boolean;
    if (code >= 0x80) {
      goOn = visit(((code >> 2) & 0x1f) + 1, (code & 3) + 1, false);
    } else if (code < 0x40) {
      goOn = visit(0, code + 1, false);
    } else {
      if (i + 1 === bytes.length) return false;
      goOn = visit(0, (((code & 0x3f) << 8) | bytes[i + 1]) + 1, true);
      i++;
    }
    if (!goOn) return false;
  }
  return true;
}

/** A register of the dense form. */
export function getDense(bytes: Buffer, index: number): number {
  const bit = index * REGISTER_BITS;
  const at = HEADER_BYTES + (bit >> 3);
  const shift = bit & 7;
  return ((bytes[at] >> shift) | ((bytes[at + 1] ?? 0) << (8 - shift))) & REGISTER_MASK;
}

export function setDense(bytes: Buffer, index: number, value: number): void {
  const bit = index * REGISTER_BITS;
  const at = HEADER_BYTES + (bit >> 3);
  const shift = bit & 7;
  bytes[at] = (bytes[at] & ~(REGISTER_MASK << shift)) | (value << shift);
  if (shift > 8 - REGISTER_BITS) {
    bytes[at + 1] = (bytes[at + 1] & ~(REGISTER_MASK >> (8 - shift))) | (value >> (8 - shift));
  }
}

/** Null when a value is too large for the sparse form. */
function sparseBody(registers: Registers): number[] | null {
  const body: number[] = [];
  for (let i = 0; i < REGISTERS;) {
    const value = registers[i];
    if (value > SPARSE_VALUE_LIMIT) return null;
    let end = i + 1;
    const limit = value === 0 ? REGISTERS : i + SPARSE_VALUE_RUN;
    while (end < limit && end < REGISTERS && registers[end] === value) end++;
    const last = end - i - 1;
    if (value > 0) body.push(0x80 | ((value - 1) << 2) | last);
    else if (last < SHORT_ZEROS) body.push(last);
    else body.push(0x40 | (last >> 8), last & 0xff);
    i = end;
  }
  return body;
}
