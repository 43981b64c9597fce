/**
 * The keys of each hash slot, in cluster mode (`Keyspace.slotIndex` is null otherwise). Reading only: it is always right,
 * because it follows the dictionary of database 0, the only one there is in cluster mode, whichever that is at the
 * moment.
 */
import type { Database } from './database.js';
import { SLOT_COUNT } from './key-slot.js';
import { SlotLists } from './slot-lists.js';

export class SlotIndex {
  constructor(private readonly databases: readonly Database[]) {}

  /** How many keys a slot (0 to 16383) has, expired ones that are still stored included. */
  countIn(slot: number): number {
    return this.lists.countIn(slot);
  }

  /** Up to `limit` keys of a slot, newest inserted first. */
  keysIn(slot: number, limit = Infinity): string[] {
    const { lists } = this;
    const { entries } = this.databases[0];
    const keys: string[] = [];
    let position = lists.newestIn(slot);
    while (position !== -1 && keys.length < limit) {
      keys.push(entries.at(position).key);
      position = lists.olderThan(position);
    }
    return keys;
  }

  /** The slots that have keys, ascending. */
  occupiedSlots(): number[] {
    const { lists } = this;
    const slots: number[] = [];
    for (let slot = 0; slot < SLOT_COUNT; slot++) if (lists.countIn(slot) > 0) slots.push(slot);
    return slots;
  }

  private get lists(): SlotLists {
    const { follower } = this.databases[0].entries;
    if (!(follower instanceof SlotLists)) throw new Error('slot index: the dictionary in place has no slots');
    return follower;
  }
}
