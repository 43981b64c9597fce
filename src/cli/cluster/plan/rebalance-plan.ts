/** How many slots move from which master to which, so that everyone has its share by weight. Pure. */
import { SLOT_COUNT } from '../../../keyspace/key-slot.js';
import type { SlotSet } from '../slot-set.js';

export interface WeightedMaster<Node> {
  readonly node: Node;
  readonly slots: SlotSet;
  readonly weight: number;
}

export interface Transfer<Node> {
  readonly source: Node;
  readonly target: Node;
  readonly slotCount: number;
}

export interface RebalancePlan<Node> {
  readonly totalWeight: number;
  /** Null when everyone is within the threshold. */
  readonly transfers: readonly Transfer<Node>[] | null;
}

interface Account<Node> {
  readonly node: Node;
  /** Slots too many; negative: slots too few. */
  balance: number;
}

/** @param thresholdPercent how far from its share, in percent of what it has, one master must be to make it worth while */
export function planRebalance<Node>(
  masters: readonly WeightedMaster<Node>[],
  thresholdPercent: number,
): RebalancePlan<Node> {
  const totalWeight = masters.reduce((sum, { weight }) => sum + weight, 0);
  let isWorthWhile = false;
  const accounts = masters.map(({ node, slots, weight }): Account<Node> => {
    const expected = Math.trunc(Math.fround(Math.fround(SLOT_COUNT / totalWeight) * weight)) || 0;
    if (isBeyond(thresholdPercent, slots.count, expected)) isWorthWhile = true;
    return { node, balance: slots.count - expected };
  });
  if (!isWorthWhile) return { totalWeight, transfers: null };
  spreadSurplus(accounts);
  return { totalWeight, transfers: match(accounts) };
}

function isBeyond(thresholdPercent: number, count: number, expected: number): boolean {
  if (thresholdPercent <= 0) return false;
  if (count === 0) return expected > 1;
  return Math.abs(100 - (100 * expected) / count) > thresholdPercent;
}

/** Shares are rounded down, so someone has to take what is left over. */
function spreadSurplus(accounts: readonly Account<unknown>[]): void {
  let surplus = accounts.reduce((sum, { balance }) => sum + balance, 0);
  while (surplus > 0) {
    const takers = accounts.filter(({ balance }) => balance <= 0);
    if (takers.length === 0) return;
    for (const taker of takers.slice(0, surplus)) {
      taker.balance--;
      surplus--;
    }
  }
}

/** From who has most too many to who has most too few, until nobody gives or nobody takes. */
function match<Node>(accounts: readonly Account<Node>[]): Transfer<Node>[] {
  const byBalance = [...accounts].sort((a, b) => a.balance - b.balance);
  const transfers: Transfer<Node>[] = [];
  let [low, high] = [0, byBalance.length - 1];
  while (low < high) {
    const target = byBalance[low]!;
    const source = byBalance[high]!;
    const slotCount = Math.min(Math.max(0, -target.balance), Math.max(0, source.balance));
    if (slotCount > 0) transfers.push({ source: source.node, target: target.node, slotCount });
    target.balance += slotCount;
    source.balance -= slotCount;
    if (target.balance >= 0) low++;
    if (source.balance <= 0) high--;
  }
  return transfers;
}
