/** What a comparison's own clients make of a master that is cut off together with half of them, in simulated time. */
import { expect, test } from 'vitest';
import { keySlot } from '../../../../src/keyspace/key-slot.js';
import { unavailableMs } from '../../../../src/lab/compare/analysis.js';
import { ClusterClient } from '../../../../src/lab/compare/cluster-client.js';
import { keyOf } from '../../../../src/lab/compare/operations.js';
import { Workload } from '../../../../src/lab/compare/workload.js';
import { ClusterWorld, PORT } from '../../../support/cluster-world.js';

const LAST_SLOT_OF_FIRST = 5460;
const TIMEOUT_MS = 1000;
/** A slow network, or a busy machine. */
const LATENCY = { minMs: 1, maxMs: 50 };

/** Lets simulated time pass until a promise that depends on it is kept. */
async function kept<T>(cluster: ClusterWorld, promise: Promise<T>): Promise<T> {
  let isKept = false;
  void promise.then(() => (isKept = true));
  for (let turns = 0; !isKept && turns < 2000; turns++) {
    cluster.advance(5);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(isKept).toBe(true);
  return promise;
}

test('both sides write all keys again: the majority after the failover, the others when the link is back', async () => {
  const cluster = ClusterWorld.of(3, 1, [], { latency: LATENCY });
  const nodes = cluster.names.map((name) => ({ host: cluster.world.host(name).address, port: PORT }));
  const [near, far] = ['near', 'far'].map((name) => {
    const process = cluster.world.createProcess(name);
    return [1, 2].map(() => new ClusterClient(process, nodes));
  }) as [ClusterClient[], ClusterClient[]];
  const clients = [...near, ...far];
  await kept(cluster, Promise.all(clients.map((client) => client.open())));

  const platform = cluster.world.createProcess('workload');
  const workload = new Workload(platform, clients, 200);
  workload.start();
  cluster.advance(500);
  const faultMs = platform.clock.monotonicMs();
  cluster.isolate('m1', 'far');
  cluster.until(() => cluster.claimants(0).includes('r1-1'));
  cluster.advance(TIMEOUT_MS);
  const repairMs = platform.clock.monotonicMs();
  cluster.heal();
  cluster.advance(2 * TIMEOUT_MS);
  workload.stop();
  cluster.until(() => workload.pendingCount === 0);

  const windowOf = (isSide: (client: number) => boolean, isAffected: boolean): number | null =>
    unavailableMs(
      workload.operations.filter(
        ({ kind, client, number }) =>
          kind === 'write' && isSide(client) && keySlot(keyOf(number)) <= LAST_SLOT_OF_FIRST === isAffected,
      ),
      { faultMs, repairMs },
    );
  const isNear = (client: number): boolean => client < near.length;
  const cutMs = repairMs - faultMs;
  // The majority did not wait for the link: it went on to the new master.
  expect(windowOf(isNear, true)).toBeLessThan(cutMs);
  expect(windowOf(isNear, false)).toBeLessThan(cutMs);
  // Those that were cut off reached nobody else meanwhile, and everybody again afterwards.
  expect(windowOf((client) => !isNear(client), true)).not.toBeNull();
  expect(windowOf((client) => !isNear(client), false)).toBeGreaterThan(cutMs);
  expect(workload.stallMs).toBeLessThanOrEqual(1);
});

test('what is done every so many times falls on all clients alike', () => {
  const cluster = new ClusterWorld();
  const platform = cluster.world.createProcess('workload');
  const counts = Array.from({ length: 10 }, () => ({ GET: 0, SET: 0 }));
  const clients = counts.map((count) => ({
    command: (
      [name]: readonly string[],
      callback: (answer: { kind: 'reply'; server: string; value: string }) => void,
    ) => {
      count[name as 'GET' | 'SET']++;
      callback({ kind: 'reply', server: 'a', value: 'OK' });
    },
    close: () => undefined,
  }));
  const workload = new Workload(platform, clients, 1000);
  workload.start();
  cluster.advance(1000);
  for (const { GET, SET } of counts) {
    expect(GET).toBeGreaterThan(15);
    expect(SET).toBeGreaterThan(75);
  }
});
