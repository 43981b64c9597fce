/**
 * Cluster clients as people use them (ioredis, node-redis, redis-cli -c) on a cluster of real processes: while a slot
 * moves, and while a master fails.
 */
import { spawnSync } from 'node:child_process';
import { Cluster as IoRedisCluster } from 'ioredis';
import { createCluster } from 'redis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keySlot } from '../../src/keyspace/key-slot.js';
import { RunningCluster } from '../support/running-cluster.js';
import { hasStockServer, OUR_SERVER } from '../support/running-server.js';

const KEYS = Array.from({ length: 40 }, (_, index) => `{moving}:${index}`);

/** Moves an amount from one counter to another and returns what that one holds. */
const ADD = "redis.call('decrby', KEYS[1], ARGV[1]) return redis.call('incrby', KEYS[2], ARGV[1])";

/** What the tests ask of a client, whichever it is. */
interface ClusterClient {
  readonly name: string;
  set(key: string, value: string): Promise<unknown>;
  get(key: string): Promise<string | null>;
  close(): Promise<void>;
}

function ioredisClient(cluster: RunningCluster): ClusterClient {
  const client = new IoRedisCluster(cluster.addresses, {
    clusterRetryStrategy: () => 50,
    slotsRefreshTimeout: 5000,
    retryDelayOnClusterDown: 50,
    retryDelayOnFailover: 50,
    retryDelayOnTryAgain: 10,
  });
  client.on('error', () => undefined);
  return {
    name: 'ioredis',
    set: (key, value) => client.set(key, value),
    get: (key) => client.get(key),
    close: async () => client.disconnect(),
  };
}

async function nodeRedisClient(cluster: RunningCluster): Promise<ClusterClient> {
  const client = createCluster({
    rootNodes: cluster.addresses.map(({ host, port }) => ({ url: `redis://${host}:${port}` })),
    defaults: { socket: { reconnectStrategy: 50 }, disableOfflineQueue: true },
  });
  client.on('error', () => undefined);
  await client.connect();
  return {
    name: 'node-redis',
    set: (key, value) => client.set(key, value),
    get: (key) => client.get(key),
    close: async () => client.destroy(),
  };
}

