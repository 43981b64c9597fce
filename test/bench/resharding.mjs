/**
 * What it takes to move slots with their keys from one master of a cluster to another while clients read and write: our
 * nodes and stock ones, moved by our manager and by redis-cli, in the same run. Printed are the time, and the processor
 * time of the nodes and of the manager per slot and per key, with ratios to the first pair. Every key must be readable
 * throughout, and be on exactly one node with its last value afterwards. With `--keys 0` it is the cost of slots alone.
 *
 *   npm run bench:resharding -- [--keys 1000000] [--slots 4096] [--nodes stock,vedette]
 *                               [--managers redis-cli,vedette-cli] [--rounds 1] [--rate 1000] [--pipeline 10]
 *                               [--value-bytes 32]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Cluster } from 'ioredis';
import { keySlot } from '../../dist/keyspace/key-slot.js';
import { BenchCluster, HOST, manage, processorSeconds } from './bench-cluster.mjs';

const { values: options } = parseArgs({
  options: {
    keys: { type: 'string', default: '1000000' },
    slots: { type: 'string', default: '4096' },
    nodes: { type: 'string', default: 'stock,vedette' },
    managers: { type: 'string', default: 'redis-cli,vedette-cli' },
    rounds: { type: 'string', default: '1' },
    /** Operations of the load per second. */
    rate: { type: 'string', default: '1000' },
    /** Keys for each MIGRATE; each manager's default if not given. */
    pipeline: { type: 'string' },
    'value-bytes': { type: 'string', default: '32' },
  },
});
const keyCount = Number(options.keys);
const slotCount = Number(options.slots);
const MASTERS = 3;
const SLOTS = 16384;
const LOAD_TICK_MS = 5;
/** Between two loads: what is read or written in one round trip. */
const BATCH = 1000;

/** Keys of the slots that will move, and no others. */
function makeKeys() {
  const keys = [];
  for (let number = 0; keys.length < keyCount; number++) {
    const key = `key:${number}`;
    if (keySlot(key) < slotCount) keys.push(key);
  }
  return keys;
}

function valueOf(key, version) {
  return `${key}=${version}`.padEnd(Number(options['value-bytes']), '.');
}

/** Reads and writes random keys at a steady rate and checks what it reads. */
class Load {
  operations = 0;
  latenciesMs = [];
  problems = [];
  #versions = new Map();
  #keys;
  #client;
  #timer = null;
  #running = new Set();

  constructor(keys, port) {
    this.#keys = keys;
    this.#client = new Cluster([{ host: HOST, port }], {
      scaleReads: 'master',
      // As many as the moves of a slot can cause; a client that gives up would hide how long it takes.
      maxRedirections: 64,
      slotsRefreshTimeout: 5000,
    });
    this.#client.on('error', (error) => this.problems.push(`client: ${error.message}`));
  }

  start() {
    if (this.#keys.length === 0) return;
    let debt = 0;
    this.#timer = setInterval(() => {
      debt += (Number(options.rate) * LOAD_TICK_MS) / 1000;
      for (; debt >= 1; debt--) this.#operate();
    }, LOAD_TICK_MS);
  }

  async stop() {
    clearInterval(this.#timer);
    await Promise.all(this.#running);
    this.#client.disconnect();
  }

  /** What a key must hold. Only for keys that no operation of ours is under way for. */
  expected(key) {
    return valueOf(key, this.#versions.get(key) ?? 0);
  }

  #busy = new Set();

  #operate() {
    const key = this.#keys[Math.floor(Math.random() * this.#keys.length)];
    // Two writes of a key at once would leave open which is the last.
    if (this.#busy.has(key)) return;
    this.#busy.add(key);
    const operation = this.#once(key).finally(() => {
      this.#busy.delete(key);
      this.#running.delete(operation);
    });
    this.#running.add(operation);
  }

  async #once(key) {
    const startedAt = performance.now();
    try {
      if (Math.random() < 0.5) {
        const value = await this.#client.get(key);
        if (value !== this.expected(key)) this.problems.push(`GET ${key}: ${value}`);
      } else {
        const version = (this.#versions.get(key) ?? 0) + 1;
        await this.#client.set(key, valueOf(key, version));
        this.#versions.set(key, version);
      }
    } catch (error) {
      this.problems.push(`${key}: ${error.message}`);
    }
    this.operations++;
    this.latenciesMs.push(performance.now() - startedAt);
  }

  percentile(share) {
    const sorted = this.latenciesMs.sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  }
}

