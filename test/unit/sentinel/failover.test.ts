/** Failovers by whole sentinels over whole servers, in virtual time. */
import { describe, expect, it } from 'vitest';
import { MASTER_NAME, SentinelWorld } from '../../support/sentinel-world.js';

const DOWN_AFTER_MS = 1000;

/** When a server first takes a write after a fault; the answer travels, too. */
function untilWritable(group: SentinelWorld, names: readonly string[]): string {
  let writable = '';
  group.until(() => {
    writable = names.find((name) => group.call(name, 'SET', 'probe', 'x') === 'OK') ?? '';
    return writable !== '';
  });
  return writable;
}

describe('a killed master', () => {
  it('is replaced as soon as down-after is over, and not earlier', () => {
    const group = SentinelWorld.of(3, 3);
    const faultMs = group.nowMs;
    group.kill('server-1');
    const promoted = untilWritable(group, ['server-2', 'server-3']);
    expect(group.nowMs - faultMs).toBeGreaterThan(DOWN_AFTER_MS);
    expect(group.nowMs - faultMs).toBeLessThan(DOWN_AFTER_MS + 30);
    expect(group.firstAt('+sdown', faultMs) - faultMs).toBeGreaterThanOrEqual(DOWN_AFTER_MS);
    group.until(() => group.sentinelNames().every((name) => group.masterAt(name) === promoted));
    expect(group.nowMs - faultMs).toBeLessThan(DOWN_AFTER_MS + 60);
  });

  it('is replaced in the order of events that Redis Sentinel has', () => {
    const group = SentinelWorld.of(3, 3);
    const faultMs = group.nowMs;
    group.kill('server-1');
    group.untilPublished('+failover-end', faultMs);
    group.advance(10);
    const leader = group.published.find(({ channel }) => channel === '+elected-leader')?.sentinel ?? '';
    const follower = group.sentinelNames().find((name) => name !== leader) ?? '';
    expect(group.channelsOf(leader, faultMs)).toEqual([
      '+sdown',
      '+odown',
      '+new-epoch',
      '+try-failover',
      '+vote-for-leader',
      '+elected-leader',
      '+failover-state-select-slave',
      '+selected-slave',
      '+failover-state-send-slaveof-noone',
      '+failover-state-wait-promotion',
      '-role-change',
      '+promoted-slave',
      '+failover-state-reconf-slaves',
      '+slave-reconf-sent',
      '+slave-reconf-inprog',
      '+slave-reconf-done',
      '+failover-end',
      '+switch-master',
      '+slave',
      '+slave',
    ]);
    expect(group.channelsOf(follower, faultMs)).toEqual([
      '+sdown',
      '+odown',
      '+new-epoch',
      '+vote-for-leader',
      '-role-change',
      '+config-update-from',
      '+switch-master',
      '+slave',
      '+slave',
    ]);
  });

  it('comes back as a replica of the new one, after the time that a newer configuration may need', () => {
    const group = SentinelWorld.of(3, 3);
    group.kill('server-1');
    group.untilPublished('+failover-end');
    const returnMs = group.nowMs;
    group.restart('server-1');
    group.until(() => group.role('server-1') === 'slave');
    expect(group.nowMs - returnMs).toBeGreaterThan(8000);
    expect(group.nowMs - returnMs).toBeLessThan(10_500);
    group.until(() =>
      group.maps('sentinel-1', 'REPLICAS', MASTER_NAME).every(({ flags }) => flags === 'slave'),
    );
  });

  it('of several masters on one machine: each group fails over at once', () => {
    const group = new SentinelWorld();
    const masters = ['one', 'two', 'three'];
    for (let i = 1; i <= 3; i++) group.startServer(`server-${i}`, i === 1 ? null : 'server-1');
    const address = group.address('server-1');
    const lines = masters.flatMap((name) => [
      `sentinel monitor ${name} ${address} 6379 2`,
      `sentinel down-after-milliseconds ${name} 1000`,
    ]);
    for (let i = 1; i <= 3; i++) group.startSentinel(`sentinel-${i}`, { lines });
    group.untilReady(2, 2);
    const faultMs = group.nowMs;
    group.kill('server-1');
    group.until(
      () =>
        group.published.filter(({ channel, atMs }) => channel === '+promoted-slave' && atMs > faultMs)
          .length >= 4,
    );
    expect(group.nowMs - faultMs).toBeLessThan(DOWN_AFTER_MS + 60);
    for (const leaders of group.leaders().values()) expect(leaders.size).toBe(1);
  });
});

