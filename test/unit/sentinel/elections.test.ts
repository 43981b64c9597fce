/** Who leads, and when nobody does: whole sentinels in virtual time. */
import { describe, expect, it } from 'vitest';
import { MASTER_NAME, SentinelWorld } from '../../support/sentinel-world.js';

describe('without enough sentinels', () => {
  it('two of three dead: no failover, and the reason is said', () => {
    const group = SentinelWorld.of(3, 3);
    group.kill('sentinel-2');
    group.kill('sentinel-3');
    group.advance(2000);
    const faultMs = group.nowMs;
    group.kill('server-1');
    group.advance(120_000);
    expect(group.has('+odown', faultMs)).toBe(false);
    expect(group.has('+try-failover', faultMs)).toBe(false);
    const refusals = group.published.filter(({ channel }) => channel === '-failover-refused');
    expect(refusals).toHaveLength(1);
    expect(refusals[0].payload).toBe(
      `master ${MASTER_NAME} ${group.address('server-1')} 6379 #no quorum: ` +
        '1 of 2 needed sentinels agree that the master is down, 2 known sentinels unreachable',
    );
    expect(group.file('sentinel-1')).toContain('sentinel current-epoch 0\n');
  });

  it('a quorum is not a majority: no failover, no epoch spent, and the reason is said', () => {
    const group = SentinelWorld.of(3, 3, { quorum: 1 });
    group.kill('sentinel-2');
    group.kill('sentinel-3');
    group.advance(2000);
    const faultMs = group.nowMs;
    group.kill('server-1');
    group.advance(60_000);
    expect(group.has('+odown', faultMs)).toBe(true);
    expect(group.has('+try-failover', faultMs)).toBe(false);
    const refusals = group.published.filter(({ channel }) => channel === '-failover-refused');
    expect(refusals.map(({ payload }) => payload.split('#')[1])).toEqual([
      'no majority: 1 of 3 known sentinels reachable, 2 needed to authorize a failover',
    ]);
    // One that comes back makes the majority whole.
    const returnMs = group.nowMs;
    group.restart('sentinel-2');
    group.untilPublished('+promoted-slave', returnMs);
    expect(group.nowMs - returnMs).toBeLessThan(3000);
  });

  it('one alone with quorum 1 elects itself', () => {
    const group = SentinelWorld.of(2, 1, { quorum: 1 });
    const faultMs = group.nowMs;
    group.kill('server-1');
    group.untilPublished('+switch-master', faultMs);
    expect(group.nowMs - faultMs).toBeLessThan(1050);
    expect(group.masterAt('sentinel-1')).toBe('server-2');
  });

  it('a minority that is cut off with the master changes nothing', () => {
    const group = SentinelWorld.of(3, 3);
    const heal = group.world.network.partition(
      ['server-1', 'sentinel-1'],
      ['server-2', 'server-3', 'sentinel-2', 'sentinel-3'],
    );
    group.untilPublished('+switch-master');
    expect(
      group.published.filter(
        ({ channel, sentinel }) => channel === '+switch-master' && sentinel === 'sentinel-1',
      ),
    ).toEqual([]);
    expect(group.masterAt('sentinel-1')).toBe('server-1');
    heal();
    const promoted = group.masterAt('sentinel-2');
    group.until(() => group.masterAt('sentinel-1') === promoted);
    group.until(() => group.role('server-1') === 'slave');
  });
});

