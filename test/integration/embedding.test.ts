/** Topologies inside this process, with real clients: what docs/testing.md promises. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { createCluster, createSentinel } from 'redis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type LabError,
  startCluster,
  startSentinelTopology,
  startServer,
  type StartedSentinelTopology,
  type TimelineEntry,
  type TopologyMember,
} from '../../src/index.js';

const LIMIT_MS = 30_000;
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Waits for a condition; what it throws counts as not yet. */
async function eventually(condition: () => Promise<boolean> | boolean): Promise<void> {
  const deadlineMs = Date.now() + LIMIT_MS;
  let reason: unknown = 'it does not hold';
  while (Date.now() < deadlineMs) {
    try {
      if (await condition()) return;
    } catch (error) {
      reason = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`not within ${LIMIT_MS} ms: ${condition.toString()}`, { cause: reason });
}

function client(options: RedisOptions): Redis {
  const redis = new Redis({ ...options, maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  closers.push(() => redis.disconnect());
  return redis;
}

describe('a sentinel topology', () => {
  let topology: StartedSentinelTopology;

  beforeAll(async () => {
    topology = await startSentinelTopology({ downAfterMs: 1000, password: 'sécret' });
  });
  beforeEach(() => topology.reset());
  afterAll(() => topology.stop());

  test('ioredis writes on after the master was killed', async () => {
    const redis = client(topology.ioredis());
    await redis.set('before', '1');
    await topology.settled();
    const master = await topology.master();
    await master.kill();
    const successor = await topology.waitForFailover();
    expect(successor.name).not.toBe(master.name);
    await redis.set('after', '2');
    expect(await redis.mget('before', 'after')).toEqual(['1', '2']);
    expect((await topology.master()).name).toBe(successor.name);
    expect(stepsOf(topology.timeline())).toEqual([
      'kill',
      'suspected',
      'confirmed',
      'elected',
      'promoted',
      'switched',
    ]);
  });

  test('node-redis writes on after the master was paused', async () => {
    const sentinel = createSentinel({ ...topology.nodeRedis(), passthroughClientErrorEvents: false });
    sentinel.on('error', () => undefined);
    await sentinel.connect();
    closers.push(() => sentinel.destroy());
    expect(await sentinel.set('before', '1')).toBe('OK');
    const master = await topology.master();
    master.pause();
    expect(master.state).toBe('paused');
    const successor = await topology.waitForFailover();
    expect(successor.name).not.toBe(master.name);
    await eventually(async () => (await sentinel.set('after', '2')) === 'OK');
    expect(await successor.call('GET', 'after')).toBe('2');
    master.resume();
    expect(master.state).toBe('running');
  });

  test('a master that is cut off is replaced, goes on serving who reaches it, and is found again', async () => {
    const master = await topology.master();
    topology.partition([master]);
    const successor = await topology.waitForFailover();
    expect(successor.name).not.toBe(master.name);
    expect(await client(master.ioredis()).set('lost', '1')).toBe('OK');
    expect(await successor.call('GET', 'lost')).toBeNull();
    topology.heal();
    await eventually(async () => String(await seenBy(topology.sentinels[0]!, master)) === 'slave');
  });

  test('what clients send to a member that they are cut off from arrives when the link heals', async () => {
    const [replica] = topology.servers.slice(1) as [TopologyMember];
    const redis = client(replica.ioredis());
    await redis.ping();
    topology.partition(['clients'], [replica]);
    let isAnswered = false;
    const answer = redis.ping().then((reply) => {
      isAnswered = true;
      return reply;
    });
    expect(await replica.call('PING')).toBe('PONG');
    expect(isAnswered).toBe(false);
    topology.heal();
    expect(await answer).toBe('PONG');
  });

  test('a slow member takes its time each way', async () => {
    const replica = topology.servers[2]!;
    const redis = client(replica.ioredis());
    await redis.ping();
    topology.slow(replica, 60);
    const startMs = performance.now();
    await redis.ping();
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(119);
  });

  test('replies that are dropped leave it unknown what became of a command', async () => {
    const master = await topology.master();
    const redis = new Redis({ ...master.ioredis(), retryStrategy: () => null });
    redis.on('error', () => undefined);
    closers.push(() => redis.disconnect());
    await redis.ping();
    topology.dropReplies(master);
    const answer = redis.incr('counter').catch((error: Error) => error);
    await eventually(async () => (await master.call('GET', 'counter')) === '1');
    topology.heal();
    expect(await answer).toBeInstanceOf(Error);
  });

  test('a replica that was killed comes back at its address, and is in step when all is settled', async () => {
    const master = await topology.master();
    const replica = topology.servers.find(({ name }) => name !== master.name)!;
    const { port } = replica;
    await replica.kill();
    expect(replica.state).toBe('down');
    await master.call('SET', 'key', 'välue');
    await replica.restart();
    await topology.settled();
    expect(replica.port).toBe(port);
    expect(await replica.call('GET', 'key')).toBe(Buffer.from('välue').toString('latin1'));
  });

  test('reset takes everything back', async () => {
    const master = await topology.master();
    await master.call('SET', 'key', 'value');
    await topology.reset();
    expect(await (await topology.master()).call('DBSIZE')).toBe(0);

    await topology.servers[0]!.kill();
    topology.partition([topology.sentinels[0]!]);
    topology.sentinels[1]!.pause();
    await topology.reset();
    expect((await topology.master()).name).toBe('server-1');
    expect(topology.members.map(({ state }) => state)).toEqual(Array(6).fill('running'));
    for (const server of topology.servers) expect(await server.call('DBSIZE')).toBe(0);
  });

  test('a member that does not exist is refused', () => {
    expect(() => topology.slow('server-9', 10)).toThrow('There is no member server-9');
    expect(() => topology.servers[0]!.resume()).toThrow('server-1 is not paused');
  });
});

/** The flags with which a sentinel tells of a server. */
async function seenBy(sentinel: TopologyMember, server: TopologyMember): Promise<unknown> {
  const replicas = (await sentinel.call('SENTINEL', 'REPLICAS', 'mymaster')) as string[][];
  const fields = replicas.find((each) => each.includes(String(server.port)));
  return fields?.[fields.indexOf('flags') + 1];
}

/** Faults and the milestones of the failover, each when it was first told. */
function stepsOf(timeline: readonly TimelineEntry[]): string[] {
  const told = timeline.map((entry) => {
    switch (entry.kind) {
      case 'fault':
        return entry.fault;
      case 'failover':
        return entry.event.kind;
      case 'sighting':
        return entry.event;
    }
  });
  const milestones = ['kill', 'suspected', 'confirmed', 'elected', 'promoted', 'switched'];
  return [...new Set(told)].filter((step) => milestones.includes(step));
}

describe('a cluster', () => {
  test('clients find every node, and write on after a master was killed; reset takes it back', async () => {
    await using cluster = await startCluster();
    const redis = new Cluster(...cluster.ioredis());
    redis.on('error', () => undefined);
    closers.push(() => redis.disconnect());
    const other = createCluster(cluster.nodeRedis());
    other.on('error', () => undefined);
    await other.connect();
    closers.push(() => other.destroy());
    await redis.set('key', '1');
    expect(await other.get('key')).toBe('1');
    await cluster.settled();
    const master = await cluster.master('key');
    expect(await cluster.replicasOf(master)).toHaveLength(1);
    await master.kill();
    const successor = await cluster.waitForFailover();
    expect((await cluster.master('key')).name).toBe(successor.name);
    await eventually(async () => (await redis.set('key', '2')) === 'OK');

    await cluster.reset();
    expect((await cluster.master('key')).name).toBe(master.name);
    for (const node of cluster.nodes) expect(await node.call('DBSIZE')).toBe(0);
  });
});

describe('single servers', () => {
  test('several live side by side and know nothing of each other', async () => {
    const lines: string[] = [];
    await using one = await startServer({ log: (line, member) => lines.push(`${member} ${line}`) });
    await using other = await startServer();
    await client(one.ioredis()).set('key', 'one');
    expect(await client(other.ioredis()).get('key')).toBeNull();
    expect(lines.some((line) => line.startsWith('server-1 ') && line.includes('Ready to accept'))).toBe(true);
    expect(other.server.readLog()).toContain('Ready to accept');
  });

  test('SHUTDOWN and DEBUG SLEEP concern the server alone', async () => {
    await using server = await startServer({ directives: ['enable-debug-command yes'] });
    const redis = client(server.ioredis());
    const startMs = performance.now();
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await redis.call('DEBUG', 'SLEEP', '0.05');
    clearInterval(timer);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(49);
    expect(turns).toBeGreaterThan(0);
    redis.disconnect();
    await server.call('SHUTDOWN', 'NOSAVE').catch(() => undefined);
    await eventually(() => server.state === 'down');
    await server.restart();
    expect(await server.call('PING')).toBe('PONG');
  });

  test('what was synced survives a kill, without any file', async () => {
    const before = readdirSync(process.cwd());
    await using server = await startServer({ directives: ['appendonly yes', 'appendfsync always'] });
    await client(server.ioredis()).set('key', 'value');
    await server.kill();
    await server.restart();
    expect(await server.call('GET', 'key')).toBe('value');
    expect(readdirSync(process.cwd())).toEqual(before);
  });

  test('files are where they are asked for, and stay', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'vedette-embedding-'));
    closers.push(() => rmSync(dir, { recursive: true }));
    const server = await startServer({ dir, directives: ['appendonly yes'] });
    await server.call('SET', 'key', 'value');
    await server.stop();
    expect(readdirSync(join(dir, 'server-1'))).toContain('appendonlydir');
    await using again = await startServer({ dir, directives: ['appendonly yes'] });
    expect(await again.call('GET', 'key')).toBe('value');
  });

  test('one that cannot start says why, and leaves nothing', async () => {
    const refused = startServer({ directives: ['maxmemory a-lot'] });
    await expect(refused).rejects.toThrow(/maxmemory/);
    await using server = await startServer();
    await expect(startServer({ port: server.port })).rejects.toMatchObject({ code: 'PORT_IN_USE' });
  });
});

test.each(Object.entries({ startServer, startSentinelTopology, startCluster }))(
  '%s waits no longer than it is told to, and says what was missing',
  async (_name, start) => {
    // A server is ready when it answers that.
    const refused = start({ startTimeoutMs: 200, directives: ['rename-command INFO ""'] });
    const error = (await refused.then(
      () => null,
      (reason: unknown) => reason,
    )) as LabError;
    expect(error.code).toBe('NOT_READY');
    expect(Number(/^Not ready in (\d+) ms: ./.exec(error.message)?.[1])).toBeLessThanOrEqual(200);
  },
);

test('with processes, the same faults and verbs', async () => {
  await using topology = await startSentinelTopology({ processes: true, replicas: 1, sentinels: 1 });
  const redis = client(topology.ioredis());
  await redis.set('key', '1');
  const master = await topology.master();
  if (process.platform === 'linux') topology.partition([master, 'clients']);
  else await master.kill();
  const successor = await topology.waitForFailover();
  expect(successor.name).not.toBe(master.name);
  await topology.reset();
  expect((await topology.master()).name).toBe(master.name);
  await eventually(async () => (await redis.set('key', '2')) === 'OK');
});