describe('a frozen master', () => {
  it('is replaced at most a ping gap later than a killed one', () => {
    const group = SentinelWorld.of(3, 3);
    const faultMs = group.nowMs;
    group.pause('server-1');
    const promoted = untilWritable(group, ['server-2', 'server-3']);
    expect(group.nowMs - faultMs).toBeGreaterThan(DOWN_AFTER_MS);
    expect(group.nowMs - faultMs).toBeLessThan(DOWN_AFTER_MS + 100 + 30);
    group.resume('server-1');
    group.until(() => group.role('server-1') === 'slave');
    expect(group.role(promoted)).toBe('master');
  });

  it('that goes on before down-after is over is left alone', () => {
    const group = SentinelWorld.of(3, 3);
    const faultMs = group.nowMs;
    group.pause('server-1');
    group.advance(DOWN_AFTER_MS - 20);
    group.resume('server-1');
    group.advance(5000);
    expect(group.has('+sdown', faultMs)).toBe(false);
  });
});

describe('the choice of the replica', () => {
  it('goes by what replicas say after the failure, not by what they said last', () => {
    const group = SentinelWorld.of(3, 3);
    group.call('server-1', 'SET', 'early', 'x');
    group.advance(12_000);
    const offsets = (): bigint[] =>
      ['server-2', 'server-3'].map((name) => BigInt((group.call(name, 'ROLE') as (string | number)[])[4]));
    // One replica stops receiving; the other goes on after the last regular report.
    group.world.network.partition('server-1', 'server-2');
    for (let i = 0; i < 20; i++) group.call('server-1', 'SET', `late:${i}`, 'x');
    const [behind, ahead] = offsets();
    expect(ahead).toBeGreaterThan(behind);
    const faultMs = group.nowMs;
    group.kill('server-1');
    group.untilPublished('+promoted-slave', faultMs);
    const selected = group.published.find(
      ({ channel, atMs }) => channel === '+selected-slave' && atMs > faultMs,
    );
    expect(group.nameOf(selected?.payload.split(' ')[2] ?? '')).toBe('server-3');
    expect(group.call('server-3', 'GET', 'late:19')).toBe('x');
  });

  it('does not wait for a replica that does not answer', () => {
    const group = SentinelWorld.of(3, 3);
    const faultMs = group.nowMs;
    group.pause('server-3');
    group.kill('server-1');
    group.untilPublished('+promoted-slave', faultMs);
    expect(group.nowMs - faultMs).toBeLessThan(DOWN_AFTER_MS + 100);
    const selected = group.published.find(
      ({ channel, atMs }) => channel === '+selected-slave' && atMs > faultMs,
    );
    expect(group.nameOf(selected?.payload.split(' ')[2] ?? '')).toBe('server-2');
  });

  it('passes over those with priority 0, and when none is left says why for each', () => {
    const group = SentinelWorld.of(3, 3);
    group.call('server-2', 'CONFIG', 'SET', 'replica-priority', '0');
    group.kill('server-3');
    group.untilPublished('+sdown');
    const faultMs = group.nowMs;
    group.kill('server-1');
    group.untilPublished('-failover-abort-no-good-slave', faultMs);
    const abort = group.published.find(({ channel }) => channel === '-failover-abort-no-good-slave');
    const [two, three] = ['server-2', 'server-3'].map((name) => `${group.address(name)}:6379`);
    expect(abort?.payload).toContain(`${two} priority 0`);
    expect(abort?.payload).toContain(`${three} down`);
    expect(group.call('sentinel-1', 'SENTINEL', 'FAILOVER', MASTER_NAME)).toMatchObject({
      message: expect.stringMatching(
        /^NOGOODSLAVE No suitable replica to promote \(.*priority 0.*\)$/,
      ) as string,
    });
    // As soon as one becomes eligible the failover is tried again.
    const changeMs = group.nowMs;
    group.call('server-2', 'CONFIG', 'SET', 'replica-priority', '100');
    group.untilPublished('+promoted-slave', changeMs);
    expect(group.nowMs - changeMs).toBeLessThan(1500);
  });

  it('is the same as SENTINEL RANKING tells beforehand', () => {
    const group = SentinelWorld.of(4, 1, { quorum: 1 });
    group.call('server-3', 'CONFIG', 'SET', 'replica-priority', '10');
    group.call('server-4', 'CONFIG', 'SET', 'replica-priority', '0');
    group.advance(11_000);
    const ranking = group.maps('sentinel-1', 'RANKING', MASTER_NAME);
    expect(ranking.map(({ name, rank, reason }) => [group.nameOf(name.split(':')[0]), rank, reason])).toEqual(
      [
        ['server-3', '1', ''],
        ['server-2', '2', ''],
        ['server-4', '0', 'priority 0'],
      ],
    );
    group.kill('server-1');
    group.untilPublished('+switch-master');
    expect(group.masterAt('sentinel-1')).toBe('server-3');
  });
});

