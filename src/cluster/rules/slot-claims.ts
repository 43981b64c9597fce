/**
 * Who owns which slot when claims differ: the greater configuration epoch wins.
 *
 * Applies claims to the view and says what they changed; what follows from it (roles, keys, the disk) is the caller's.
 */
import { NO_EPOCH, type Epoch } from '../../failover/epoch.js';
import type { ClusterNode } from '../view/node.js';
import type { ClusterView } from '../view/cluster-view.js';
import { hasSlot, slotsOnlyIn, SlotSet, type Slot } from '../view/slots.js';

export interface ClaimOutcome {
  /** Slots that have the claimant as their owner now. */
  readonly rebound: number;
  /** Slots that were this node's own. */
  readonly lost: readonly Slot[];
  /** Slots that were this node's, or its master's if it is a replica. */
  readonly lostByShard: number;
  /** Masters that have no slot left. */
  readonly displaced: readonly ClusterNode[];
}

const NOTHING: ClaimOutcome = { rebound: 0, lost: [], lostByShard: 0, displaced: [] };

/** A master claims slots under its configuration epoch. */
export function applyClaims(
  view: ClusterView,
  claimant: ClusterNode,
  epoch: Epoch,
  bitmap: Uint8Array,
): ClaimOutcome {
  if (claimant === view.myself) return NOTHING;
  const { myMaster, unclaimed } = view;
  const lost: Slot[] = [];
  const losers = new Set<ClusterNode>();
  let rebound = 0;
  let lostByShard = 0;
  for (const slot of unclaimed) {
    if (view.ownerOf(slot) === claimant && hasSlot(bitmap, slot)) unclaimed.delete(slot);
  }
  // What it has but no longer claims stays its own until somebody else does.
  for (const slot of slotsOnlyIn(claimant.slots.bitmap, bitmap)) unclaimed.add(slot);
  for (const slot of slotsOnlyIn(bitmap, claimant.slots.bitmap)) {
    // A slot on its way to us is moved by the operator's word alone.
    if (view.importingFrom.has(slot)) continue;
    const owner = view.ownerOf(slot);
    if (owner !== null && owner.configEpoch >= epoch && !unclaimed.has(slot)) continue;
    if (owner === view.myself) lost.push(slot);
    if (owner !== null && owner === myMaster) lostByShard++;
    if (owner !== null) losers.add(owner);
    view.setOwner(slot, claimant);
    if (view.migratingTo.get(slot) === claimant) view.migratingTo.delete(slot);
    rebound++;
  }
  const displaced = [...losers].filter(({ slots }) => slots.size === 0);
  return { rebound, lost, lostByShard, displaced };
}

/** The first owner, by slots, that makes these claims obsolete: the claimant should be told. */
export function betterOwner(
  view: ClusterView,
  claimant: ClusterNode,
  epoch: Epoch,
  bitmap: Uint8Array,
): ClusterNode | null {
  for (const slot of slotsOnlyIn(bitmap, claimant.slots.bitmap)) {
    const owner = view.ownerOf(slot);
    if (owner !== null && owner.configEpoch > epoch) return owner;
  }
  return null;
}

/** What an UPDATE about this owner says: not the slots that it no longer claims. */
export function claimedSlots(view: ClusterView, owner: ClusterNode): Uint8Array {
  const claimed = new SlotSet(owner.slots.bitmap);
  for (const slot of view.unclaimed) claimed.delete(slot);
  return claimed.bitmap;
}

/** The greatest epoch that anybody is known to have. */
export function greatestEpoch(view: ClusterView): Epoch {
  let greatest: Epoch = view.currentEpoch;
  for (const { configEpoch } of view.nodes) if (configEpoch > greatest) greatest = configEpoch;
  return greatest;
}

/** Whether this node's configuration epoch must go up for its claims to win without anybody being asked. */
export function needsGreaterEpoch(view: ClusterView): boolean {
  const mine = view.myself.configEpoch;
  return mine === NO_EPOCH || mine !== greatestEpoch(view);
}

/** Of two masters with the same epoch, the one with the smaller id takes another. */
export function mustYieldEpoch(view: ClusterView, other: ClusterNode, otherEpoch: Epoch): boolean {
  const { myself } = view;
  return myself.isMaster && other.isMaster && otherEpoch === myself.configEpoch && myself.id < other.id;
}
