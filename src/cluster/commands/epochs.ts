/** BUMPEPOCH, SET-CONFIG-EPOCH and SAVECONFIG: the epoch under which this node holds its slots, and its file. */
import { integerArgument } from '../../commands/arguments.js';
import { NO_EPOCH, toEpoch } from '../../failover/epoch.js';
import type { Client } from '../../server/client.js';
import {
  CHANGES,
  NONDETERMINISTIC,
  subcommand,
  type ClusterParts,
  type ClusterSubcommand,
} from './subcommand.js';

export const epochSubcommands: readonly ClusterSubcommand[] = [
  subcommand(
    {
      name: 'bumpepoch',
      arity: 2,
      summary: 'Takes a greater epoch without asking the others.',
      flags: CHANGES,
      tips: NONDETERMINISTIC,
    },
    ({ reply }, _args, { actions }) => {
      const epoch = actions.bumpEpoch();
      reply.simple(epoch === null ? `STILL ${actions.view.myself.configEpoch}` : `BUMPED ${epoch}`);
    },
  ),
  subcommand(
    { name: 'set-config-epoch', arity: 3, summary: 'Sets the epoch of a new node.', flags: CHANGES },
    setConfigEpoch,
  ),
  subcommand(
    { name: 'saveconfig', arity: 2, summary: "Writes the node's file.", flags: CHANGES },
    ({ reply }, _args, { actions }) => {
      const problem = actions.saveConfiguration();
      if (problem === null) reply.ok();
      else reply.error(`ERR error saving the cluster node config: ${problem}`);
    },
  ),
];

function setConfigEpoch(client: Client, args: readonly string[], { actions }: ClusterParts): void {
  const { reply } = client;
  const [, , text] = args;
  const { view } = actions;
  const number = integerArgument(client, text);
  if (Number.isNaN(number)) return;
  if (number < 0) {
    reply.error(`ERR Invalid config epoch specified: ${text}`);
  } else if (view.nodeCount > 1) {
    reply.error('ERR The user can assign a config epoch only when the node does not know any other node.');
  } else if (view.myself.configEpoch !== NO_EPOCH) {
    reply.error('ERR Node config epoch is already non-zero');
  } else {
    actions.setConfigEpoch(toEpoch(BigInt(text)));
    reply.ok();
  }
}
