import { afterEach, describe, expect, test } from 'vitest';
import { ReplyError } from '../../src/client/reply.js';
import { clusterInfo } from '../../src/lab/cluster-readiness.js';
import {
  startClusterTopology,
  type ClusterTopology,
  type ClusterTopologyOptions,
} from '../../src/lab/cluster-topology.js';
import { ClusterWatch } from '../../src/lab/cluster-watch.js';
import type { Member } from '../../src/lab/member.js';
import { isPortFree } from '../../src/lab/ports.js';
import { repeatEngine } from '../../src/lab/topology.js';
import { sleep, waitUntil } from '../../src/lab/wait.js';
import { createNodePlatform } from '../../src/platform/node/index.js';
import { clusterEngines } from '../support/cluster-engines.js';

const platform = createNodePlatform();
const started: ClusterTopology[] = [];
const NODE_TIMEOUT_MS = 500;

async function start(options: ClusterTopologyOptions): Promise<ClusterTopology> {
  const topology = await startClusterTopology(platform, { nodeTimeoutMs: NODE_TIMEOUT_MS, ...options });
  started.push(topology);
  return topology;
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((topology) => topology.close()));
});

/** Of the key `k`, which lies in slot 7629. */
async function writesTo(node: Member): Promise<unknown> {
  return node.call('SET', 'k', 'v').catch((error: unknown) => error);
}

describe.each(clusterEngines)('a cluster of %s nodes', (engine) => {
  const engines = repeatEngine(engine, 3);

  test('is ready when it says so, and leaves nothing behind when closed', async () => {
    const topology = await start({ masters: engines, replicas: engines, password: 'secret' });
    for (const node of topology.nodes) {
      expect(await clusterInfo(node, 'cluster_state')).toBe('ok');
      expect(await clusterInfo(node, 'cluster_slots_ok')).toBe('16384');
      expect(await clusterInfo(node, 'cluster_known_nodes')).toBe('6');
    }
    const owner = await topology.ownerOf(7629);
    expect(owner).toBe(topology.nodes[1]);
    expect(await writesTo(owner!)).toBe('OK');
    expect(await writesTo(topology.nodes[0]!)).toBeInstanceOf(ReplyError);
    expect(await topology.replicasOf(owner!)).toEqual([topology.nodes[4]]);
    await topology.close();
    expect(platform.disk.statusSync(topology.directory)).toBeNull();
    for (const { address } of topology.nodes) {
      expect(await isPortFree(platform, '127.0.0.1', address.port)).toBe(true);
      expect(await isPortFree(platform, '127.0.0.1', address.port + 10_000)).toBe(true);
    }
  });

  test('replaces a killed master by its replica, tells each step, and takes the old one back', async () => {
    const topology = await start({ masters: engines, replicas: engines });
    const [master, , , replica] = topology.nodes as [Member, Member, Member, Member];
    const events: string[] = [];
    const watch = new ClusterWatch(platform, topology);
    watch.on('sighting', ({ observer, event }) => events.push(`${observer} ${event}`));
    watch.start();
    await waitUntil(platform, 20_000, () => Promise.resolve(watch.isInPlace ? null : 'not in place'));
    await master.kill();
    await waitUntil(platform, 20_000, async () =>
      (await topology.ownerOf(0)) === replica ? null : 'still the old one',
    );
    // What nodes tell comes by their logs, in no order among them.
    const steps = ['fail', 'election-scheduled', 'election-started', 'promoted'];
    const expected = ['client master', 'node-2 pfail', ...steps.map((step) => `node-4 ${step}`)];
    await waitUntil(platform, 20_000, () => {
      const missing = expected.filter((event) => !events.includes(event));
      const votes = events.filter((event) => event.endsWith(' vote')).length;
      const isComplete = missing.length === 0 && votes >= 2;
      return Promise.resolve(
        isComplete ? null : `${votes} votes, without ${missing.join()}: ${events.join()}`,
      );
    });
    expect(events.filter((event) => event.endsWith(' vote'))).toHaveLength(2);
    await master.restart();
    await topology.waitReady();
    expect(await topology.replicasOf(replica)).toEqual([master]);
    watch.stop();
  });

  test('of three masters elects when one dies', async () => {
    const topology = await start({ masters: engines, replicas: repeatEngine(engine, 1) });
    await topology.nodes[0]!.kill();
    await waitUntil(platform, 20_000, async () =>
      (await topology.ownerOf(0)) === topology.nodes[3] ? null : 'no new master',
    );
  });

  test('of two masters cannot elect when one dies: one is not a majority of two', async () => {
    const topology = await start({ masters: repeatEngine(engine, 2), replicas: repeatEngine(engine, 2) });
    const [dead, alive, replica] = topology.nodes as [Member, Member, Member];
    await dead.kill();
    // The survivor may not even declare it failed, so its own slots are refused as well: it is in the minority.
    await waitUntil(platform, 20_000, async () => {
      const state = await clusterInfo(alive, 'cluster_state');
      return state === 'fail' ? null : `state ${state}`;
    });
    // Longer than an election of three masters takes at the most: suspicion, delay, and a second try.
    await sleep(platform, 8 * NODE_TIMEOUT_MS);
    expect(await replica.info('role', 'replication')).toBe('slave');
    expect(await clusterInfo(alive, 'cluster_state')).toBe('fail');
    expect(await topology.ownerOf(0)).toBeNull();
    expect(await writesTo(alive)).toMatchObject({ message: 'CLUSTERDOWN The cluster is down' });
  });
});

test('ports in use are said before anything starts: of clients, and of the bus', async () => {
  const topology = await start({ masters: ['stock'], replicas: [] });
  const [node] = topology.nodes as [Member];
  const busPort = node.address.port + 10_000;
  const attempt = start({ masters: ['stock', 'stock'], replicas: [], firstPort: node.address.port });
  await expect(attempt).rejects.toThrow(`Ports ${node.address.port}, ${busPort} are in use`);
  await expect(start({ masters: ['stock'], replicas: [], firstPort: 60_000 })).rejects.toThrow(
    'port 70000 does not exist',
  );
});
