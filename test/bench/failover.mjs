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
const TRIAL_LIMIT_MS = 60_000;
/** Between questions to a server or a sentinel: often enough to tell, seldom enough not to be the load. */
const PROBE_INTERVAL_MS = 2;
const ASK_INTERVAL_MS = 5;

/** Writes numbered keys one after the other and remembers which were acknowledged. */
class Writer {
  acknowledged = 0;
  #next = 0;

  constructor(port) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (bytes) => {
      // One request is in flight at a time, so one reply is one line.
      if (!bytes.toString().startsWith('+OK')) return;
      this.acknowledged++;
      this.#send();
    });
    this.socket.on('error', () => {});
    this.#send();
  }

  #send() {
    this.socket.write(`SET written:${this.#next++} x\r\n`);
  }
}

/** Resolves with the time when one of these servers first acknowledges a write. */
function firstWrite(ports) {
  return new Promise((resolve, reject) => {
    const sockets = new Set();
    const limit = setTimeout(() => finish(() => reject(new Error('no failover'))), TRIAL_LIMIT_MS);
    let finished = false;
    const finish = (settle) => {
      finished = true;
      clearTimeout(limit);
      for (const socket of sockets) socket.destroy();
      settle();
    };
    const probe = (port) => {
      if (finished) return;
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      sockets.add(socket);
      const ask = () => socket.write('SET probe x\r\n');
      let connected = false;
      socket.on('connect', () => {
        connected = true;
        ask();
      });
      socket.on('data', (bytes) => {
        if (bytes.toString().startsWith('+OK')) {
          const atMs = performance.now();
          finish(() => resolve({ port, atMs }));
        } else setTimeout(ask, PROBE_INTERVAL_MS);
      });
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        // A promoted server sends its clients away: whoever was connected comes back at once.
        setTimeout(() => probe(port), connected ? 0 : PROBE_INTERVAL_MS);
      });
    };
    for (const port of ports) probe(port);
  });
}

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

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
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