describe('the other replicas', () => {
  it('follow the new master, one after the other with parallel-syncs 1', () => {
    const group = SentinelWorld.of(5, 3);
    const faultMs = group.nowMs;
    group.kill('server-1');
    group.untilPublished('+failover-end', faultMs);
    const steps = group.published
      .filter(({ channel, atMs }) => channel.startsWith('+slave-reconf') && atMs > faultMs)
      .map(({ channel }) => channel);
    const each = ['+slave-reconf-sent', '+slave-reconf-inprog', '+slave-reconf-done'];
    expect(steps).toEqual([...each, ...each, ...each]);
    const promoted = group.masterAt('sentinel-1');
    const others = ['server-2', 'server-3', 'server-4', 'server-5'].filter((name) => name !== promoted);
    for (const name of others) expect(group.role(name)).toBe('slave');
  });

  it('that were out of reach follow it when they are back', () => {
    const group = SentinelWorld.of(3, 3);
    const heal = group.world.network.partition('server-3');
    const faultMs = group.nowMs;
    group.kill('server-1');
    group.untilPublished('+failover-end', faultMs);
    group.advance(2000);
    heal();
    group.until(() =>
      String(group.call('server-3', 'ROLE')).startsWith(`slave,${group.address('server-2')},6379,conn`),
    );
  });

  it('that were pointed elsewhere are put right, after the failover timeout', () => {
    const group = SentinelWorld.of(3, 3, { failoverTimeoutMs: 3000 });
    const changeMs = group.nowMs;
    group.call('server-3', 'REPLICAOF', group.address('server-2'), '6379');
    group.untilPublished('+fix-slave-config', changeMs);
    expect(group.nowMs - changeMs).toBeGreaterThan(3000);
    group.until(() =>
      String(group.call('server-3', 'ROLE')).startsWith(`slave,${group.address('server-1')},6379,conn`),
    );
  });
});

