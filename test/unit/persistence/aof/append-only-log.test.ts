/** The append-only log as clients and operators see it, on a disk that can fail and a machine that can lose power. */
import { beforeEach, describe, expect, it } from 'vitest';
import { VirtualWorld } from '../../../../src/platform/virtual/index.js';
import { Scripting } from '../../../../src/scripting/scripting.js';
import type { FunctionLibraries } from '../../../../src/server/function-libraries.js';
import { LOG_DIRECTORY, LoggedServer } from '../../../support/logged-server.js';
import { encodeRequest, ErrorReply } from '../../../support/resp.js';

const SYNC_MS = 10;
const NO_FUNCTIONS: FunctionLibraries = { sources: () => [], restore: () => null, clear: () => undefined };

let world: VirtualWorld;

beforeEach(() => {
  world = new VirtualWorld({ seed: 1 });
});

function start(directives: Readonly<Record<string, string>> = {}): LoggedServer {
  return LoggedServer.started(world, directives);
}

/** The machine goes down and comes up again with the same configuration. */
function restart(server: LoggedServer, directives: Readonly<Record<string, string>> = {}): LoggedServer {
  const host = world.host('server');
  server.process.kill();
  host.powerLoss();
  host.powerOn();
  return start(directives);
}

function append(name: string, text: string): void {
  const { disk } = world.host('server');
  disk.put(`${LOG_DIRECTORY}/${name}`, (disk.text(`${LOG_DIRECTORY}/${name}`) ?? '') + text);
}

