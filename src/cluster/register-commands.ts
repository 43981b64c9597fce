/**
 * Registers with a server what clients see of the cluster: commands, the gate that redirects, INFO fields, the messages
 * that go over the bus.
 */
import type { Server } from '../server/server.js';
import type { ClusterActions } from './cluster-actions.js';
import { dropMessages, killLinks } from './commands/debugging.js';
import { clusterCommands } from './commands/index.js';
import type { ClusterParts } from './commands/subcommand.js';
import { Departures } from './redirection/departures.js';
import { Redirections } from './redirection/redirections.js';

/** For a server that is a node of a cluster. Its keyspace has been made with slots. */
export function registerClusterCommands(server: Server, actions: ClusterActions): void {
  const { slotIndex } = server.keyspace;
  if (slotIndex === null) throw new Error('a node of a cluster keeps its keys by slot');
  const parts: ClusterParts = { server, actions, slotIndex };
  server.commands.register(clusterCommands(parts));
  registerDebugging(server, parts);
  const redirections = new Redirections(server, actions.view);
  server.gates.add(redirections);
  server.slotRules = redirections;
  server.cluster = { publish: (channel, message, sharded) => actions.publish(channel, message, sharded) };
  server.beforeReplies.push(new Departures(server, actions.view, redirections).check);
}

/** For a server that is in no cluster: the commands exist, and say so. */
export function registerCommandsWithoutCluster(server: Server): void {
  server.commands.register(clusterCommands(null));
  registerDebugging(server, null);
}

function registerDebugging(server: Server, parts: ClusterParts | null): void {
  server.debugSubcommands.set('clusterlink', (client, args) => killLinks(client, parts, args));
  server.debugSubcommands.set('drop-cluster-packet-filter', (client, args) =>
    dropMessages(client, parts, args),
  );
}
