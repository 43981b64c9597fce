/** Which slots leave which masters when so many are wanted elsewhere: the same choice as redis-cli's. Pure. */
import type { SlotSet } from '../slot-set.js';

export interface SlotOwner {
  readonly slots: SlotSet;
}

export interface PlannedSlot<Node> {
  readonly source: Node;
  readonly slot: number;
}

/**
 * Every source gives in proportion to what it has, its lowest slots; the one with the most makes up for rounding.
 * @returns at most `slotCount` slots: fewer when the sources do not have that many, or by rounding
 */
export function planReshard<Node extends SlotOwner>(
  sources: readonly Node[],
  slotCount: number,
): PlannedSlot<Node>[] {
  const total = sources.reduce((sum, { slots }) => sum + slots.count, 0);
  const largestFirst = [...sources].sort((a, b) => b.slots.count - a.slots.count);
  const planned: PlannedSlot<Node>[] = [];
  for (const [index, source] of largestFirst.entries()) {
    // Single precision, as redis-cli computes: where a share is nearly whole, the plan depends on it.
    const share = Math.fround(Math.fround(slotCount / total) * source.slots.count);
    const limit = Math.min(index === 0 ? Math.ceil(share) : Math.floor(share), slotCount - planned.length);
    planned.push(
      ...Array.from(source.slots)
        .slice(0, Math.max(0, limit))
        .map((slot) => ({ source, slot })),
    );
  }
  return planned;
}
