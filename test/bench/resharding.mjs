/**
 * How long it takes to move 4096 slots with a million keys from one master of a cluster to another while clients read
 * and write: our nodes and stock ones, under the same load, in the same run; each kind moved by its own manager, or both
 * by the same. Every key must be readable throughout, and be on exactly one node with its last value afterwards.
 *
 *   npm run bench:resharding -- [--keys 1000000] [--slots 4096] [--engines stock,vedette] [--rate 1000]
 *                               [--manager own|stock|vedette] [--pipeline 10] [--value-bytes 32]
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Cluster, Redis } from 'ioredis';
import { keySlot } from '../../dist/keyspace/key-slot.js';

const { values: options } = parseArgs({
  options: {
    keys: { type: 'string', default: '1000000' },
    slots: { type: 'string', default: '4096' },
    engines: { type: 'string', default: 'stock,vedette' },
    /** Operations of the load per second. */
    rate: { type: 'string', default: '1000' },
    manager: { type: 'string', default: 'own' },
    /** Keys for each MIGRATE; each manager's default if not given. */
    pipeline: { type: 'string' },
    'value-bytes': { type: 'string', default: '32' },
  },
});
const keyCount = Number(options.keys);
const slotCount = Number(options.slots);
const HOST = '127.0.0.1';
const MASTERS = 3;
const SLOTS = 16384;
const LOAD_TICK_MS = 5;
/** Between two loads: what is read or written in one round trip. */
const BATCH = 1000;
const MANAGERS = { stock: 'redis-cli', vedette: bin('vedette-cli') };
const SERVERS = { stock: 'redis-server', vedette: bin('vedette-server') };

function managerFor(engine) {
  return MANAGERS[options.manager === 'own' ? engine : options.manager];
}

function bin(name) {
  return fileURLToPath(new URL(`../../bin/${name}`, import.meta.url));
}

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

/** A port that is free together with the port of its bus. */
async function freePort() {
  const listen = (port) =>
    new Promise((resolve, reject) => {
      const server = createServer().once('error', reject);
      server.listen(port, HOST, () => resolve(server));
    });
  const close = (server) => new Promise((resolve) => server.close(resolve));
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    try {
      const held = [await listen(port), await listen(port + 10_000)];
      await Promise.all(held.map(close));
      return port;
    } catch {
      // Somebody has one of the two.
    }
  }
}

/** Three masters without replicas; the first has the slots that will move, and some more. */
class BenchCluster {
  nodes = [];
  #directory = mkdtempSync(join(tmpdir(), 'vedette-resharding-'));

  static async start(engine) {
    const cluster = new BenchCluster();
    for (let i = 0; i < MASTERS; i++) await cluster.#startNode(engine, i);
    const addresses = cluster.nodes.map(({ port }) => `${HOST}:${port}`);
    await run(MANAGERS.stock, ['--cluster', 'create', ...addresses, '--cluster-yes']);
    for (const node of cluster.nodes) node.id = await node.client.cluster('MYID');
    await cluster.settled();
    return cluster;
  }

  async #startNode(engine, number) {
    const port = await freePort();
    const directory = join(this.#directory, String(number));
    const args = ['--port', port, '--bind', HOST, '--save', '', '--cluster-enabled', 'yes'];
    args.push('--cluster-config-file', `${directory}.nodes.conf`, '--dir', this.#directory);
    const child = spawn(SERVERS[engine], args.map(String), { stdio: 'ignore' });
    const client = new Redis({ port, host: HOST, retryStrategy: () => 50, maxRetriesPerRequest: null });
    client.on('error', () => {});
    await client.ping();
    this.nodes.push({ port, child, client, id: '' });
  }

  /** Waits until all nodes say that the cluster is well. */
  async settled() {
    for (const { client } of this.nodes) {
      while (!(await client.cluster('INFO')).includes('cluster_state:ok')) await sleep(50);
    }
  }

  async close() {
    for (const { child, client } of this.nodes) {
      client.disconnect();
      child.kill('SIGKILL');
    }
    await sleep(100);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Runs a program to its end; throws what it said when it fails. */
function run(program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let tail = '';
    const keep = (bytes) => (tail = (tail + bytes).slice(-2000));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${program}: ${tail}`))));
  });
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

/** Processor time a process has used, in seconds: on a busy machine it says more than the clock. Linux only. */
function processorSeconds({ pid }) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    const [userTicks, systemTicks] = [fields[11], fields[12]].map(Number);
    return (userTicks + systemTicks) / 100;
  } catch {
    return NaN;
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

async function trial(engine, keys) {
  const cluster = await BenchCluster.start(engine);
  try {
    const [source, target] = cluster.nodes;
    await fill(source.client, keys);
    const load = new Load(keys, cluster.nodes[2].port);
    load.start();
    await sleep(500);
    const used = () => [source, target].map(({ child }) => processorSeconds(child));
    const usedBefore = used();
    const startedAt = performance.now();
    await run(managerFor(engine), [
      ...['--cluster', 'reshard', `${HOST}:${source.port}`, '--cluster-yes'],
      ...['--cluster-from', source.id, '--cluster-to', target.id, '--cluster-slots', String(slotCount)],
      ...(options.pipeline === undefined ? [] : ['--cluster-pipeline', options.pipeline]),
    ]);
    const seconds = (performance.now() - startedAt) / 1000;
    const busySeconds = used().map((after, i) => after - usedBefore[i]);
    await load.stop();
    const problems = [...load.problems, ...(await check(cluster, keys, load))];
    return { engine, seconds, busySeconds, load, problems };
  } finally {
    await cluster.close();
  }
}

if (slotCount > Math.floor(SLOTS / MASTERS)) throw new Error('the first master has not that many slots');
const keys = makeKeys();
console.log(`${keyCount} keys in ${slotCount} slots, ${options.rate} operations/s`);
const results = [];
for (const engine of options.engines.split(',')) {
  const result = await trial(engine, keys);
  results.push(result);
  const { seconds, busySeconds, load, problems } = result;
  console.log(
    `${engine.padEnd(8)} by ${basename(managerFor(engine)).padEnd(12)} ${seconds.toFixed(1)} s  ${Math.round(keyCount / seconds)} keys/s  ` +
      `load: ${load.operations} operations, p50 ${load.percentile(0.5).toFixed(1)} ms, ` +
      `p99 ${load.percentile(0.99).toFixed(1)} ms, max ${load.percentile(1).toFixed(1)} ms  ` +
      `processor: source ${busySeconds[0].toFixed(1)} s, target ${busySeconds[1].toFixed(1)} s  ` +
      `problems: ${problems.length}`,
  );
  for (const problem of problems.slice(0, 10)) console.log(`  ${problem}`);
}
const [stock, ours] = ['stock', 'vedette'].map((name) => results.find(({ engine }) => engine === name));
if (stock && ours) console.log(`ratio (stock's time / ours): ${(stock.seconds / ours.seconds).toFixed(2)}`);
// A client of the library may still be trying to reach a node that is gone.
process.exit(results.some(({ problems }) => problems.length > 0) ? 1 : 0);