describe('a fresh log', () => {
  it('begins with an empty base, an increment, and a manifest that names both', () => {
    const server = start();
    expect(server.manifest).toBe(
      'file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n',
    );
    expect(server.file('1.base.rdb')).toMatch(/^REDIS0010.*aof-base/s);
    expect(server.file('1.incr.aof')).toBe('');
  });

  it('holds what changed something, with SELECT where the database changes', () => {
    const server = start();
    server.call('SET', 'a', '1');
    server.call('GET', 'a');
    server.call('DEL', 'nothing');
    server.call('SELECT', 2);
    server.call('SET', 'b', '2');
    server.call('MULTI');
    server.call('INCR', 'n');
    server.call('INCR', 'n');
    server.call('EXEC');
    expect(server.file('1.incr.aof').replace(/\r\n/g, ' ')).toBe(
      '*2 $6 SELECT $1 0 *3 $3 SET $1 a $1 1 *2 $6 SELECT $1 2 *3 $3 SET $1 b $1 2 ' +
        '*1 $5 MULTI *2 $4 INCR $1 n *2 $4 INCR $1 n *1 $4 EXEC ',
    );
  });

  it('has the time before commands when that is wanted, once a second', () => {
    const server = start({ 'aof-timestamp-enabled': 'yes' });
    server.call('SET', 'a', '1');
    server.call('SET', 'a', '2');
    world.advance(1000);
    server.call('SET', 'a', '3');
    expect(server.file('1.incr.aof').match(/#TS:\d+\r\n/g)).toHaveLength(2);
    world.advance(2000);
    expect(restart(server).call('GET', 'a')).toBe('3');
  });
});

describe('appendfsync always', () => {
  it('answers a write when it is on disk, and nobody hears of it before', () => {
    const server = start({ appendfsync: 'always' });
    server.disk.syncLatency = SYNC_MS;
    const reader = server.test.connect();
    server.client.send('SET', 'a', '1');
    reader.send('GET', 'a');
    world.advance(SYNC_MS - 1);
    expect(server.client.replies()).toEqual([]);
    expect(reader.replies()).toEqual([]);
    world.advance(1);
    expect(server.client.replies()).toEqual(['OK']);
    expect(reader.replies()).toEqual(['1']);
  });

  it('covers with one sync all that came while another was running', () => {
    const server = start({ appendfsync: 'always' });
    server.disk.syncLatency = SYNC_MS;
    const clients = Array.from({ length: 20 }, () => server.test.connect());
    server.client.send('SET', 'first', '1');
    world.advance(1);
    clients.forEach((client, i) => client.send('SET', `key:${i}`, '1'));
    world.advance(SYNC_MS - 1);
    expect(server.client.replies()).toEqual(['OK']);
    expect(clients.flatMap((client) => client.replies())).toEqual([]);
    world.advance(SYNC_MS);
    expect(clients.flatMap((client) => client.replies())).toEqual(clients.map(() => 'OK'));
  });

  it('keeps the order of the replies to a pipeline', () => {
    const server = start({ appendfsync: 'always' });
    server.disk.syncLatency = SYNC_MS;
    const { client } = server;
    client.send('GET', 'a');
    client.send('SET', 'a', '1');
    client.send('GET', 'a');
    world.advance(1);
    client.send('SET', 'a', '2');
    client.send('GET', 'a');
    world.advance(3 * SYNC_MS);
    expect(client.replies()).toEqual([null, 'OK', '1', 'OK', '2']);
  });

  it('does not make clients wait that read while nothing is pending', () => {
    const server = start({ appendfsync: 'always' });
    server.call('SET', 'a', '1');
    server.disk.syncLatency = SYNC_MS;
    expect(server.client.call('GET', 'a')).toBe('1');
  });

  it('closes a connection that asks for it only after the last reply', () => {
    const server = start({ appendfsync: 'always' });
    server.disk.syncLatency = SYNC_MS;
    server.client.send('SET', 'a', '1');
    server.client.send('QUIT');
    expect(server.client.isOpen).toBe(true);
    world.advance(2 * SYNC_MS);
    expect(server.client.replies()).toEqual(['OK', 'OK']);
    expect(server.client.isOpen).toBe(false);
  });

  it('never confirms what a sync failed on: the server ends', () => {
    const server = start({ appendfsync: 'always' });
    server.disk.faults.add({ operation: 'sync', code: 'EIO', times: 1 });
    server.client.send('SET', 'a', '1');
    world.advance(1000);
    expect(server.client.replies()).toEqual([]);
    expect(server.process.state).toEqual({ kind: 'exited', code: 1 });
  });

  it('releases what waits when the policy changes', () => {
    const server = start({ appendfsync: 'always' });
    server.disk.syncLatency = SYNC_MS;
    const other = server.test.connect();
    server.client.send('SET', 'a', '1');
    world.advance(1);
    server.client.send('SET', 'a', '2');
    other.send('CONFIG', 'SET', 'appendfsync', 'everysec');
    world.advance(3 * SYNC_MS);
    expect(server.client.replies()).toEqual(['OK', 'OK']);
    expect(other.replies()).toEqual(['OK']);
  });
});

describe('appendfsync everysec', () => {
  it('answers at once, and is on disk within a second', () => {
    const server = start({ appendfsync: 'everysec' });
    server.disk.syncLatency = SYNC_MS;
    expect(server.client.call('SET', 'a', '1')).toBe('OK');
    world.advance(1000 + 100 + SYNC_MS);
    expect(restart(server).call('GET', 'a')).toBe('1');
  });

  it('has given a write to the system before it is answered', () => {
    const server = start({ appendfsync: 'everysec' });
    server.client.call('SET', 'a', '1');
    server.process.kill();
    expect(start().call('GET', 'a')).toBe('1');
  });
});

describe('a disk that fails', () => {
  it('makes the server refuse writes until one succeeds, and loses nothing of what it had taken', () => {
    const server = start();
    const endOfFault = server.disk.faults.add({ operation: 'write', code: 'ENOSPC', path: 'incr' });
    expect(server.call('SET', 'a', '1')).toBe('OK');
    expect(server.call('SET', 'a', '2')).toEqual(
      new ErrorReply('MISCONF Errors writing to the AOF file: No space left on device'),
    );
    expect(server.call('PING')).toBeInstanceOf(ErrorReply);
    expect(server.call('GET', 'a')).toBe('1');
    expect(server.info('aof_last_write_status')).toBe('err');
    endOfFault();
    world.advance(1000);
    expect(server.call('SET', 'b', '3')).toBe('OK');
    expect(server.info('aof_last_write_status')).toBe('ok');
    world.advance(2000);
    expect(restart(server).call('MGET', 'a', 'b')).toEqual(['1', '3']);
  });
});

describe('a file that cannot be made durable when the next one begins', () => {
  /** Has everything up to now in a first file that the disk refuses to sync, and a second one open. */
  function between(): { readonly server: LoggedServer; readonly endOfFault: () => void } {
    const server = start({ 'rdb-key-save-delay': '100000000' });
    server.call('SET', 'a', '1');
    const endOfFault = server.disk.faults.add({ operation: 'sync', code: 'EIO', path: '1.incr' });
    server.disk.syncLatency = 10 * SYNC_MS;
    server.call('BGREWRITEAOF');
    world.advance(SYNC_MS);
    expect(server.call('SET', 'b', '2')).toBe('OK');
    world.advance(500);
    expect(server.manifest).toContain('2.incr');
    expect(server.call('SET', 'c', '3')).toBeInstanceOf(ErrorReply);
    return { server, endOfFault };
  }

  it('keeps the next one empty, so that no gap can be left', () => {
    const { server, endOfFault } = between();
    world.advance(5000);
    expect(server.file('2.incr.aof')).toBe('');
    endOfFault();
    const restarted = restart(server);
    expect(restarted.call('GET', 'c')).toBeNull();
  });

  it('is synced again, after which the log goes on', () => {
    const { server, endOfFault } = between();
    endOfFault();
    world.advance(3000);
    expect(server.call('SET', 'c', '3')).toBe('OK');
    world.advance(3000);
    expect(restart(server).call('MGET', 'a', 'b', 'c')).toEqual(['1', '2', '3']);
  });
});

describe('a rewrite', () => {
  it.each(['yes', 'no'])('makes a new base of the dataset (aof-use-rdb-preamble %s)', (preamble) => {
    const server = start({ 'aof-use-rdb-preamble': preamble });
    for (let i = 0; i < 100; i++) server.call('RPUSH', 'list', i);
    server.rewrite();
    server.call('SET', 'after', '1');
    const suffix = preamble === 'yes' ? 'rdb' : 'aof';
    expect(server.manifest).toBe(
      `file appendonly.aof.2.base.${suffix} seq 2 type b\nfile appendonly.aof.2.incr.aof seq 2 type i\n`,
    );
    expect(server.disk.list(LOG_DIRECTORY)).toEqual([
      `appendonly.aof.2.base.${suffix}`,
      'appendonly.aof.2.incr.aof',
      'appendonly.aof.manifest',
    ]);
    world.advance(2000);
    const restarted = restart(server);
    expect(restarted.call('LLEN', 'list')).toBe(100);
    expect(restarted.call('GET', 'after')).toBe('1');
  });

  it('that fails leaves a log of all files, and is tried again', () => {
    const server = start();
    server.call('SET', 'before', '1');
    server.disk.faults.add({ operation: 'write', code: 'ENOSPC', path: 'temp-rewriteaof', times: 1 });
    server.rewrite();
    expect(server.info('aof_last_bgrewrite_status')).toBe('err');
    server.call('SET', 'after', '1');
    expect(server.manifest).toBe(
      'file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n' +
        'file appendonly.aof.2.incr.aof seq 2 type i\n',
    );
    world.advance(2000);
    const restarted = restart(server);
    expect(restarted.call('MGET', 'before', 'after')).toEqual(['1', '1']);
    restarted.rewrite();
    expect(restarted.manifest).toBe(
      'file appendonly.aof.2.base.rdb seq 2 type b\nfile appendonly.aof.3.incr.aof seq 3 type i\n',
    );
  });

  it('comes by itself when the log has grown', () => {
    const server = start({ 'auto-aof-rewrite-min-size': '1000', 'auto-aof-rewrite-percentage': '100' });
    for (let i = 0; i < 200; i++) server.call('SET', 'key', i);
    world.advance(1000);
    expect(server.info('aof_rewrites')).toBe('1');
    expect(server.manifest).toContain('appendonly.aof.2.base.rdb');
  });

  it('waits for a snapshot that is being saved', () => {
    const server = start({ 'rdb-key-save-delay': '1000000' });
    for (let i = 0; i < 3; i++) server.call('SET', `key:${i}`, i);
    server.call('BGSAVE');
    expect(server.call('BGREWRITEAOF')).toBe('Background append only file rewriting scheduled');
    server.call('CONFIG', 'SET', 'rdb-key-save-delay', '0');
    server.settle();
    expect(server.manifest).toContain('appendonly.aof.2.base.rdb');
  });
});

describe('switching the log at run time', () => {
  it('on: begins with a base of the dataset that is there', () => {
    const server = start({ appendonly: 'no' });
    server.call('SET', 'before', '1');
    expect(server.call('CONFIG', 'SET', 'appendonly', 'yes')).toBe('OK');
    server.call('SET', 'after', '1');
    server.settle();
    world.advance(2000);
    expect(server.manifest).toBe(
      'file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n',
    );
    expect(restart(server).call('MGET', 'before', 'after')).toEqual(['1', '1']);
  });

  it('off: leaves a log of what was written until then', () => {
    const server = start();
    server.call('SET', 'before', '1');
    server.call('CONFIG', 'SET', 'appendonly', 'no');
    server.call('SET', 'after', '1');
    world.advance(100);
    expect(server.info('aof_enabled')).toBe('0');
    expect(restart(server).call('MGET', 'before', 'after')).toEqual(['1', null]);
  });

  it('on again: does not continue the old log', () => {
    const server = start();
    server.call('SET', 'a', '1');
    server.call('CONFIG', 'SET', 'appendonly', 'no');
    server.call('SET', 'a', '2');
    server.call('CONFIG', 'SET', 'appendonly', 'yes');
    server.settle();
    server.call('APPEND', 'a', '3');
    world.advance(2000);
    expect(restart(server).call('GET', 'a')).toBe('23');
  });
});

describe('a server that is closed', () => {
  it('leaves a log that is on disk, and writes no more to it', () => {
    const server = start();
    server.call('SET', 'a', '1');
    server.test.server.close();
    world.advance(100);
    const files = (): string[] => [server.manifest, server.file('1.incr.aof')];
    const before = files();
    world.advance(5000);
    expect(files()).toEqual(before);
    expect(restart(server).call('GET', 'a')).toBe('1');
  });

  it('gives a rewrite up', () => {
    const server = start({ 'rdb-key-save-delay': '1000000' });
    for (const key of ['a', 'b', 'c']) server.call('SET', key, '1');
    server.call('BGREWRITEAOF');
    world.advance(100);
    server.test.server.close();
    world.advance(10_000);
    expect(server.persistence.aof.isRewriting).toBe(false);
    expect(server.manifest).not.toContain('2.base');
    expect(restart(server).call('DBSIZE')).toBe(3);
  });
});

describe('loading', () => {
  it('cuts off a torn end and says where', () => {
    const server = start();
    server.call('SET', 'a', '1');
    const whole = server.file('1.incr.aof').length;
    server.process.kill();
    append('appendonly.aof.1.incr.aof', '*3\r\n$3\r\nSET\r\n$1\r\na');
    const restarted = start();
    expect(restarted.call('GET', 'a')).toBe('1');
    expect(restarted.file('1.incr.aof')).toHaveLength(whole);
    expect(restarted.logged).toContain(
      `!!! Truncating the AOF appendonly.aof.1.incr.aof at offset ${whole} !!!`,
    );
  });

  it('takes a transaction back that is not complete', () => {
    const server = start();
    server.call('SET', 'a', '1');
    server.process.kill();
    append('appendonly.aof.1.incr.aof', '*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n2\r\n');
    const restarted = start();
    expect(restarted.call('GET', 'a')).toBe('1');
    expect(restarted.call('SET', 'a', '3')).toBe('OK');
  });

  it.each([
    [
      'a torn end that may not be cut off',
      '*3\r\n$3\r\nSET',
      /^Unexpected end of file reading the append only file/,
    ],
    ['something else than commands', 'GARBAGE\r\n', /^Bad file format reading the append only file/],
    ['an unknown command', '*1\r\n$5\r\nBLAHH\r\n', /^Unknown command 'BLAHH' reading the append only file/],
  ])('refuses %s, and leaves the file as it is', (_what, text, problem) => {
    const server = start();
    server.call('SET', 'a', '1');
    server.process.kill();
    append('appendonly.aof.1.incr.aof', text);
    const before = server.file('1.incr.aof');
    const next = new LoggedServer(world, { 'aof-load-truncated': 'no' });
    const said = next.load()?.split('\n').at(-1);
    expect(said).toMatch(problem);
    expect(next.file('1.incr.aof')).toBe(before);
  });

  it('refuses a log of which a file is missing', () => {
    const server = start();
    server.process.kill();
    server.disk.unlink(`${LOG_DIRECTORY}/appendonly.aof.1.incr.aof`);
    expect(new LoggedServer(world).load()).toBe(
      'Unable to obtain the AOF file appendonly.aof.1.incr.aof length. stat: No such file or directory',
    );
  });

  it('tells others that it is loading while a script of the log takes long, and goes on after it', () => {
    const script = "for i = 1, 300000 do end redis.call('set', KEYS[1], 'done') return 1";
    world
      .host('server')
      .disk.put(
        '/server/appendonly.aof',
        [
          encodeRequest(['SET', 'key', 'before', 'PXAT', 1]),
          encodeRequest([
            'EVAL',
            `if redis.call('exists', KEYS[1]) == 0 then return end ${script}`,
            1,
            'key',
          ]),
          encodeRequest(['MULTI']),
          encodeRequest(['EVAL', script, 1, 'inside']),
          encodeRequest(['RPUSH', 'list', 'after']),
          encodeRequest(['EXEC']),
        ].join(''),
      );
    const server = new LoggedServer(world, { 'busy-reply-threshold': '1' });
    new Scripting(server.test.server);
    const { suspension } = server.test.server;
    let outcome: { problem: string | null } | null = null;
    server.persistence.loadAtStart((problem) => (outcome = { problem }));
    world.runUntil(() => suspension.isActive, 1000);
    expect(server.call('GET', 'key')).toEqual(
      new ErrorReply('LOADING Redis is loading the dataset in memory'),
    );
    world.runUntil(() => outcome !== null, 1000);
    expect(outcome).toEqual({ problem: null });
    expect(server.logged.filter((line) => line.startsWith('Slow script detected'))).toHaveLength(2);
    expect(['key', 'inside'].map((key) => server.call('GET', key))).toEqual(['done', 'done']);
    expect(server.call('LRANGE', 'list', 0, -1)).toEqual(['after']);
  });

  it('refuses a base whose functions cannot be loaded', () => {
    const server = start();
    server.persistence.snapshots.takeFunctions(['#!lua name=lib\n']);
    server.rewrite();
    server.process.kill();
    const next = new LoggedServer(world);
    next.test.server.functions = { ...NO_FUNCTIONS, restore: () => 'ERR no such engine' };
    expect(next.load()).toBe(
      'ERR no such engine\nError reading the RDB base file appendonly.aof.2.base.rdb, AOF loading aborted',
    );
  });

  it('says what is wrong with a manifest, and in which line', () => {
    const server = start();
    server.process.kill();
    append('appendonly.aof.manifest', 'nonsense\n');
    expect(new LoggedServer(world).load()).toBe(
      '*** FATAL AOF MANIFEST FILE ERROR ***\nReading the manifest file, at line 3\n' +
        ">>> 'nonsense'\nInvalid AOF manifest file format",
    );
  });

  it('takes over the single file of an older Redis', () => {
    world.host('server').disk.put('/server/appendonly.aof', '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n');
    const server = start();
    expect(server.call('GET', 'a')).toBe('1');
    expect(server.manifest).toBe(
      'file appendonly.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n',
    );
    expect(server.disk.text('/server/appendonly.aof')).toBeNull();
  });

  it('does not look at the snapshot file', () => {
    const server = start();
    server.call('SET', 'a', '1');
    server.call('SAVE');
    server.process.kill();
    server.disk.removeTree(LOG_DIRECTORY);
    expect(start().call('DBSIZE')).toBe(0);
  });

  it('again, by DEBUG LOADAOF, gives the same dataset', () => {
    const server = start();
    server.call('SET', 'a', '1');
    server.call('RPUSH', 'list', 'x');
    const digest = server.call('DEBUG', 'DIGEST');
    expect(server.call('DEBUG', 'LOADAOF')).toBe('OK');
    expect(server.call('DEBUG', 'DIGEST')).toBe(digest);
  });
});
