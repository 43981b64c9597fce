/**
 * The keyed hash of the dictionaries: HalfSipHash-1-2 over a byte string.
 *
 * Clients choose the keys, so the hash must be one whose collisions cannot be prepared without knowing the seed;
 * the SipHash family is made for that (stock uses SipHash-1-2). The half-width form works on 32-bit
 * words, which are what JavaScript's integer arithmetic is fast at; it costs about as much as FNV does.
 */

/**
 * Hashes a byte string to a signed 32-bit integer, all of whose bits are good.
 * @param seed secret 32-bit integer; one per server is enough.
 */
export function hashKey(key: string, seed: number): number {
  const length = key.length;
  let v0 = seed;
  let v1 = Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995;
  let v2 = 0x6c796765 ^ v0;
  let v3 = 0x74656462 ^ v1;
  const wholeWords = length & ~3;
  let i = 0;
  // The last word carries the remaining bytes and the length; it takes the same round as the others.
  for (;;) {
    let word: number;
    if (i < wholeWords) {
      word =
        key.charCodeAt(i) |
        (key.charCodeAt(i + 1) << 8) |
        (key.charCodeAt(i + 2) << 16) |
        (key.charCodeAt(i + 3) << 24);
    } else {
      word = length << 24;
      for (let shift = 0, j = i; j < length; j++, shift += 8) word |= key.charCodeAt(j) << shift;
    }
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
    if (i >= wholeWords) break;
    i += 4;
  }
  v2 ^= 0xff;
  for (let round = 0; round < 2; round++) {
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
  }
  return v1 ^ v3;
}
