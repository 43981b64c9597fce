/**
 * Hash slots: numbers, sets of them as they travel on the bus, and their ranges as text.
 *
 * Reference: the bus of Redis Cluster 7.2.
 */
import { SLOT_COUNT } from '../../keyspace/key-slot.js';

declare const slotBrand: unique symbol;

/** A hash slot: 0 to 16383. */
export type Slot = number & { readonly [slotBrand]: true };

export const SLOT_BITMAP_BYTES = SLOT_COUNT / 8;

export function isSlot(value: number): value is Slot {
  return Number.isInteger(value) && value >= 0 && value < SLOT_COUNT;
}

/** All slots in order. */
export function* allSlots(): Generator<Slot> {
  for (let slot = 0; slot < SLOT_COUNT; slot++) yield slot as Slot;
}

export function hasSlot(bitmap: Uint8Array, slot: Slot): boolean {
  return (bitmap[slot >> 3] & (1 << (slot & 7))) !== 0;
}

/** The slots of a bitmap in order. */
export function* slotsOf(bitmap: Uint8Array): Generator<Slot> {
  for (let at = 0; at < SLOT_BITMAP_BYTES; at++) {
    for (let rest = bitmap[at]; rest !== 0; rest &= rest - 1) yield ((at << 3) + trailingZeros(rest)) as Slot;
  }
}

/** The slots of one bitmap that another one has not, in order. The less the two differ, the less it costs. */
export function* slotsOnlyIn(bitmap: Uint8Array, other: Uint8Array): Generator<Slot> {
  for (let at = 0; at < SLOT_BITMAP_BYTES; at++) {
    for (let rest = bitmap[at] & ~other[at]; rest !== 0; rest &= rest - 1)
      yield ((at << 3) + trailingZeros(rest)) as Slot;
  }
}

function trailingZeros(byte: number): number {
  return 31 - Math.clz32(byte & -byte);
}

/** A run of consecutive slots, both ends included. */
export interface SlotRange {
  readonly first: Slot;
  readonly last: Slot;
}

/** A set of slots in the form that the bus carries: slot s is bit (s & 7), lowest first, of byte s >> 3. */
export class SlotSet {
  readonly bitmap: Uint8Array;
  private count = 0;

  /** @param bitmap 2048 bytes, which are copied; none: an empty set. */
  constructor(bitmap?: Uint8Array) {
    this.bitmap = new Uint8Array(SLOT_BITMAP_BYTES);
    if (bitmap === undefined) return;
    this.bitmap.set(bitmap.subarray(0, SLOT_BITMAP_BYTES));
    for (const byte of this.bitmap) for (let rest = byte; rest !== 0; rest &= rest - 1) this.count++;
  }

  get size(): number {
    return this.count;
  }

  has(slot: Slot): boolean {
    return hasSlot(this.bitmap, slot);
  }

  /** False when it was there already. */
  add(slot: Slot): boolean {
    if (this.has(slot)) return false;
    this.bitmap[slot >> 3] |= 1 << (slot & 7);
    this.count++;
    return true;
  }

  /** False when it was not there. */
  delete(slot: Slot): boolean {
    if (!this.has(slot)) return false;
    this.bitmap[slot >> 3] &= ~(1 << (slot & 7));
    this.count--;
    return true;
  }

  clear(): void {
    this.bitmap.fill(0);
    this.count = 0;
  }

  equals(bitmap: Uint8Array): boolean {
    return Buffer.compare(this.bitmap, bitmap) === 0;
  }

  /** Ascending. Changes during the walk are seen if they lie ahead. */
  *[Symbol.iterator](): Generator<Slot> {
    if (this.count === 0) return;
    for (let at = 0; at < SLOT_BITMAP_BYTES; at++) {
      if (this.bitmap[at] === 0) continue;
      for (let slot = at << 3; slot < (at + 1) << 3; slot++) if (this.has(slot as Slot)) yield slot as Slot;
    }
  }

  /** Ascending runs of consecutive slots. */
  ranges(): SlotRange[] {
    const ranges: SlotRange[] = [];
    if (this.count === 0) return ranges;
    let first = -1;
    for (let slot = 0; slot <= SLOT_COUNT; slot++) {
      const byte = this.bitmap[slot >> 3];
      // Most bytes are of one kind, and change nothing.
      if ((slot & 7) === 0 && byte === (first === -1 ? 0 : 0xff)) {
        slot += 7;
        continue;
      }
      const isMember = slot < SLOT_COUNT && this.has(slot as Slot);
      if (isMember === (first !== -1)) continue;
      if (!isMember) ranges.push({ first: first as Slot, last: (slot - 1) as Slot });
      first = isMember ? slot : -1;
    }
    return ranges;
  }
}

/** `a-b`, or `a` for a single slot. */
export function rangeText({ first, last }: SlotRange): string {
  return first === last ? String(first) : `${first}-${last}`;
}
