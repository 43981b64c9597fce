/**
 * Stock programs and ours in one topology: discovery, failover and the return of the old master work whoever
 * watches, whoever serves and whoever votes.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { startSentinelTopology, type SentinelTopology } from '../../src/lab/sentinel-topology.js';
import type { Member } from '../../src/lab/member.js';
import type { Engine } from '../../src/lab/programs.js';
import { waitUntil } from '../../src/lab/wait.js';
import { createNodePlatform } from '../../src/platform/node/index.js';

const platform = createNodePlatform();
const stock: Engine = 'stock';
const ours: Engine = 'vedette';
/** Stock turns a returning master into a replica after 8 s and its next INFO, which comes every 10 s. */
const LIMIT_MS = 60_000;
/** With 1000 or less stock sentinels take a new master for down right after a switch (they reconnect late). */
const DOWN_AFTER_MS = 3000;

let topology: SentinelTopology | null = null;
afterEach(async () => {
  await topology?.close();
  topology = null;
});

/** The one server that every running sentinel names; throws a reason until they agree on another than `old`. */
async function agreedMaster(running: SentinelTopology, old: Member): Promise<Member> {
  let agreed: Member | undefined;
  await waitUntil(platform, LIMIT_MS, async () => {
    const ports = new Set<string>();
    for (const sentinel of running.sentinels) {
      const reply = await sentinel.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', running.masterName);
      ports.add(String(Array.isArray(reply) ? reply[1] : reply));
    }
    if (ports.size !== 1) return `sentinels name different masters: ${[...ports].join(', ')}`;
    agreed = running.servers.find((server) => ports.has(String(server.address.port)));
    return agreed === undefined || agreed === old ? 'the old master is still named' : null;
  });
  return agreed!;
}

async function followsAndHas(replica: Member, master: Member, keys: number): Promise<string | null> {
  const role = (await replica.call('ROLE')) as readonly unknown[];
  if (String(role[0]) !== 'slave' || Number(role[2]) !== master.address.port)
    return `its role is ${String(role)}`;
  if (String(role[3]) !== 'connected') return `its link is ${String(role[3])}`;
  const size = Number(await replica.call('DBSIZE'));
  return size === keys ? null : `it has ${size} of ${keys} keys`;
}

const combinations: readonly { name: string; servers: Engine[]; sentinels: Engine[] }[] = [
  {
    name: 'stock sentinels watch our servers',
    servers: [ours, ours, ours],
    sentinels: [stock, stock, stock],
  },
  {
    name: 'our sentinels watch stock servers',
    servers: [stock, stock, stock],
    sentinels: [ours, ours, ours],
  },
  {
    name: 'two stock sentinels and one of ours',
    servers: [ours, stock, ours],
    sentinels: [stock, stock, ours],
  },
  {
    name: 'two of our sentinels and a stock one',
    servers: [ours, stock, ours],
    sentinels: [ours, ours, stock],
  },
  { name: 'a stock master with our replicas', servers: [stock, ours, ours], sentinels: [ours, ours, ours] },
  { name: 'our master with stock replicas', servers: [ours, stock, stock], sentinels: [ours, ours, ours] },
];

describe.each(combinations)('$name', ({ servers, sentinels }) => {
  test('the killed master is replaced, keeps its data in the others, and returns as a replica', async () => {
    topology = await startSentinelTopology(platform, {
      servers,
      sentinels,
      downAfterMs: DOWN_AFTER_MS,
      // Stock sentinels whose votes are split try again after twice this time.
      failoverTimeoutMs: 3000,
    });
    const [old, ...replicas] = topology.servers as [Member, ...Member[]];
    const keysBefore = 50;
    for (let i = 0; i < keysBefore; i++) await old.call('SET', `before:${i}`, 'x');
    expect(await old.call('WAIT', String(replicas.length), '10000')).toBe(replicas.length);

    await old.kill();
    const promoted = await agreedMaster(topology, old);
    expect(await promoted.call('SET', 'after', 'x')).toBe('OK');
    const keys = keysBefore + 1;
    expect(await promoted.call('DBSIZE')).toBe(keys);

    await old.restart();
    for (const replica of topology.servers) {
      if (replica === promoted) continue;
      await waitUntil(platform, LIMIT_MS, () => followsAndHas(replica, promoted, keys));
    }
    for (const sentinel of topology.sentinels) {
      const map = (await sentinel.call('SENTINEL', 'MASTER', topology.masterName)) as readonly unknown[];
      expect(map.map(String)[map.map(String).indexOf('port') + 1]).toBe(String(promoted.address.port));
    }
  }, 180_000);
});