describe('by order', () => {
  it('a failover needs no failure and no votes', () => {
    const group = SentinelWorld.of(3, 3);
    expect(group.call('sentinel-2', 'SENTINEL', 'FAILOVER', MASTER_NAME)).toBe('OK');
    expect(group.call('sentinel-2', 'SENTINEL', 'FAILOVER', MASTER_NAME)).toMatchObject({
      message: 'INPROG Failover already in progress',
    });
    group.untilPublished('+failover-end', 0);
    expect(group.masterAt('sentinel-2')).not.toBe('server-1');
    group.until(() => group.role('server-1') === 'slave');
  });

  it('a coordinated one has the master hand over: nothing it acknowledged is lost', () => {
    const group = SentinelWorld.of(3, 3);
    for (let i = 0; i < 50; i++) group.call('server-1', 'SET', `key:${i}`, 'x');
    expect(group.call('sentinel-2', 'SENTINEL', 'FAILOVER', MASTER_NAME, 'COORDINATED')).toBe('OK');
    group.untilPublished('+failover-end', 0);
    const promoted = group.masterAt('sentinel-2');
    expect(promoted).not.toBe('server-1');
    expect(group.call(promoted, 'DBSIZE')).toBe(50);
    expect(group.role('server-1')).toBe('slave');
    expect([...group.leaders().values()].map((each) => each.size)).toEqual([1]);
  });

  it('one that goes back to the old master ends the one that had left it and is not over yet', () => {
    const group = SentinelWorld.of(3, 3);
    // As long as this replica may still answer, the first failover waits for it.
    group.world.network.partition('server-3');
    const orderMs = group.nowMs;
    group.call('sentinel-1', 'SENTINEL', 'FAILOVER', MASTER_NAME);
    group.until(() => group.masterAt('sentinel-2') === 'server-2');
    expect(group.call('sentinel-2', 'SENTINEL', 'FAILOVER', MASTER_NAME)).toBe('OK');
    group.until(() => group.masterAt('sentinel-2') === 'server-1');
    expect(group.has('+failover-end', orderMs)).toBe(false);

    group.advance(60_000);
    expect(group.sentinelNames().map((name) => group.masterAt(name))).toEqual(Array(3).fill('server-1'));
    expect(group.role('server-1')).toBe('master');
    expect(group.role('server-2')).toBe('slave');
    expect(group.channelsOf('sentinel-1', orderMs)).toContain('+config-update-from');
    expect(group.channelsOf('sentinel-1', orderMs)).not.toContain('+failover-end');
  });

  it('what the master does not accept is given up, with its words', () => {
    const group = SentinelWorld.of(3, 3);
    group.call('server-1', 'ACL', 'SETUSER', 'default', '-failover');
    group.call('sentinel-2', 'SENTINEL', 'FAILOVER', MASTER_NAME, 'COORDINATED');
    group.untilPublished('-failover-abort-slave-timeout', 0);
    const abort = group.published.find(({ channel }) => channel === '-failover-abort-slave-timeout');
    expect(abort?.payload).toContain('NOPERM');
    expect(group.masterAt('sentinel-2')).toBe('server-1');
  });
});

describe('a replica that refuses to be promoted', () => {
  it('is passed over in the next attempt, which comes at once', () => {
    const group = SentinelWorld.of(3, 3);
    group.call('server-2', 'CONFIG', 'SET', 'replica-priority', '1');
    group.call('server-2', 'ACL', 'SETUSER', 'default', '-replicaof', '-slaveof');
    group.advance(11_000);
    const faultMs = group.nowMs;
    group.kill('server-1');
    group.untilPublished('+promoted-slave', faultMs);
    expect(group.has('-failover-abort-slave-timeout', faultMs)).toBe(true);
    expect(group.masterAt(group.published.at(-1)?.sentinel ?? '')).toBe('server-3');
    expect(group.nowMs - faultMs).toBeLessThan(DOWN_AFTER_MS + 300);
  });

  it('only the rewriting of its file or the disconnection of its clients is promoted all the same', () => {
    const group = SentinelWorld.of(2, 1, { quorum: 1 });
    group.call('server-2', 'ACL', 'SETUSER', 'default', '-config|rewrite', '-client|kill');
    const faultMs = group.nowMs;
    group.kill('server-1');
    group.untilPublished('+switch-master', faultMs);
    expect(group.nowMs - faultMs).toBeLessThan(DOWN_AFTER_MS + 250);
  });
});
