/** Replication between real processes: every pairing of this server with a stock one, in both roles. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Member } from '../../src/lab/member.js';
import type { Engine } from '../../src/lab/programs.js';
import { digest, follow, offset, RealServers, settle, syncCounts, until } from '../support/real-servers.js';

let servers: RealServers;

beforeEach(() => {
  servers = new RealServers();
});

afterEach(async () => {
  await servers.close();
});

/** Keys of every classic type, with and without expiry, in several databases, small and large. */
async function fill(master: Member): Promise<void> {
  const connection = await master.openConnection();
  const call = (...args: string[]) => connection.call(...args);
  for (const database of ['0', '3', '9']) {
    await call('SELECT', database);
    await call('SET', 'string', `value of ${database}`);
    await call('SET', 'binary', '\x00\xff\r\n\x80');
    await call('SET', 'number', '-12345');
    await call('SET', 'large', 'x'.repeat(300_000));
    await call('SET', 'expiring', 'later', 'PX', '3600000');
    await call('RPUSH', 'list', ...many(300, (i) => `element ${i}`));
    await call('SADD', 'set', ...many(300, (i) => `member ${i}`));
    await call('SADD', 'integers', ...many(50, (i) => String(i * 1000)));
    await call('HSET', 'hash', ...many(600, (i) => `f${i}`));
    await call('ZADD', 'zset', ...many(300, (i) => (i % 2 === 0 ? String(i / 4) : `m${i}`)));
    await call('XADD', 'stream', '1-1', 'field', 'value');
    await call('XGROUP', 'CREATE', 'stream', 'group', '0');
  }
  connection.close();
}

function many(count: number, item: (i: number) => string): string[] {
  return Array.from({ length: count }, (_, i) => item(i));
}

/** Writes that are propagated as they are, rewritten, in transactions, and by blocked clients. */
async function write(master: Member, round: number): Promise<void> {
  const connection = await master.openConnection();
  const call = (...args: string[]) => connection.call(...args);
  await call('SELECT', String(round % 4));
  await call('SET', `round${round}`, 'x', 'EX', '1000');
  await call('INCRBYFLOAT', 'float', '0.1');
  await call('GETEX', 'string', 'EX', '5000');
  await call('SPOP', 'set');
  await call('MULTI');
  await call('LPUSH', 'list', `pushed ${round}`);
  await call('RPOP', 'list');
  await call('EXEC');
  await call('ZADD', 'zset', 'INCR', '1.5', 'm1');
  await call('APPEND', 'string', `+${round}`);
  connection.close();
}

const pairings: { master: Engine; replica: Engine }[] = [
  { master: 'stock', replica: 'vedette' },
  { master: 'vedette', replica: 'stock' },
  { master: 'vedette', replica: 'vedette' },
];

describe.each(pairings)(
  'a $master master and a $replica replica',
  ({ master: masterEngine, replica: replicaEngine }) => {
    const transfers = ['yes', 'no'].flatMap((diskless) =>
      ['disabled', 'swapdb'].map((load) => ({ diskless, load })),
    );

    it.each(transfers)(
      'have the same dataset after a full resynchronisation and writes (diskless $diskless, load $load)',
      async ({ diskless, load }) => {
        const master = await servers.start(masterEngine, [`repl-diskless-sync ${diskless}`]);
        const replica = await servers.start(replicaEngine, [`repl-diskless-load ${load}`]);
        await fill(master);
        await replica.call('SET', 'old', 'data');
        await follow(replica, master);
        expect(await digest(replica)).toBe(await digest(master));
        for (let round = 0; round < 20; round++) await write(master, round);
        await settle(master, replica);
        expect(await digest(replica)).toBe(await digest(master));
        expect(await replica.call('EXISTS', 'old')).toBe(0);
        expect(await master.call('WAIT', '1', '5000')).toBe(1);
      },
    );

    it('resume where they were when the connection breaks', async () => {
      const master = await servers.start(masterEngine);
      const replica = await servers.start(replicaEngine);
      await follow(replica, master);
      await write(master, 1);
      await master.call('CLIENT', 'KILL', 'TYPE', 'replica');
      await write(master, 2);
      await settle(master, replica);
      await replica.call('CLIENT', 'KILL', 'TYPE', 'master');
      await write(master, 3);
      await settle(master, replica);
      expect(await syncCounts(master)).toEqual({ full: 1, partial: 2 });
      expect(await digest(replica)).toBe(await digest(master));
    });

    it('change places without a snapshot', async () => {
      const master = await servers.start(masterEngine);
      const replica = await servers.start(replicaEngine);
      await follow(replica, master);
      await write(master, 1);
      await settle(master, replica);
      await replica.call('REPLICAOF', 'NO', 'ONE');
      await write(replica, 2);
      await follow(master, replica);
      await settle(replica, master);
      await write(replica, 3);
      await settle(replica, master);
      expect(await syncCounts(replica)).toEqual({ full: 0, partial: 1 });
      expect(await digest(master)).toBe(await digest(replica));
    });

    it('hand over by FAILOVER', async () => {
      const master = await servers.start(masterEngine);
      const replica = await servers.start(replicaEngine);
      await follow(replica, master);
      await write(master, 1);
      await master.call('FAILOVER', 'TO', '127.0.0.1', String(replica.address.port), 'TIMEOUT', '10000');
      await until(async () => (await replica.info('role', 'replication')) === 'master', replica);
      await until(async () => (await master.info('master_link_status', 'replication')) === 'up', master);
      await write(replica, 2);
      await settle(replica, master);
      expect(await syncCounts(replica)).toEqual({ full: 0, partial: 1 });
      expect(await digest(master)).toBe(await digest(replica));
    });

    it('authenticate', async () => {
      const master = await servers.start(masterEngine, ['user sync on >secret ~* &* +psync +replconf +ping']);
      const replica = await servers.start(replicaEngine, ['masteruser sync', 'masterauth wrong']);
      await master.call('SET', 'k', 'v');
      await replica.call('REPLICAOF', '127.0.0.1', String(master.address.port));
      await until(
        async () => Promise.resolve(replica.readLog().includes('Unable to AUTH to MASTER')),
        replica,
      );
      await replica.call('CONFIG', 'SET', 'masterauth', 'secret');
      await settle(master, replica);
      expect(await replica.call('GET', 'k')).toBe('v');
    });

    it('go on after a restart of the replica from its snapshot, and of the master from its own', async () => {
      const master = await servers.start(masterEngine);
      const replica = await servers.start(replicaEngine);
      await fill(master);
      await follow(replica, master);
      await replica.call('CONFIG', 'REWRITE');
      await replica.call('SAVE');
      await replica.restart();
      await settle(master, replica);
      expect(await syncCounts(master)).toEqual({ full: 1, partial: 1 });
      expect(await digest(replica)).toBe(await digest(master));
      await settle(master, replica);
      await master.call('SAVE');
      await master.restart();
      await settle(master, replica);
      expect(await syncCounts(master)).toEqual({ full: 0, partial: 1 });
      expect(await digest(replica)).toBe(await digest(master));
    });
  },
);

