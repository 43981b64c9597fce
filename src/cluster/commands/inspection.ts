/** Subcommands that show what this node knows of the cluster and change nothing: INFO, NODES, REPLICAS, LINKS, ids. */
import type { Client } from '../../server/client.js';
import type { ClusterActions } from '../cluster-actions.js';
import { clusterInfo } from './info-text.js';
import type { ClusterView } from '../view/cluster-view.js';
import { nodeLine } from '../view/node-line.js';
import type { ClusterNode } from '../view/node.js';
import {
  ADMINISTERS_AT_ANY_TIME,
  ASKS_AT_ANY_TIME,
  NONDETERMINISTIC,
  nodeArgument,
  subcommand,
  type ClusterParts,
  type ClusterSubcommand,
} from './subcommand.js';

const PER_NODE = 'O(N) in the nodes';

const REPLICAS = {
  arity: 3,
  flags: ADMINISTERS_AT_ANY_TIME,
  summary: 'Shows the replicas of a master.',
  complexity: 'O(N) in the replicas',
  tips: NONDETERMINISTIC,
};

export const inspectionSubcommands: readonly ClusterSubcommand[] = [
  subcommand(
    { name: 'info', arity: 2, summary: 'Shows the state.', flags: ASKS_AT_ANY_TIME, tips: NONDETERMINISTIC },
    ({ reply }, _args, { actions }) => reply.verbatim('txt', clusterInfo(actions)),
  ),
  subcommand(
    {
      name: 'nodes',
      arity: 2,
      summary: 'Shows all known nodes, a line each.',
      flags: ASKS_AT_ANY_TIME,
      complexity: PER_NODE,
      tips: NONDETERMINISTIC,
    },
    ({ reply }, _args, { actions }) => reply.verbatim('txt', nodesText(actions)),
  ),
  subcommand({ ...REPLICAS, name: 'replicas', since: '5.0.0' }, writeReplicas),
  subcommand(
    { ...REPLICAS, name: 'slaves', deprecatedSince: '5.0.0', replacedBy: '`CLUSTER REPLICAS`' },
    writeReplicas,
  ),
  subcommand(
    {
      name: 'links',
      arity: 2,
      since: '7.0.0',
      summary: 'Shows the connections of the bus.',
      flags: ASKS_AT_ANY_TIME,
      complexity: PER_NODE,
      tips: NONDETERMINISTIC,
    },
    writeLinks,
  ),
  subcommand(
    { name: 'myid', arity: 2, summary: 'Tells the id of this node.', flags: ASKS_AT_ANY_TIME },
    ({ reply }, _args, { actions }) => reply.bulk(actions.view.myself.id),
  ),
  subcommand(
    {
      name: 'myshardid',
      arity: 2,
      since: '7.2.0',
      summary: 'Tells the id of the shard of this node.',
      flags: ASKS_AT_ANY_TIME,
      tips: NONDETERMINISTIC,
    },
    ({ reply }, _args, { actions }) => reply.bulk(actions.view.myself.shardId),
  ),
  subcommand(
    {
      name: 'count-failure-reports',
      arity: 3,
      summary: 'Counts the masters that lately said of a node that it is down.',
      flags: ADMINISTERS_AT_ANY_TIME,
      complexity: 'O(N) in the reports',
      tips: NONDETERMINISTIC,
    },
    (client, args, parts) => {
      const node = nodeArgument(client, parts, args[2]);
      if (node !== undefined) client.reply.integer(parts.actions.failureReportsAbout(node));
    },
  ),
];

function nodesText(actions: ClusterActions): string {
  let text = '';
  for (const node of actions.view.nodes) text += `${lineOf(node, actions.view)}\n`;
  return text;
}

function lineOf(node: ClusterNode, view: ClusterView): string {
  return nodeLine(node, view, node.hostname === '' ? '' : `,${node.hostname}`);
}

function writeReplicas(client: Client, args: readonly string[], parts: ClusterParts): void {
  const { actions } = parts;
  const master = nodeArgument(client, parts, args[2]);
  if (master === undefined) return;
  if (!master.isMaster) {
    client.reply.error('ERR The specified node is not a master');
    return;
  }
  client.reply.arrayHeader(master.replicas.size);
  for (const replica of master.replicas) client.reply.bulk(lineOf(replica, actions.view));
}

function writeLinks({ reply }: Client, _args: readonly string[], { actions }: ClusterParts): void {
  const links = [...actions.links];
  reply.arrayHeader(links.length);
  for (const link of links) {
    reply.mapHeader(6);
    reply.bulk('direction');
    reply.bulk(link.direction);
    reply.bulk('node');
    reply.bulk(link.node.id);
    reply.bulk('create-time');
    reply.integer(link.createdAtMs);
    reply.bulk('events');
    reply.bulk(link.canWrite ? 'rw' : 'r');
    reply.bulk('send-buffer-allocated');
    reply.integer(link.sendBufferAllocatedBytes);
    reply.bulk('send-buffer-used');
    reply.integer(link.sendBufferUsedBytes);
  }
}
