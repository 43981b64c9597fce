import { describe, expect, it } from 'vitest';
import type { SnapshotFacts } from '../../../src/persistence/loading/keyspace-loader.js';
import type { StreamPosition } from '../../../src/persistence/snapshot/snapshot-frame.js';
import { PORT, ReplicationWorld, type ReplicatedServer } from '../../support/replication-world.js';

/** A master with keys of several types and databases. */
function fill(master: ReplicatedServer): void {
  master.call('SET', 'a', '1');
  master.call('RPUSH', 'list', 'x', 'y');
  master.call('SET', 'expiring', '1', 'PX', 100_000);
  master.call('SET', 'large', 'z'.repeat(300_000));
  master.call('SELECT', 3);
  master.call('SET', 'elsewhere', '2');
  master.call('SELECT', 0);
}

/** What a snapshot taken at that position says when it is loaded. */
function factsOf(position: StreamPosition): SnapshotFacts {
  const { replid, offset, streamDatabase } = position;
  return { replication: { id: replid, offset }, streamDatabase, functions: [], expiredKeys: [] };
}

function syncCounts(master: ReplicatedServer): { full: number; partial: number; refused: number } {
  const { syncFull, syncPartialOk, syncPartialError } = master.server.statistics;
  return { full: syncFull, partial: syncPartialOk, refused: syncPartialError };
}

describe('full resynchronisation', () => {
  const ways = ['yes', 'no'].flatMap((diskless) =>
    ['disabled', 'on-empty-db', 'swapdb'].map((load) => ({ diskless, load })),
  );

  it.each(ways)('brings over the dataset: master diskless $diskless, replica $load', ({ diskless, load }) => {
    const world = new ReplicationWorld();
    const master = world.start('master', { 'repl-diskless-sync': diskless });
    const replica = world.start('replica', { 'repl-diskless-load': load });
    fill(master);
    if (load !== 'on-empty-db') replica.call('SET', 'old', 'data');
    world.follow(replica, master);
    expect(replica.dataset()).toEqual(master.dataset());
    master.call('SET', 'after', '1');
    world.settle(master, replica);
    expect(replica.dataset()).toEqual(master.dataset());
    expect(replica.replid).toBe(master.replid);
  });

  it.each(['disabled', 'swapdb'])('fails when the functions cannot be loaded: replica %s', (load) => {
    const world = new ReplicationWorld();
    const [master, replica] = [world.start('master'), world.start('replica', { 'repl-diskless-load': load })];
    master.call('SET', 'a', '1');
    master.persistence.snapshots.takeFunctions(['#!lua name=lib\n']);
    let attempts = 0;
    replica.server.functions = {
      sources: () => [],
      restore: () => (++attempts <= 1 ? 'ERR no such engine' : null),
      clear: () => undefined,
    };
    replica.call('REPLICAOF', master.host, PORT);
    world.until(() => attempts === 1);
    expect(replica.isUp).toBe(false);
    expect(replica.call('DBSIZE')).toBe(0);
    world.until(() => replica.isUp);
    expect(attempts).toBe(2);
    expect(replica.dataset()).toEqual(master.dataset());
  });

  it('takes milliseconds when nothing is to be waited for', () => {
    const world = new ReplicationWorld({ latency: 0.1, diskLatency: 0.1, syncLatency: 1 });
    const [master, replica] = [world.start('master'), world.start('replica')];
    master.call('SET', 'a', '1');
    expect(world.follow(replica, master)).toBeLessThan(20);
  });

  it('brings what is written while the snapshot is on its way, in the database it was written to', () => {
    const world = new ReplicationWorld({ latency: 50 });
    const [master, replica] = [world.start('master'), world.start('replica')];
    fill(master);
    replica.call('REPLICAOF', master.host, PORT);
    for (let i = 0; i < 100; i++) {
      master.call('SELECT', i % 4);
      master.call('INCR', 'counter');
      world.advance(7);
    }
    world.settle(master, replica);
    expect(replica.dataset()).toEqual(master.dataset());
    expect(syncCounts(master).full).toBe(1);
  });

  it('waits for others to join, and serves them with one snapshot', () => {
    const world = new ReplicationWorld();
    const master = world.start('master', { 'repl-diskless-sync-delay': '5' });
    const [first, second] = [world.start('first'), world.start('second')];
    first.call('REPLICAOF', master.host, PORT);
    world.advance(4000);
    expect(master.info().slave0).toContain('state=wait_bgsave');
    second.call('REPLICAOF', master.host, PORT);
    world.until(() => first.isUp && second.isUp);
    expect(master.logged('Starting BGSAVE for SYNC')).toHaveLength(1);
  });

  it('does not wait when enough replicas have come', () => {
    const world = new ReplicationWorld();
    const master = world.start('master', {
      'repl-diskless-sync-delay': '1000',
      'repl-diskless-sync-max-replicas': '2',
    });
    const [first, second] = [world.start('first'), world.start('second')];
    first.call('REPLICAOF', master.host, PORT);
    world.advance(2000);
    expect(first.isUp).toBe(false);
    expect(world.follow(second, master)).toBeLessThan(1000);
    world.until(() => first.isUp);
  });

  it('keeps the old dataset, and serves it, until the new one is complete', () => {
    const world = new ReplicationWorld({ latency: 100 });
    const [master, replica] = [world.start('master'), world.start('replica')];
    fill(master);
    replica.call('SET', 'old', 'data');
    replica.call('REPLICAOF', master.host, PORT);
    world.until(() => replica.replication.role?.link.stateName === 'sync');
    expect(replica.call('GET', 'old')).toBe('data');
    world.until(() => replica.isUp);
    expect(replica.call('GET', 'old')).toBeNull();
  });
});

