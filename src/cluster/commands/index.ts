/** The commands of a cluster's node: CLUSTER with its subcommands, ASKING, READONLY and READWRITE. */
import type { CommandHandler, CommandSpec } from '../../server/command.js';
import { clientModeCommands } from './client-modes.js';
import { epochSubcommands } from './epochs.js';
import { clusterHelp } from './help.js';
import { inspectionSubcommands } from './inspection.js';
import { membershipSubcommands } from './membership.js';
import { slotAssignmentSubcommands } from './slot-assignment.js';
import { slotKeySubcommands, type SlotKeys } from './slot-keys.js';
import { slotMoveSubcommands } from './slot-moves.js';
import { ASKS_AT_ANY_TIME, subcommand, type ClusterParts } from './subcommand.js';
import { topologySubcommands } from './topology.js';

const CLUSTER_DISABLED = 'ERR This instance has cluster support disabled';

/** The declarations for the server to register. They work on the node that `parts` is of. */
export function clusterCommands(parts: ClusterParts, slotKeys: SlotKeys): CommandSpec[] {
  const groups = [
    inspectionSubcommands,
    topologySubcommands,
    slotKeySubcommands(slotKeys),
    slotAssignmentSubcommands,
    slotMoveSubcommands(slotKeys),
    membershipSubcommands,
    epochSubcommands,
  ];
  return [
    {
      name: 'cluster',
      summary: 'A container for Redis Cluster commands.',
      since: '3.0.0',
      group: 'cluster',
      complexity: 'Depends on the subcommand',
      arity: -2,
      flags: [],
      subcommands: [
        ...groups.flatMap((group) => group(parts)),
        subcommand(
          {
            name: 'help',
            arity: 2,
            since: '5.0.0',
            summary: 'Describes the subcommands.',
            flags: ASKS_AT_ANY_TIME,
          },
          clusterHelp,
        ),
      ],
    },
    ...clientModeCommands,
  ];
}

/** The same commands for a server that is in no cluster: clients may ask, and are told so. */
export function commandsWithoutCluster(declared: readonly CommandSpec[]): CommandSpec[] {
  const refuse: CommandHandler = ({ reply }) => reply.error(CLUSTER_DISABLED);
  return declared.map((spec) => ({
    ...spec,
    ...(spec.handler === undefined ? {} : { handler: refuse }),
    ...(spec.subcommands === undefined ? {} : { subcommands: commandsWithoutCluster(spec.subcommands) }),
  }));
}
