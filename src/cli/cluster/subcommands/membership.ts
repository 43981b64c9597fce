/** `add-node` and `del-node`: lets a node join a cluster, as a master without slots or as a replica, or leave it. */
import { ReplyError } from '../../../client/reply.js';
import { settle, waitForJoin, waitUntilAllSee } from '../agreement.js';
import { checkCluster } from '../check.js';
import { Cluster, requireClusterMode, requireEmpty } from '../cluster.js';
import { ClusterManagerError, NodeUnreachableError } from '../errors.js';
import { resolveAddress, type ClusterNode } from '../node.js';
import type { NodeAddress } from '../node-table.js';
import { connectNode, type ClusterSession } from '../session.js';
import { readAddress, type Subcommand } from './subcommand.js';

export const addNode: Subcommand = {
  name: 'add-node',
  arity: 2,
  synopsis: 'new_host:new_port existing_host:existing_port',
  options: ['slave', 'master-id <arg>'],
  async run(session, [newWord = '', existingWord = '']) {
    const { report, options } = session;
    const existing = readAddress([existingWord]);
    const address = readAddress([newWord]);
    const where = `${existing.host}:${existing.port}`;
    report.info(`>>> Adding node ${address.host}:${address.port} to cluster ${where}`);
    const cluster = await Cluster.load(session, existing);
    if (!(await checkCluster(session, cluster)).isSound) return false;
    const master = options.addsReplica ? chooseMaster(session, cluster) : null;
    const node = await connectNew(session, address);
    const first = cluster.nodes[0]!;
    const everybody = [...cluster.nodes, node];
    // A replica gets the functions from its master.
    if (master === null) await copyFunctions(session, first, node);
    report.info(`>>> Send CLUSTER MEET to node ${node.address} to make it join the cluster.`);
    await node.meet(await resolveAddress(session.platform.network, first));
    if (master !== null) {
      await waitForJoin(session, everybody);
      // A master without slots is nothing to agree about, so that the newcomer may not have heard of it yet.
      await waitUntilAllSee(session, [node], (entries) => entries.some(({ id }) => id === master.id));
      report.info(`>>> Configure node as replica of ${master.address}.`);
      await node.call('CLUSTER', 'REPLICATE', master.id);
    }
    await waitUntilAllSee(session, everybody, (entries) =>
      entries.some(({ id, masterId }) => id === node.id && masterId === (master?.id ?? null)),
    );
    await settle(session, everybody);
    report.ok('[OK] New node added correctly.');
    return true;
  },
};

export const deleteNode: Subcommand = {
  name: 'del-node',
  arity: 2,
  synopsis: 'host:port node_id',
  options: [],
  async run(session, [word = '', id = '']) {
    const { report } = session;
    const address = readAddress([word]);
    report.info(`>>> Removing node ${id} from cluster ${address.host}:${address.port}`);
    const cluster = await Cluster.load(session, address);
    const node = cluster.nodeById(id);
    if (node === null) throw new ClusterManagerError(`[ERR] No such node ID ${id}`);
    if (node.slots.count > 0) {
      throw new ClusterManagerError(
        `[ERR] Node ${node.address} is not empty! Reshard data away and try again.`,
      );
    }
    report.info('>>> Sending CLUSTER FORGET messages to the cluster...');
    for (const other of cluster.nodes) {
      if (other === node) continue;
      if (other.masterId === node.id) {
        const master = cluster.masterWithFewestReplicas(node);
        report.info(`>>> ${other.address} as replica of ${master.address}`);
        await other.call('CLUSTER', 'REPLICATE', master.id);
        master.replicaCount++;
      }
      await other.call('CLUSTER', 'FORGET', node.id);
    }
    report.info('>>> Sending CLUSTER RESET SOFT to the deleted node.');
    await node.call('CLUSTER', 'RESET', 'SOFT');
    return true;
  },
};

function chooseMaster({ report, options }: ClusterSession, cluster: Cluster): ClusterNode {
  const { masterId } = options;
  if (masterId !== null) {
    const master = cluster.masterById(masterId);
    if (master === null) throw new ClusterManagerError(`[ERR] No such master ID ${masterId}`);
    return master;
  }
  const master = cluster.masterWithFewestReplicas();
  report.line(`Automatically selected master ${master.address}`);
  return master;
}

async function connectNew(session: ClusterSession, address: NodeAddress): Promise<ClusterNode> {
  try {
    const node = await connectNode(session, address);
    await requireClusterMode(node);
    await node.load();
    await requireEmpty(node);
    return node;
  } catch (error) {
    if (!(error instanceof NodeUnreachableError)) throw error;
    session.report.complaint(error.message);
    throw new ClusterManagerError(`[ERR] Sorry, can't connect to node ${address.host}:${address.port}`);
  }
}

/** Every master has all functions: what it is asked to call may not depend on when it joined. */
async function copyFunctions({ report }: ClusterSession, from: ClusterNode, to: ClusterNode): Promise<void> {
  report.info('>>> Getting functions from cluster');
  const functions = await from.ask('FUNCTION', 'DUMP');
  if (typeof functions !== 'string') {
    const reason = functions instanceof ReplyError ? functions.message : 'no functions';
    report.info(
      '>>> Failed retrieving Functions from the cluster, skip this step as Redis version do not support function ' +
        `command (error = '${reason}')`,
    );
    return;
  }
  report.info(`>>> Send FUNCTION LIST to ${to.address} to verify there is no functions in it`);
  const existing = await to.call('FUNCTION', 'LIST');
  if (Array.isArray(existing) && existing.length > 0) {
    throw new ClusterManagerError(
      '>>> New node already contains functions and can not be added to the cluster. Use FUNCTION FLUSH and try again.',
    );
  }
  report.info(`>>> Send FUNCTION RESTORE to ${to.address}`);
  await to.call('FUNCTION', 'RESTORE', functions);
}