async function fill(client, keys) {
  for (let i = 0; i < keys.length; i += BATCH) {
    const pipeline = client.pipeline();
    for (const key of keys.slice(i, i + BATCH)) pipeline.set(key, valueOf(key, 0));
    await pipeline.exec();
  }
}

/** Every key is on its new node with its last value, and on no other. */
async function check({ nodes }, keys, load) {
  const problems = [];
  const sizes = await Promise.all(nodes.map(({ client }) => client.dbsize()));
  const stored = sizes.reduce((sum, size) => sum + size, 0);
  if (stored !== keys.length)
    problems.push(`${stored} keys are stored, not ${keys.length} (${sizes.join(', ')})`);
  const { client } = nodes[1];
  for (let i = 0; i < keys.length; i += BATCH) {
    const batch = keys.slice(i, i + BATCH);
    const pipeline = client.pipeline();
    for (const key of batch) pipeline.get(key);
    const replies = await pipeline.exec();
    replies.forEach(([error, value], index) => {
      const key = batch[index];
      if (error !== null || value !== load.expected(key)) problems.push(`${key}: ${error?.message ?? value}`);
    });
  }
  return problems;
}

async function trial(engine, manager, keys) {
  const cluster = await BenchCluster.start(engine, { masters: MASTERS });
  try {
    const [source, target, bystander] = cluster.nodes;
    await fill(source.client, keys);
    const load = new Load(keys, bystander.port);
    load.start();
    await sleep(500);
    const used = () => cluster.nodes.map(({ child }) => processorSeconds(child.pid));
    const usedBefore = used();
    const managed = await manage(
      manager,
      ...['reshard', `${HOST}:${source.port}`, '--cluster-yes', '--cluster-slots', String(slotCount)],
      ...['--cluster-from', source.id, '--cluster-to', target.id],
      ...(options.pipeline === undefined ? [] : ['--cluster-pipeline', options.pipeline]),
    );
    const busySeconds = [...used().map((after, i) => after - usedBefore[i]), managed.processorSeconds];
    await load.stop();
    const problems = [...load.problems, ...(await check(cluster, keys, load))];
    return { seconds: managed.seconds, busySeconds, load, problems };
  } finally {
    await cluster.close();
  }
}

function report(name, { seconds, busySeconds, load, problems }, first) {
  const whole = busySeconds.reduce((sum, each) => sum + each);
  const perSlot = busySeconds.map((each) => ((each / slotCount) * 1000).toFixed(2));
  const perKey = ((whole / keyCount) * 1e6).toFixed(1);
  const ratios = first === null ? '' : `  ratio: ${(first.seconds / seconds).toFixed(2)}`;
  console.log(
    `${name}  ${seconds.toFixed(1)} s  ${((seconds / slotCount) * 1000).toFixed(2)} ms/slot${ratios}  ` +
      `processor: ${whole.toFixed(1)} s` +
      (keyCount === 0 ? '' : `, ${perKey} us/key`) +
      `; ms/slot: source ${perSlot[0]}, target ${perSlot[1]}, bystander ${perSlot[2]}, manager ${perSlot[3]}` +
      (load.operations === 0
        ? ''
        : `  load: ${load.operations} operations, p50 ${load.percentile(0.5).toFixed(1)} ms, ` +
          `p99 ${load.percentile(0.99).toFixed(1)} ms, max ${load.percentile(1).toFixed(1)} ms`) +
      `  problems: ${problems.length}`,
  );
  for (const problem of problems.slice(0, 10)) console.log(`  ${problem}`);
}

if (slotCount > Math.floor(SLOTS / MASTERS)) throw new Error('the first master has not that many slots');
const keys = makeKeys();
console.log(
  `${keyCount} keys in ${slotCount} slots, ${options.rate} operations/s; ratio: the first one's time / this one's`,
);
let hasProblems = false;
for (let round = 0; round < Number(options.rounds); round++) {
  let first = null;
  for (const engine of options.nodes.split(',')) {
    for (const manager of options.managers.split(',')) {
      const result = await trial(engine, manager, keys);
      report(`${engine.padEnd(8)} by ${manager.padEnd(12)}`, result, first);
      first ??= result;
      hasProblems ||= result.problems.length > 0;
    }
  }
}
// A client of the library may still be trying to reach a node that is gone.
process.exit(hasProblems ? 1 : 0);
