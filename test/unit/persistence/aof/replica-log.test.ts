/** The append-only log of replicas, and WAITAOF. */
import { describe, expect, it } from 'vitest';
import { LOG_DIRECTORY } from '../../../support/logged-server.js';
import { ErrorReply } from '../../../support/resp.js';
import { ReplicationWorld, type ReplicatedServer } from '../../../support/replication-world.js';

/** Switches the log on and waits until it counts. */
function log(world: ReplicationWorld, server: ReplicatedServer): void {
  server.configure('appendonly', 'yes');
  settle(world, server);
}

function settle(world: ReplicationWorld, server: ReplicatedServer): void {
  const { aof } = server.persistence;
  world.until(() => !aof.isRewriting && aof.hasSynced(0));
}

function logOf(server: ReplicatedServer, name: string): string {
  const path = LOG_DIRECTORY.replace('server', server.process.name);
  return server.process.host.disk.text(`${path}/appendonly.aof.${name}`) ?? '';
}

function waitAof(
  world: ReplicationWorld,
  server: ReplicatedServer,
  local: number,
  replicas: number,
): unknown {
  const client = server.connect();
  server.send(client, 'INCR', 'counter');
  client.replies();
  server.send(client, 'WAITAOF', local, replicas, 5000);
  const replies: unknown[] = [];
  world.until(() => replies.push(...client.replies()) > 0);
  return replies[0];
}

describe('a replica with an append-only log', () => {
  it('begins it anew with the dataset of its master, and logs what it receives', () => {
    const world = new ReplicationWorld();
    const master = world.start('master');
    const replica = world.start('replica');
    log(world, replica);
    replica.call('SET', 'own', '1');
    master.call('SET', 'before', '1');
    world.follow(replica, master);
    settle(world, replica);
    master.call('SELECT', 3);
    master.call('SET', 'after', '1');
    world.settle(master, replica);
    world.advance(100);
    const base = logOf(replica, '2.base.rdb');
    expect(base).toContain('before');
    expect(base).not.toContain('own');
    const commands = logOf(replica, '2.incr.aof').replace(/\r\n/g, ' ');
    expect(commands).toBe('*2 $6 SELECT $1 3 *3 $3 SET $5 after $1 1 ');
  });

  it('tells its master what is on its disk', () => {
    const world = new ReplicationWorld();
    const master = world.start('master');
    const replica = world.start('replica');
    world.follow(replica, master);
    expect(waitAof(world, master, 0, 1)).toEqual([0, 0]);
    log(world, replica);
    expect(waitAof(world, master, 0, 1)).toEqual([0, 1]);
    log(world, master);
    expect(waitAof(world, master, 1, 1)).toEqual([1, 1]);
  });
});

describe('the offset of a master that nobody follows', () => {
  it('stands still without a log, and counts commands with one', () => {
    const world = new ReplicationWorld();
    const master = world.start('master');
    master.call('SET', 'key', '1');
    expect(master.info().master_repl_offset).toBe('0');
    log(world, master);
    master.call('SET', 'key', '2');
    master.call('GET', 'key');
    master.call('SET', 'key', '3');
    expect(master.info().master_repl_offset).toBe('2');
    master.configure('appendonly', 'no');
    master.call('SET', 'key', '4');
    expect(master.info().master_repl_offset).toBe('2');
  });

  it('is where its first replica begins', () => {
    const world = new ReplicationWorld();
    const [master, replica] = [world.start('master'), world.start('replica')];
    log(world, master);
    for (let i = 0; i < 5; i++) master.call('INCR', 'counter');
    world.follow(replica, master);
    expect(replica.offset).toBe(5);
    master.call('INCR', 'counter');
    world.settle(master, replica);
    expect(replica.dataset()).toEqual(master.dataset());
    // A replica that logs what it receives counts its master's bytes, and nothing else.
    log(world, replica);
    master.call('INCR', 'counter');
    world.settle(master, replica);
    expect(replica.dataset()).toEqual(master.dataset());
  });
});

describe('WAITAOF when a replica does not sync its log', () => {
  it('does not count what came after the snapshot, however slow files are opened', () => {
    const world = new ReplicationWorld();
    const master = world.start('master');
    const replica = world.start('replica', { appendfsync: 'no' });
    log(world, replica);
    replica.process.host.disk.latency = 100;
    world.follow(replica, master);
    expect(waitAof(world, master, 0, 1)).toEqual([0, 0]);
  });

  it('does not count the place that it had in the stream of another master', () => {
    const world = new ReplicationWorld();
    const [former, master] = [world.start('former'), world.start('master')];
    const replica = world.start('replica', { appendfsync: 'no' });
    log(world, replica);
    world.follow(replica, former);
    former.call('SET', 'long', 'x'.repeat(10_000));
    world.settle(former, replica);
    settle(world, replica);
    world.follow(replica, master);
    expect(replica.offset).toBeLessThan(former.offset);
    expect(waitAof(world, master, 0, 1)).toEqual([0, 0]);
  });
});

describe('WAITAOF for the own log', () => {
  it('waits for the sync, without any replica', () => {
    const world = new ReplicationWorld();
    const master = world.start('master');
    log(world, master);
    expect(waitAof(world, master, 1, 0)).toEqual([1, 0]);
  });

  it('ends with an error when the log is switched off', () => {
    const world = new ReplicationWorld();
    const master = world.start('master');
    log(world, master);
    master.process.host.disk.syncLatency = 500;
    const client = master.connect();
    master.send(client, 'INCR', 'counter');
    master.send(client, 'WAITAOF', 1, 0, 0);
    client.replies();
    master.configure('appendonly', 'no');
    world.advance(100);
    expect(client.replies()).toEqual([
      new ErrorReply('ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.'),
    ]);
  });
});