describe('partial resynchronisation', () => {
  it('follows a broken connection at once, without a snapshot', () => {
    const world = new ReplicationWorld();
    const [master, replica] = [world.start('master'), world.start('replica')];
    world.follow(replica, master);
    master.call('SET', 'a', '1');
    world.world.network.cut('master', 'replica');
    for (let i = 0; i < 10; i++) master.call('INCR', 'a');
    expect(world.until(() => replica.isUp && replica.offset === master.offset)).toBeLessThan(100);
    expect(replica.dataset()).toEqual(master.dataset());
    expect(syncCounts(master)).toEqual({ full: 1, partial: 1, refused: 1 });
  });

  it('goes on in the database that was selected when the connection broke', () => {
    const world = new ReplicationWorld();
    const [master, replica] = [world.start('master'), world.start('replica')];
    world.follow(replica, master);
    master.call('SELECT', 7);
    master.call('SET', 'a', '1');
    world.settle(master, replica);
    world.world.network.cut('master', 'replica');
    master.call('SET', 'b', '2');
    world.settle(master, replica);
    expect(Object.keys(replica.dataset())).toEqual(['7/a', '7/b']);
  });

  it('is not possible when more was written than the backlog holds', () => {
    const world = new ReplicationWorld();
    const master = world.start('master', { 'repl-backlog-size': '16kb' });
    const replica = world.start('replica');
    world.follow(replica, master);
    const heal = world.world.network.partition('master', 'replica');
    world.world.network.cut('master', 'replica');
    for (let i = 0; i < 10; i++) master.call('SET', `k${i}`, 'v'.repeat(10_000));
    heal();
    world.settle(master, replica);
    expect(replica.dataset()).toEqual(master.dataset());
    expect(syncCounts(master)).toMatchObject({ full: 2, partial: 0 });
  });

  it('lets replicas of a dead master follow the promoted one, and the old master too when it returns', () => {
    const world = new ReplicationWorld();
    const [a, b, c] = [world.start('a'), world.start('b'), world.start('c')];
    world.follow(b, a);
    world.follow(c, a);
    a.call('SET', 'k', '1');
    world.settle(a, b, c);
    const heal = world.world.network.partition('a', ['b', 'c']);
    b.call('REPLICAOF', 'NO', 'ONE');
    b.call('SET', 'k', '2');
    world.follow(c, b);
    world.settle(b, c);
    heal();
    world.follow(a, b);
    world.settle(b, a, c);
    expect(a.dataset()).toEqual(b.dataset());
    expect(c.dataset()).toEqual(b.dataset());
    expect(syncCounts(b)).toEqual({ full: 0, partial: 2, refused: 0 });
    expect(b.info()).toMatchObject({ role: 'master', connected_slaves: '2' });
    expect(a.replid).toBe(b.replid);
  });

  it('is refused to an old master that has writes of its own: it gets everything', () => {
    const world = new ReplicationWorld();
    const [a, b] = [world.start('a'), world.start('b')];
    world.follow(b, a);
    world.settle(a, b);
    const heal = world.world.network.partition('a', 'b');
    a.call('SET', 'lost', '1');
    b.call('REPLICAOF', 'NO', 'ONE');
    b.call('SET', 'kept', '1');
    heal();
    world.follow(a, b);
    expect(Object.keys(a.dataset())).toEqual(['0/kept']);
    expect(syncCounts(b)).toEqual({ full: 1, partial: 0, refused: 1 });
  });

  it('works from a snapshot: a restarted replica asks for what it lacks only', () => {
    const world = new ReplicationWorld();
    const [master, replica] = [world.start('master'), world.start('replica')];
    world.follow(replica, master);
    master.call('SELECT', 2);
    master.call('SET', 'a', '1');
    world.settle(master, replica);
    const position = replica.replication.streamPosition!;
    expect(position).toMatchObject({ replid: master.replid, offset: master.offset, streamDatabase: 2 });
    replica.process.kill();
    master.call('SET', 'b', '2');
    const restarted = world.start('replica', { replicaof: `${master.host} ${PORT}` });
    restarted.replication.start(factsOf(position));
    world.settle(master, restarted);
    expect(Object.keys(restarted.dataset())).toEqual(['2/b']);
    expect(syncCounts(master)).toMatchObject({ full: 1, partial: 1 });
  });

  it('works from a snapshot: replicas of a restarted master go on if they were up to date', () => {
    const world = new ReplicationWorld();
    const [master, replica] = [world.start('master'), world.start('replica')];
    world.follow(replica, master);
    master.call('SET', 'a', '1');
    world.settle(master, replica);
    const position = master.replication.streamPosition!;
    master.process.kill();
    const restarted = world.start('master');
    restarted.replication.start(factsOf(position));
    restarted.call('SET', 'b', '2');
    world.settle(restarted, replica);
    expect(Object.keys(replica.dataset())).toEqual(['0/a', '0/b']);
    expect(syncCounts(restarted)).toEqual({ full: 0, partial: 1, refused: 0 });
    expect(restarted.info()).toMatchObject({ master_replid2: position.replid });
  });
});