describe('cluster clients', () => {
  let cluster: RunningCluster;
  let clients: ClusterClient[];

  beforeAll(async () => {
    cluster = await RunningCluster.start({
      programs: new Array<string>(6).fill(OUR_SERVER),
      masters: 3,
      nodeTimeoutMs: 1500,
    });
    clients = [ioredisClient(cluster), await nodeRedisClient(cluster)];
  });

  afterAll(async () => {
    for (const client of clients ?? []) await client.close();
    await cluster?.stop();
  });

  test('run scripts where their keys are, and are told when these are in several places', async () => {
    const client = new IoRedisCluster(cluster.addresses, { scripts: { add: { lua: ADD, numberOfKeys: 2 } } });
    const scripted = client as typeof client & {
      add(from: string, to: string, amount: number): Promise<number>;
    };
    try {
      for (const tag of ['{a}', '{b}', '{c}']) {
        expect(await scripted.add(`${tag}from`, `${tag}to`, 3)).toBe(3);
        expect(await scripted.add(`${tag}from`, `${tag}to`, 4)).toBe(7);
      }
      await expect(scripted.add('{a}from', '{b}to', 1)).rejects.toThrow(/CROSSSLOT/);
      await expect(client.eval("return redis.call('get', 'elsewhere')", 1, '{a}from')).rejects.toThrow(
        /non local key|do not hash to the same slot/,
      );
    } finally {
      client.disconnect();
    }
  });

  /** The node that is master of a slot now, by what the first node that answers says. */
  async function ownerOf(slot: number): Promise<number> {
    const ranges = (await cluster.clients[0]!.call('CLUSTER', 'SLOTS')) as [number, number, unknown[]][];
    const range = ranges.find(([first, last]) => slot >= first && slot <= last);
    return cluster.ids.indexOf(String(range?.[2][2]));
  }

  test('reach every slot', async () => {
    for (const client of clients) {
      const keys = Array.from({ length: 50 }, (_, index) => `${client.name}:${index}`);
      await Promise.all(keys.map((key) => client.set(key, key)));
      expect(await Promise.all(keys.map((key) => client.get(key)))).toEqual(keys);
    }
  });

  test('read and write every key while its slot moves, and afterwards', async () => {
    const slot = keySlot('{moving}');
    const source = await ownerOf(slot);
    const target = (source + 1) % 3;
    const [from, to] = [cluster.clients[source]!, cluster.clients[target]!];
    await Promise.all(KEYS.map((key) => clients[0]!.set(key, `old ${key}`)));
    expect(await to.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', cluster.ids[source]!)).toBe('OK');
    expect(await from.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', cluster.ids[target]!)).toBe('OK');
    const half = (await from.call('CLUSTER', 'GETKEYSINSLOT', slot, 20)) as string[];
    const { port } = cluster.servers[target]!;
    expect(await from.call('MIGRATE', '127.0.0.1', port, '', 0, 5000, 'KEYS', ...half)).toBe('OK');
    for (const client of clients) {
      expect(await Promise.all(KEYS.map((key) => client.get(key)))).toEqual(KEYS.map((key) => `old ${key}`));
    }
    for (const client of clients) {
      await Promise.all(KEYS.map((key) => client.set(key, `${client.name} ${key}`)));
      expect(await Promise.all(KEYS.map((key) => client.get(key)))).toEqual(
        KEYS.map((key) => `${client.name} ${key}`),
      );
    }
    const rest = (await from.call('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[];
    expect(await from.call('MIGRATE', '127.0.0.1', port, '', 0, 5000, 'KEYS', ...rest)).toBe('OK');
    for (const node of [target, source, 3 - source - target]) {
      expect(
        await cluster.clients[node]!.call('CLUSTER', 'SETSLOT', slot, 'NODE', cluster.ids[target]!),
      ).toBe('OK');
    }
    for (const client of clients) {
      expect(await Promise.all(KEYS.map((key) => client.get(key)))).toEqual(
        KEYS.map((key) => `node-redis ${key}`),
      );
    }
    expect(await from.call('CLUSTER', 'COUNTKEYSINSLOT', slot)).toBe(0);
  });

  test.skipIf(!hasStockServer)('are led by redis-cli -c as well', async () => {
    const { port } = cluster.servers[0]!;
    const run = (...args: string[]): string =>
      spawnSync('redis-cli', ['-c', '-p', String(port), ...args], { encoding: 'utf8' }).stdout.trim();
    for (const key of ['foo', 'bar', 'hello', 'a', 'b', 'c']) {
      expect(run('SET', key, `cli ${key}`)).toBe('OK');
      expect(run('GET', key)).toBe(`cli ${key}`);
    }
    const redirected = spawnSync('redis-cli', ['-c', '-p', String(port)], {
      encoding: 'utf8',
      input: 'GET foo\nGET bar\n',
    }).stdout;
    expect(redirected).toContain('cli foo');
    expect(redirected).toContain('-> Redirected to slot [');
  });

  test('go on writing when a master is killed', async () => {
    const slot = keySlot('{failing}');
    const victim = await ownerOf(slot);
    const witness = victim === 0 ? 1 : 0;
    await Promise.all(clients.map((client) => client.set(`{failing}:${client.name}`, 'before')));
    await cluster.servers[victim]!.stop();
    const successor = victim + 3;
    await cluster.until('a replica has taken over', async () => {
      const nodes = String(await cluster.clients[witness]!.call('CLUSTER', 'NODES'));
      const line = nodes.split('\n').find((candidate) => candidate.startsWith(cluster.ids[successor]!));
      return line?.includes('master') === true && line.split(' ').length > 8;
    });
    // It looks for the nodes anew only when it is redirected, never when one is gone: its users connect again.
    const again = await nodeRedisClient(cluster);
    clients.push(again);
    for (const client of [clients[0]!, again]) {
      const key = `{failing}:${client.name}`;
      await cluster.until(`${client.name} writes again`, () =>
        client.set(key, 'after').then(
          (reply) => reply === 'OK',
          () => false,
        ),
      );
      expect(await client.get(key)).toBe('after');
    }
  });
});
