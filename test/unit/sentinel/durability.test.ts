/** Power failures in the middle of failovers: what a sentinel has told, its disk remembers. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MASTER_NAME, SentinelWorld } from '../../support/sentinel-world.js';

const SENTINELS = ['sentinel-1', 'sentinel-2', 'sentinel-3'];

/** What each sentinel has told of its votes: by sentinel and epoch. */
function votesTold(group: SentinelWorld): Map<string, Set<string>> {
  const votes = new Map<string, Set<string>>();
  for (const { channel, payload, sentinel } of group.published) {
    if (channel !== '+vote-for-leader') continue;
    const [candidate, epoch] = payload.split(' ');
    const key = `${sentinel} in ${epoch}`;
    votes.set(key, (votes.get(key) ?? new Set()).add(candidate));
  }
  return votes;
}

describe('sentinels that lose power at any moment of a failover', () => {
  it('start again on a whole file, vote once per epoch, and the group ends up with one master', () => {
    const crash = fc.record({
      victim: fc.constantFrom(...SENTINELS),
      afterMs: fc.double({ min: 990, max: 1060, noNaN: true }),
      downForMs: fc.integer({ min: 10, max: 3000 }),
    });
    fc.assert(
      fc.property(fc.nat(), fc.array(crash, { minLength: 1, maxLength: 3 }), (seed, crashes) => {
        const group = SentinelWorld.of(3, 3, {}, { seed, syncLatency: { minMs: 0.5, maxMs: 20 } });
        const faultMs = group.nowMs;
        group.kill('server-1');
        const steps = crashes
          .flatMap(({ victim, afterMs, downForMs }) => [
            {
              atMs: faultMs + afterMs,
              run: () => group.sentinelNames().includes(victim) && group.losePower(victim),
            },
            {
              atMs: faultMs + afterMs + downForMs,
              run: () => !group.sentinelNames().includes(victim) && group.restart(victim),
            },
          ])
          .sort((a, b) => a.atMs - b.atMs);
        for (const { atMs, run } of steps) {
          group.advance(Math.max(0, atMs - group.nowMs));
          run();
        }
        const settled = (): boolean =>
          group.sentinelNames().length === 3 &&
          new Set(SENTINELS.map((name) => group.sentinel(name).masters.get(MASTER_NAME)?.currentAddress.ip))
            .size === 1 &&
          group.sentinel('sentinel-1').masters.get(MASTER_NAME)?.currentAddress.ip !==
            group.address('server-1');
        group.until(settled, 120_000);
        group.advance(15_000);
        for (const [key, candidates] of votesTold(group)) expect([...candidates], key).toHaveLength(1);
        for (const [epoch, leaders] of group.leaders())
          expect([...leaders], `leaders of ${epoch}`).toHaveLength(1);
        const roles = ['server-2', 'server-3'].map((name) => group.role(name)).sort();
        expect(roles).toEqual(['master', 'slave']);
        for (const name of SENTINELS) {
          expect(group.file(name)).toContain('# how this sentinel came about\n');
          expect(group.file(name)).toMatch(/^sentinel myid [0-9a-f]{40}$/m);
        }
      }),
      { numRuns: 40 },
    );
  }, 120_000);
});

describe('a restarted sentinel', () => {
  it('remembers its id, its epochs, and whom it knows', () => {
    const group = SentinelWorld.of(3, 3);
    group.kill('server-1');
    group.untilPublished('+failover-end');
    group.advance(1000);
    const before = group.sentinelNames().map((name) => ({ name, id: group.call(name, 'SENTINEL', 'MYID') }));
    const master = group.masterAt('sentinel-1');
    for (const { name } of before) group.losePower(name);
    group.advance(100);
    for (const { name } of before) group.restart(name);
    group.advance(300);
    for (const { name, id } of before) {
      expect(group.call(name, 'SENTINEL', 'MYID')).toBe(id);
      expect(group.masterAt(name)).toBe(master);
      const map = group.map(name, 'MASTER', MASTER_NAME);
      expect(map['config-epoch']).toBe('1');
      expect(map['num-slaves']).toBe('2');
      expect(map['num-other-sentinels']).toBe('2');
      expect(group.sentinel(name).ledger.currentEpoch).toBe(1n);
    }
  });

  it('does not give the vote of an epoch again, and does not name whom it was for', () => {
    const group = SentinelWorld.of(1, 1, { quorum: 1 });
    const ask = (epoch: string, candidate: string): unknown =>
      group.call(
        'sentinel-1',
        'SENTINEL',
        'IS-MASTER-DOWN-BY-ADDR',
        group.address('server-1'),
        6379,
        epoch,
        candidate,
      );
    expect(ask('5', 'somebody')).toEqual([0, 'somebody', 5]);
    expect(ask('5', 'another')).toEqual([0, 'somebody', 5]);
    group.losePower('sentinel-1');
    group.restart('sentinel-1');
    group.advance(100);
    expect(ask('5', 'another')).toEqual([0, '*', 5]);
    expect(ask('6', 'another')).toEqual([0, 'another', 6]);
  });
});

describe('a vote', () => {
  it('is told when it is on disk, not before', () => {
    const group = SentinelWorld.of(1, 1, { quorum: 1 });
    group.world.host('sentinel-1').disk.syncLatency = 100;
    const startMs = group.nowMs;
    group.call(
      'sentinel-1',
      'SENTINEL',
      'IS-MASTER-DOWN-BY-ADDR',
      group.address('server-1'),
      6379,
      5,
      'somebody',
    );
    expect(group.nowMs - startMs).toBeGreaterThan(200);
    // Meanwhile nothing else stands still.
    expect(group.map('sentinel-1', 'MASTER', MASTER_NAME).flags).toBe('master');
  });

  it('is not given when it cannot be written', () => {
    const group = SentinelWorld.of(1, 1, { quorum: 1 });
    const heal = group.world.host('sentinel-1').disk.faults.add({ operation: 'sync', code: 'ENOSPC' });
    const ask = (epoch: number): unknown =>
      group.call(
        'sentinel-1',
        'SENTINEL',
        'IS-MASTER-DOWN-BY-ADDR',
        group.address('server-1'),
        6379,
        epoch,
        'somebody',
      );
    expect(ask(5)).toEqual([0, '*', 5]);
    expect(group.call('sentinel-1', 'SENTINEL', 'FLUSHCONFIG')).toMatchObject({
      message: 'ERR Failed to save config file. Check server logs.',
    });
    heal();
    expect(ask(5)).toEqual([0, '*', 5]);
    expect(ask(6)).toEqual([0, 'somebody', 6]);
  });

  it('for an epoch that is none is refused, and freezes nothing', () => {
    const group = SentinelWorld.of(1, 1, { quorum: 1 });
    for (const epoch of ['-1', '9223372036854775808', '18446744073709551615', 'x']) {
      const reply = group.call(
        'sentinel-1',
        'SENTINEL',
        'IS-MASTER-DOWN-BY-ADDR',
        group.address('server-1'),
        6379,
        epoch,
        'x',
      );
      expect(reply).toMatchObject({ message: 'ERR value is not an integer or out of range' });
    }
    expect(group.sentinel('sentinel-1').ledger.currentEpoch).toBe(0n);
    expect(
      group
        .linesOf('sentinel-1')
        .some((line) => line.includes('An epoch that cannot be one was refused: -1')),
    ).toBe(true);
  });
});
