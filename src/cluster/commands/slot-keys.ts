/** KEYSLOT, COUNTKEYSINSLOT and GETKEYSINSLOT: slots and the keys in them. */
import { integerArgument } from '../../commands/arguments.js';
import { keySlot } from '../../keyspace/key-slot.js';
import { writeBulks } from '../../resp/reply-sink.js';
import { isSlot } from '../view/slots.js';
import {
  ASKS,
  ASKS_AT_ANY_TIME,
  NONDETERMINISTIC,
  subcommand,
  type ClusterSubcommand,
} from './subcommand.js';

export const slotKeySubcommands: readonly ClusterSubcommand[] = [
  subcommand(
    {
      name: 'keyslot',
      arity: 3,
      summary: 'Tells the slot of a key.',
      flags: ASKS_AT_ANY_TIME,
      complexity: 'O(N) in the bytes of the key',
    },
    ({ reply }, args) => reply.integer(keySlot(args[2])),
  ),
  subcommand(
    { name: 'countkeysinslot', arity: 3, summary: 'Counts the keys in a slot.', flags: ASKS },
    (client, args, { slotIndex }) => {
      const slot = integerArgument(client, args[2]);
      if (Number.isNaN(slot)) return;
      if (isSlot(slot)) client.reply.integer(slotIndex.countIn(slot));
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
    (client, args, { slotIndex }) => {
      const slot = integerArgument(client, args[2]);
      if (Number.isNaN(slot)) return;
      const limit = integerArgument(client, args[3]);
      if (Number.isNaN(limit)) return;
      if (isSlot(slot) && limit >= 0) writeBulks(client.reply, slotIndex.keysIn(slot, limit));
      else client.reply.error('ERR Invalid slot or number of keys');
    },
  ),
];
