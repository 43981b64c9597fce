/** CLUSTER SETSLOT: the steps by which a slot moves from one node to another. */
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import type { ClusterNode } from '../view/node.js';
import type { Slot } from '../view/slots.js';
import {
  CHANGES,
  nodeArgument,
  slotArgument,
  subcommand,
  type ClusterParts,
  type ClusterSubcommand,
} from './subcommand.js';

const NOT_A_MASTER = 'ERR Target node is not a master';
const INVALID = 'ERR Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP';

export const slotMoveSubcommands: readonly ClusterSubcommand[] = [
  subcommand(
    { name: 'setslot', arity: -4, summary: 'Sets the state or the owner of a slot.', flags: CHANGES },
    setSlot,
  ),
];

function setSlot(client: Client, args: readonly string[], parts: ClusterParts): void {
  const { actions } = parts;
  const { reply } = client;
  if (!actions.view.myself.isMaster) {
    reply.error('ERR Please use SETSLOT only with masters.');
    return;
  }
  const slot = slotArgument(client, args[2]);
  if (slot === null) return;
  const action = args[3];
  const hasNode = args.length === 5;
  if (isWord(action, 'migrating') && hasNode) setMigrating(client, parts, slot, args[4]);
  else if (isWord(action, 'importing') && hasNode) setImporting(client, parts, slot, args[4]);
  else if (isWord(action, 'node') && hasNode) settle(client, parts, slot, args[4]);
  else if (isWord(action, 'stable') && args.length === 4) {
    actions.setStable(slot);
    // Who waits here for a key that was to come would wait in vain.
    actions.view.onChange();
    reply.ok();
  } else {
    reply.error(INVALID);
  }
}

function setMigrating(client: Client, parts: ClusterParts, slot: Slot, id: string): void {
  const { view } = parts.actions;
  if (view.ownerOf(slot) !== view.myself) {
    client.reply.error(`ERR I'm not the owner of hash slot ${slot}`);
    return;
  }
  const target = masterArgument(client, parts, id, `ERR I don't know about node ${id}`);
  if (target === null) return;
  parts.actions.setMigrating(slot, target);
  client.reply.ok();
}

function setImporting(client: Client, parts: ClusterParts, slot: Slot, id: string): void {
  const { view } = parts.actions;
  if (view.ownerOf(slot) === view.myself) {
    client.reply.error(`ERR I'm already the owner of hash slot ${slot}`);
    return;
  }
  const source = masterArgument(client, parts, id, `ERR I don't know about node ${id}`);
  if (source === null) return;
  parts.server.slotDeletion.complete(slot);
  parts.actions.setImporting(slot, source);
  client.reply.ok();
}

function settle(client: Client, parts: ClusterParts, slot: Slot, id: string): void {
  const { view } = parts.actions;
  const owner = masterArgument(client, parts, id, `ERR Unknown node ${id}`);
  if (owner === null) return;
  if (view.ownerOf(slot) === view.myself && owner !== view.myself && parts.slotIndex.countIn(slot) > 0) {
    client.reply.error(
      `ERR Can't assign hashslot ${slot} to a different node while I still hold keys for this hash slot.`,
    );
    return;
  }
  parts.actions.settleSlot(slot, owner);
  client.reply.ok();
}

function masterArgument(
  client: Client,
  parts: ClusterParts,
  id: string,
  unknownNode: string,
): ClusterNode | null {
  const node = nodeArgument(client, parts, id, unknownNode);
  if (node === undefined) return null;
  if (node.isMaster) return node;
  client.reply.error(NOT_A_MASTER);
  return null;
}
