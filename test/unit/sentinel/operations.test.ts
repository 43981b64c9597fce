/** What operators do to a sentinel: monitoring, settings, scripts, host names. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { SpawnRequest } from '../../../src/platform/virtual/index.js';
import { MASTER_NAME, SENTINEL_PORT, SentinelWorld } from '../../support/sentinel-world.js';

let group: SentinelWorld;

describe('monitoring', () => {
  beforeEach(() => {
    group = SentinelWorld.of(2, 2);
  });

  it('of a further master uses the same connections between sentinels', () => {
    const address = group.address('server-1');
    for (const name of group.sentinelNames()) {
      expect(group.call(name, 'SENTINEL', 'MONITOR', 'other', address, 6379, 1)).toBe('OK');
    }
    group.until(() =>
      group
        .sentinelNames()
        .every((name) => group.map(name, 'MASTER', 'other')['num-other-sentinels'] === '1'),
    );
    expect(group.maps('sentinel-1', 'SENTINELS', 'other')[0]['link-refcount']).toBe('2');
    expect(group.world.network.connectionCount('sentinel-1', 'sentinel-2')).toBe(2);
    expect(group.file('sentinel-1')).toContain(`sentinel monitor other ${address} 6379 1\n`);
  });

  it('ends with REMOVE, and the file forgets the master', () => {
    group.call('sentinel-1', 'SENTINEL', 'MONITOR', 'other', group.address('server-1'), 6379, 1);
    group.call('sentinel-1', 'SENTINEL', 'SET', 'other', 'down-after-milliseconds', 5000);
    expect(group.file('sentinel-1')).toContain(' other ');
    expect(group.call('sentinel-1', 'SENTINEL', 'REMOVE', 'other')).toBe('OK');
    expect(group.file('sentinel-1')).not.toContain(' other');
    expect(group.channelsOf('sentinel-1').at(-1)).toBe('-monitor');
    expect(group.call('sentinel-1', 'SENTINEL', 'MONITOR', 'other', group.address('server-1'), 6379, 1)).toBe(
      'OK',
    );
    expect(group.file('sentinel-1')).toContain(' other ');
  });

  it('forgets with RESET what it has learned, and learns it again soon', () => {
    expect(group.call('sentinel-1', 'SENTINEL', 'RESET', 'my*')).toBe(1);
    const map = group.map('sentinel-1', 'MASTER', MASTER_NAME);
    expect([map['num-slaves'], map['num-other-sentinels']]).toEqual(['0', '0']);
    const resetMs = group.nowMs;
    group.until(() => group.map('sentinel-1', 'MASTER', MASTER_NAME)['num-slaves'] === '1');
    expect(group.nowMs - resetMs).toBeLessThan(1000);
    group.until(() => group.map('sentinel-1', 'MASTER', MASTER_NAME)['num-other-sentinels'] === '1');
    expect(group.nowMs - resetMs).toBeLessThan(2500);
  });
});

describe('SENTINEL SET', () => {
  beforeEach(() => {
    group = SentinelWorld.of(2, 1, { quorum: 1 });
  });

  const set = (...args: (string | number)[]): unknown =>
    group.call('sentinel-1', 'SENTINEL', 'SET', MASTER_NAME, ...args);

  it('applies, publishes and saves, and shows no password', () => {
    expect(
      set(
        'quorum',
        2,
        'parallel-syncs',
        3,
        'rename-command',
        'PING',
        'knock',
        'rename-command',
        'knock',
        'knock',
      ),
    ).toBe('OK');
    expect(set('auth-pass', 'se cret')).toBe('OK');
    const payloads = group.published
      .filter(({ channel }) => channel === '+set')
      .map(({ payload }) => payload);
    const prefix = `master ${MASTER_NAME} ${group.address('server-1')} 6379`;
    expect(payloads).toEqual([
      `${prefix} quorum 2`,
      `${prefix} parallel-syncs 3`,
      `${prefix} rename-command PING knock`,
      `${prefix} rename-command knock knock`,
      `${prefix} auth-pass ******`,
    ]);
    expect(group.file('sentinel-1')).toContain(`sentinel auth-pass ${MASTER_NAME} "se cret"\n`);
    group.kill('sentinel-1');
    group.restart('sentinel-1');
    group.advance(100);
    const { settings } = group.sentinel('sentinel-1').masters.get(MASTER_NAME)!;
    expect(settings).toMatchObject({ quorum: 2, parallelSyncs: 3, authPass: 'se cret' });
  });

  it('takes the options before a wrong one, and saves them', () => {
    expect(set('quorum', 2, 'parallel-syncs', 'x')).toMatchObject({
      message: "ERR Invalid argument 'x' for SENTINEL SET 'parallel-syncs'",
    });
    group.advance(50);
    expect(group.file('sentinel-1')).toMatch(/^sentinel monitor mymaster \S+ 6379 2$/m);
  });

  it('acts at once: a shorter down-after counts for a silence that has begun', () => {
    set('down-after-milliseconds', 60_000);
    group.pause('server-1');
    group.advance(5000);
    const setMs = group.nowMs;
    set('down-after-milliseconds', 1000);
    group.untilPublished('+sdown', setMs);
    expect(group.nowMs - setMs).toBeLessThan(20);
  });

  it('lets in with new credentials', () => {
    group.call('server-1', 'CONFIG', 'SET', 'requirepass', 'secret');
    group.world.network.cut('sentinel-1', 'server-1');
    group.advance(500);
    expect(group.map('sentinel-1', 'MASTER', MASTER_NAME).flags).toContain('disconnected');
    set('auth-pass', 'secret');
    group.advance(100);
    expect(group.map('sentinel-1', 'MASTER', MASTER_NAME).flags).toBe('master');
  });
});

describe('scripts', () => {
  const started: SpawnRequest[] = [];

  beforeEach(() => {
    started.length = 0;
    group = new SentinelWorld();
    group.world.onSpawn = (request) => {
      started.push(request);
    };
    group.startServer('server-1', null);
    group.startServer('server-2', 'server-1');
    for (const script of ['/notify', '/reconfigure']) {
      group.world.host('sentinel-1').disk.put(script, '#!/bin/sh\n', 0o755);
    }
    group.startSentinel('sentinel-1', {
      quorum: 1,
      lines: [
        `sentinel notification-script ${MASTER_NAME} /notify`,
        `sentinel client-reconfig-script ${MASTER_NAME} /reconfigure`,
      ],
    });
    group.untilReady(1, 0);
  });

  function endAll(code: number): void {
    for (const request of started) if (!request.hasEnded) request.exit(code);
    group.advance(1);
  }

  it('are told of warnings and of a new master', () => {
    const from = started.length;
    group.kill('server-1');
    group.untilPublished('+switch-master');
    group.advance(5);
    const calls = started.slice(from).map(({ path, args }) => [path, ...args]);
    const [old, current] = ['server-1', 'server-2'].map((name) => group.address(name));
    expect(calls).toContainEqual(['/notify', '+sdown', `master ${MASTER_NAME} ${old} 6379`]);
    expect(calls).toContainEqual(['/notify', '+switch-master', `${MASTER_NAME} ${old} 6379 ${current} 6379`]);
    expect(calls).toContainEqual([
      '/reconfigure',
      MASTER_NAME,
      'leader',
      'start',
      old,
      '6379',
      current,
      '6379',
    ]);
    expect(calls.map(([, event]) => event)).not.toContain('+slave-reconf-sent');
  });

  it('run sixteen at a time, in order', () => {
    endAll(0);
    const { scripts } = group.sentinel('sentinel-1');
    const from = started.length;
    for (let i = 0; i < 20; i++) scripts.schedule('/notify', [String(i)]);
    expect(scripts.runningCount).toBe(16);
    expect(started.slice(from).map(({ args }) => args[0])).toEqual([...Array(16).keys()].map(String));
    const pending = group.call('sentinel-1', 'SENTINEL', 'PENDING-SCRIPTS') as unknown[][];
    expect(pending).toHaveLength(20);
    expect(pending[19].slice(0, 4)).toEqual(['argv', ['/notify', '19'], 'flags', 'scheduled']);
    endAll(0);
    endAll(0);
    expect(scripts.jobs).toEqual([]);
  });

  it('are tried again after a failure that may pass, later each time, ten times in all', () => {
    endAll(0);
    const { scripts } = group.sentinel('sentinel-1');
    const from = started.length;
    scripts.schedule('/notify', ['x']);
    const triesMs: number[] = [];
    for (let i = 0; i < 10; i++) {
      group.until(() => started.length === from + i + 1, 2e7);
      triesMs.push(group.nowMs);
      endAll(1);
    }
    const gaps = triesMs.slice(1).map((atMs, i) => Math.round((atMs - triesMs[i]) / 1000));
    expect(gaps).toEqual([30, 60, 120, 240, 480, 960, 1920, 3840, 7680]);
    expect(scripts.jobs).toEqual([]);
    expect(group.published.at(-1)).toMatchObject({ channel: '-script-error', payload: '/notify 0 1' });
  });

  it('that fail for good are told at once, those that hang are killed and tried again', () => {
    endAll(0);
    const { scripts } = group.sentinel('sentinel-1');
    scripts.schedule('/notify', ['x']);
    endAll(2);
    expect(group.published.at(-1)).toMatchObject({ channel: '-script-error', payload: '/notify 0 2' });
    scripts.schedule('/notify', ['y']);
    group.advance(60_001);
    expect(group.has('-script-timeout')).toBe(true);
    expect(scripts.jobs).toMatchObject([{ tries: 1, running: null }]);
  });

  it('are lost, oldest first, when more than 256 wait', () => {
    endAll(0);
    const { scripts } = group.sentinel('sentinel-1');
    for (let i = 0; i < 300; i++) scripts.schedule('/notify', [String(i)]);
    expect(scripts.jobs).toHaveLength(256);
    expect(scripts.jobs[15].argv[1]).toBe('15');
    expect(scripts.jobs[16].argv[1]).toBe('60');
  });
});

describe('host names', () => {
  it('are resolved anew with each connection, without standing still, and shown if announced', () => {
    group = new SentinelWorld();
    group.startServer('server-1', null);
    const lines = [
      'sentinel resolve-hostnames yes',
      'sentinel announce-hostnames yes',
      'sentinel monitor named redis.example 6379 1',
      'sentinel down-after-milliseconds named 1000',
    ];
    group.startSentinel('sentinel-1', { lines });
    group.advance(50);
    expect(
      group
        .linesOf('sentinel-1')
        .filter((line) => line.includes("Failed to resolve hostname 'redis.example'")),
    ).toHaveLength(1);
    group.world.network.setName('redis.example', group.address('server-1'));
    group.until(() => group.map('sentinel-1', 'MASTER', 'named').flags === 'master');
    expect(group.call('sentinel-1', 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'named')).toEqual([
      'redis.example',
      '6379',
    ]);
    group.startServer('server-2', null);
    group.world.network.setName('redis.example', group.address('server-2'));
    group.kill('server-1');
    group.until(
      () =>
        group.map('sentinel-1', 'MASTER', 'named').flags === 'master' &&
        group.map('sentinel-1', 'MASTER', MASTER_NAME).flags !== 'master',
    );
    group.call('sentinel-1', 'SENTINEL', 'CONFIG', 'SET', 'announce-hostnames', 'no');
    expect(group.call('sentinel-1', 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'named')).toEqual([
      group.address('server-2'),
      '6379',
    ]);
  });
});

describe('announced addresses', () => {
  it('are what hellos tell, and an empty one unsets them', () => {
    group = SentinelWorld.of(1, 2);
    const known = (): string => {
      const [peer] = group.maps('sentinel-2', 'SENTINELS', MASTER_NAME);
      return `${peer.ip}:${peer.port}`;
    };
    const own = `${group.address('sentinel-1')}:${SENTINEL_PORT}`;
    expect(known()).toBe(own);
    group.call('sentinel-1', 'SENTINEL', 'CONFIG', 'SET', 'announce-ip', '10.7.7.7', 'announce-port', '7');
    group.until(() => known() === '10.7.7.7:7');
    group.call('sentinel-1', 'SENTINEL', 'CONFIG', 'SET', 'announce-ip', '', 'announce-port', '0');
    group.until(() => known() === own);
    expect(group.file('sentinel-1')).not.toContain('announce');
  });
});
