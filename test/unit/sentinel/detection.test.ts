/** When an instance counts as down, and when it does not: sentinels over servers that answer as they are told. */
import { beforeEach, describe, expect, it } from 'vitest';
import { MASTER_NAME, SentinelWorld, SERVER_PORT } from '../../support/sentinel-world.js';
import { masterInfo, ScriptedInstance, serverScript, type Script } from '../../support/scripted-instance.js';

let group: SentinelWorld;
let server: ScriptedInstance;
const healthy: Script = serverScript(() => masterInfo());

/** Answers PING like this, everything else as a healthy server. */
function pinging(reply: string): Script {
  return (args) => (args[0] === 'PING' ? reply : healthy(args));
}

function start(lines: readonly string[] = []): void {
  group.startSentinel('sentinel-1', { quorum: 1, downAfterMs: 500, lines });
  group.advance(300);
}

beforeEach(() => {
  group = new SentinelWorld();
  server = new ScriptedInstance(group.world, 'server-1', SERVER_PORT, healthy);
});

function suspected(): boolean {
  return group.sentinel('sentinel-1').masters.get(MASTER_NAME)?.suspected ?? false;
}

describe('an answer to PING', () => {
  it.each([
    '+PONG\r\n',
    '-LOADING Redis is loading the dataset in memory\r\n',
    '-MASTERDOWN Link with MASTER is down\r\n',
  ])('%j is a sign of life', (reply) => {
    start();
    server.script = pinging(reply);
    group.advance(3000);
    expect(suspected()).toBe(false);
  });

  it.each([
    '-MISCONF Errors writing to the AOF file\r\n',
    '-NOAUTH Authentication required.\r\n',
    '-ERR unknown command\r\n',
    '+OK\r\n',
  ])('%j is none, and the log says what came', (reply) => {
    start();
    server.script = pinging(reply);
    group.advance(499);
    expect(suspected()).toBe(false);
    group.advance(102);
    expect(suspected()).toBe(true);
    const text = reply.slice(1, -2);
    const lines = group
      .linesOf('sentinel-1')
      .filter((line) => line.includes(`does not count as a sign of life: ${text}`));
    expect(lines).toHaveLength(1);
  });

  it('that says BUSY has the script killed, once, when the server is down for us', () => {
    start();
    server.script = pinging('-BUSY Redis is busy running a script.\r\n');
    group.advance(3000);
    expect(server.commands('SCRIPT').map(({ args }) => args)).toEqual([['SCRIPT', 'KILL']]);
    expect(group.map('sentinel-1', 'MASTER', MASTER_NAME).flags).toContain('script_kill_sent');
    server.script = healthy;
    group.advance(200);
    expect(group.map('sentinel-1', 'MASTER', MASTER_NAME).flags).toBe('master');
  });
});

describe('PINGs', () => {
  it('come often enough to notice a freeze within a fraction of down-after, one at a time', () => {
    start();
    const fromMs = group.nowMs;
    group.advance(1000);
    const pings = server.commands('PING').filter(({ atMs }) => atMs >= fromMs);
    expect(pings.length).toBeGreaterThanOrEqual(19);
    expect(pings.length).toBeLessThanOrEqual(21);
    server.script = () => null;
    const frozenMs = group.nowMs;
    group.advance(2000);
    expect(server.commands('PING').filter(({ atMs }) => atMs > frozenMs)).toHaveLength(1);
  });
});

describe('a disk that takes its time when the sentinel first saves its file', () => {
  it('is not held against the servers', () => {
    group = new SentinelWorld({ syncLatency: 600 });
    server = new ScriptedInstance(group.world, 'server-1', SERVER_PORT, healthy);
    start();
    group.advance(3000);
    expect(group.has('+sdown', 0)).toBe(false);
  });
});

describe('a connection that breaks', () => {
  it('is made again at once, and nothing comes of it', () => {
    start();
    const cutMs = group.nowMs;
    group.world.network.cut('server-1');
    group.advance(20);
    expect(group.map('sentinel-1', 'MASTER', MASTER_NAME).flags).toBe('master');
    group.advance(1000);
    expect(group.has('+sdown', cutMs)).toBe(false);
  });

  it('again and again is not made again in a hurry, and said once', () => {
    start();
    server.process.kill();
    group.advance(10_000);
    let attempts = 0;
    const { network } = group.processOf('sentinel-1');
    const connect = network.connect.bind(network);
    network.connect = (...args) => {
      attempts++;
      return connect(...args);
    };
    group.advance(10_000);
    expect(attempts).toBeGreaterThanOrEqual(18);
    expect(attempts).toBeLessThanOrEqual(22);
    expect(group.linesOf('sentinel-1').filter((line) => line.includes('connection:'))).toHaveLength(1);
  });

  it('counts from the break, not from the last of many failed attempts', () => {
    start();
    const faultMs = group.nowMs;
    server.process.kill();
    group.untilPublished('+sdown', faultMs);
    expect(group.nowMs - faultMs).toBeGreaterThanOrEqual(500);
    expect(group.nowMs - faultMs).toBeLessThan(503);
  });
});

