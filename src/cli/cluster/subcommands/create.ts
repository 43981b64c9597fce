/** `create`: makes a cluster of nodes that are empty. */
import { settle, waitForJoin, waitUntilAllSee, waitUntilServing } from '../agreement.js';
import { checkCluster } from '../check.js';
import { Cluster, requireClusterMode, requireEmpty } from '../cluster.js';
import { ClusterManagerError } from '../errors.js';
import { resolveAddress, type ClusterNode } from '../node.js';
import { parseNodeAddress, type NodeAddress } from '../node-table.js';
import { allocate, countMasters, LEAST_MASTERS, type Allocation } from '../plan/allocation.js';
import {
  affinityOf,
  improveAntiAffinity,
  SHARES_MASTERS_HOST,
  type AffinityNode,
} from '../plan/anti-affinity.js';
import { connectNode, type ClusterSession } from '../session.js';
import { formatSlots, SlotSet } from '../slot-set.js';
import type { Subcommand } from './subcommand.js';

export const create: Subcommand = {
  name: 'create',
  arity: -2,
  synopsis: 'host1:port1 ... hostN:portN',
  options: ['replicas <arg>'],
  async run(session, words) {
    const nodes = await connectAll(session, words.map(readNodeAddress));
    return createCluster(session, nodes);
  },
};

/** What a node is to become. */
type Role = { readonly slots: SlotSet } | { readonly master: ClusterNode };
type Roles = ReadonlyMap<ClusterNode, Role>;

async function createCluster(session: ClusterSession, nodes: readonly ClusterNode[]): Promise<boolean> {
  const { report, questions, options } = session;
  const roles = planRoles(session, nodes, options.replicas);
  for (const node of nodes) report.line(describe(node, roles));
  if (!(await questions.confirm('Can I set the above configuration?'))) return true;

  for (const [node, role] of roles) {
    if ('slots' in role) await node.call('CLUSTER', 'ADDSLOTS', ...Array.from(role.slots, String));
  }
  report.info('>>> Nodes configuration updated');
  report.info('>>> Assign a different config epoch to each node');
  for (const [index, node] of nodes.entries())
    // A node that had an epoch before keeps it: they only have to differ, and nodes see to that themselves.
    await node.ask('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
  report.info('>>> Sending CLUSTER MEET messages to join the cluster');
  const [first, ...others] = nodes;
  const firstAddress = await resolveAddress(session.platform.network, first!);
  for (const node of others) await node.meet(firstAddress);
  await waitForJoin(session, nodes);

  for (const [node, role] of roles) {
    if ('master' in role) await node.call('CLUSTER', 'REPLICATE', role.master.id);
  }
  const replicaIds = [...roles].filter(([, role]) => 'master' in role).map(([{ id }]) => id);
  await waitUntilAllSee(session, nodes, (entries) =>
    replicaIds.every((id) => entries.some((entry) => entry.id === id && entry.masterId !== null)),
  );
  await settle(session, nodes);
  await waitUntilServing(session, nodes);
  const cluster = await Cluster.load(session, first!);
  await checkCluster(session, cluster);
  return true;
}

function readNodeAddress(word: string): NodeAddress {
  const address = parseNodeAddress(word);
  if (address === null) throw new ClusterManagerError(`Invalid address format: ${word}`, 'errors');
  return address;
}

/** @throws ClusterManagerError at the first that cannot be used */
async function connectAll(
  session: ClusterSession,
  addresses: readonly NodeAddress[],
): Promise<ClusterNode[]> {
  const nodes: ClusterNode[] = [];
  for (const address of addresses) {
    const node = await connectNode(session, address);
    await requireClusterMode(node);
    await node.load();
    await requireEmpty(node);
    nodes.push(node);
  }
  return nodes;
}

function planRoles(session: ClusterSession, nodes: readonly ClusterNode[], replicas: number): Roles {
  const { report } = session;
  if (replicas < 0) throw new ClusterManagerError('*** ERROR: Invalid configuration for cluster creation.');
  if (countMasters(nodes.length, replicas) < LEAST_MASTERS) {
    throw new ClusterManagerError(
      '*** ERROR: Invalid configuration for cluster creation.\n' +
        `*** Redis Cluster requires at least ${LEAST_MASTERS} master nodes.\n` +
        `*** This is not possible with ${nodes.length} nodes and ${replicas} replicas per node.\n` +
        `*** At least ${LEAST_MASTERS * (replicas + 1)} nodes are required.`,
    );
  }
  report.info(`>>> Performing hash slots allocation on ${nodes.length} nodes...`);
  const allocation = allocate(nodes, replicas);
  for (const [index, { slots }] of allocation.masters.entries())
    report.line(`Master[${index}] -> Slots ${slots.first} - ${slots.last}`);
  const firstExtra = allocation.replicas.findIndex(({ isExtra }) => isExtra);
  for (const [index, { node, master }] of allocation.replicas.entries()) {
    if (index === firstExtra) report.line('Adding extra replicas...');
    report.line(`Adding replica ${node.address} to ${master.address}`);
  }
  return withAntiAffinity(session, nodes, allocation);
}

/** Nodes that fit nowhere stay masters without slots, as redis-cli leaves them. */
function withAntiAffinity(
  session: ClusterSession,
  nodes: readonly ClusterNode[],
  allocation: Allocation<ClusterNode>,
): Roles {
  const { report, platform } = session;
  const placed = new Map<ClusterNode, AffinityNode>();
  for (const node of nodes) {
    const place = { host: node.host } as { host: string; master: AffinityNode };
    place.master = place;
    placed.set(node, place);
  }
  for (const { node, master } of allocation.replicas) placed.get(node)!.master = placed.get(master)!;
  const places = [...placed.values()];
  if (affinityOf(places).score > 0) {
    report.info('>>> Trying to optimize slaves allocation for anti-affinity');
    const score = improveAntiAffinity(places, (bound) => platform.random.integer(bound));
    if (score === 0) report.ok('[OK] Perfect anti-affinity obtained!');
    else if (score >= SHARES_MASTERS_HOST)
      report.warning('[WARNING] Some slaves are in the same host as their master');
    else report.warning('[WARNING] Some slaves of the same master are in the same host');
  }
  const nodeAt = new Map([...placed].map(([node, place]) => [place, node]));
  const rangeOf = new Map(allocation.masters.map(({ node, slots }) => [node, slots]));
  const roles = new Map<ClusterNode, Role>();
  for (const [node, place] of placed) {
    const range = rangeOf.get(node);
    if (place.master !== place) roles.set(node, { master: nodeAt.get(place.master)! });
    else if (range !== undefined) roles.set(node, { slots: SlotSet.ofRange(range) });
  }
  return roles;
}

/** As nodes are shown, although this one is not yet what it will be. */
function describe(node: ClusterNode, roles: Roles): string {
  const role = roles.get(node);
  if (role === undefined) return node.describe();
  if ('master' in role) return `S: ${node.id} ${node.address}\n   replicates ${role.master.id}`;
  return `M: ${node.id} ${node.address}\n   slots:${formatSlots(role.slots)} (${role.slots.count} slots) master`;
}
