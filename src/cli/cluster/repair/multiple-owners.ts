/** Leaves a slot that several masters claim to the one with most of its keys, and brings the other keys there. */
import type { ClusterNode } from '../node.js';
import { giveUpSlot, takeSlot } from './ownership.js';
import type { RepairContext } from './context.js';

export async function repairMultipleOwners(
  context: RepairContext,
  slot: number,
  owners: readonly ClusterNode[],
): Promise<boolean> {
  const { session, cluster } = context;
  session.report.info(`>>> Fixing multiple owners for slot ${slot}...`);
  const counts = new Map<ClusterNode, number>();
  for (const node of cluster.masters) counts.set(node, await node.keyCountInSlot(slot));
  const [owner] = [...owners].sort((a, b) => counts.get(b)! - counts.get(a)!);
  if (owner === undefined) return false;
  session.report.info(`>>> Setting slot ${slot} owner: ${owner.address}`);
  await takeSlot(owner, slot);
  for (const node of cluster.masters) {
    if (node === owner) continue;
    await giveUpSlot(node, slot);
    await node.setSlot(slot, 'NODE', owner);
    if (counts.get(node)! === 0) continue;
    // It would send MIGRATE elsewhere unless it has the slot open.
    await node.setSlot(slot, 'IMPORTING', owner);
    await context.moveKeys({ slot, source: node, target: owner });
    await node.closeSlot(slot);
  }
  return true;
}
