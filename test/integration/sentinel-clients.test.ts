/** Real clients, with their own support for Sentinel, keep writing when the master is killed. */
import { Redis } from 'ioredis';
import { createSentinel } from 'redis';
import { afterEach, describe, expect, test } from 'vitest';
import { startSentinelTopology, type SentinelTopology } from '../../src/lab/sentinel-topology.js';
import { waitUntil } from '../../src/lab/wait.js';
import { createNodePlatform } from '../../src/platform/node/index.js';

const platform = createNodePlatform();
const LIMIT_MS = 45_000;
const WRITES = 20;

let topology: SentinelTopology | null = null;
afterEach(async () => {
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

/**
 * Writes numbered keys before the master is killed and, until enough were acknowledged, after it; a write that is
 * refused or cut off meanwhile is tried again. Returns the names of the keys that were acknowledged.
 */
async function writeAcrossFailover(
  running: SentinelTopology,
  write: (key: string) => Promise<unknown>,
): Promise<string[]> {
  const acknowledged: string[] = [];
  const put = async (key: string): Promise<string | null> => {
    try {
      await write(key);
    } catch (error) {
      return `write of ${key}: ${String(error)}`;
    }
    acknowledged.push(key);
    return null;
  };
  for (let i = 0; i < WRITES; i++) expect(await put(`before:${i}`)).toBeNull();
  const [master, ...replicas] = running.servers;
  expect(await master!.call('WAIT', String(replicas.length), '10000')).toBe(replicas.length);
  await master!.kill();
  for (let i = 0; i < WRITES; i++) await waitUntil(platform, LIMIT_MS, () => put(`after:${i}`));
  return acknowledged;
}

async function expectStored(running: SentinelTopology, keys: readonly string[]): Promise<void> {
  const promoted = await running.master();
  expect(promoted).not.toBe(running.servers[0]);
  for (const key of keys) expect(await promoted.call('GET', key)).toBe('x');
}

describe('a killed master', () => {
  test('ioredis goes on with the new one, and nothing acknowledged is lost', async () => {
    const running = await start();
    const client = new Redis({
      sentinels: running.sentinelAddresses.map(({ host, port }) => ({ host, port })),
      name: running.masterName,
      // A command that was in flight fails, so that the test decides whether to write again.
      maxRetriesPerRequest: 0,
      enableOfflineQueue: true,
      sentinelRetryStrategy: () => 50,
      retryStrategy: () => 50,
    });
    // Connection errors are expected while there is no master; the commands' own failures are looked at.
    client.on('error', () => undefined);
    try {
      const acknowledged = await writeAcrossFailover(running, (key) => client.set(key, 'x'));
      expect(acknowledged).toHaveLength(2 * WRITES);
      await expectStored(running, acknowledged);
    } finally {
      client.disconnect();
    }
  });

  test('node-redis goes on with the new one, and nothing acknowledged is lost', async () => {
    const running = await start();
    const client = await createSentinel({
      name: running.masterName,
      sentinelRootNodes: running.sentinelAddresses.map(({ host, port }) => ({ host, port })),
      scanInterval: 100,
    })
      .on('error', () => undefined)
      .connect();
    try {
      const acknowledged = await writeAcrossFailover(running, (key) => client.set(key, 'x'));
      expect(acknowledged).toHaveLength(2 * WRITES);
      await expectStored(running, acknowledged);
    } finally {
      await client.destroy();
    }
  });
});
