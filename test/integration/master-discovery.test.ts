import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { formatAddress } from '../../src/client/address.js';
import type { ResolvedMaster } from '../../src/client/discovery.js';
import { MasterDiscovery, type MasterDiscoveryOptions } from '../../src/client/master-discovery.js';
import { startSentinelTopology, type SentinelTopology } from '../../src/lab/sentinel-topology.js';
import { waitUntil } from '../../src/lab/wait.js';
import { createNodePlatform } from '../../src/platform/node/index.js';

const platform = createNodePlatform();
const discoveries: MasterDiscovery[] = [];
let topology: SentinelTopology;

function discover(options: Partial<MasterDiscoveryOptions> = {}): MasterDiscovery {
  const discovery = new MasterDiscovery(platform, {
    sentinels: topology.sentinelAddresses,
    name: 'mymaster',
    ...options,
  });
  discoveries.push(discovery);
  return discovery;
}

function nextMaster(discovery: MasterDiscovery): Promise<ResolvedMaster> {
  return new Promise((resolve) => discovery.once('master', resolve));
}

afterEach(() => {
  for (const discovery of discoveries.splice(0)) discovery.stop();
});

describe.each(['stock', 'vedette'] as const)('with %s servers and sentinels', (engine) => {
  beforeAll(async () => {
    topology = await startSentinelTopology(platform, {
      servers: [engine, engine, engine],
      sentinels: [engine, engine, engine],
      downAfterMs: 500,
      failoverTimeoutMs: 3000,
    });
  });

  afterAll(() => topology.close());

  test('the master is resolved, verified, and connected to', async () => {
    const discovery = discover();
    const master = await discovery.resolve();
    expect(master).toMatchObject({ name: 'mymaster', address: topology.servers[0]!.address, configEpoch: 0 });
    const connection = await discovery.connect();
    expect(await connection.call('SET', 'k', 'v')).toBe('OK');
  });

  test('one configured sentinel is enough: the others are discovered', async () => {
    const [configured] = topology.sentinelAddresses;
    const discovery = discover({ sentinels: [configured!] });
    await discovery.resolve();
    expect(new Set(discovery.sentinels.map(formatAddress))).toEqual(
      new Set(topology.sentinelAddresses.map(formatAddress)),
    );
    expect(discovery.sentinels[0]).toEqual(configured);
  });

  test('sentinels that do not answer are passed over, and the one that did is asked first next time', async () => {
    const nobody = { host: '127.0.0.1', port: 1 };
    const discovery = discover({ sentinels: [nobody, topology.sentinelAddresses[1]!] });
    const master = await discovery.resolve();
    expect(master.source).toEqual(topology.sentinelAddresses[1]);
    expect(discovery.sentinels[0]).toEqual(topology.sentinelAddresses[1]);
    expect(discovery.sentinels).toContainEqual(nobody);
  });

  test('an unknown name is told by every sentinel', async () => {
    const discovery = discover({ name: 'nonesuch' });
    const failure = await discovery.resolve().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'NO_MASTER' });
    expect(failure).toMatchObject({
      refusals: topology.sentinelAddresses.map((source) => ({
        source,
        error: { code: 'UNKNOWN_MASTER' },
      })),
    });
  });

  test('a failover is told as it happens, and the old master is not used any more', async () => {
    const discovery = discover({ livenessPing: { intervalMs: 50, deadlineMs: 200 } });
    const first = nextMaster(discovery);
    discovery.start();
    const before = await first;
    const old = topology.servers.find((server) => server.address.port === before.address.port)!;
    const connection = await discovery.connect();
    const lost = new Promise<Error>((resolve) =>
      discovery.once('lost', (_master, reason) => resolve(reason)),
    );
    const closed = new Promise<Error | null>((resolve) => connection.once('close', resolve));

    old.pause();
    expect(await lost).toMatchObject({ code: 'TIMEOUT' });
    expect(await closed).toMatchObject({ code: 'TIMEOUT' });
    expect(discovery.master).toBeNull();

    const after = await nextMaster(discovery);
    expect(after.address).not.toEqual(before.address);
    expect(after.configEpoch).toBeGreaterThan(before.configEpoch);
    const anew = await discovery.connect();
    expect(await anew.call('SET', 'k', 'after')).toBe('OK');

    // The old master wakes up and takes itself for a master still; nobody may be sent back to it.
    const masters: ResolvedMaster[] = [];
    discovery.on('master', (master) => masters.push(master));
    old.resume();
    await waitUntil(platform, 30_000, async () =>
      (await old.info('role', 'replication')) === 'slave' ? null : 'the old master is not a replica yet',
    );
    expect(masters).toEqual([]);
    expect(discovery.master?.address).toEqual(after.address);
  });
});