describe('a master that says it is a replica', () => {
  it('counts as down when it says so for long, and only then', () => {
    start();
    group.call('sentinel-1', 'SENTINEL', 'DEBUG', 'info-period', '1000');
    server.script = serverScript(() => 'role:slave\r\nmaster_host:1.2.3.4\r\nmaster_port:1\r\n');
    const changeMs = group.untilPublished('-role-change', 0);
    group.untilPublished('+sdown', changeMs);
    expect(group.nowMs - changeMs).toBeGreaterThanOrEqual(500 + 2 * 1000);
    expect(group.nowMs - changeMs).toBeLessThan(500 + 2 * 1000 + 10);
  });
});

describe('a master that reboots', () => {
  const rebooted = serverScript(() => masterInfo().replace(/a{40}/, 'b'.repeat(40)));

  it('counts as down after master-reboot-down-after-period if it is still not there', () => {
    start([`sentinel master-reboot-down-after-period ${MASTER_NAME} 2000`]);
    group.call('sentinel-1', 'SENTINEL', 'DEBUG', 'info-period', '100');
    server.script = (args) => (args[0] === 'PING' ? '-LOADING\r\n' : rebooted(args));
    const rebootMs = group.untilPublished('+reboot', 0);
    group.untilPublished('+sdown', rebootMs);
    expect(group.nowMs - rebootMs).toBeGreaterThanOrEqual(2000);
    expect(group.nowMs - rebootMs).toBeLessThan(2010);
  });

  it('is welcome back when it answers in time', () => {
    start([`sentinel master-reboot-down-after-period ${MASTER_NAME} 2000`]);
    group.call('sentinel-1', 'SENTINEL', 'DEBUG', 'info-period', '100');
    server.script = rebooted;
    const rebootMs = group.untilPublished('+reboot', 0);
    group.advance(5000);
    expect(group.has('+sdown', rebootMs)).toBe(false);
  });
});

describe('TILT', () => {
  it('begins when the clock jumps, and until it ends nothing is decided', () => {
    start();
    group.call('sentinel-1', 'SENTINEL', 'DEBUG', 'tilt-period', '5000');
    const jumpMs = group.nowMs;
    group.processOf('sentinel-1').wallClockOffsetMs += 60_000;
    group.advance(150);
    expect(group.has('+tilt', jumpMs)).toBe(true);
    server.process.pause();
    group.advance(4000);
    expect(suspected()).toBe(false);
    const question = group.call(
      'sentinel-1',
      'SENTINEL',
      'IS-MASTER-DOWN-BY-ADDR',
      server.host,
      SERVER_PORT,
      0,
      '*',
    );
    expect(question).toEqual([0, '*', 0]);
    expect(String(group.call('sentinel-1', 'INFO', 'sentinel'))).toContain(
      'sentinel_tilt:1\r\nsentinel_tilt_since_seconds:4\r\n',
    );
    group.untilPublished('-tilt', jumpMs);
    expect(group.nowMs - jumpMs).toBeGreaterThanOrEqual(5000);
    group.advance(100);
    expect(suspected()).toBe(true);
  });

  it('begins when the clock goes back', () => {
    start();
    group.processOf('sentinel-1').wallClockOffsetMs -= 1000;
    group.advance(150);
    expect(group.has('+tilt', 0)).toBe(true);
  });

  it('begins when the sentinel itself was frozen: it does not take its own absence for that of others', () => {
    start();
    group.pause('sentinel-1');
    group.advance(3000);
    const resumeMs = group.nowMs;
    group.resume('sentinel-1');
    group.advance(1000);
    expect(group.has('+tilt', resumeMs)).toBe(true);
    expect(group.has('+sdown', resumeMs)).toBe(false);
  });

  it('is not needed for a short absence: answers that wait to be read count before the silence does', () => {
    start();
    group.pause('sentinel-1');
    group.advance(1500);
    group.resume('sentinel-1');
    group.advance(1000);
    expect(group.has('+tilt', 0)).toBe(false);
    expect(group.has('+sdown', 0)).toBe(false);
  });
});
