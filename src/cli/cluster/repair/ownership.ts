/** Making a node the owner of a slot, whatever it and the others believe. */
import { ReplyError } from '../../../client/reply.js';
import { NodeReplyError } from '../errors.js';
import type { ClusterNode } from '../node.js';

/**
 * The node takes the slot, with an epoch that wins against everybody else's claim. In one transaction: between giving
 * the slot up in its own table and taking it, the bus may not put another owner in.
 */
export async function takeSlot(node: ClusterNode, slot: number, closesSlot = false): Promise<void> {
  const number = String(slot);
  const commands = [
    ['CLUSTER', 'DELSLOTS', number],
    ['CLUSTER', 'ADDSLOTS', number],
    ...(closesSlot ? [['CLUSTER', 'SETSLOT', number, 'STABLE']] : []),
    ['CLUSTER', 'BUMPEPOCH'],
  ];
  const replies = [['MULTI'], ...commands, ['EXEC']].map((command) => node.ask(...command));
  const results = (await Promise.all(replies)).at(-1);
  if (results instanceof ReplyError) throw new NodeReplyError(node.address, results.message);
  // That nobody had the slot, or that the epoch is the greatest already, is no failure.
  const added = Array.isArray(results) ? results[1] : null;
  if (added instanceof ReplyError) throw new NodeReplyError(node.address, added.message);
  node.slots.add(slot);
}

/** Takes a slot out of a node's table; that it had no owner there is no failure. */
export async function giveUpSlot(node: ClusterNode, slot: number): Promise<void> {
  try {
    await node.call('CLUSTER', 'DELSLOTS', String(slot));
  } catch (error) {
    if (!(error instanceof NodeReplyError) || !error.reply.includes('is already unassigned')) throw error;
  }
  node.slots.delete(slot);
}
