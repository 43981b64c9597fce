import { afterEach, describe, expect, test } from 'vitest';
import { ClientConnection } from '../../src/client/connection.js';
import { isPortFree } from '../../src/lab/ports.js';
import {
  startSentinelTopology,
  type SentinelTopology,
  type SentinelTopologyOptions,
} from '../../src/lab/sentinel-topology.js';
import { waitUntil } from '../../src/lab/wait.js';
import { createNodePlatform } from '../../src/platform/node/index.js';

const platform = createNodePlatform();
const started: SentinelTopology[] = [];

/** Starts a topology, of stock programs unless told otherwise, that is closed after the test. */
async function start(options: SentinelTopologyOptions = {}): Promise<SentinelTopology> {
  const topology = await startSentinelTopology(platform, {
    servers: ['stock', 'stock'],
    sentinels: ['stock', 'stock', 'stock'],
    ...options,
  });
  started.push(topology);
  return topology;
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((topology) => topology.close()));
});

/** Whether a process with that id exists. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const stock = 'stock';
const ours = 'vedette';

describe('a topology', () => {
  test.each<[string, SentinelTopologyOptions]>([
    ['stock programs', { servers: [stock, stock], sentinels: [stock, stock, stock] }],
    ['ours', { servers: [ours, ours], sentinels: [ours, ours, ours] }],
    ['both', { servers: [ours, stock], sentinels: [stock, ours, ours] }],
  ])('of %s is ready when it says so, and leaves nothing behind when closed', async (_, engines) => {
    const topology = await start(engines);
    const [master, replica] = topology.servers;
    expect(await master!.call('SET', 'k', 'v')).toBe('OK');
    await waitUntil(platform, 5000, async () =>
      (await replica!.call('GET', 'k')) === 'v' ? null : 'not replicated',
    );
    for (const sentinel of topology.sentinels) {
      const quorum = await sentinel.call('SENTINEL', 'CKQUORUM', 'mymaster');
      expect(quorum).toBe('OK 3 usable Sentinels. Quorum and failover authorization can be reached');
    }
    expect(await topology.master()).toBe(master);

    const pids = topology.members.map((member) => member.pid!);
    expect(pids.every(isAlive)).toBe(true);
    await topology.close();
    expect(pids.some(isAlive)).toBe(false);
    expect(platform.disk.statusSync(topology.directory)).toBeNull();
  });

  test.each([stock, ours] as const)(
    '%s members can be paused, resumed, killed and restarted',
    async (engine) => {
      const topology = await start({ servers: [engine, engine], sentinels: [engine], downAfterMs: 60_000 });
      const [master, replica] = topology.servers;
      replica!.pause();
      expect(replica!.state).toBe('paused');
      const connection = await ClientConnection.connect(platform, {
        address: replica!.address,
        callTimeoutMs: 300,
      });
      await expect(connection.call('PING')).rejects.toMatchObject({ code: 'TIMEOUT' });
      replica!.resume();
      expect(await replica!.call('PING')).toBe('PONG');

      await replica!.kill();
      expect(replica!.state).toBe('down');
      expect(await isPortFree(platform, '127.0.0.1', replica!.address.port)).toBe(true);
      await expect(replica!.call('PING')).rejects.toThrow();
      await replica!.restart();
      expect(replica!.state).toBe('running');
      expect(await replica!.call('PING')).toBe('PONG');
      expect(master!.state).toBe('running');
    },
  );

  test('a killed master is replaced by a replica', async () => {
    // Stock sentinels that vote at the same time wait for twice the failover timeout, now and then more than once.
    const topology = await start({ downAfterMs: 500, failoverTimeoutMs: 2000 });
    const [master, replica] = topology.servers;
    await master!.kill();
    await waitUntil(platform, 60_000, async () =>
      (await topology.master()) === replica ? null : 'the sentinels still name the old master',
    );
    expect(await replica!.info('role', 'replication')).toBe('master');
  });

  test('servers with a password', async () => {
    const topology = await start({ sentinels: ['stock'], password: 'secret' });
    expect(await topology.servers[1]!.call('PING')).toBe('PONG');
    const stranger = await ClientConnection.connect(platform, { address: topology.servers[0]!.address });
    await expect(stranger.call('PING')).rejects.toThrow(/NOAUTH/);
    stranger.close();
  });
});

describe('what cannot be started', () => {
  test('a port in use is said before anything starts', async () => {
    const topology = await start({ sentinels: ['stock'] });
    const firstPort = topology.servers[0]!.address.port - 1;
    const attempt = start({ firstPort, sentinels: ['stock'] });
    await expect(attempt).rejects.toMatchObject({ code: 'PORT_IN_USE' });
    await expect(attempt).rejects.toThrow(String(firstPort + 1));
    expect(await isPortFree(platform, '127.0.0.1', firstPort)).toBe(true);
  });

  test('a program that refuses its configuration is quoted', async () => {
    const attempt = start({ sentinels: ['stock'], serverDirectives: ['no-such-directive yes'] });
    await expect(attempt).rejects.toMatchObject({ code: 'NOT_STARTED' });
    await expect(attempt).rejects.toThrow(/no-such-directive/);
  });

  test('a password that a sentinel cannot read in its configuration is not waited for', async () => {
    const attempt = start({ sentinels: ['stock'], password: 'se"cret' });
    await expect(attempt).rejects.toMatchObject({ code: 'NOT_STARTED' });
  });

  test('a program that is not there is named', async () => {
    const engine = { server: '/nonexistent/redis-server', sentinel: '/nonexistent/redis-sentinel' };
    await expect(start({ servers: [engine] })).rejects.toThrow(/nonexistent/);
  });
});
