/**
 * Clusters of real processes for the benchmarks: nodes of ours or stock ones, started and formed in the same way, and what
 * of the processor each of them has used, which on a busy machine says more than the clock does.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';

export const HOST = '127.0.0.1';
const CLOCK_TICKS_PER_SECOND = 100;
const SERVERS = { stock: ['redis-server'], vedette: [bin('vedette-server')] };
export const MANAGERS = { 'redis-cli': ['redis-cli'], 'vedette-cli': [bin('vedette-cli')] };

function bin(name) {
  return fileURLToPath(new URL(`../../bin/${name}`, import.meta.url));
}

/** The fields of /proc/PID/stat behind the process's name, which may have blanks and parentheses in it. Linux only. */
function statusFields(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
}

/** Processor time that a process has used so far, in seconds. */
export function processorSeconds(pid) {
  const [userTicks, systemTicks] = statusFields(pid).slice(11, 13);
  return (userTicks + systemTicks) / CLOCK_TICKS_PER_SECOND;
}

/** Processor time of all children of this process that have ended, in seconds. */
function endedChildrenSeconds() {
  const [userTicks, systemTicks] = statusFields('self').slice(13, 15);
  return (userTicks + systemTicks) / CLOCK_TICKS_PER_SECOND;
}

/** Runs a cluster manager to its end, with nothing else ending meanwhile; throws what it said when it fails. */
export async function manage(manager, ...args) {
  const [program, ...first] = MANAGERS[manager];
  const processorBefore = endedChildrenSeconds();
  const startedAt = performance.now();
  await new Promise((resolve, reject) => {
    const child = spawn(program, [...first, '--cluster', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let tail = '';
    const keep = (bytes) => (tail = (tail + bytes).slice(-2000));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${program}: ${tail}`))));
  });
  return {
    seconds: (performance.now() - startedAt) / 1000,
    processorSeconds: endedChildrenSeconds() - processorBefore,
  };
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

/** A field of a reply of lines `name:value`; NaN when there is none. */
export function numberIn(text, name) {
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(text)?.[1]);
}

export class BenchCluster {
  /** In the order of their starts: masters first. */
  nodes = [];
  #engine;
  #directory = mkdtempSync(join(tmpdir(), 'vedette-bench-'));

  constructor(engine) {
    this.#engine = engine;
  }

  /** Starts the nodes and forms a cluster of them, the work of redis-cli in all cases. */
  static async start(engine, { masters, replicas = 0, directives = [] }) {
    const cluster = new BenchCluster(engine);
    try {
      for (let number = 0; number < masters + replicas; number++)
        await cluster.#startNode(number, directives);
      const addresses = cluster.nodes.map(({ port }) => `${HOST}:${port}`);
      const replicasOfEach = String(Math.floor(replicas / masters));
      await manage(
        'redis-cli',
        'create',
        ...addresses,
        '--cluster-replicas',
        replicasOfEach,
        '--cluster-yes',
      );
      await cluster.settled();
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  async #startNode(number, directives) {
    const port = await freePort();
    const directory = join(this.#directory, String(number));
    mkdirSync(directory);
    const [program, ...first] = SERVERS[this.#engine];
    const args = [
      '--port',
      port,
      '--bind',
      HOST,
      '--save',
      '',
      '--cluster-enabled',
      'yes',
      '--dir',
      directory,
    ];
    const child = spawn(program, [...first, ...args, ...directives].map(String), { stdio: 'ignore' });
    const client = new Redis({ port, host: HOST, retryStrategy: () => 50, maxRetriesPerRequest: null });
    client.on('error', () => {});
    this.nodes.push({ port, child, client, id: await client.cluster('MYID') });
  }

  /** Waits until all nodes know all others and say that the cluster is well. */
  async settled() {
    for (const { client } of this.nodes) {
      for (;;) {
        const info = await client.cluster('INFO');
        const knowsAll = numberIn(info, 'cluster_known_nodes') === this.nodes.length;
        if (knowsAll && info.includes('cluster_state:ok')) break;
        await sleep(50);
      }
    }
  }

  async close() {
    const ends = this.nodes.map(({ child, client }) => {
      client.disconnect();
      const end = new Promise((resolve) => child.once('close', resolve));
      const hasEnded = child.exitCode !== null || child.signalCode !== null;
      child.kill('SIGKILL');
      return hasEnded ? null : end;
    });
    await Promise.all(ends);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
