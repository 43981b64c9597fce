/** A set of hash slots. Pure. */
import { SLOT_COUNT } from '../../keyspace/key-slot.js';

export interface SlotRange {
  readonly first: number;
  /** Included. */
  readonly last: number;
}

export class SlotSet {
  private readonly members = new Uint8Array(SLOT_COUNT);
  private size = 0;

  static of(slots: Iterable<number>): SlotSet {
    const set = new SlotSet();
    for (const slot of slots) set.add(slot);
    return set;
  }

  static ofRange(range: SlotRange): SlotSet {
    const set = new SlotSet();
    set.addRange(range);
    return set;
  }

  get count(): number {
    return this.size;
  }

  has(slot: number): boolean {
    return this.members[slot] === 1;
  }

  /** A slot beyond the last is ignored: it comes from a node that we do not understand. */
  add(slot: number): void {
    if (this.members[slot] !== 0) return;
    this.members[slot] = 1;
    this.size++;
  }

  addRange({ first, last }: SlotRange): void {
    for (let slot = first; slot <= Math.min(last, SLOT_COUNT - 1); slot++) this.add(slot);
  }

  delete(slot: number): void {
    if (this.members[slot] !== 1) return;
    this.members[slot] = 0;
    this.size--;
  }

  /** Ascending. */
  *[Symbol.iterator](): Generator<number> {
    for (let slot = 0; slot < SLOT_COUNT; slot++) if (this.members[slot] === 1) yield slot;
  }

  /** Ascending, as long as they can be. */
  ranges(): SlotRange[] {
    const ranges: { first: number; last: number }[] = [];
    for (const slot of this) {
      const current = ranges.at(-1);
      if (current !== undefined && current.last === slot - 1) current.last = slot;
      else ranges.push({ first: slot, last: slot });
    }
    return ranges;
  }
}

/** `[0-5460],[7000]`, as cluster managers print slots. */
export function formatSlots(slots: SlotSet): string {
  return slots
    .ranges()
    .map(({ first, last }) => (first === last ? `[${first}]` : `[${first}-${last}]`))
    .join(',');
}
