/** Saving and loading as clients and operators see it, on a disk that can fail and a machine that can lose power. */
import { beforeEach, describe, expect, it } from 'vitest';
import { Persistence } from '../../../src/persistence/persistence.js';
import type { Logger } from '../../../src/log/logger.js';
import { VirtualWorld, type FileSystem } from '../../../src/platform/virtual/index.js';
import { ErrorReply } from '../../support/resp.js';
import { TestServer, type TestClient } from '../../support/test-server.js';

const PATH = '/server/dump.rdb';

let world: VirtualWorld;
let logged: string[];

class Fixture {
  readonly server: TestServer;
  readonly persistence: Persistence;
  readonly client: TestClient;

  constructor({ save, ...directives }: Readonly<Record<string, string>> = {}) {
    const note = (text: string): void => void logged.push(text);
    const log: Logger = { debug: note, verbose: note, notice: note, warning: note, isEnabled: () => true };
    this.server = new TestServer({ 'enable-debug-command': 'yes', ...directives }, { world, log });
    this.persistence = new Persistence(this.server.server);
    this.client = this.server.connect();
    if (save !== undefined) this.call('CONFIG', 'SET', 'save', save);
  }

  get disk(): FileSystem {
    return world.host('server').disk;
  }

  call(...args: (string | number)[]): unknown {
    return this.client.call(...args);
  }

  info(field: string): string | undefined {
    return new RegExp(`^${field}:(.*)\r$`, 'm').exec(String(this.call('INFO', 'everything')))?.[1];
  }

  /** From now on a sync takes a while, as on a real disk. */
  slowDown(): void {
    this.disk.syncLatency = 5;
  }

  /** Runs until no background save is running. */
  finishSaving(): void {
    for (let i = 0; this.persistence.saving.isBusy && i < 1000; i++) world.advance(10);
    expect(this.persistence.saving.isBusy).toBe(false);
    this.disk.syncLatency = 0;
  }

  load(): { problem: string | null } {
    let outcome: { problem: string | null } | null = null;
    this.persistence.loadAtStart((problem) => (outcome = { problem }));
    for (let i = 0; outcome === null && i < 1000; i++) world.advance(10);
    return outcome ?? { problem: 'never ended' };
  }
}

/** The same machine after the process was killed. */
function restarted(directives: Readonly<Record<string, string>> = {}): Fixture {
  world.process('server')?.kill();
  return new Fixture(directives);
}

/** The same machine after its power failed. */
function afterPowerLoss(): Fixture {
  world.host('server').powerLoss();
  return new Fixture();
}

beforeEach(() => {
  world = new VirtualWorld({ seed: 5 });
  logged = [];
});

