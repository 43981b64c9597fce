/**
 * How long writes are unavailable after a master dies or freezes, with our servers and sentinels and with stock
 * ones, by the same harness in the same run. Printed is the time from the fault to the first write that the new
 * master acknowledged, beyond down-after; and how many acknowledged writes it does not have.
 *
 *   npm run bench:failover -- [--trials 20] [--engines vedette,stock] [--faults kill,pause] [--down-after 1000]
 */
import { parseArgs } from 'node:util';
import { startSentinelTopology } from '../../dist/lab/sentinel-topology.js';
import { createNodePlatform } from '../../dist/platform/node/index.js';
import { firstWrite, median, Writer } from './write-probe.mjs';

const { values: options } = parseArgs({
  options: {
    trials: { type: 'string', default: '20' },
    engines: { type: 'string', default: 'vedette,stock' },
    faults: { type: 'string', default: 'kill,pause' },
    'down-after': { type: 'string', default: '1000' },
    verbose: { type: 'boolean', default: false },
  },
});
const downAfterMs = Number(options['down-after']);
const platform = createNodePlatform();
/** Between questions to a sentinel: often enough to tell, seldom enough not to be the load. */
const ASK_INTERVAL_MS = 5;

/**
 * Resolves with the time of the first write acknowledged by the server that some sentinel names as the master: what
 * a client sees that asks sentinels all the time.
 */
async function firstDiscoveredWrite(sentinels, masterName, oldPort) {
  const name = (sentinel) => sentinel.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', masterName);
  const newPort = async (sentinel) => {
    for (;;) {
      const [, port] = await name(sentinel);
      if (Number(port) !== oldPort) return Number(port);
      await new Promise((done) => setTimeout(done, ASK_INTERVAL_MS));
    }
  };
  return firstWrite([await Promise.race(sentinels.map(newPort))]);
}

async function trial(engine, fault) {
  const engines = [engine, engine, engine];
  const topology = await startSentinelTopology(platform, {
    servers: engines,
    sentinels: engines,
    downAfterMs,
    serverDirectives: ['repl-diskless-sync-delay 0', 'save ""'],
  });
  try {
    const [master, ...replicas] = topology.servers;
    const writer = new Writer(master.address.port);
    // The fault comes at any moment between two pings, and after some writes.
    await new Promise((done) => setTimeout(done, 300 + Math.random() * 700));
    const faultAtMs = performance.now();
    if (fault === 'kill') await Promise.race([master.kill(), Promise.resolve()]);
    else master.pause();
    const [{ port, atMs }, discovered] = await Promise.all([
      firstWrite(replicas.map((replica) => replica.address.port)),
      firstDiscoveredWrite(topology.sentinels, topology.masterName, master.address.port),
    ]);
    const { acknowledged } = writer;
    const promoted = replicas.find((replica) => replica.address.port === port);
    const stored = Number(await promoted.call('DBSIZE')) - 1;
    return {
      beyondMs: atMs - faultAtMs - downAfterMs,
      discoveredMs: discovered.atMs - faultAtMs - downAfterMs,
      lost: Math.max(0, acknowledged - stored),
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
        const { beyondMs, discoveredMs, lost } = result;
        console.log(
          `${name} ${beyondMs.toFixed(0)} ms, by sentinels ${discoveredMs.toFixed(0)} ms, ${lost} lost`,
        );
      }
    }
  }
}
const figures = (values) => [median(values).toFixed(0), Math.max(...values).toFixed(0)];
console.log(
  `First acknowledged write on the new master, ms beyond down-after ${downAfterMs}: asked directly, and`,
);
console.log('by a client that asks the sentinels for the master; and acknowledged writes lost.');
console.log('fault    engine    trials  median   worst  |  median   worst  |  lost');
for (const [name, trials] of results) {
  const columns = [
    trials.length,
    ...figures(trials.map((each) => each.beyondMs)),
    '|',
    ...figures(trials.map((each) => each.discoveredMs)),
    '|',
    trials.reduce((sum, each) => sum + each.lost, 0),
  ];
  console.log(
    `${name} ${columns.map((column) => String(column).padStart(column === '|' ? 2 : 7)).join(' ')}`,
  );
}
