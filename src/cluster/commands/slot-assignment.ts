/** ADDSLOTS, DELSLOTS, their range forms and FLUSHSLOTS: who has which slot, as far as this node knows. */
import type { Client } from '../../server/client.js';
import { wrongArgumentCount } from '../../commands/error-texts.js';
import type { ClusterActions } from '../cluster-actions.js';
import type { Slot } from '../view/slots.js';
import {
  CHANGES,
  slotArgument,
  subcommand,
  type ClusterParts,
  type ClusterSubcommand,
} from './subcommand.js';

type Change = 'add' | 'delete';

const PER_SLOT = 'O(N) in the slots given';

export const slotAssignmentSubcommands: readonly ClusterSubcommand[] = [
  subcommand(
    {
      name: 'addslots',
      arity: -3,
      summary: 'Gives slots to this node.',
      flags: CHANGES,
      complexity: PER_SLOT,
    },
    (client, args, parts) => change(client, parts, 'add', slotList(client, args)),
  ),
  subcommand(
    {
      name: 'delslots',
      arity: -3,
      summary: 'Makes this node forget who has slots.',
      flags: CHANGES,
      complexity: PER_SLOT,
    },
    (client, args, parts) => change(client, parts, 'delete', slotList(client, args)),
  ),
  subcommand(
    {
      name: 'addslotsrange',
      arity: -4,
      since: '7.0.0',
      summary: 'Gives ranges of slots to this node.',
      flags: CHANGES,
      complexity: PER_SLOT,
    },
    (client, args, parts) => change(client, parts, 'add', slotsOfRanges(client, args)),
  ),
  subcommand(
    {
      name: 'delslotsrange',
      arity: -4,
      since: '7.0.0',
      summary: 'Makes this node forget who has ranges of slots.',
      flags: CHANGES,
      complexity: PER_SLOT,
    },
    (client, args, parts) => change(client, parts, 'delete', slotsOfRanges(client, args)),
  ),
  subcommand(
    { name: 'flushslots', arity: 2, summary: 'Takes all slots from this node.', flags: CHANGES },
    ({ reply }, _args, { server, actions }) => {
      if (server.keyspace.databases[0].size > 0) {
        reply.error('ERR DB must be empty to perform CLUSTER FLUSHSLOTS.');
        return;
      }
      actions.unassignSlots([...actions.view.myself.slots]);
      reply.ok();
    },
  ),
];

/** The slots named one by one; null after an error. */
function slotList(client: Client, args: readonly string[]): Slot[] | null {
  const slots: Slot[] = [];
  for (let i = 2; i < args.length; i++) {
    const slot = slotArgument(client, args[i]);
    if (slot === null) return null;
    slots.push(slot);
  }
  return slots;
}

/** The slots of ranges given by their ends; null after an error. */
function slotsOfRanges(client: Client, args: readonly string[]): Slot[] | null {
  if (args.length % 2 === 1) {
    client.reply.error(wrongArgumentCount(`cluster|${client.command?.name ?? ''}`));
    return null;
  }
  const slots: Slot[] = [];
  for (let i = 2; i < args.length; i += 2) {
    const first = slotArgument(client, args[i]);
    if (first === null) return null;
    const last = slotArgument(client, args[i + 1]);
    if (last === null) return null;
    if (first > last) {
      client.reply.error(`ERR start slot number ${first} is greater than end slot number ${last}`);
      return null;
    }
    for (let slot: number = first; slot <= last; slot++) slots.push(slot as Slot);
  }
  return slots;
}

/** All or nothing: one slot that cannot be changed leaves all as they were. */
function change(client: Client, parts: ClusterParts, what: Change, slots: readonly Slot[] | null): void {
  if (slots === null) return;
  const { actions, server } = parts;
  const { view } = actions;
  const problem = problemWith(actions, what, slots);
  if (problem !== null) {
    client.reply.error(problem);
    return;
  }
  for (const slot of slots) {
    view.importingFrom.delete(slot);
    // Keys of its earlier time here must not be found among those that come now.
    if (what === 'add') server.slotDeletion.complete(slot);
  }
  if (what === 'add') actions.assignSlots(slots, view.myself);
  else actions.unassignSlots(slots);
  client.reply.ok();
}

function problemWith({ view }: ClusterActions, what: Change, slots: readonly Slot[]): string | null {
  const seen = new Set<Slot>();
  for (const slot of slots) {
    const isAssigned = view.ownerOf(slot) !== null;
    if (what === 'add' && isAssigned) return `ERR Slot ${slot} is already busy`;
    if (what === 'delete' && !isAssigned) return `ERR Slot ${slot} is already unassigned`;
    if (seen.has(slot)) return `ERR Slot ${slot} specified multiple times`;
    seen.add(slot);
  }
  return null;
}
