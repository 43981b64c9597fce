/** Libraries that live on scripts, over Sentinel, with the master killed under them. */
import { Queue, Worker } from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import Redlock from 'redlock';
import { afterEach, describe, expect, test } from 'vitest';
import { startSentinelTopology, type SentinelTopology } from '../../src/lab/sentinel-topology.js';
import { waitUntil } from '../../src/lab/wait.js';
import { createNodePlatform } from '../../src/platform/node/index.js';

const platform = createNodePlatform();
const LIMIT_MS = 45_000;
const JOBS = 10;

let topology: SentinelTopology | null = null;
const closings: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close();
  await topology?.close();
  topology = null;
});

async function start(): Promise<SentinelTopology> {
  topology = await startSentinelTopology(platform, {
    downAfterMs: 1000,
    serverDirectives: ['repl-diskless-sync-delay 0'],
  });
  return topology;
}

function options(running: SentinelTopology): RedisOptions {
  return {
    sentinels: running.sentinelAddresses.map(({ host, port }) => ({ host, port })),
    name: running.masterName,
    maxRetriesPerRequest: null,
    sentinelRetryStrategy: () => 50,
    retryStrategy: () => 50,
  };
}

function connect(running: SentinelTopology): Redis {
  const client = new Redis(options(running));
  // Expected while there is no master.
  client.on('error', () => undefined);
  closings.push(() => client.disconnect());
  return client;
}

/** Kills the master once its replicas have everything, and waits for another. */
async function killMaster(running: SentinelTopology): Promise<void> {
  const [master, ...replicas] = running.servers;
  expect(await master!.call('WAIT', String(replicas.length), '10000')).toBe(replicas.length);
  await master!.kill();
  await waitUntil(platform, LIMIT_MS, async () => {
    const promoted = await running.master().catch((error: unknown) => error);
    return promoted === master || promoted instanceof Error ? 'no new master' : null;
  });
}

/** Tries again while the old master is gone and the new one not yet known. */
async function persist<T>(attempt: () => Promise<T>): Promise<T> {
  let result: T | undefined;
  await waitUntil(platform, LIMIT_MS, async () => {
    try {
      result = await attempt();
      return null;
    } catch (error) {
      return String(error);
    }
  });
  return result as T;
}

describe('BullMQ', () => {
  test('runs the jobs that were added before and after its master was killed, each of them', async () => {
    const running = await start();
    const done = new Set<string>();
    const queue = new Queue('work', { connection: connect(running) });
    const worker = new Worker(
      'work',
      (job) => {
        done.add(job.name);
        return Promise.resolve(job.name.length);
      },
      { connection: connect(running), stalledInterval: 1000, lockDuration: 2000 },
    );
    queue.on('error', () => undefined);
    worker.on('error', () => undefined);
    closings.push(
      () => worker.close(true),
      () => queue.disconnect(),
    );
    const expectDone = (prefix: string): Promise<void> =>
      waitUntil(platform, LIMIT_MS, () => {
        const missing = Array.from({ length: JOBS }, (_, i) => `${prefix}:${i}`).filter(
          (name) => !done.has(name),
        );
        return Promise.resolve(missing.length === 0 ? null : `not done: ${missing.join(' ')}`);
      });

    for (let i = 0; i < JOBS; i++) await queue.add(`before:${i}`, { i });
    await expectDone('before');
    await killMaster(running);
    for (let i = 0; i < JOBS; i++) await persist(() => queue.add(`after:${i}`, { i }, { delay: i * 10 }));
    await expectDone('after');
    const counts = await persist(() => queue.getJobCounts('failed', 'completed'));
    expect(counts).toMatchObject({ failed: 0 });
  });
});

describe('Redlock', () => {
  test('locks, refuses a second holder, extends and unlocks, on either master', async () => {
    const running = await start();
    const redlock = new Redlock([connect(running)], { retryCount: 0 });
    redlock.on('error', () => undefined);
    const goThrough = async (resource: string): Promise<void> => {
      const lock = await redlock.lock(resource, 20_000);
      await expect(redlock.lock(resource, 1000)).rejects.toThrow(/Exceeded 0 attempts/);
      const extended = await lock.extend(30_000);
      await extended.unlock();
      await (await redlock.lock(resource, 1000)).unlock();
    };
    await goThrough('before');
    await killMaster(running);
    await persist(() => goThrough(`after:${Math.random()}`));
  });
});

describe('commands that ioredis defines by scripts', () => {
  test('are there after a failover, although the new master has not seen the script', async () => {
    const running = await start();
    const client = connect(running) as Redis & { raise(key: string, by: number): Promise<number> };
    client.defineCommand('raise', {
      numberOfKeys: 1,
      lua: "return redis.call('incrby', KEYS[1], ARGV[1])",
    });
    expect(await client.raise('n', 2)).toBe(2);
    expect(await client.raise('n', 3)).toBe(5);
    await killMaster(running);
    expect(await persist(() => client.raise('n', 4))).toBeGreaterThanOrEqual(9);
  });
});
