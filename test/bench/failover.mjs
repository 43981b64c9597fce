/**
 * How long writes are unavailable after a master dies or freezes, with our servers and sentinels and with stock
 * ones, by the same harness in the same run. Printed is the time from the fault to the first write that the new
 * master acknowledged, beyond down-after; and how many acknowledged writes it does not have.
 *
 *   npm run bench:failover -- [--trials 20] [--engines vedette,stock] [--faults kill,pause] [--down-after 1000]
 */
import { connect } from 'node:net';
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

/**
 * Resolves with the time of the first write acknowledged by the server that a sentinel's +switch-master names: what a
 * client sees that follows Redis's guidelines. Clients that asked again and again would take two cores' time from
 * those who are measured.
 */
async function firstDiscoveredWrite(sentinels) {
  const subscriptions = sentinels.map(({ address }) => connect(address.port, address.host));
  const newPort = (socket) =>
    new Promise((resolve) => {
      let text = '';
      socket.on('error', () => {});
      socket.on('data', (bytes) => {
        text += bytes;
        const told = / \d+ \S+ (\d+)\r\n/.exec(text);
        if (told !== null) resolve(Number(told[1]));
      });
      socket.write('SUBSCRIBE +switch-master\r\n');
    });
  const port = await Promise.race(subscriptions.map(newPort));
  for (const socket of subscriptions) socket.destroy();
  return firstWrite([port]);
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
    const discoveredWrite = firstDiscoveredWrite(topology.sentinels);
    const faultAtMs = await inflict(fault, master);
    const [{ port, atMs }, discovered] = await Promise.all([
      firstWrite(replicas.map((replica) => replica.address.port)),
      discoveredWrite,
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
console.log('by a client that the sentinels tell of the new master; and acknowledged writes lost.');
printTrials(results);
