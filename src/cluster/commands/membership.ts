/** Subcommands that change which nodes there are and what they are to each other. */
import { parseInteger } from '../../commands/arguments.js';
import { SYNTAX_ERROR } from '../../commands/error-texts.js';
import { wrongSubcommandUse } from '../../commands/subcommand-use.js';
import { isNumericAddress } from '../../platform/numeric-address.js';
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import type { Server } from '../../server/server.js';
import { toNodeId } from '../../failover/identity.js';
import type { ClusterActions, ManualFailover } from '../cluster-actions.js';
import { BUS_PORT_OFFSET } from '../nodes-file/codec.js';
import {
  ADMINISTERS,
  CHANGES,
  nodeArgument,
  subcommand,
  type ClusterParts,
  type ClusterSubcommand,
} from './subcommand.js';

export const membershipSubcommands: readonly ClusterSubcommand[] = [
  subcommand({ name: 'meet', arity: -4, summary: 'Begins a handshake with a node.', flags: CHANGES }, meet),
  subcommand(
    { name: 'forget', arity: 3, summary: 'Removes a node from what this one knows.', flags: CHANGES },
    forget,
  ),
  subcommand(
    { name: 'replicate', arity: 3, summary: 'Makes this node a replica of a master.', flags: CHANGES },
    replicate,
  ),
  subcommand(
    { name: 'failover', arity: -2, summary: 'Makes this replica take over from its master.', flags: CHANGES },
    failOver,
  ),
  subcommand(
    {
      name: 'reset',
      arity: -2,
      summary: 'Forgets the cluster.',
      flags: [...ADMINISTERS, 'noscript'],
      complexity: 'O(N) in the nodes, and in the keys of a replica',
    },
    reset,
  ),
];

function meet(client: Client, args: readonly string[], { actions }: ClusterParts): void {
  const { reply } = client;
  if (args.length > 5) {
    reply.error(wrongSubcommandUse('cluster', args[1]));
    return;
  }
  const [, , host, portText, busPortText] = args;
  const port = parseInteger(portText);
  if (Number.isNaN(port)) {
    reply.error(`ERR Invalid base port specified: ${portText}`);
    return;
  }
  const busPort = args.length === 5 ? parseInteger(busPortText) : port + BUS_PORT_OFFSET;
  if (Number.isNaN(busPort)) {
    reply.error(`ERR Invalid bus port specified: ${busPortText}`);
    return;
  }
  if (!isNumericAddress(host) || !isPort(port) || !isPort(busPort)) {
    reply.error(`ERR Invalid node address specified: ${host}:${portText}`);
    return;
  }
  actions.meet(host, port, busPort);
  reply.ok();
}

function isPort(number: number): boolean {
  return number > 0 && number <= 65535;
}

function forget(client: Client, args: readonly string[], parts: ClusterParts): void {
  const [, , id] = args;
  const { reply } = client;
  const { actions } = parts;
  const { view } = actions;
  if (view.find(toNodeId(id)) === undefined && actions.isForgotten(id)) {
    reply.ok();
    return;
  }
  const node = nodeArgument(client, parts, id);
  if (node === undefined) return;
  if (node === view.myself) {
    reply.error("ERR I tried hard but I can't forget myself...");
  } else if (!view.myself.isMaster && view.myself.master === node) {
    reply.error("ERR Can't forget my master!");
  } else {
    actions.forget(node);
    reply.ok();
  }
}

function replicate(client: Client, args: readonly string[], parts: ClusterParts): void {
  const { reply, server } = client;
  const { actions } = parts;
  const { myself } = actions.view;
  const master = nodeArgument(client, parts, args[2]);
  if (master === undefined) return;
  const hasSomethingToLose = myself.slots.size > 0 || server.keyspace.databases[0].size > 0;
  if (master === myself) {
    reply.error("ERR Can't replicate myself");
  } else if (!master.isMaster) {
    reply.error('ERR I can only replicate a master, not a replica.');
  } else if (myself.isMaster && hasSomethingToLose) {
    reply.error('ERR To set a master the node must be empty and without assigned slots.');
  } else {
    actions.replicate(master);
    reply.ok();
  }
}

function failOver({ reply }: Client, args: readonly string[], { actions }: ClusterParts): void {
  const kind = failoverKind(args[2]);
  const { myself } = actions.view;
  if (args.length > 3) {
    reply.error(wrongSubcommandUse('cluster', args[1]));
  } else if (kind === null) {
    reply.error(SYNTAX_ERROR);
  } else if (myself.isMaster) {
    reply.error('ERR You should send CLUSTER FAILOVER to a replica');
  } else if (myself.master === null) {
    reply.error("ERR I'm a replica but my master is unknown to me");
  } else if (kind === 'coordinated' && !canAskMaster(actions)) {
    reply.error('ERR Master is down or failed, please use CLUSTER FAILOVER FORCE');
  } else {
    actions.failOver(kind);
    reply.ok();
  }
}

function failoverKind(option: string | undefined): ManualFailover | null {
  if (option === undefined) return 'coordinated';
  if (isWord(option, 'force')) return 'force';
  return isWord(option, 'takeover') ? 'takeover' : null;
}

function canAskMaster({ view }: ClusterActions): boolean {
  const { master } = view.myself;
  return master !== null && master.health !== 'failed' && master.isLinked;
}

function reset(client: Client, args: readonly string[], { actions, server }: ClusterParts): void {
  const { reply } = client;
  if (args.length > 3) {
    reply.error(wrongSubcommandUse('cluster', args[1]));
    return;
  }
  const [, , option = 'soft'] = args;
  const isHard = isWord(option, 'hard');
  if (!isHard && !isWord(option, 'soft')) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const { myself } = actions.view;
  if (myself.isMaster && server.keyspace.databases[0].size > 0) {
    reply.error("ERR CLUSTER RESET can't be called with master nodes containing keys");
    return;
  }
  if (!myself.isMaster) dropDataset(server);
  actions.reset(isHard);
  reply.ok();
}

/** What a replica has is its master's, and it has no master any more. */
function dropDataset({ keyspace, blocking }: Server): void {
  for (const database of keyspace.databases) {
    database.flush();
    blocking.databaseReplaced(database);
  }
}