describe('a chain of replicas', () => {
  it('has the same offsets and ids everywhere, and survives the loss of its middle', () => {
    const world = new ReplicationWorld();
    const [a, b, c] = [world.start('a'), world.start('b'), world.start('c')];
    fill(a);
    world.follow(b, a);
    world.follow(c, b);
    a.call('SELECT', 5);
    a.call('SET', 'k', '1');
    a.call('MULTI');
    a.call('INCR', 'k');
    a.call('INCR', 'k');
    a.call('EXEC');
    world.settle(a, b, c);
    expect(c.dataset()).toEqual(a.dataset());
    expect(c.replid).toBe(a.replid);
    world.follow(c, a);
    a.call('INCR', 'k');
    world.settle(a, b, c);
    expect(syncCounts(a)).toMatchObject({ full: 1, partial: 1 });
    expect(c.dataset()).toEqual(a.dataset());
  });

  it('tells the new id to the end of the chain when its head changes', () => {
    const world = new ReplicationWorld();
    const [a, b, c] = [world.start('a'), world.start('b'), world.start('c')];
    world.follow(b, a);
    world.follow(c, b);
    a.call('SET', 'k', '1');
    world.settle(a, b, c);
    b.call('REPLICAOF', 'NO', 'ONE');
    world.until(() => c.isUp && c.replid === b.replid);
    b.call('SET', 'k', '2');
    world.settle(b, c);
    expect(c.dataset()).toEqual(b.dataset());
    expect(syncCounts(b)).toMatchObject({ full: 1, partial: 1 });
  });

  it('refuses to serve while its own master is not there', () => {
    const world = new ReplicationWorld();
    const [b, c] = [world.start('b'), world.start('c')];
    b.call('REPLICAOF', '10.99.99.99', PORT);
    c.call('REPLICAOF', b.host, PORT);
    world.advance(2000);
    expect(c.isUp).toBe(false);
    expect(c.logged('NOMASTERLINK').length).toBeGreaterThan(0);
    b.call('REPLICAOF', 'NO', 'ONE');
    world.until(() => c.isUp);
  });
});

describe('the history without replicas', () => {
  it('is not counted before the first replica comes', () => {
    const master = new ReplicationWorld().start('master');
    master.call('SET', 'a', '1');
    expect(master.info()).toMatchObject({ master_repl_offset: '0', repl_backlog_active: '0' });
  });

  it('ends under its name when the backlog is freed', () => {
    const world = new ReplicationWorld();
    const master = world.start('master', { 'repl-backlog-ttl': '10' });
    const replica = world.start('replica');
    world.follow(replica, master);
    const { replid } = master;
    replica.call('REPLICAOF', 'NO', 'ONE');
    world.advance(9000);
    expect(master.info()).toMatchObject({ repl_backlog_active: '1', master_replid: replid });
    world.advance(3000);
    expect(master.info().repl_backlog_active).toBe('0');
    expect(master.replid).not.toBe(replid);
  });

  it('is as the reference says after a start from a snapshot', () => {
    const master = new ReplicationWorld().start('master');
    const replid = 'd'.repeat(40);
    master.replication.start(factsOf({ replid, offset: 1234, streamDatabase: 0 }));
    expect(master.info()).toMatchObject({
      master_replid2: replid,
      second_repl_offset: '1235',
      master_repl_offset: '1234',
      repl_backlog_first_byte_offset: '1235',
      repl_backlog_histlen: '0',
    });
  });
});

describe('a replica under CLIENT PAUSE', () => {
  it('keeps what its master sends, and applies it when the pause ends', () => {
    const world = new ReplicationWorld();
    const [master, replica] = [world.start('master'), world.start('replica')];
    world.follow(replica, master);
    const { pause } = replica.server;
    pause.begin('client', 100_000, true);
    master.call('SET', 'a', '1');
    world.advance(500);
    expect(replica.call('GET', 'a')).toBeNull();
    pause.end('client');
    world.settle(master, replica);
    expect(replica.call('GET', 'a')).toBe('1');
    expect(replica.dataset()).toEqual(master.dataset());
  });
});