describe('the leader', () => {
  it('is one per epoch, with a slow disk, too, and the first attempt elects it', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const group = SentinelWorld.of(3, 5, { quorum: 3 }, { seed, syncLatency: { minMs: 1, maxMs: 120 } });
      const faultMs = group.nowMs;
      group.kill('server-1');
      group.untilPublished('+promoted-slave', faultMs);
      expect([...group.leaders().values()].map((each) => each.size)).toEqual([1]);
      expect(group.has('-failover-abort-not-elected', faultMs)).toBe(false);
    }
  });

  it('that dies once elected is replaced as soon as it is seen dead, without the wait of Redis Sentinel', () => {
    const group = SentinelWorld.of(3, 3);
    for (const name of group.sentinelNames()) {
      group.call(name, 'SENTINEL', 'SIMULATE-FAILURE', 'crash-after-election');
    }
    const faultMs = group.nowMs;
    group.kill('server-1');
    group.untilPublished('+elected-leader', faultMs);
    const dead = group.members.find(({ kind, isRunning }) => kind === 'sentinel' && !isRunning)!.name;
    expect(group.processOf(dead).state).toEqual({ kind: 'exited', code: 99 });
    const deathMs = group.nowMs;
    for (const name of group.sentinelNames()) {
      if (name !== dead) group.sentinel(name).simulatedCrashes.clear();
    }
    group.untilPublished('+promoted-slave', deathMs);
    // down-after for the dead sentinel, and an election.
    expect(group.nowMs - deathMs).toBeLessThan(1000 + 150);
  });

  it('that dies once it has promoted a replica is replaced, and the same replica stays master', () => {
    const group = SentinelWorld.of(3, 3);
    for (const name of group.sentinelNames()) {
      group.call(name, 'SENTINEL', 'SIMULATE-FAILURE', 'crash-after-promotion');
    }
    const faultMs = group.nowMs;
    group.kill('server-1');
    group.untilPublished('+promoted-slave', faultMs);
    const promoted = ['server-2', 'server-3'].find((name) => group.role(name) === 'master') ?? '';
    const alive = group.sentinelNames().filter((name) => group.processOf(name).isAlive);
    expect(alive).toHaveLength(2);
    group.call(promoted, 'SET', 'taken', 'x');
    for (const name of alive) group.sentinel(name).simulatedCrashes.clear();
    group.until(() => alive.every((name) => group.masterAt(name) === promoted));
    expect(group.call(promoted, 'GET', 'taken')).toBe('x');
  });

  it('gives up when it cannot reach any replica, and another one that can takes over', () => {
    const group = SentinelWorld.of(3, 3);
    const ids = group
      .sentinelNames()
      .map((name) => ({ name, id: String(group.call(name, 'SENTINEL', 'MYID')) }));
    const [first] = ids.sort((a, b) => (a.id < b.id ? -1 : 1));
    group.world.network.partition(first.name, ['server-2', 'server-3']);
    const faultMs = group.nowMs;
    group.kill('server-1');
    group.untilPublished('-failover-abort-no-good-slave', faultMs);
    const abortMs = group.nowMs;
    group.untilPublished('+promoted-slave', faultMs);
    expect(group.nowMs - abortMs).toBeLessThan(200);
    group.until(() => group.sentinelNames().every((name) => group.masterAt(name) !== 'server-1'));
  });
});

describe('a disk that refuses', () => {
  it('at a voter: it gives no vote, and the election goes on without it', () => {
    const group = SentinelWorld.of(3, 3);
    const ids = group
      .sentinelNames()
      .map((name) => ({ name, id: String(group.call(name, 'SENTINEL', 'MYID')) }));
    ids.sort((a, b) => (a.id < b.id ? -1 : 1));
    const [, , last] = ids;
    group.world.host(last.name).disk.faults.add({ operation: 'sync', code: 'EIO' });
    const faultMs = group.nowMs;
    group.kill('server-1');
    group.untilPublished('+promoted-slave', faultMs);
    expect(
      group.published.some(
        ({ channel, sentinel }) => channel === '+vote-for-leader' && sentinel === last.name,
      ),
    ).toBe(false);
  });

  it('at everybody: nobody is elected', () => {
    const group = SentinelWorld.of(3, 3);
    for (const name of group.sentinelNames())
      group.world.host(name).disk.faults.add({ operation: 'sync', code: 'EIO' });
    const faultMs = group.nowMs;
    group.kill('server-1');
    group.advance(60_000);
    expect(group.has('+try-failover', faultMs)).toBe(true);
    expect(group.has('+vote-for-leader', faultMs)).toBe(false);
    expect(group.has('+elected-leader', faultMs)).toBe(false);
    expect(group.role('server-2')).toBe('slave');
  });
});