describe('SAVE and BGSAVE', () => {
  it('put a file in place that survives a power failure and is loaded at the next start', () => {
    for (const command of ['SAVE', 'BGSAVE']) {
      const before = new Fixture();
      before.call('SET', 'saved', command);
      before.call('RPUSH', 'list', 'a', 'b');
      before.call('SET', 'expiring', 'x', 'PXAT', 4_102_444_800_000);
      expect(before.call(command)).toBe(command === 'SAVE' ? 'OK' : 'Background saving started');
      before.finishSaving();
      before.call('SET', 'late', 'lost');
      const after = afterPowerLoss();
      expect(after.load()).toEqual({ problem: null });
      expect(after.call('GET', 'saved')).toBe(command);
      expect(after.call('LRANGE', 'list', 0, -1)).toEqual(['a', 'b']);
      expect(after.call('PEXPIRETIME', 'expiring')).toBe(4_102_444_800_000);
      expect(after.call('EXISTS', 'late')).toBe(0);
      world.process('server')?.kill();
    }
  });

  it('leave no temporary file, and the old file whole when the power fails in between', () => {
    const before = new Fixture({ save: '' });
    before.call('SET', 'version', 'old');
    before.call('SAVE');
    for (let i = 0; i < 2000; i++) before.call('SET', `key ${i}`, 'new');
    before.slowDown();
    before.call('BGSAVE');
    world.advance(4);
    expect(before.persistence.saving.isRunning).toBe(true);
    const after = afterPowerLoss();
    expect(after.load()).toEqual({ problem: null });
    expect(after.call('DBSIZE')).toBe(1);
    after.disk.syncLatency = 0;
    after.call('BGSAVE');
    after.finishSaving();
    expect(after.disk.list('/server').filter((name) => name.startsWith('temp-'))).toEqual([]);
  });

  it('count the changes since', () => {
    const fixture = new Fixture();
    fixture.call('SET', 'a', 1);
    fixture.call('SET', 'b', 1);
    expect(fixture.info('rdb_changes_since_last_save')).toBe('2');
    fixture.slowDown();
    fixture.call('BGSAVE');
    fixture.call('SET', 'c', 1);
    expect(fixture.info('rdb_bgsave_in_progress')).toBe('1');
    fixture.finishSaving();
    expect(fixture.info('rdb_bgsave_in_progress')).toBe('0');
    expect(fixture.info('rdb_changes_since_last_save')).toBe('1');
    expect(fixture.info('rdb_last_bgsave_status')).toBe('ok');
    fixture.call('SAVE');
    expect(fixture.info('rdb_changes_since_last_save')).toBe('0');
  });

  it('refuse to run twice at a time, and tell the time of the last success', () => {
    const fixture = new Fixture();
    const begun = fixture.call('LASTSAVE');
    world.advance(5000);
    fixture.slowDown();
    fixture.call('BGSAVE');
    expect(fixture.call('BGSAVE')).toEqual(new ErrorReply('ERR Background save already in progress'));
    expect(fixture.call('SAVE')).toEqual(new ErrorReply('ERR Background save already in progress'));
    fixture.finishSaving();
    expect(fixture.call('LASTSAVE')).toBe(Number(begun) + 5);
    expect(fixture.call('BGSAVE', 'LATER')).toEqual(new ErrorReply('ERR syntax error'));
    expect(fixture.call('BGSAVE', 'SCHEDULE')).toBe('Background saving started');
  });

  it('inside a transaction, a background save is only scheduled', () => {
    const fixture = new Fixture();
    fixture.call('MULTI');
    fixture.call('SET', 'a', 1);
    fixture.call('BGSAVE');
    expect(fixture.call('EXEC')).toEqual(['OK', 'Background saving scheduled']);
    world.advance(200);
    fixture.finishSaving();
    expect(fixture.disk.durableText(PATH)).not.toBeNull();
  });

  it('happen by themselves when a save point is reached', () => {
    const fixture = new Fixture({ save: '10 3' });
    fixture.call('SET', 'a', 1);
    fixture.call('SET', 'b', 1);
    world.advance(15_000);
    expect(fixture.disk.text(PATH)).toBeNull();
    fixture.call('SET', 'c', 1);
    world.advance(500);
    fixture.finishSaving();
    expect(fixture.disk.durableText(PATH)).not.toBeNull();
    expect(logged).toContain('3 changes in 10 seconds. Saving...');
  });

  it('are slowed down as rdb-key-save-delay asks, while clients are served', () => {
    const fixture = new Fixture({ 'rdb-key-save-delay': '1000' });
    for (let i = 0; i < 500; i++) fixture.call('SET', `key ${i}`, i);
    fixture.call('BGSAVE');
    world.advance(400);
    expect(fixture.info('rdb_bgsave_in_progress')).toBe('1');
    expect(Number(fixture.info('current_save_keys_processed'))).toBeGreaterThan(300);
    expect(fixture.info('current_save_keys_total')).toBe('500');
    world.advance(200);
    fixture.finishSaving();
  });
});

