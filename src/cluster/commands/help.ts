/** CLUSTER HELP. */
import { writeHelp } from '../../commands/help.js';
import type { Client } from '../../server/client.js';

export function clusterHelp(client: Client): void {
  writeHelp(client, 'cluster', [
    ['COUNTKEYSINSLOT <slot>', 'Count the keys in a slot.'],
    ['GETKEYSINSLOT <slot> <count>', 'List keys of this node in a slot, the newest first.'],
    ['INFO', 'Show the state of the cluster as this node sees it.'],
    ['KEYSLOT <key>', 'Tell the slot of a key.'],
    ['MYID', 'Tell the id of this node.'],
    ['MYSHARDID', 'Tell the id of the shard of this node.'],
    ['NODES', 'Show all known nodes: id, address, flags, master, times, epoch, link, slots.'],
    ['REPLICAS <node-id>', 'Show the replicas of a master.'],
    ['SLOTS', 'Tell which nodes serve which slots.'],
    ['SHARDS', 'Tell of each shard which slots it has and which nodes it is made of.'],
    ['ADDSLOTS <slot> [<slot> ...]', 'Give slots to this node.'],
    [
      'ADDSLOTSRANGE <start slot> <end slot> [<start slot> <end slot> ...]',
      'Give ranges of slots to this node.',
    ],
    ['BUMPEPOCH', 'Take a greater configuration epoch without asking the others.'],
    ['COUNT-FAILURE-REPORTS <node-id>', 'Count the masters that lately said of a node that it is down.'],
    ['DELSLOTS <slot> [<slot> ...]', 'Make this node forget who has slots.'],
    [
      'DELSLOTSRANGE <start slot> <end slot> [<start slot> <end slot> ...]',
      'Make this node forget who has ranges of slots.',
    ],
    [
      'FAILOVER [FORCE|TAKEOVER]',
      'Make this replica take over from its master: with its help, without it, or without asking anyone.',
    ],
    ['FORGET <node-id>', 'Remove a node from what this one knows.'],
    ['FLUSHSLOTS', 'Take all slots from this node.'],
    ['LINKS', 'Show the connections of the bus.'],
    ['MEET <ip> <port> [<bus-port>]', 'Begin a handshake with a node.'],
    ['REPLICATE <node-id>', 'Make this node a replica of a master.'],
    ['RESET [HARD|SOFT]', 'Forget the cluster; HARD: take a new id and epoch 0 as well.'],
    ['SAVECONFIG', "Write the node's file."],
    ['SET-CONFIG-EPOCH <epoch>', 'Set the epoch of a node that knows no other.'],
    [
      'SETSLOT <slot> (IMPORTING <node-id>|MIGRATING <node-id>|STABLE|NODE <node-id>)',
      'Set the state or the owner of a slot.',
    ],
  ]);
}
