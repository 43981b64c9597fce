/**
 * One look at the keys of a command or a transaction: are they in one slot, who has it, is it on the move, and which of
 * them are here.
 *
 * It decides nothing; what follows from the findings stands in redirections.ts. One object serves all requests of a
 * server, one after the other.
 */
import { keySlot } from '../../keyspace/key-slot.js';
import type { ClusterView } from '../view/cluster-view.js';
import type { ClusterNode } from '../view/node.js';
import type { Slot } from '../view/slots.js';

export class SlotInquiry {
  /** The slot of the first key; null: there was no key yet. */
  slot: Slot | null = null;
  owner: ClusterNode | null = null;
  isMigrating = false;
  isImporting = false;
  /** A key lies in another slot than the first one. */
  isCrossSlot = false;
  hasSeveralKeys = false;
  missingKeys = 0;
  existingKeys = 0;
  private firstKey = '';

  constructor(
    private readonly view: ClusterView,
    /** Whether a key is here. Looking must not delete it, should it have expired. */
    private readonly isStored: (key: string) => boolean,
  ) {}

  begin(): void {
    this.slot = null;
    this.owner = null;
    this.isMigrating = false;
    this.isImporting = false;
    this.isCrossSlot = false;
    this.hasSeveralKeys = false;
    this.missingKeys = 0;
    this.existingKeys = 0;
  }

  /** Takes a key in; false when no further one can change the outcome. */
  readonly takeKey = (key: string): boolean => {
    if (!this.takeName(key)) return false;
    if (this.isMigrating || this.isImporting) {
      if (this.isStored(key)) this.existingKeys++;
      else this.missingKeys++;
    }
    return true;
  };

  /** As {@link takeKey}, for a shard channel: channels are not stored. */
  readonly takeName = (name: string): boolean => {
    const slot = keySlot(name) as Slot;
    if (this.slot === null) return this.takeFirst(name, slot);
    if (slot !== this.slot) {
      this.isCrossSlot = true;
      return false;
    }
    if (name !== this.firstKey) this.hasSeveralKeys = true;
    return true;
  };

  private takeFirst(name: string, slot: Slot): boolean {
    const { view } = this;
    this.firstKey = name;
    this.slot = slot;
    this.owner = view.ownerOf(slot);
    if (this.owner === null) return false;
    this.isMigrating = this.owner === view.myself && view.migratingTo.has(slot);
    this.isImporting = !this.isMigrating && view.importingFrom.has(slot);
    return true;
  }
}