describe('a disk that fails', () => {
  for (const operation of ['open', 'write', 'sync', 'rename'] as const) {
    it(`in ${operation}: BGSAVE and SAVE fail, writes are refused, until saving succeeds again`, () => {
      const fixture = new Fixture({ save: '3600 1' });
      fixture.call('SET', 'a', 1);
      fixture.call('SAVE');
      const old = fixture.disk.durableText(PATH);
      fixture.call('SET', 'a', 2);
      const heal = fixture.disk.faults.add({ operation, code: 'ENOSPC', path: 'temp-' });
      fixture.call('BGSAVE');
      fixture.finishSaving();
      expect(fixture.info('rdb_last_bgsave_status')).toBe('err');
      expect(fixture.call('SET', 'a', 3)).toEqual(
        new ErrorReply(expect.stringMatching(/^MISCONF Redis is configured/)),
      );
      expect(fixture.call('GET', 'a')).toBe('2');
      expect(fixture.call('SAVE')).toBeInstanceOf(ErrorReply);
      expect(logged.join('\n')).toMatch(/ENOSPC/);
      fixture.call('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'no');
      expect(fixture.call('SET', 'a', 4)).toBe('OK');
      fixture.call('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'yes');
      expect(fixture.call('SET', 'a', 4)).toBeInstanceOf(ErrorReply);
      expect(fixture.disk.durableText(PATH)).toBe(old);
      heal();
      fixture.call('BGSAVE');
      fixture.finishSaving();
      expect(fixture.call('SET', 'a', 5)).toBe('OK');
      expect(fixture.disk.list('/server')).toEqual(['dump.rdb']);
    });
  }

  it('is tried again after five seconds, whatever the wall clock is set to', () => {
    const fixture = new Fixture({ save: '2 1' });
    fixture.call('SET', 'a', 1);
    const heal = fixture.disk.faults.add({ operation: 'open', code: 'ENOSPC', path: 'temp-' });
    world.advance(3000);
    expect(fixture.info('rdb_last_bgsave_status')).toBe('err');
    heal();
    const process = world.process('server');
    if (process === null) throw new Error('no process');
    process.wallClockOffsetMs -= 3_600_000;
    world.advance(6000);
    expect(fixture.info('rdb_last_bgsave_status')).toBe('ok');
    expect(fixture.call('SET', 'a', 2)).toBe('OK');
  });

  it('is tried again while writes are refused, although no save point is reached', () => {
    const fixture = new Fixture({ save: '3600 1' });
    const heal = fixture.disk.faults.add({ operation: 'sync', code: 'EIO', path: 'temp-' });
    fixture.call('BGSAVE');
    fixture.finishSaving();
    expect(fixture.call('SET', 'a', 1)).toBeInstanceOf(ErrorReply);
    heal();
    world.advance(9000);
    expect(fixture.info('rdb_last_bgsave_status')).toBe('err');
    world.advance(2000);
    expect(fixture.info('rdb_last_bgsave_status')).toBe('ok');
    expect(fixture.call('SET', 'a', 1)).toBe('OK');
  });

  it('does not keep a server from living on when it cannot save at its end', () => {
    const fixture = new Fixture({ save: '3600 1' });
    const { shutdown } = fixture.server.server;
    const outcomes: string[] = [];
    shutdown.exit = () => outcomes.push('exit');
    const heal = fixture.disk.faults.add({ operation: 'sync', code: 'EIO' });
    shutdown.begin({ save: 'default', now: true, force: false }, () => outcomes.push('lives on'));
    expect(outcomes).toEqual(['lives on']);
    expect(logged).toContain("Error trying to save the DB, can't exit.");
    heal();
    fixture.call('SET', 'a', 1);
    fixture.call('BGSAVE');
    shutdown.begin({ save: 'default', now: true, force: false }, () => outcomes.push('lives on'));
    expect(outcomes).toEqual(['lives on', 'exit']);
    const after = restarted();
    after.load();
    expect(after.call('GET', 'a')).toBe('1');
  });
});

describe('FLUSHALL', () => {
  it('ends a background save, and with save points leaves an empty file', () => {
    const fixture = new Fixture({ save: '3600 100', 'rdb-key-save-delay': '1000' });
    for (let i = 0; i < 100; i++) fixture.call('SET', `key ${i}`, i);
    fixture.call('BGSAVE');
    world.advance(20);
    fixture.call('FLUSHALL');
    expect(fixture.info('rdb_bgsave_in_progress')).toBe('0');
    const after = restarted();
    expect(after.load()).toEqual({ problem: null });
    expect(after.call('DBSIZE')).toBe(0);
  });

  it('without save points leaves the file alone', () => {
    const fixture = new Fixture({ save: '' });
    fixture.call('SET', 'a', 1);
    fixture.call('SAVE');
    fixture.call('FLUSHALL');
    const after = restarted();
    after.load();
    expect(after.call('GET', 'a')).toBe('1');
  });
});

describe('loading at start', () => {
  it('without a file is done at once', () => {
    expect(new Fixture().load()).toEqual({ problem: null });
  });

  it('answers clients meanwhile, most of them with LOADING', () => {
    const before = new Fixture();
    for (let i = 0; i < 300; i++) before.call('SET', `key ${i}`, i);
    before.call('SAVE');
    const after = restarted({ 'key-load-delay': '1000' });
    let isDone = false;
    after.persistence.loadAtStart(() => (isDone = true));
    world.advance(150);
    expect(after.call('GET', 'key 1')).toEqual(
      new ErrorReply('LOADING Redis is loading the dataset in memory'),
    );
    expect(after.info('loading')).toBe('1');
    expect(Number(after.info('loading_loaded_bytes'))).toBeGreaterThan(0);
    expect(isDone).toBe(false);
    world.advance(300);
    expect(isDone).toBe(true);
    expect(after.info('loading')).toBe('0');
    expect(after.call('GET', 'key 1')).toBe('1');
    expect(after.info('rdb_last_load_keys_loaded')).toBe('300');
  });

  it('drops what has expired on a master, and keeps it on a replica', () => {
    const before = new Fixture();
    before.call('SET', 'short', 'x', 'PX', 100);
    before.call('SET', 'long', 'x');
    before.call('SAVE');
    world.advance(200);
    const master = restarted();
    master.load();
    expect(master.call('DBSIZE')).toBe(1);
    expect(master.info('rdb_last_load_keys_expired')).toBe('1');
    const replica = restarted();
    replica.server.server.role = 'replica';
    replica.server.server.keyspace.expiryMode = 'hide';
    replica.load();
    expect(replica.call('DBSIZE')).toBe(2);
    expect(replica.call('GET', 'short')).toBeNull();
  });

  it('stops at damage, tells where and why, and leaves the file as it is', () => {
    const before = new Fixture();
    for (let i = 0; i < 100; i++) before.call('SET', `key ${i}`, 'some text');
    before.call('SAVE');
    const whole = before.disk.text(PATH) ?? '';
    const damaged: [string, RegExp][] = [
      [whole.slice(0, -20), /Unexpected end of the RDB file \(at byte \d+\)/],
      [`${whole.slice(0, -1)}x`, /RDB CRC error/],
      [`GARBAGE01${whole.slice(9)}`, /Wrong signature/],
      [`REDIS0099${whole.slice(9)}`, /Can't handle RDB format version 99/],
      [whole.replace('key 50', 'key 51'), /duplicated key "key 51" in DB 0/],
    ];
    for (const [text, reason] of damaged) {
      before.disk.put(PATH, text);
      const after = restarted();
      const { problem } = after.load();
      const [where, what, end] = problem?.split('\n') ?? [];
      expect(where).toMatch(/^Internal error in RDB reading offset \d+ -> /);
      expect(what).toMatch(/^Fatal error loading the DB/);
      expect(what).toMatch(reason);
      expect(end).toBe('Terminating server after rdb file reading failure.');
      expect(after.disk.text(PATH)).toBe(text);
    }
  });

  it('refuses databases that it does not have', () => {
    const before = new Fixture();
    before.call('SELECT', 9);
    before.call('SET', 'a', 1);
    before.call('SAVE');
    const after = restarted({ databases: '4' });
    expect(after.load().problem).toMatch(/more than 4 databases/);
  });

  it('tells of a file that cannot be read', () => {
    const fixture = new Fixture();
    fixture.call('SAVE');
    fixture.disk.faults.add({ operation: 'open', code: 'EACCES', path: 'dump.rdb' });
    expect(fixture.load().problem).toMatch(/^Fatal error loading the DB.*EACCES/);
  });

  it('keeps function libraries for the next snapshot', () => {
    const before = new Fixture();
    before.persistence.snapshots.takeFunctions(['#!lua name=lib\n']);
    before.call('SAVE');
    const after = restarted();
    after.load();
    expect(after.persistence.snapshots.functions).toEqual(['#!lua name=lib\n']);
  });
});

describe('DEBUG RELOAD', () => {
  it('saves and loads, or does only one of these', () => {
    const fixture = new Fixture();
    const reload = (...options: string[]): unknown => fixture.call('DEBUG', 'RELOAD', ...options);
    fixture.call('SET', 'a', 1);
    expect(reload()).toBe('OK');
    expect(fixture.call('GET', 'a')).toBe('1');
    fixture.call('SET', 'b', 2);
    expect(reload('NOSAVE')).toBe('OK');
    expect(fixture.call('EXISTS', 'b')).toBe(0);
    fixture.call('SET', 'b', 2);
    expect(reload('NOSAVE', 'NOFLUSH')).toBeInstanceOf(ErrorReply);
    expect(reload('NOSAVE', 'NOFLUSH', 'MERGE')).toBe('OK');
    expect(fixture.call('GET', 'b')).toBe('2');
    expect(reload('FAST')).toBeInstanceOf(ErrorReply);
  });
});

describe('DUMP and RESTORE', () => {
  /** `hello`, as DUMP of 7.0.15 gives it. */
  const hello = Buffer.from('000568656c6c6f0a006372df766534200a', 'hex').latin1Slice();

  it('take a value from one key to another', () => {
    const fixture = new Fixture();
    fixture.call('RPUSH', 'list', 'a', 1, 'c');
    const payload = String(fixture.call('DUMP', 'list'));
    expect(fixture.call('RESTORE', 'copy', 0, payload)).toBe('OK');
    expect(fixture.call('LRANGE', 'copy', 0, -1)).toEqual(['a', '1', 'c']);
    expect(fixture.call('DUMP', 'missing')).toBeNull();
  });

  it('answer bad requests as Redis does', () => {
    const fixture = new Fixture();
    fixture.call('SET', 'taken', 1);
    const refusals: [(string | number)[], string][] = [
      [['taken', 'x', 'rubbish'], 'BUSYKEY Target key name already exists.'],
      [['k', 'x', hello], 'ERR value is not an integer or out of range'],
      [['k', -1, hello], 'ERR Invalid TTL value, must be >= 0'],
      [['k', 0, 'rubbish'], 'ERR DUMP payload version or checksum are wrong'],
      [['k', 0, `${hello}x`], 'ERR DUMP payload version or checksum are wrong'],
      [['k', 0, Buffer.from('010009008b0a7400389120e7', 'hex').latin1Slice()], 'ERR Bad data format'],
      [['k', 0, hello, 'IDLETIME', -1], 'ERR Invalid IDLETIME value, must be >= 0'],
      [['k', 0, hello, 'FREQ', 256], 'ERR Invalid FREQ value, must be >= 0 and <= 255'],
      [['k', 0, hello, 'FREQ', 1, 'IDLETIME', 1], 'ERR syntax error'],
      [['k', 0, hello, 'FASTER'], 'ERR syntax error'],
    ];
    for (const [args, text] of refusals) {
      expect(fixture.call('RESTORE', ...args)).toEqual(new ErrorReply(text));
    }
    expect(fixture.call('DBSIZE')).toBe(1);
  });

  it('keep times to live, and pass them on as points in time', () => {
    const fixture = new Fixture();
    const { server } = fixture;
    const propagated = server.propagatedBy(() => fixture.call('RESTORE', 'k', 5000, hello, 'REPLACE'));
    expect(propagated).toHaveLength(1);
    expect(propagated[0]).toMatch(new RegExp(`RESTORE k ${server.nowMs + 5000} .* REPLACE ABSTTL$`, 's'));
    expect(fixture.call('PTTL', 'k')).toBe(5000);
    expect(fixture.call('RESTORE', 'm', server.nowMs + 700, hello, 'ABSTTL')).toBe('OK');
    expect(fixture.call('PTTL', 'm')).toBe(700);
  });

  it('do not create what has expired already, but delete what it would replace', () => {
    const fixture = new Fixture();
    fixture.call('SET', 'k', 'old');
    const propagated = fixture.server.propagatedBy(() => {
      expect(fixture.call('RESTORE', 'k', 1, hello, 'REPLACE', 'ABSTTL')).toBe('OK');
    });
    expect(fixture.call('EXISTS', 'k')).toBe(0);
    expect(propagated).toEqual(['DEL k']);
  });

  it('keep idle times and frequencies', () => {
    const fixture = new Fixture();
    fixture.call('RESTORE', 'k', 0, hello, 'IDLETIME', 1000);
    expect(fixture.call('OBJECT', 'IDLETIME', 'k')).toBe(1000);
    fixture.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
    fixture.call('RESTORE', 'm', 0, hello, 'FREQ', 100);
    expect(fixture.call('OBJECT', 'FREQ', 'm')).toBe(100);
  });
});
