/** What holds for the discovery of a Sentinel group's master and of a cluster's masters alike. */
import { describe, expect, test } from 'vitest';
import { formatAddress, parseAddress } from '../../../src/client/address.js';
import type { Discovery, DiscoveryOptions, ResolvedMaster } from '../../../src/client/discovery.js';
import { ClusterDiscoveryWorld } from './cluster-discovery-world.js';
import type { DiscoveryWorld } from './discovery-world.js';
import { MasterDiscoveryWorld } from './master-discovery-world.js';

describe('with sentinels', () => behavesAsDiscovery(() => new MasterDiscoveryWorld()));
describe('in a cluster', () => behavesAsDiscovery(() => new ClusterDiscoveryWorld()));

function behavesAsDiscovery<Master extends ResolvedMaster, Kind extends Discovery<Master>>(
  newWorld: () => DiscoveryWorld<Master, Kind>,
): void {
  /** One that has found the masters. */
  function watching(options: DiscoveryOptions = {}) {
    const scene = newWorld();
    const discovery = scene.started(options);
    const told = scene.heard();
    expect(told.length).toBeGreaterThan(0);
    for (const line of told) expect(line).toMatch(/^master /);
    return { scene, discovery, master: scene.servers[0]!, name: scene.servers[0]!.process.name };
  }

  test('without a verifiable master it asks again and again, and complains once', () => {
    const scene = newWorld();
    const [master] = scene.servers;
    for (const server of scene.servers) server.role = 'slave';
    const discovery = scene.started({ retryDelayMs: 100 }, 1000);
    scene.heard();
    scene.advance(5000);
    expect(scene.heard()).toEqual([]);
    master!.role = 'master';
    scene.advance(150);
    expect(scene.heard()[0]).toMatch(`master ${master!.process.name}`);
    discovery.stop();
  });

  test('the same reasons are told again after all was well', () => {
    const { scene, discovery, master } = watching();
    for (const _ of [1, 2]) {
      master.role = 'slave';
      scene.advance(3000);
      expect(scene.heard().filter((line) => line === 'unresolved NOT_MASTER')).toHaveLength(1);
      master.role = 'master';
      scene.advance(3000);
      expect(scene.heard()).toHaveLength(1);
    }
    discovery.stop();
  });

  test('nothing is told before it watches, and what was asked for leaves nothing but what stop ends', async () => {
    const scene = newWorld();
    const discovery = scene.make();
    const master = await scene.until(scene.resolve(discovery));
    expect(master.address).toEqual(scene.servers[0]!.address);
    scene.advance(5000);
    expect(scene.told).toEqual([]);
    expect(scene.servers[0]!.program.received.filter((command) => command === 'ROLE')).toHaveLength(1);
    discovery.stop();
    scene.advance(50);
    for (const program of scene.programs) expect(program.connections.size).toBe(0);
  });

  test('who begins to watch while a question is under way is told as usual', () => {
    const scene = newWorld();
    const discovery = scene.make();
    void scene.resolve(discovery).catch(() => undefined);
    scene.advance(2);
    discovery.start();
    scene.advance(1500);
    expect(scene.heard()[0]).toMatch(/^master /);
    discovery.stop();
  });

  test('resolve verifies anew, even a master that is held', async () => {
    const { scene, discovery, master } = watching();
    master.process.pause();
    const failure = scene.until(scene.resolve(discovery));
    await expect(failure).rejects.toMatchObject({ code: 'NO_MASTER' });
    const { refusals } = (await failure.catch((error: unknown) => error)) as { refusals: unknown[] };
    expect(refusals[0]).toMatchObject({ error: { code: 'TIMEOUT' } });
    // Nobody asked for a deadline on the connection that watches, so the master is not lost.
    expect(scene.heard().filter((line) => line.startsWith('lost'))).toEqual([]);
    discovery.stop();
  });

  test('a master whose connection breaks is told again when it is back', () => {
    const { scene, discovery, name } = watching();
    scene.world.network.cut('client', name);
    scene.advance(100);
    const [lost, back, ...more] = scene.heard();
    expect(lost).toBe(`lost ${name}: ECONNRESET`);
    expect(back).toMatch(`master ${name}`);
    expect(more).toEqual([]);
    discovery.stop();
  });

  test('a master that was made a replica by hand is noticed by the poll', () => {
    const { scene, discovery, master, name } = watching({ pollIntervalMs: 500 });
    master.role = 'slave';
    scene.advance(600);
    expect(scene.heard()[0]).toBe(`lost ${name}: NOT_MASTER`);
    discovery.stop();
  });

  test('a master that hangs without closing is lost within the deadline, if one was asked for', () => {
    const patient = watching();
    patient.master.process.pause();
    patient.scene.advance(10_000);
    expect(patient.scene.heard()).toEqual([]);
    patient.discovery.stop();

    const watchful = watching({ livenessPing: { intervalMs: 50, deadlineMs: 200 } });
    watchful.master.process.pause();
    watchful.scene.advance(255);
    expect(watchful.scene.heard()).toEqual([`lost ${watchful.name}: TIMEOUT`]);
    watchful.discovery.stop();
  });

  test('connections given to the caller end with a master that hangs', async () => {
    const { scene, discovery, master } = watching({ livenessPing: { intervalMs: 50, deadlineMs: 200 } });
    const connection = await scene.until(scene.connect(discovery));
    const closed: (Error | null)[] = [];
    connection.on('close', (error) => closed.push(error));
    scene.advance(1000);
    expect(closed).toEqual([]);
    master.process.pause();
    scene.advance(255);
    expect(closed).toMatchObject([{ code: 'TIMEOUT' }]);
    discovery.stop();
  });

  describe('behind NAT', () => {
    const inside = { host: '172.17.0.2', port: 7000 };

    test.each([
      ['a table', (to: string) => ({ '172.17.0.2:7000': to })],
      [
        'a function',
        (to: string) =>
          ({ host }: { host: string }) =>
            host === inside.host ? parseAddress(to)! : undefined,
      ],
    ])('%s translates what is announced', async (_, mapTo) => {
      const scene = newWorld();
      scene.announceMasterAs(inside);
      const { address } = scene.servers[0]!;
      const discovery = scene.make({ addressMap: mapTo(formatAddress(address)) });
      const master = await scene.until(scene.resolve(discovery));
      expect(master).toMatchObject({ address, announced: inside });
      discovery.stop();
    });

    test('a table with something else than addresses is refused at once', () => {
      const addressMap = { '172.17.0.2:7000': 'nonsense:x' };
      expect(() => newWorld().make({ addressMap })).toThrow(/host:port/);
    });
  });

  describe('stopping', () => {
    test('leaves no connection and no timer, at any moment', () => {
      for (let stopAtMs = 0; stopAtMs < 30; stopAtMs++) {
        const scene = newWorld();
        scene.world.network.connectTimeoutMs = 50;
        const discovery = scene.started({ livenessPing: { intervalMs: 10, deadlineMs: 100 } }, stopAtMs);
        discovery.stop();
        // The kernel keeps a timer for each connection attempt; beyond that there is nothing.
        scene.advance(60);
        for (const program of scene.programs) expect(program.connections.size).toBe(0);
        expect(scene.world.pendingEventCount).toBe(0);
      }
    });

    test('ends the connections that were given', async () => {
      const scene = newWorld();
      const discovery = scene.make();
      const connection = await scene.until(scene.connect(discovery));
      expect(connection.isClosed).toBe(false);
      discovery.stop();
      expect(connection.isClosed).toBe(true);
    });

    test('rejects whoever waits, and whoever comes later', async () => {
      const scene = newWorld();
      const discovery = scene.make();
      const early = scene.resolve(discovery);
      discovery.stop();
      await expect(early).rejects.toMatchObject({ code: 'CLOSED' });
      await expect(scene.resolve(discovery)).rejects.toMatchObject({ code: 'CLOSED' });
      await expect(scene.connect(discovery)).rejects.toMatchObject({ code: 'CLOSED' });
    });

    test('in an event is allowed', () => {
      const scene = newWorld();
      const discovery = scene.make();
      discovery.on('master', () => discovery.stop());
      discovery.start();
      scene.advance(100);
      expect(scene.heard()).toHaveLength(1);
      for (const program of scene.programs) expect(program.connections.size).toBe(0);
    });
  });
}
