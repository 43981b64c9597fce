/** FAILOVER: a planned handover of the role of master. */
import { describe, expect, it } from 'vitest';
import { errorReply } from '../../support/resp.js';
import { PORT, ReplicationWorld, type ReplicatedServer } from '../../support/replication-world.js';

function threeServers(): {
  world: ReplicationWorld;
  a: ReplicatedServer;
  b: ReplicatedServer;
  c: ReplicatedServer;
} {
  const world = new ReplicationWorld();
  const [a, b, c] = [world.start('a'), world.start('b'), world.start('c')];
  world.follow(b, a);
  world.follow(c, a);
  a.call('SET', 'k', '1');
  world.settle(a, b, c);
  return { world, a, b, c };
}

describe('FAILOVER', () => {
  it('makes a replica the master and the master its replica, without a full resynchronisation', () => {
    const { world, a, b, c } = threeServers();
    expect(a.call('FAILOVER', 'TO', b.host, PORT)).toBe('OK');
    expect(a.info().master_failover_state).toBe('waiting-for-sync');
    expect(world.until(() => b.info().role === 'master' && a.isUp)).toBeLessThan(300);
    expect(a.info().master_failover_state).toBe('no-failover');
    b.call('SET', 'k', '2');
    world.settle(b, a);
    expect(a.call('GET', 'k')).toBe('2');
    world.until(() => c.isUp && c.offset === b.offset);
    expect(c.call('GET', 'k')).toBe('2');
    expect(b.server.statistics.syncFull + a.server.statistics.syncFull).toBe(2);
  });

  it('takes any replica that has everything when none is named', () => {
    const { world, a, b, c } = threeServers();
    a.call('FAILOVER');
    world.until(() => a.isUp);
    expect([b, c].filter((server) => server.info().role === 'master')).toHaveLength(1);
  });

  it('holds writes back meanwhile, and answers them by the new role', () => {
    const { world, a, b } = threeServers();
    world.world.network.setLatency('a', 'b', 50);
    a.call('FAILOVER', 'TO', b.host, PORT);
    const client = a.connect();
    a.send(client, 'SET', 'k', 'late');
    a.send(a.connect(), 'GET', 'k');
    world.advance(60);
    expect(client.replies()).toEqual([]);
    world.until(() => a.isUp);
    world.advance(10);
    expect(client.replies()).toEqual([errorReply("READONLY You can't write against a read only replica.")]);
    expect(b.call('GET', 'k')).toBe('1');
  });

  it('gives up when the replica does not catch up in time', () => {
    const { world, a, b } = threeServers();
    b.process.pause();
    a.call('SET', 'k', '2');
    a.call('FAILOVER', 'TO', b.host, PORT, 'TIMEOUT', 500);
    world.advance(499);
    expect(a.info().master_failover_state).toBe('waiting-for-sync');
    world.advance(2);
    expect(a.info()).toMatchObject({ master_failover_state: 'no-failover', role: 'master' });
    expect(a.logged('Replica never caught up before timeout')).toHaveLength(1);
    expect(a.call('SET', 'k', '3')).toBe('OK');
  });

  it('goes ahead after the time when forced', () => {
    const { world, a, b } = threeServers();
    b.process.pause();
    a.call('SET', 'k', '2');
    a.call('FAILOVER', 'TO', b.host, PORT, 'FORCE', 'TIMEOUT', 500);
    world.advance(600);
    expect(a.info()).toMatchObject({ master_failover_state: 'failover-in-progress', role: 'slave' });
    b.process.resume();
    world.until(() => a.isUp && b.info().role === 'master');
    expect(a.logged('time out exceeded, failing over.')).toHaveLength(1);
  });

  it('makes the master a master again when the replica refuses', () => {
    const { world, a, b } = threeServers();
    const lonely = world.start('lonely');
    lonely.call('REPLCONF', 'x', 'y');
    b.process.pause();
    a.call('SET', 'k', '2');
    a.call('FAILOVER', 'TO', b.host, PORT, 'FORCE', 'TIMEOUT', 100);
    world.advance(50);
    // Meanwhile the replica turns to somebody else, and has another history.
    b.process.resume();
    b.call('REPLICAOF', 'NO', 'ONE');
    world.until(() => a.info().role === 'master' && a.info().master_failover_state === 'no-failover');
    expect(a.logged('Failover target rejected psync request')).toHaveLength(1);
    expect(a.call('SET', 'k', '3')).toBe('OK');
  });

  it('can be aborted, before and after the handover has begun', () => {
    const { world, a, b } = threeServers();
    b.process.pause();
    a.call('SET', 'k', '2');
    a.call('FAILOVER', 'TO', b.host, PORT);
    expect(a.call('FAILOVER')).toEqual(errorReply('ERR FAILOVER already in progress.'));
    expect(a.call('REPLICAOF', 'NO', 'ONE')).toEqual(
      errorReply('ERR REPLICAOF not allowed while failing over.'),
    );
    expect(a.call('FAILOVER', 'ABORT')).toBe('OK');
    expect(a.call('FAILOVER', 'ABORT')).toEqual(errorReply('ERR No failover in progress.'));
    a.call('FAILOVER', 'TO', b.host, PORT, 'FORCE', 'TIMEOUT', 10);
    world.advance(20);
    expect(a.info().role).toBe('slave');
    expect(a.call('FAILOVER', 'ABORT')).toBe('OK');
    expect(a.info().role).toBe('master');
    expect(a.call('SET', 'k', '3')).toBe('OK');
  });

  it('refuses what is not possible', () => {
    const { a, b } = threeServers();
    const alone = new ReplicationWorld().start('alone');
    const error = (text: string) => errorReply(`ERR ${text}`);
    expect(alone.call('FAILOVER')).toEqual(error('FAILOVER requires connected replicas.'));
    expect(b.call('FAILOVER')).toEqual(error('FAILOVER is not valid when server is a replica.'));
    expect(a.call('FAILOVER', 'TO', '10.9.9.9', PORT)).toEqual(
      error('FAILOVER target HOST and PORT is not a replica.'),
    );
    expect(a.call('FAILOVER', 'TIMEOUT', 0)).toEqual(error('FAILOVER timeout must be greater than 0'));
    expect(a.call('FAILOVER', 'TO', b.host, PORT, 'FORCE')).toEqual(
      error('FAILOVER with force option requires both a timeout and target HOST and IP.'),
    );
    expect(a.call('FAILOVER', 'NONSENSE')).toEqual(error('syntax error'));
    const client = a.connect();
    expect(a.callOn(client, 'PSYNC', a.replid, 1, 'FAILOVER')).toEqual(
      error("PSYNC FAILOVER can't be sent to a master."),
    );
    expect(b.callOn(b.connect(), 'PSYNC', 'f'.repeat(40), 1, 'FAILOVER')).toEqual(
      error('PSYNC FAILOVER replid must match my replid.'),
    );
  });
});
