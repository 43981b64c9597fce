/**
 * At most one owner of a slot per epoch as a majority sees it: looked at a few times a second in the views of all nodes
 * that run.
 */
import type { NodeId } from '../../failover/identity.js';
import { SLOT_BITMAP_BYTES } from '../../cluster/view/slots.js';
import type { Scene } from '../run/scene.js';

interface Claim {
  readonly owner: NodeId;
  readonly bitmap: Uint8Array;
  /** Who sees it so. */
  readonly witnesses: Set<string>;
}

const LOOK_MS = 500;

export function checkSlotOwners(scene: Scene): void {
  const { plan, world } = scene;
  if (plan.kind !== 'cluster') return;
  const majority = Math.floor(plan.topology.masters / 2) + 1;
  const look = (): void => {
    const claims = new Map<string, Claim[]>();
    for (const { name, dataService } of world.members) {
      const view = dataService?.cluster?.view;
      if (view === undefined) continue;
      for (const node of view.nodes) {
        if (node.slots.size > 0) addClaim(claims, String(node.configEpoch), node.id, node.slots.bitmap, name);
      }
    }
    for (const [epoch, sameEpoch] of claims) {
      const seen = sameEpoch.filter(({ witnesses }) => witnesses.size >= majority);
      for (const [index, a] of seen.entries()) {
        for (const b of seen.slice(index + 1)) {
          const slot = a.owner === b.owner ? null : sharedSlot(a.bitmap, b.bitmap);
          if (slot === null) continue;
          scene.violate(
            'slot-owners',
            `slot ${slot} has two owners in epoch ${epoch}: ${a.owner} and ${b.owner}`,
          );
        }
      }
    }
  };
  const again = (): void => {
    look();
    world.world.scheduleAt(world.nowMs + LOOK_MS, null, again);
  };
  world.world.scheduleAt(world.nowMs + LOOK_MS, null, again);
}

function addClaim(
  claims: Map<string, Claim[]>,
  epoch: string,
  owner: NodeId,
  bitmap: Uint8Array,
  witness: string,
): void {
  const sameEpoch = claims.get(epoch) ?? [];
  claims.set(epoch, sameEpoch);
  const known = sameEpoch.find((claim) => claim.owner === owner && equal(claim.bitmap, bitmap));
  if (known === undefined) sameEpoch.push({ owner, bitmap: bitmap.slice(), witnesses: new Set([witness]) });
  else known.witnesses.add(witness);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  for (let at = 0; at < SLOT_BITMAP_BYTES; at++) if (a[at] !== b[at]) return false;
  return true;
}

function sharedSlot(a: Uint8Array, b: Uint8Array): number | null {
  for (let at = 0; at < SLOT_BITMAP_BYTES; at++) {
    const both = a[at] & b[at];
    if (both !== 0) return (at << 3) + (31 - Math.clz32(both & -both));
  }
  return null;
}
