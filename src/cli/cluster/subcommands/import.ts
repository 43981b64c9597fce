/** `import`: brings the keys of a standalone server into the cluster, key by key, with MIGRATE at that server. */
import { ReplyError } from '../../../client/reply.js';
import type { Credentials } from '../../../client/connection.js';
import { readPassword } from '../../password.js';
import { checkCluster } from '../check.js';
import { Cluster } from '../cluster.js';
import { ClusterManagerError, NodeReplyError } from '../errors.js';
import { migrateCredentials } from '../key-transfer.js';
import type { ClusterNode } from '../node.js';
import { parseNodeAddress, type NodeAddress } from '../node-table.js';
import { connectNode, type ClusterSession } from '../session.js';
import { readAddress, type Subcommand } from './subcommand.js';

const KEYS_PER_SCAN = 1000;
const MIGRATES_IN_FLIGHT = 10;

export const importKeys: Subcommand = {
  name: 'import',
  arity: 1,
  synopsis: 'host:port',
  options: ['from <arg>', 'from-user <arg>', 'from-pass <arg>', 'from-askpass', 'copy', 'replace'],
  async run(session, words) {
    const { report } = session;
    const address = readAddress(words);
    const from = readSourceAddress(session.options.from);
    const fromText = `${from.host}:${from.port}`;
    report.info(`>>> Importing data from ${fromText} to cluster ${address.host}:${address.port}`);
    const cluster = await Cluster.load(session, address);
    if (!(await checkCluster(session, cluster)).isSound) return false;
    const source = await connectNode(session, from, await sourceCredentials(session));
    try {
      if ((await source.info('cluster_enabled')) === '1')
        throw new ClusterManagerError('[ERR] The source node should not be a cluster node.');
      const size = Number(await source.call('DBSIZE'));
      report.warning(`*** Importing ${size} keys from DB 0`);
      return await importAll(session, cluster, source);
    } catch (error) {
      if (!(error instanceof NodeReplyError)) throw error;
      throw new ClusterManagerError(`Source ${fromText} replied with error:\n${error.reply}`);
    }
  },
};

function readSourceAddress(word: string | null): NodeAddress {
  if (word === null)
    throw new ClusterManagerError(
      "[ERR] Option '--cluster-from' is required for subcommand 'import'.",
      'errors',
    );
  const address = parseNodeAddress(word);
  if (address !== null && address.host !== '' && address.port > 0) return address;
  throw new ClusterManagerError(
    '[ERR] Invalid --cluster-from host. You need to pass a valid address (ie. 120.0.0.1:7000).',
    'errors',
  );
}

async function sourceCredentials({ terminal, options }: ClusterSession): Promise<Credentials> {
  const { fromUsername, asksFromPassword } = options;
  const password = asksFromPassword ? await readPassword(terminal) : options.fromPassword;
  if (password === null) return {};
  return fromUsername === null ? { password } : { username: fromUsername, password };
}

/** Keys are taken one MIGRATE each, so that each has its outcome; several are on their way at the same time. */
async function importAll(session: ClusterSession, cluster: Cluster, source: ClusterNode): Promise<boolean> {
  const owners = ownersOf(cluster);
  let cursor = '0';
  do {
    const reply = await source.call('SCAN', cursor, 'COUNT', String(KEYS_PER_SCAN));
    const [next, found] = Array.isArray(reply) ? reply : [];
    const keys = Array.isArray(found) ? found.filter((key) => typeof key === 'string') : [];
    // The cluster itself says where a key belongs.
    const slots = await Promise.all(keys.map((key) => cluster.nodes[0]!.call('CLUSTER', 'KEYSLOT', key)));
    const placed = keys.map((key, index) => ({ key, target: owners[Number(slots[index])]! }));
    if (!(await importSome(session, source, placed))) return false;
    cursor = String(next ?? '0');
  } while (cursor !== '0');
  return true;
}

interface PlacedKey {
  readonly key: string;
  readonly target: ClusterNode;
}

async function importSome(
  { report, options, credentials }: ClusterSession,
  source: ClusterNode,
  placed: readonly PlacedKey[],
): Promise<boolean> {
  const migrate = ({ key, target }: PlacedKey) =>
    source.ask(
      ...['MIGRATE', target.host, String(target.port), key, '0', String(options.timeoutMs)],
      ...migrateCredentials(credentials),
      ...(options.copies ? ['COPY'] : []),
      ...(options.replaces ? ['REPLACE'] : []),
    );
  const inFlight = options.keysPerMigrate ?? MIGRATES_IN_FLIGHT;
  for (let start = 0; start < placed.length; start += inFlight) {
    const some = placed.slice(start, start + inFlight);
    const replies = await Promise.all(some.map(migrate));
    let isRefused = false;
    for (const [index, { key, target }] of some.entries()) {
      const reply = replies[index];
      report.text(`Migrating ${key} to ${target.address}: `);
      if (reply instanceof ReplyError) {
        report.error(`Source ${source.address} replied with error:\n${reply.message}`);
        isRefused = true;
      } else {
        report.ok('OK');
      }
    }
    if (isRefused) return false;
  }
  return true;
}

/** By slot. The check has found every slot covered. */
function ownersOf(cluster: Cluster): ClusterNode[] {
  const owners: ClusterNode[] = [];
  for (const master of cluster.masters) for (const slot of master.slots) owners[slot] = master;
  return owners;
}
