/** KEYSLOT, COUNTKEYSINSLOT and GETKEYSINSLOT: slots and the keys in them. */
import { integerArgument } from '../../commands/arguments.js';
import { keySlot } from '../../keyspace/key-slot.js';
import { writeBulks } from '../../resp/reply-sink.js';
import { isSlot, type Slot } from '../view/slots.js';
import { ASKS, NONDETERMINISTIC, subcommand, type SubcommandGroup } from './subcommand.js';

/** The keys of this node by slot. */
export interface SlotKeys {
  count(slot: Slot): number;
  /** At most `limit` keys of a slot, the newest first. */
  newest(slot: Slot, limit: number): string[];
}

export function slotKeySubcommands(slotKeys: SlotKeys): SubcommandGroup {
  return () => [
    subcommand(
      {
        name: 'keyslot',
        arity: 3,
        summary: 'Tells the slot of a key.',
        flags: ASKS,
        complexity: 'O(N) in the bytes of the key',
      },
      ({ reply }, args) => reply.integer(keySlot(args[2])),
    ),
    subcommand(
      { name: 'countkeysinslot', arity: 3, summary: 'Counts the keys in a slot.', flags: ASKS },
      (client, args) => {
        const slot = integerArgument(client, args[2]);
        if (Number.isNaN(slot)) return;
        if (isSlot(slot)) client.reply.integer(slotKeys.count(slot));
        else client.reply.error('ERR Invalid slot');
      },
    ),
    subcommand(
      {
        name: 'getkeysinslot',
        arity: 4,
        summary: 'Lists keys in a slot.',
        flags: ASKS,
        complexity: 'O(N) in the keys asked for',
        tips: NONDETERMINISTIC,
      },
      (client, args) => {
        const slot = integerArgument(client, args[2]);
        if (Number.isNaN(slot)) return;
        const limit = integerArgument(client, args[3]);
        if (Number.isNaN(limit)) return;
        if (isSlot(slot) && limit >= 0) writeBulks(client.reply, slotKeys.newest(slot, limit));
        else client.reply.error('ERR Invalid slot or number of keys');
      },
    ),
  ];
}
