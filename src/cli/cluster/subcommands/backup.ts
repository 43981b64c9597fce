/** `backup`: an RDB file of every master, and nodes.json, which says who had which slots. */
import { systemErrorText } from '../../../platform/system-errors.js';
import { bytesFromText } from '../../../resp/ascii.js';
import { checkCluster } from '../check.js';
import { Cluster } from '../cluster.js';
import { ClusterManagerError } from '../errors.js';
import type { ClusterNode } from '../node.js';
import { downloadRdb } from '../rdb-download.js';
import type { ClusterSession } from '../session.js';
import { readAddress, type Subcommand } from './subcommand.js';

export const backup: Subcommand = {
  name: 'backup',
  arity: 2,
  synopsis: 'host:port backup_directory',
  options: [],
  async run(session, [word = '', directory = '']) {
    const { report } = session;
    const cluster = await Cluster.load(session, readAddress([word]));
    const { isSound, problems } = await checkCluster(session, cluster);
    for (const node of cluster.masters) await saveRdb(session, node, directory);
    const errorCount = isSound ? 0 : problems.length;
    const saved = saveConfiguration(session, cluster, inDirectory(directory, 'nodes.json'), errorCount);
    if (!saved) {
      report.ok('[ERR] Failed to back cluster!');
      return false;
    }
    if (!isSound) {
      report.warning(
        "*** Cluster seems to have some problems, please be aware of it if you're going to restore this backup.",
      );
    }
    report.ok(`[OK] Backup created into: ${bytesFromText(directory)}`);
    return true;
  },
};

async function saveRdb(session: ClusterSession, node: ClusterNode, directory: string): Promise<void> {
  const { report, platform, credentials } = session;
  report.info(`>>> Node ${node.address} -> Saving RDB...`);
  const path = inDirectory(directory, `redis-node-${node.host}-${node.port}-${node.id}.rdb`);
  const source = { host: node.host, port: node.port, credentials };
  const shownPath = bytesFromText(path);
  let hasMark = false;
  const sizeBytes = await downloadRdb(platform, source, path, (frame) => {
    hasMark = frame.kind === 'mark';
    report.complaint(
      frame.kind === 'mark'
        ? `SYNC sent to master, writing bytes of bulk transfer until EOF marker to '${shownPath}'`
        : `SYNC sent to master, writing ${frame.bytes} bytes to '${shownPath}'`,
    );
  });
  report.complaint(`Transfer finished with success${hasMark ? ` after ${sizeBytes} bytes` : '.'}`);
}

function saveConfiguration(
  { report, platform }: ClusterSession,
  cluster: Cluster,
  path: string,
  errorCount: number,
): boolean {
  report.info(`Saving cluster configuration to: ${bytesFromText(path)}`);
  const json = `[\n${cluster.nodes.map((node) => nodeJson(node, errorCount)).join(',\n')}\n]`;
  try {
    platform.disk.writeFileSync(path, Buffer.from(json, 'latin1'));
    return true;
  } catch (error) {
    report.complaint(systemErrorText(error));
    report.error(`Could not save nodes to: ${bytesFromText(path)}`);
    return false;
  }
}

/** In redis-cli's layout, which people read and scripts take apart. */
function nodeJson(node: ClusterNode, errorCount: number): string {
  const ranges = node.slots.ranges().map(({ first, last }) => (first === last ? [first] : [first, last]));
  const fields: [name: string, json: string][] = [
    ['name', JSON.stringify(node.id)],
    ['host', JSON.stringify(node.host)],
    ['port', String(node.port)],
    ['replicate', JSON.stringify(node.masterId)],
    ['slots', JSON.stringify(ranges)],
    ['slots_count', String(node.slots.count)],
    ['flags', JSON.stringify(node.flags.filter((flag) => flag !== 'myself').join(','))],
    ['current_epoch', node.configEpoch],
  ];
  if (errorCount > 0) fields.push(['cluster_errors', String(errorCount)]);
  for (const state of ['migrating', 'importing'] as const) {
    if (node[state].size === 0) continue;
    const slots = [...node[state]].map(([slot, id]) => `"${slot}": ${JSON.stringify(id)}`);
    fields.push([state, `{${slots.join(',')}}`]);
  }
  return `  {\n${fields.map(([name, json]) => `    "${name}": ${json}`).join(',\n')}\n  }`;
}

function inDirectory(directory: string, name: string): string {
  if (directory === '') throw new ClusterManagerError('[ERR] The backup needs a directory', 'errors');
  return directory.endsWith('/') ? directory + name : `${directory}/${name}`;
}
