/**
 * The hash slot of a key: CRC16 (XMODEM) over the key, or over its hash tag, modulo 16384.
 *
 * Reference: Redis Cluster 7.2. Keys are byte strings; the tag is what stands between the first `{` and
 * the first `}` behind it, unless that is nothing.
 */

const POLYNOMIAL = 0x1021;
export const SLOT_COUNT = 16384;
const SLOT_MASK = SLOT_COUNT - 1;

const TABLE = crcTable();

function crcTable(): Uint16Array {
  const table = new Uint16Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ POLYNOMIAL;
    table[byte] = crc & 0xffff;
  }
  return table;
}

/** @returns 0 to 16383. */
export function keySlot(key: string): number {
  const open = key.indexOf('{');
  if (open !== -1) {
    const close = key.indexOf('}', open + 1);
    if (close > open + 1) return crc16(key, open + 1, close) & SLOT_MASK;
  }
  return crc16(key, 0, key.length) & SLOT_MASK;
}

function crc16(bytes: string, start: number, end: number): number {
  let crc = 0;
  for (let i = start; i < end; i++)
    crc = ((crc << 8) & 0xffff) ^ TABLE[((crc >> 8) ^ bytes.charCodeAt(i)) & 0xff];
  return crc;
}
