/** `info`, `check` and `fix`: what a cluster is like, whether it is sound, and making it so. */
import { settle } from '../agreement.js';
import { checkCluster } from '../check.js';
import { Cluster } from '../cluster.js';
import { SlotRepair } from '../repair/slot-repair.js';
import type { ClusterSession } from '../session.js';
import { SLOT_COUNT } from '../../../keyspace/key-slot.js';
import { ANY_NODE, readAddress, type Subcommand } from './subcommand.js';

export const info: Subcommand = {
  name: 'info',
  arity: -1,
  synopsis: ANY_NODE,
  options: [],
  async run(session, words) {
    const cluster = await Cluster.load(session, readAddress(words));
    await showInfo(session, cluster);
    return true;
  },
};

export const check: Subcommand = {
  name: 'check',
  arity: -1,
  synopsis: ANY_NODE,
  options: ['search-multiple-owners'],
  async run(session, words) {
    const cluster = await Cluster.load(session, readAddress(words));
    await showInfo(session, cluster);
    return (await checkCluster(session, cluster)).isSound;
  },
};

export const fix: Subcommand = {
  name: 'fix',
  arity: -1,
  synopsis: ANY_NODE,
  options: ['search-multiple-owners', 'fix-with-unreachable-masters'],
  async run(session, words) {
    const cluster = await Cluster.load(session, readAddress(words));
    await showInfo(session, cluster);
    const { isSound, problems } = await checkCluster(session, cluster, {
      repairs: new SlotRepair(session, cluster),
    });
    if (isSound && problems.length > 0) await settle(session, cluster.nodes);
    return isSound;
  },
};

async function showInfo({ report }: ClusterSession, cluster: Cluster): Promise<void> {
  const { masters } = cluster;
  let keys = 0;
  for (const master of masters) {
    const count = Number(await master.call('DBSIZE'));
    const replicas = cluster.nodes.filter(({ masterId }) => masterId === master.id).length;
    report.line(
      `${master.address} (${master.id.slice(0, 8)}...) -> ${count} keys | ${master.slots.count} slots | ${replicas} slaves.`,
    );
    keys += count;
  }
  report.ok(`[OK] ${keys} keys in ${masters.length} masters.`);
  report.line(`${(keys / SLOT_COUNT).toFixed(2)} keys per slot on average.`);
}
