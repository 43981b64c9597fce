/** Clusters of our nodes and stock ones: slots move in both directions while clients write, and nothing is lost. */
import { execFile } from 'node:child_process';
import { Cluster } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keySlot } from '../../src/keyspace/key-slot.js';
import type { Member } from '../../src/lab/member.js';
import { findFreePorts } from '../../src/lab/ports.js';
import type { Engine } from '../../src/lab/programs.js';
import { createNodePlatform } from '../../src/platform/node/index.js';
import { RealServers, until } from '../support/real-servers.js';

const platform = createNodePlatform();
const HOST = '127.0.0.1';
/** Slots that go back and forth; the counters are in them. */
const MOVING_SLOTS = 60;
const COUNTERS = 300;
const WRITERS = 4;

let servers: RealServers;
beforeEach(() => {
  servers = new RealServers();
});
afterEach(() => servers.close());

/** Starts masters that know each other and share the slots evenly. */
async function startCluster(engines: readonly Engine[]): Promise<Member[]> {
  const busPorts = await findFreePorts(platform, HOST, engines.length);
  const nodes: Member[] = [];
  for (const [index, engine] of engines.entries()) {
    const directives = [
      'cluster-enabled yes',
      `cluster-port ${busPorts[index]}`,
      'cluster-node-timeout 15000',
    ];
    nodes.push(await servers.start(engine, directives));
  }
  const share = Math.ceil(16384 / nodes.length);
  for (const [index, node] of nodes.entries()) {
    const last = Math.min(16383, (index + 1) * share - 1);
    await node.call('CLUSTER', 'ADDSLOTSRANGE', String(index * share), String(last));
    await node.call('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
  }
  for (const [index, node] of nodes.entries()) {
    await nodes[0].call('CLUSTER', 'MEET', HOST, String(node.address.port), String(busPorts[index]));
  }
  await agreed(nodes);
  return nodes;
}

/** Waits until every node knows all others, sees all slots served by the same nodes, and the manager finds no fault. */
async function agreed(nodes: readonly Member[]): Promise<void> {
  for (const node of nodes) {
    await until(async () => {
      const info = String(await node.call('CLUSTER', 'INFO'));
      return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${nodes.length}`);
    }, node);
  }
  await until(async () => {
    const views = await Promise.all(nodes.map((node) => node.call('CLUSTER', 'SLOTS')));
    const owners = views.map((view) =>
      (view as unknown[][]).map(
        ([first, last, master]) => `${first}-${last}:${String((master as unknown[])[2])}`,
      ),
    );
    return new Set(owners.map((ranges) => ranges.sort().join())).size === 1;
  }, nodes[0]);
  const checked = `${HOST}:${nodes[0].address.port}`;
  await until(async () => (await manage('check', checked)) === null, nodes[0]);
}

/** Runs a subcommand of the stock manager. @returns all that it said when it failed, else null */
function manage(...args: readonly string[]): Promise<string | null> {
  return new Promise((resolve) => {
    execFile('redis-cli', ['--cluster', ...args], (error, stdout, stderr) =>
      resolve(error === null ? null : `${error.message}\n${stdout}\n${stderr}`),
    );
  });
}

/** Moves the slots 0 to MOVING_SLOTS-1 with the stock manager. */
async function reshard(from: Member, to: Member): Promise<void> {
  const ids = await Promise.all([from, to].map((node) => node.call('CLUSTER', 'MYID')));
  const problem = await manage(
    ...['reshard', `${HOST}:${from.address.port}`, '--cluster-yes', '--cluster-slots', String(MOVING_SLOTS)],
    ...['--cluster-from', String(ids[0]), '--cluster-to', String(ids[1])],
  );
  if (problem !== null) throw new Error(problem);
}

/** Names in the slots that move. */
function counterNames(): string[] {
  const names: string[] = [];
  for (let i = 0; names.length < COUNTERS; i++)
    if (keySlot(`counter:${i}`) < MOVING_SLOTS) names.push(`counter:${i}`);
  return names;
}

const mixtures: readonly (readonly Engine[])[] = [
  ['vedette', 'stock', 'vedette'],
  ['stock', 'vedette', 'stock'],
  ['vedette', 'vedette', 'vedette'],
];

test.each(mixtures)(
  '%s, %s and %s: slots go back and forth under writes',
  async (...engines) => {
    const nodes = await startCluster(engines);
    const names = counterNames();
    const client = new Cluster([{ host: HOST, port: nodes[2].address.port }], { maxRedirections: 64 });
    const acknowledged = new Map(names.map((name) => [name, 0]));
    let isOver = false;
    const write = async (first: number): Promise<void> => {
      for (let i = first; !isOver; i += WRITERS) {
        const name = names[i % names.length];
        await client.incr(name);
        acknowledged.set(name, acknowledged.get(name)! + 1);
      }
    };
    const writers = Array.from({ length: WRITERS }, (_, index) => write(index));
    try {
      for (let round = 0; round < 2; round++) {
        await reshard(nodes[0], nodes[1]);
        await agreed(nodes);
        await reshard(nodes[1], nodes[0]);
        await agreed(nodes);
      }
    } finally {
      isOver = true;
      await Promise.all(writers);
    }
    const found = await Promise.all(names.map(async (name) => [name, Number(await client.get(name))]));
    client.disconnect();
    expect(found).toEqual([...acknowledged]);
    const sizes = await Promise.all(nodes.map((node) => node.call('DBSIZE')));
    expect(sizes).toEqual([names.length, 0, 0]);
  },
  240_000,
);
