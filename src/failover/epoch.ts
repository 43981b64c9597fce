/**
 * Epochs: the logical clock of failovers. Every election happens in an epoch of its own, and of two
 * configurations the one with the greater epoch wins.
 *
 * An epoch is 0..2^63-1. Peers may send anything; what does not fit is refused where it enters, because an
 * epoch of -1 read as 2^64-1 would spread through a group and stop its elections for ever.
 */

declare const epochBrand: unique symbol;

/** A checked epoch, 0..2^63-1. Made by {@link parseEpoch}, {@link toEpoch} and {@link nextEpoch} only. */
export type Epoch = bigint & { readonly [epochBrand]: true };

export const NO_EPOCH = 0n as Epoch;
export const LAST_EPOCH = 0x7fff_ffff_ffff_ffffn as Epoch;

const CANONICAL = /^(0|[1-9][0-9]{0,18})$/;

/** Reads an epoch from the wire or a file: canonical decimal digits. Null when it is not one. */
export function parseEpoch(text: string): Epoch | null {
  if (!CANONICAL.test(text)) return null;
  const value = BigInt(text);
  return value > LAST_EPOCH ? null : (value as Epoch);
}

/**
 * An epoch from a number of our own making.
 * @throws RangeError when it is outside 0..2^63-1: a broken invariant, never a peer's doing.
 */
export function toEpoch(value: bigint | number): Epoch {
  const wide = BigInt(value);
  if (wide < 0n || wide > LAST_EPOCH) throw new RangeError(`not an epoch: ${String(value)}`);
  return wide as Epoch;
}

/** The epoch after this one; null when there is none left, so that whoever wanted it has to say so. */
export function nextEpoch(epoch: Epoch): Epoch | null {
  return epoch === LAST_EPOCH ? null : ((epoch + 1n) as Epoch);
}
