/** The commands of a cluster's node: CLUSTER with its subcommands, ASKING, READONLY and READWRITE. */
import type { CommandHandler, CommandSpec } from '../../server/command.js';
import { clientModeCommands } from './client-modes.js';
import { epochSubcommands } from './epochs.js';
import { clusterHelp } from './help.js';
import { inspectionSubcommands } from './inspection.js';
import { membershipSubcommands } from './membership.js';
import { slotAssignmentSubcommands } from './slot-assignment.js';
import { slotKeySubcommands } from './slot-keys.js';
import { slotMoveSubcommands } from './slot-moves.js';
import { ASKS_AT_ANY_TIME, subcommand, type ClusterParts, type ClusterSubcommand } from './subcommand.js';
import { topologySubcommands } from './topology.js';

const CLUSTER_DISABLED = 'ERR This instance has cluster support disabled';

const refuse: CommandHandler = ({ reply }) => reply.error(CLUSTER_DISABLED);

const SUBCOMMANDS: readonly ClusterSubcommand[] = [
  ...inspectionSubcommands,
  ...topologySubcommands,
  ...slotKeySubcommands,
  ...slotAssignmentSubcommands,
  ...slotMoveSubcommands,
  ...membershipSubcommands,
  ...epochSubcommands,
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
];

/** The reply to what decides something leaves when that is on disk: whoever reads OK relies on it. */
function answeringWhenKept(run: ClusterSubcommand['run'], parts: ClusterParts): CommandHandler {
  const { actions } = parts;
  return (client, args) => {
    const { decisions } = actions;
    run(client, args, parts);
    if (actions.decisions !== decisions) actions.whenKept(client.holdReplies());
  };
}

/**
 * The declarations for the server to register.
 * @param parts what they work on; null: this server is in no cluster, and they say so
 */
export function clusterCommands(parts: ClusterParts | null): CommandSpec[] {
  return [
    {
      name: 'cluster',
      summary: 'A container for Redis Cluster commands.',
      since: '3.0.0',
      group: 'cluster',
      complexity: 'Depends on the subcommand',
      arity: -2,
      flags: [],
      subcommands: SUBCOMMANDS.map(({ declaration, run }) => ({
        ...declaration,
        handler: parts === null ? refuse : answeringWhenKept(run, parts),
      })),
    },
    ...clientModeCommands.map((command) => (parts === null ? { ...command, handler: refuse } : command)),
  ];
}
