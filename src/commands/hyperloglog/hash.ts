/** The hash of HyperLogLog elements: MurmurHash64A with Redis's seed, so that both count alike. */

const SEED = 0xadc83b19n;
const MULTIPLIER = 0xc6a4a7935bd1e995n;
const SHIFT = 47n;

function wrap(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

/** The little-endian integer of `count` bytes. */
function integerAt(bytes: string, start: number, count: number): bigint {
  let low = 0;
  let high = 0;
  for (let i = Math.min(count, 4) - 1; i >= 0; i--) low = low * 256 + bytes.charCodeAt(start + i);
  for (let i = count - 1; i >= 4; i--) high = high * 256 + bytes.charCodeAt(start + i);
  return (BigInt(high) << 32n) | BigInt(low);
}

export function hashElement(element: string): bigint {
  const { length } = element;
  const wholeWords = length & ~7;
  let hash = SEED ^ wrap(BigInt(length) * MULTIPLIER);
  for (let i = 0; i < wholeWords; i += 8) {
    let word = wrap(integerAt(element, i, 8) * MULTIPLIER);
    word = wrap((word ^ (word >> SHIFT)) * MULTIPLIER);
    hash = wrap((hash ^ word) * MULTIPLIER);
  }
  if (wholeWords < length) {
    hash = wrap((hash ^ integerAt(element, wholeWords, length - wholeWords)) * MULTIPLIER);
  }
  hash = wrap((hash ^ (hash >> SHIFT)) * MULTIPLIER);
  return hash ^ (hash >> SHIFT);
}