describe('what tools read', () => {
  /** Names of the fields of INFO replication, in order. */
  async function fieldNames(server: Member): Promise<string[]> {
    const lines = String(await server.call('INFO', 'replication')).split('\r\n');
    return lines.map((line) => line.split(':')[0]);
  }

  it('is laid out as in stock: INFO replication and ROLE, on both sides', async () => {
    const seen: Record<string, unknown[]> = {};
    for (const engine of ['stock', 'vedette'] as const) {
      const master = await servers.start(engine, ['min-replicas-to-write 1']);
      const replica = await servers.start(engine);
      const alone = await servers.start(engine);
      await replica.call('REPLICAOF', '127.0.0.1', '1');
      const withoutLink = await fieldNames(replica);
      await follow(replica, master);
      // The replica may know that the link is up before its master counts on it.
      await until(
        async () => String(await master.call('INFO', 'replication')).includes('min_slaves_good_slaves:1'),
        master,
      );
      await master.call('SET', 'a', '1');
      await settle(master, replica);
      await master.call('WAIT', '1', '1000');
      const role = (await master.call('ROLE')) as unknown[][];
      const replicaRole = (await replica.call('ROLE')) as unknown[];
      const clients = String(await master.call('CLIENT', 'LIST', 'TYPE', 'replica'));
      const masters = String(await replica.call('CLIENT', 'LIST', 'TYPE', 'master'));
      seen[engine] = [
        await fieldNames(master),
        await fieldNames(replica),
        await fieldNames(alone),
        withoutLink,
        [role[0], typeof role[1], typeof role[2][0], role[2].length],
        [replicaRole[0], replicaRole[1], typeof replicaRole[2], replicaRole[3], typeof replicaRole[4]],
        [/ flags=(\w+) /.exec(clients)?.[1], / flags=(\w+) /.exec(masters)?.[1]],
        [/ cmd=(\S+) /.exec(clients)?.[1], / user=(\S+) /.exec(masters)?.[1]],
      ];
    }
    expect(seen.vedette).toEqual(seen.stock);
  });
});

describe('a chain of mixed servers', () => {
  it.each([
    ['stock', 'vedette', 'stock'],
    ['vedette', 'stock', 'vedette'],
  ] as const)('%s, %s, %s: has one history, and any member can follow any other', async (...engines) => {
    const [head, middle, end] = await Promise.all(engines.map((engine) => servers.start(engine)));
    await fill(head);
    await follow(middle, head);
    await follow(end, middle);
    for (let round = 0; round < 5; round++) await write(head, round);
    await settle(head, middle, end);
    expect(await digest(end)).toBe(await digest(head));
    await follow(end, head);
    await write(head, 6);
    await settle(head, middle, end);
    expect(await syncCounts(head)).toEqual({ full: 1, partial: 1 });
    await middle.call('REPLICAOF', 'NO', 'ONE');
    await follow(head, middle);
    await write(middle, 7);
    await settle(middle, head, end);
    expect(await digest(end)).toBe(await digest(middle));
    expect(await offset(end)).toBe(await offset(middle));
  });
});
