/**
 * CLUSTER SLOTS and CLUSTER SHARDS: what client libraries draw their map of the cluster from.
 *
 * Reference: the CLUSTER commands of Redis 7.2.
 */
import type { ReplySink } from '../../resp/reply-sink.js';
import type { EndpointType } from '../endpoint.js';
import { NO_HOSTNAME } from '../endpoint.js';
import type { ClusterView } from '../view/cluster-view.js';
import type { ClusterNode } from '../view/node.js';
import type { SlotRange } from '../view/slots.js';
import { healthText, isServingReplica, replicationOffsetOf } from './node-health.js';
import {
  ASKS_AT_ANY_TIME,
  NONDETERMINISTIC,
  subcommand,
  type ClusterParts,
  type ClusterSubcommand,
} from './subcommand.js';

const PER_NODE = 'O(N) in the nodes';

export const topologySubcommands: readonly ClusterSubcommand[] = [
  subcommand(
    {
      name: 'slots',
      arity: 2,
      summary: 'Tells which nodes serve which slots.',
      flags: ASKS_AT_ANY_TIME,
      complexity: PER_NODE,
      tips: NONDETERMINISTIC,
      deprecatedSince: '7.0.0',
      replacedBy: '`CLUSTER SHARDS`',
    },
    ({ reply }, _args, parts) => writeSlots(reply, parts),
  ),
  subcommand(
    {
      name: 'shards',
      arity: 2,
      since: '7.0.0',
      summary: 'Tells of each shard which slots it has and which nodes it is made of.',
      flags: ASKS_AT_ANY_TIME,
      complexity: PER_NODE,
      tips: NONDETERMINISTIC,
    },
    ({ reply }, _args, parts) => writeShards(reply, parts),
  ),
];

function preferredEndpoint({ server }: ClusterParts): EndpointType {
  return server.config.values['cluster-preferred-endpoint-type'];
}

function writeSlots(reply: ReplySink, parts: ClusterParts): void {
  const ranges = ownedRanges(parts.actions.view);
  reply.arrayHeader(ranges.length);
  for (const { first, last, owner } of ranges) {
    const replicas = [...owner.replicas].filter((replica) => isServingReplica(replica, parts));
    reply.arrayHeader(3 + replicas.length);
    reply.integer(first);
    reply.integer(last);
    for (const node of [owner, ...replicas]) writeSlotsNode(reply, node, preferredEndpoint(parts));
  }
}

interface OwnedRange extends SlotRange {
  readonly owner: ClusterNode;
}

/** Runs of slots with one owner, in the order of the slots. */
function ownedRanges(view: ClusterView): OwnedRange[] {
  return [...view.nodes]
    .flatMap((owner) => owner.slots.ranges().map((range) => ({ ...range, owner })))
    .sort((a, b) => a.first - b.first);
}

function writeSlotsNode(reply: ReplySink, node: ClusterNode, preferred: EndpointType): void {
  reply.arrayHeader(4);
  if (preferred === 'unknown-endpoint') reply.nullBulk();
  else reply.bulk(endpointOf(node, preferred));
  reply.integer(node.port);
  reply.bulk(node.id);
  const metadata: [string, string][] = [];
  if (preferred !== 'ip') metadata.push(['ip', node.host]);
  if (preferred !== 'hostname' && node.hostname !== '') metadata.push(['hostname', node.hostname]);
  reply.mapHeader(metadata.length);
  for (const [name, text] of metadata) {
    reply.bulk(name);
    reply.bulk(text);
  }
}

function endpointOf(node: ClusterNode, preferred: 'ip' | 'hostname'): string {
  if (preferred === 'ip') return node.host;
  return node.hostname === '' ? NO_HOSTNAME : node.hostname;
}

function writeShards(reply: ReplySink, parts: ClusterParts): void {
  const shards = shardsOf(parts.actions.view);
  reply.arrayHeader(shards.length);
  for (const nodes of shards) {
    const master = nodes.find(({ isMaster, slots }) => isMaster && slots.size > 0);
    const ranges = master?.slots.ranges() ?? [];
    reply.mapHeader(2);
    reply.bulk('slots');
    reply.arrayHeader(ranges.length * 2);
    for (const { first, last } of ranges) {
      reply.integer(first);
      reply.integer(last);
    }
    reply.bulk('nodes');
    reply.arrayHeader(nodes.length);
    for (const node of nodes) writeShardsNode(reply, node, parts);
  }
}

/** Nodes that are known to be members, by the shard they belong to. */
function shardsOf(view: ClusterView): ClusterNode[][] {
  const shards = new Map<string, ClusterNode[]>();
  for (const node of view.nodes) {
    if (node.membership !== 'member') continue;
    const nodes = shards.get(node.shardId);
    if (nodes === undefined) shards.set(node.shardId, [node]);
    else nodes.push(node);
  }
  return [...shards.values()];
}

function writeShardsNode(reply: ReplySink, node: ClusterNode, parts: ClusterParts): void {
  const preferred = preferredEndpoint(parts);
  const fields: [string, string | number | null][] = [['id', node.id]];
  if (node.port !== 0) fields.push(['port', node.port]);
  if (node.secondaryPort !== 0) fields.push(['tls-port', node.secondaryPort]);
  fields.push(['ip', node.host]);
  fields.push(['endpoint', preferred === 'unknown-endpoint' ? null : endpointOf(node, preferred)]);
  if (node.hostname !== '') fields.push(['hostname', node.hostname]);
  fields.push(['role', node.role]);
  fields.push(['replication-offset', replicationOffsetOf(node, parts)]);
  fields.push(['health', healthText(node, parts)]);
  reply.mapHeader(fields.length);
  for (const [name, value] of fields) {
    reply.bulk(name);
    if (value === null) reply.bulk('');
    else if (typeof value === 'number') reply.integer(value);
    else reply.bulk(value);
  }
}
