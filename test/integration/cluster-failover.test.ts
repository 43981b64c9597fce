/** Real nodes, ours and stock ones in one cluster: they understand each other's bus, and take over from each other. */
import { afterEach, describe, expect, test } from 'vitest';
import { RunningCluster } from '../support/running-cluster.js';
import { hasStockServer, OUR_SERVER, STOCK_SERVER } from '../support/running-server.js';

const TIMEOUT_MS = 1500;
const TEST_LIMIT_MS = 120_000;
/** In the first, second and third part of the slots. */
const KEYS = ['bar', 'hello', 'foo'];

describe('a cluster of real processes', () => {
  let cluster: RunningCluster | null = null;

  afterEach(async () => {
    await cluster?.stop();
    cluster = null;
  });

  async function start(...programs: string[]): Promise<RunningCluster> {
    cluster = await RunningCluster.start({ programs, masters: 3, nodeTimeoutMs: TIMEOUT_MS });
    return cluster;
  }

  /** The flags of a node as another one shows them. */
  async function flagsOf(by: number, node: number): Promise<string[]> {
    const nodes = String(await cluster!.clients[by]!.call('CLUSTER', 'NODES'));
    const line = nodes.split('\n').find((each) => each.startsWith(cluster!.ids[node]!));
    return line?.split(' ')[2]!.split(',') ?? [];
  }

  /** Kills a master and waits until its replica has its slots, in everybody's eyes, and takes writes. */
  async function failOver(running: RunningCluster, master: number, replica: number): Promise<void> {
    const key = KEYS[master]!;
    expect(await running.clients[master]!.call('SET', key, 'before')).toBe('OK');
    expect(await running.clients[master]!.call('WAIT', 1, 5000)).toBe(1);
    await running.servers[master]!.stop();
    await running.until('the replica takes writes', async () => {
      return (await running.clients[replica]!.call('SET', `{${key}}2`, 'after')) === 'OK';
    });
    expect(await running.clients[replica]!.call('GET', key)).toBe('before');
    for (let by = 0; by < running.clients.length; by++) {
      if (!running.servers[by]!.isRunning) continue;
      await running.until(`node ${by} knows`, async () => (await flagsOf(by, replica)).includes('master'));
      await running.until(
        `node ${by} serves`,
        async () => (await running.state(by, 'cluster_state')) === 'ok',
      );
    }
  }

  test('of ours only: the replica of a killed master takes over', { timeout: TEST_LIMIT_MS }, async () => {
    const running = await start(OUR_SERVER, OUR_SERVER, OUR_SERVER, OUR_SERVER);
    await failOver(running, 0, 3);
  });

  test('of ours only: a manual failover and one back', { timeout: TEST_LIMIT_MS }, async () => {
    const running = await start(OUR_SERVER, OUR_SERVER, OUR_SERVER, OUR_SERVER);
    expect(await running.clients[3]!.call('CLUSTER', 'FAILOVER')).toBe('OK');
    await running.until('the replica is master', async () => (await flagsOf(1, 3)).includes('master'));
    await running.until('the master follows', async () => {
      return String(await running.clients[0]!.call('INFO', 'replication')).includes('master_link_status:up');
    });
    expect(await running.clients[0]!.call('CLUSTER', 'FAILOVER')).toBe('OK');
    await running.until('it is master again', async () => (await flagsOf(1, 0)).includes('master'));
  });

  describe.skipIf(!hasStockServer)('ours and stock ones', () => {
    test('our replica takes over from a stock master', { timeout: TEST_LIMIT_MS }, async () => {
      const running = await start(STOCK_SERVER, OUR_SERVER, STOCK_SERVER, OUR_SERVER);
      await failOver(running, 0, 3);
    });

    test('a stock replica takes over from our master', { timeout: TEST_LIMIT_MS }, async () => {
      const running = await start(OUR_SERVER, STOCK_SERVER, OUR_SERVER, STOCK_SERVER);
      await failOver(running, 0, 3);
    });

    test('a manual failover goes from stock to ours and back', { timeout: TEST_LIMIT_MS }, async () => {
      const running = await start(STOCK_SERVER, OUR_SERVER, OUR_SERVER, OUR_SERVER);
      expect(await running.clients[3]!.call('CLUSTER', 'FAILOVER')).toBe('OK');
      await running.until('ours is master', async () => (await flagsOf(1, 3)).includes('master'));
      await running.until('the stock one follows', async () => {
        return String(await running.clients[0]!.call('INFO', 'replication')).includes(
          'master_link_status:up',
        );
      });
      // A master does not listen to a replica that it does not take for its own yet, and nobody asks it again.
      await running.until('ours knows its replica', async () => (await flagsOf(3, 0)).includes('slave'));
      expect(await running.clients[0]!.call('CLUSTER', 'FAILOVER')).toBe('OK');
      await running.until('the stock one is master again', async () =>
        (await flagsOf(1, 0)).includes('master'),
      );
    });
  });
});
