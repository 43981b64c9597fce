/** DEBUG CLUSTERLINK and DEBUG DROP-CLUSTER-PACKET-FILTER: what tests do to the bus. */
import { integerArgument } from '../../commands/arguments.js';
import { wrongSubcommandUse } from '../../commands/subcommand-use.js';
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import { nodeArgument, type ClusterParts } from './subcommand.js';

const NO_CLUSTER = 'ERR Debug option only available for cluster mode enabled setup!';

/** @param parts null: this server is in no cluster */
export function killLinks(client: Client, parts: ClusterParts | null, args: readonly string[]): void {
  const { reply } = client;
  if (args.length !== 5 || !isWord(args[2], 'kill')) {
    reply.error(wrongSubcommandUse('debug', args[1]));
    return;
  }
  if (parts === null) {
    reply.error(NO_CLUSTER);
    return;
  }
  const node = nodeArgument(client, parts, args[4]);
  if (node === undefined) return;
  const direction = (['to', 'from', 'all'] as const).find((word) => isWord(args[3], word));
  if (direction === undefined) {
    reply.error(`ERR Unknown direction ${args[3]}`);
    return;
  }
  parts.actions.killLinks(direction, node);
  reply.ok();
}

/** @param parts null: there are no messages to drop */
export function dropMessages(client: Client, parts: ClusterParts | null, args: readonly string[]): void {
  const { reply } = client;
  if (args.length !== 3) {
    reply.error(wrongSubcommandUse('debug', args[1]));
    return;
  }
  const type = integerArgument(client, args[2]);
  if (Number.isNaN(type)) return;
  parts?.actions.dropMessagesOfType(type < 0 ? null : type);
  reply.ok();
}
