/**
 * Who owns which slot when claims differ: the greater configuration epoch wins. Cluster-bus.md section 5.
 *
 * Applies claims to the view and says what they changed; what follows from it (roles, keys, the disk) is the caller's.
 */
import { NO_EPOCH, type Epoch } from '../../failover/epoch.js';
import type { ClusterNode } from '../view/node.js';
import type { ClusterView } from '../view/cluster-view.js';
import { slotsOf, SlotSet, type Slot } from '../view/slots.js';

export interface ClaimOutcome {
  /** Slots that have the claimant as their owner now. */
  readonly rebound: number;
  /** Slots that were this node's own. */
  readonly lost: readonly Slot[];
  /** Slots that were this node's, or its master's if it is a replica. */
  readonly lostByShard: number;
  /** Masters that have no slot left. */
  readonly displaced: readonly ClusterNode[];
  /** All that the claimant claims. */
  readonly claimed: number;
}

const NOTHING: ClaimOutcome = { rebound: 0, lost: [], lostByShard: 0, displaced: [], claimed: 0 };

/** A master claims slots under its configuration epoch. */
export function applyClaims(
  view: ClusterView,
  claimant: ClusterNode,
  epoch: Epoch,
  bitmap: Uint8Array,
): ClaimOutcome {
  if (claimant === view.myself) return NOTHING;
  if (view.unclaimed.size === 0 && claimant.slots.equals(bitmap)) return NOTHING;
  const { myMaster } = view;
  const claims = new SlotSet(bitmap);
  const lost: Slot[] = [];
  const losers = new Set<ClusterNode>();
  let rebound = 0;
  let lostByShard = 0;
  for (const slot of claims) {
    const owner = view.ownerOf(slot);
    if (owner === claimant) {
      view.unclaimed.delete(slot);
      continue;
    }
    // A slot on its way to us is moved by the operator's word alone.
    if (view.importingFrom.has(slot)) continue;
    if (owner !== null && owner.configEpoch >= epoch && !view.unclaimed.has(slot)) continue;
    if (owner === view.myself) lost.push(slot);
    if (owner !== null && owner === myMaster) lostByShard++;
    if (owner !== null) losers.add(owner);
    view.setOwner(slot, claimant);
    if (view.migratingTo.get(slot) === claimant) view.migratingTo.delete(slot);
    rebound++;
  }
  // What it has but no longer claims stays its own until somebody else does.
  for (const slot of claimant.slots) if (!claims.has(slot)) view.unclaimed.add(slot);
  const displaced = [...losers].filter(({ slots }) => slots.size === 0);
  return { rebound, lost, lostByShard, displaced, claimed: claims.size };
}

/** The first owner, by slots, that makes these claims obsolete: the claimant should be told. */
export function betterOwner(
  view: ClusterView,
  claimant: ClusterNode,
  epoch: Epoch,
  bitmap: Uint8Array,
): ClusterNode | null {
  for (const slot of slotsOf(bitmap)) {
    const owner = view.ownerOf(slot);
    if (owner !== null && owner !== claimant && owner.configEpoch > epoch) return owner;
  }
  return null;
}

/** What an UPDATE about this owner says: not the slots that it no longer claims. */
export function claimedSlots(view: ClusterView, owner: ClusterNode): Uint8Array {
  const claimed = new SlotSet(owner.slots.bitmap);
  if (view.unclaimed.size > 0)
    for (const slot of owner.slots) if (view.unclaimed.has(slot)) claimed.delete(slot);
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
