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
import { FAILOVER_OPTIONS, inflict, lostWrites, printTrials, runTrials } from './support/failover-trials.mjs';
import { firstWrite, Writer } from './support/write-probe.mjs';

const { values: options } = parseArgs({
  options: {
    ...FAILOVER_OPTIONS,
    'down-after': { type: 'string', default: '1000' },
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
    const faultAtMs = await inflict(fault, master);
    const [{ port, atMs }, discovered] = await Promise.all([
      firstWrite(replicas.map((replica) => replica.address.port)),
      firstDiscoveredWrite(topology.sentinels, topology.masterName, master.address.port),
    ]);
    const promoted = replicas.find((replica) => replica.address.port === port);
    return {
      firstMs: atMs - faultAtMs - downAfterMs,
      secondMs: discovered.atMs - faultAtMs - downAfterMs,
      lost: await lostWrites(writer, promoted),
    };
  } finally {
    await topology.close();
  }
}

const results = await runTrials(options, 'by sentinels', trial);
console.log(
  `First acknowledged write on the new master, ms beyond down-after ${downAfterMs}: asked directly, and`,
);
console.log('by a client that asks the sentinels for the master; and acknowledged writes lost.');
printTrials(results);
