/**
 * How long the writes of one shard are unavailable after its master dies or freezes, in a cluster of our nodes and in
 * one of stock nodes, by the same harness in the same run. Printed is the time from the fault to the first write that
 * the new master acknowledged: beyond the node timeout, and beyond that and the delay which the replica drew for its
 * election (500 ms and up to 500 ms at random, more by its rank), which the protocol asks for; and how many
 * acknowledged writes the new master does not have.
 *
 *   npm run bench:cluster-failover -- [--trials 20] [--engines vedette,stock] [--faults kill,pause] [--node-timeout 1000]
 */
import { parseArgs } from 'node:util';
import { startClusterTopology } from '../../dist/lab/cluster-topology.js';
import { createNodePlatform } from '../../dist/platform/node/index.js';
import { FAILOVER_OPTIONS, inflict, lostWrites, printTrials, runTrials } from './support/failover-trials.mjs';
import { firstWrite, Writer } from './support/write-probe.mjs';

const { values: options } = parseArgs({
  options: {
    ...FAILOVER_OPTIONS,
    'node-timeout': { type: 'string', default: '1000' },
  },
});
const nodeTimeoutMs = Number(options['node-timeout']);
const platform = createNodePlatform();

/** What stands in braces in keys of a slot that the first of three masters has. */
async function tagOfFirstMaster(node) {
  for (let number = 0; ; number++) {
    const tag = `{${number}}`;
    if ((await node.call('CLUSTER', 'KEYSLOT', tag)) <= 5460) return tag;
  }
}

function drawnDelayMs(replica) {
  const delays = [...replica.readLog().matchAll(/Start of election delayed for (\d+) milliseconds/g)];
  if (delays.length === 0) throw new Error(`no election is scheduled in the log of ${replica.name}`);
  return Number(delays.at(-1)[1]);
}

async function trial(engine, fault) {
  const engines = [engine, engine, engine];
  const topology = await startClusterTopology(platform, {
    masters: engines,
    replicas: engines,
    nodeTimeoutMs,
  });
  try {
    const [master] = topology.nodes;
    const replicas = await topology.replicasOf(master);
    const tag = await tagOfFirstMaster(master);
    const writer = new Writer(master.address.port, tag);
    const faultAtMs = await inflict(fault, master);
    const { port, atMs } = await firstWrite(
      replicas.map((replica) => replica.address.port),
      `${tag}probe`,
    );
    const promoted = replicas.find((replica) => replica.address.port === port);
    const firstMs = atMs - faultAtMs - nodeTimeoutMs;
    return {
      firstMs,
      secondMs: firstMs - drawnDelayMs(promoted),
      lost: await lostWrites(writer, promoted),
    };
  } finally {
    await topology.close();
  }
}

const results = await runTrials(options, 'beyond the drawn delay', trial);
console.log(
  `First acknowledged write on the new master, ms beyond cluster-node-timeout ${nodeTimeoutMs}; beyond that`,
);
console.log('and the delay that the replica drew for its election; and acknowledged writes lost.');
printTrials(results);
