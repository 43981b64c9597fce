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
import { firstWrite, median, Writer } from './write-probe.mjs';

const { values: options } = parseArgs({
  options: {
    trials: { type: 'string', default: '20' },
    engines: { type: 'string', default: 'vedette,stock' },
    faults: { type: 'string', default: 'kill,pause' },
    'node-timeout': { type: 'string', default: '1000' },
    verbose: { type: 'boolean', default: false },
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
    // The fault comes at any moment between two pings, and after some writes.
    await new Promise((done) => setTimeout(done, 300 + Math.random() * 700));
    const faultAtMs = performance.now();
    if (fault === 'kill') await Promise.race([master.kill(), Promise.resolve()]);
    else master.pause();
    const { port, atMs } = await firstWrite(
      replicas.map((replica) => replica.address.port),
      `${tag}probe`,
    );
    const { acknowledged } = writer;
    const promoted = replicas.find((replica) => replica.address.port === port);
    const beyondMs = atMs - faultAtMs - nodeTimeoutMs;
    return {
      beyondMs,
      beyondDrawnMs: beyondMs - drawnDelayMs(promoted),
      lost: Math.max(0, acknowledged - (Number(await promoted.call('DBSIZE')) - 1)),
    };
  } finally {
    await topology.close();
  }
}

const results = new Map();
for (const fault of options.faults.split(',')) {
  for (let number = 0; number < Number(options.trials); number++) {
    for (const engine of options.engines.split(',')) {
      const result = await trial(engine, fault);
      const name = `${fault.padEnd(8)} ${engine.padEnd(8)}`;
      results.set(name, [...(results.get(name) ?? []), result]);
      if (options.verbose) {
        const { beyondMs, beyondDrawnMs, lost } = result;
        console.log(
          `${name} ${beyondMs.toFixed(0)} ms, beyond the drawn delay ${beyondDrawnMs.toFixed(0)} ms, ${lost} lost`,
        );
      }
    }
  }
}
const figures = (values) => [median(values).toFixed(0), Math.max(...values).toFixed(0)];
console.log(
  `First acknowledged write on the new master, ms beyond cluster-node-timeout ${nodeTimeoutMs}; beyond that`,
);
console.log('and the delay that the replica drew for its election; and acknowledged writes lost.');
console.log('fault    engine    trials  median   worst  |  median   worst  |  lost');
for (const [name, trials] of results) {
  const columns = [
    trials.length,
    ...figures(trials.map((each) => each.beyondMs)),
    '|',
    ...figures(trials.map((each) => each.beyondDrawnMs)),
    '|',
    trials.reduce((sum, each) => sum + each.lost, 0),
  ];
  console.log(
    `${name} ${columns.map((column) => String(column).padStart(column === '|' ? 2 : 7)).join(' ')}`,
  );
}
