/**
 * A cluster of our nodes and stock redis-server 7.0 nodes: each kind has masters, and replicas of the other kind. Slots
 * move in both directions under writes; messages and redirections cross from one kind to the other.
 */
import { Cluster as IoRedisCluster } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keySlot } from '../../src/keyspace/key-slot.js';
import { RunningCluster } from '../support/running-cluster.js';
import { hasStockServer, OUR_SERVER, STOCK_SERVER } from '../support/running-server.js';

const OURS = 0;
const STOCK = 1;

describe.skipIf(!hasStockServer)('a cluster of both kinds of nodes', () => {
  let cluster: RunningCluster;

  beforeAll(async () => {
    cluster = await RunningCluster.start({
      programs: [OUR_SERVER, STOCK_SERVER, OUR_SERVER, STOCK_SERVER, OUR_SERVER, STOCK_SERVER],
      masters: 3,
    });
  });

  afterAll(async () => {
    await cluster?.stop();
  });

  test('agrees on who has which slots', async () => {
    for (const client of cluster.clients) {
      const slots = (await client.call('CLUSTER', 'SLOTS')) as [number, number, unknown[]][];
      expect(slots.map(([first, last, node]) => [first, last, node[2]])).toEqual([
        [0, 5460, cluster.ids[0]],
        [5461, 10922, cluster.ids[1]],
        [10923, 16383, cluster.ids[2]],
      ]);
    }
  });

  test('moves a slot from one kind to the other and back while a client writes', async () => {
    const slot = keySlot('{3}');
    const client = new IoRedisCluster(cluster.addresses, {
      slotsRefreshTimeout: 5000,
      retryDelayOnTryAgain: 10,
    });
    const counters = Array.from({ length: 30 }, (_, index) => `{3}:${index}`);
    const acknowledged = new Map<string, number>(counters.map((key) => [key, 0]));
    let isWriting = true;
    const writers = counters.map(async (key) => {
      while (isWriting) {
        const value = await client.incr(key);
        expect(value).toBe(acknowledged.get(key)! + 1);
        acknowledged.set(key, value);
      }
    });
    for (const [source, target] of [
      [OURS, STOCK],
      [STOCK, OURS],
    ] as const) {
      await moveSlot(slot, source, target);
    }
    isWriting = false;
    await Promise.all(writers);
    for (const key of counters) expect(Number(await client.get(key))).toBe(acknowledged.get(key));
    expect(await cluster.clients[STOCK]!.call('CLUSTER', 'COUNTKEYSINSLOT', slot)).toBe(0);
    client.disconnect();
  });

  test('carries messages from any node to subscribers at any other', async () => {
    const subscribers = await Promise.all(cluster.servers.map((server) => server.connect()));
    for (const subscriber of subscribers) await subscriber.call('SUBSCRIBE', 'news');
    for (const [index, publisher] of cluster.clients.entries()) {
      await publisher.call('PUBLISH', 'news', `from ${index}`);
      for (const subscriber of subscribers) {
        expect(await subscriber.next()).toEqual(['message', 'news', `from ${index}`]);
      }
    }
    for (const subscriber of subscribers) subscriber.close();
  });

  test('carries messages of shard channels through the shard', async () => {
    for (const [master, replica] of [
      [0, 3],
      [1, 4],
    ] as const) {
      const channel = master === 0 ? '{3}' : '{1}';
      const subscriber = await cluster.servers[replica]!.connect();
      expect(await subscriber.call('SSUBSCRIBE', channel)).toEqual(['ssubscribe', channel, 1]);
      await cluster.clients[master]!.call('SPUBLISH', channel, 'x');
      expect(await subscriber.next()).toEqual(['smessage', channel, 'x']);
      subscriber.close();
    }
  });

  test('serves reads from replicas of the other kind', async () => {
    for (const [master, replica] of [
      [0, 3],
      [1, 4],
    ] as const) {
      const key = master === 0 ? '{3}:read' : '{1}:read';
      await cluster.clients[master]!.call('SET', key, 'here');
      const reader = cluster.clients[replica]!;
      await reader.call('READONLY');
      await cluster.until('the replica has the key', async () => (await reader.call('GET', key)) === 'here');
    }
  });

  async function moveSlot(slot: number, source: number, target: number): Promise<void> {
    const { clients, ids, servers } = cluster;
    const [from, to] = [clients[source]!, clients[target]!];
    expect(await to.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids[source]!)).toBe('OK');
    expect(await from.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids[target]!)).toBe('OK');
    for (;;) {
      const keys = (await from.call('CLUSTER', 'GETKEYSINSLOT', slot, 5)) as string[];
      if (keys.length === 0) break;
      const reply = await from.call(
        'MIGRATE',
        '127.0.0.1',
        servers[target]!.port,
        '',
        0,
        5000,
        'KEYS',
        ...keys,
      );
      expect(reply === 'OK' || reply === 'NOKEY').toBe(true);
    }
    for (const node of [target, source, 2]) {
      expect(await clients[node]!.call('CLUSTER', 'SETSLOT', slot, 'NODE', ids[target]!)).toBe('OK');
    }
  }
});
