/** Watching a server: MONITOR, SLOWLOG, LATENCY, INFO, COMMAND, MEMORY. */
import { beforeEach, describe, expect, test } from 'vitest';
import { errorReply } from '../../support/resp.js';
import { TestServer, type TestClient } from '../../support/test-server.js';

let server: TestServer;
let client: TestClient;
beforeEach(() => {
  server = new TestServer({ 'slowlog-log-slower-than': '-1' });
  client = server.connect();
});

describe('MONITOR', () => {
  /** The commands of the lines that a monitor got. */
  const seen = (monitor: TestClient): string[] =>
    monitor.replies().map((line) => String(line).replace(/^\d+\.\d{6} \[\d+ [^\]]*\] /, ''));

  test('shows commands when they have been executed, those of a transaction before EXEC', () => {
    const monitor = server.connect();
    expect(monitor.call('monitor')).toBe('OK');
    client.call('multi');
    client.call('set', 'a', '\n"\xff');
    client.call('exec');
    expect(seen(monitor)).toEqual(['"multi"', '"set" "a" "\\n\\"\\xff"', '"exec"']);
  });

  test('shows neither passwords nor administrative commands', () => {
    const monitor = server.connect();
    monitor.call('monitor');
    client.call('auth', 'not-real', 'not-a-password');
    client.call('hello', '2', 'AUTH', 'a', 'b');
    client.call('acl', 'setuser', 'x', '>secret');
    expect(seen(monitor)).toEqual([
      '"auth" "(redacted)" "(redacted)"',
      '"hello" "2" "AUTH" "(redacted)" "(redacted)"',
    ]);
  });

  test('shows a blocked command once', () => {
    const monitor = server.connect();
    const blocked = server.connect();
    monitor.call('monitor');
    blocked.send('blpop', 'a', 0);
    client.call('lpush', 'a', 1);
    expect(seen(monitor)).toEqual(['"blpop" "a" "0"', '"lpush" "a" "1"']);
  });

  test('says who, where and when', () => {
    const monitor = server.connect();
    monitor.call('monitor');
    client.call('select', 3);
    client.call('get', 'a');
    const line = String(monitor.replies()[1]);
    expect(line).toMatch(/^\d+\.\d{6} \[3 127\.0\.0\.1:50000\] "get" "a"$/);
    expect(Number(line.split('.')[0])).toBe(Math.floor(server.nowMs / 1000));
  });
});

describe('SLOWLOG', () => {
  beforeEach(() => {
    client.call('config', 'set', 'slowlog-log-slower-than', '0');
    client.call('slowlog', 'reset');
  });

  test('has the latest first, with everything about them', () => {
    client.call('client', 'setname', 'me');
    client.call('get', 'a');
    const [entry] = client.call('slowlog', 'get') as unknown[][];
    expect(entry).toEqual([
      expect.any(Number),
      Math.floor(server.nowMs / 1000),
      0,
      ['get', 'a'],
      '127.0.0.1:50000',
      'me',
    ]);
  });

  test('cuts long arguments and long lists of them', () => {
    client.call('sadd', 's', 'x'.repeat(129));
    client.call('sadd', 's', ...Array.from({ length: 40 }, (_, i) => i));
    const [many, long] = client.call('slowlog', 'get', 2) as [unknown, unknown, unknown, string[]][];
    expect(long?.[3][2]).toBe(`${'x'.repeat(128)}... (1 more bytes)`);
    expect(many?.[3]).toHaveLength(32);
    expect(many?.[3][31]).toBe('... (11 more arguments)');
  });

  test('leaves out EXEC, but not what it executes', () => {
    client.call('multi');
    client.call('ping');
    client.call('exec');
    const entries = client.call('slowlog', 'get') as [unknown, unknown, unknown, string[]][];
    expect(entries.map(([, , , args]) => args[0])).toEqual(['ping', 'multi', 'slowlog']);
  });

  test('keeps as many as slowlog-max-len', () => {
    client.call('config', 'set', 'slowlog-max-len', 3);
    for (let i = 0; i < 10; i++) client.call('ping');
    expect(client.call('slowlog', 'len')).toBe(3);
    expect(client.call('slowlog', 'get', -1)).toHaveLength(3);
    expect(client.call('slowlog', 'get', 0)).toEqual([]);
    expect(client.call('slowlog', 'get', -2)).toEqual(
      errorReply('ERR count should be greater than or equal to -1'),
    );
  });

  test('has a blocked command once it was served', () => {
    const blocked = server.connect();
    blocked.send('blpop', 'a', 0);
    client.call('slowlog', 'reset');
    client.call('lpush', 'a', 1);
    const entries = client.call('slowlog', 'get') as [unknown, unknown, unknown, string[]][];
    expect(entries.map(([, , , args]) => args[0])).toEqual(['blpop', 'lpush', 'slowlog']);
  });
});

describe('LATENCY', () => {
  test('HISTOGRAM has the commands that were called', () => {
    client.call('config', 'resetstat');
    client.call('set', 'a', 'b');
    client.call('client', 'id');
    client.call('client', 'list');
    expect(client.call('latency', 'histogram', 'set', 'nosuch', 'client|id')).toEqual([
      'set',
      ['calls', 1, 'histogram_usec', [1, 1]],
      'client|id',
      ['calls', 1, 'histogram_usec', [1, 1]],
    ]);
    expect(client.call('latency', 'histogram', 'client')).toHaveLength(4);
  });

  test('shows, draws and forgets events', () => {
    const { latencyMonitor } = server.server;
    latencyMonitor.thresholdMs = 1;
    const secondsNow = Math.floor(server.nowMs / 1000);
    latencyMonitor.note('command', 300, server.nowMs - 2000);
    latencyMonitor.note('command', 100, server.nowMs - 1000);
    expect(client.call('latency', 'latest')).toEqual([['command', secondsNow - 1, 100, 300]]);
    expect(client.call('latency', 'history', 'command')).toEqual([
      [secondsNow - 2, 300],
      [secondsNow - 1, 100],
    ]);
    expect(client.call('latency', 'history', 'nosuch')).toEqual([]);
    expect(client.call('latency', 'graph', 'command')).toBe(
      `command - high 300 ms, low 100 ms (all time high 300 ms)\n${'-'.repeat(80)}\n# \n| \n| \n|_\n\n21\nss\n`,
    );
    expect(client.call('latency', 'graph', 'nosuch')).toEqual(
      errorReply("ERR No samples available for event 'nosuch'"),
    );
    expect(client.call('latency', 'doctor')).toMatch(/command: 2 latency spikes \(average 200ms/);
    expect(client.call('latency', 'reset', 'nosuch')).toBe(0);
    expect(client.call('latency', 'reset')).toBe(1);
    expect(client.call('latency', 'latest')).toEqual([]);
  });
});

describe('INFO', () => {
  const titles = (text: unknown): string[] =>
    [...String(text).matchAll(/^# (.*)\r$/gm)].map(([, title]) => String(title));

  test('shows the default sections, in order, without being asked', () => {
    const expected = [
      'Server',
      'Clients',
      'Memory',
      'Persistence',
      'Stats',
      'CPU',
      'Modules',
      'Errorstats',
      'Cluster',
      'Keyspace',
    ];
    expect(titles(client.call('info'))).toEqual(expected);
    expect(titles(client.call('info', 'default'))).toEqual(expected);
  });

  test('shows more when asked, each section once, and ignores what it does not know', () => {
    const all = titles(client.call('info', 'all', 'cpu'));
    expect(all).toContain('Commandstats');
    expect(all).not.toContain('Debug');
    expect(new Set(all).size).toBe(all.length);
    expect(titles(client.call('info', 'CPU', 'debug', 'nosuch'))).toEqual(['CPU', 'Debug']);
    expect(client.call('info', 'nosuch')).toBe('');
  });

  test('counts errors by their code, and those of a transaction once', () => {
    client.call('config', 'resetstat');
    client.call('multi');
    client.call('set', 'a', 'b');
    client.call('auth', 'x');
    client.call('exec');
    client.call('nosuch');
    client.call('set', 'a');
    const stats = String(client.call('info', 'commandstats', 'errorstats', 'stats'));
    expect(stats).toMatch(/errorstat_ERR:count=3\r\n/);
    expect(stats).toMatch(/total_error_replies:3\r\n/);
    expect(stats).toMatch(/cmdstat_set:calls=1,.*,rejected_calls=1,failed_calls=0\r\n/);
    expect(stats).toMatch(/cmdstat_auth:calls=1,.*,rejected_calls=0,failed_calls=1\r\n/);
    expect(stats).toMatch(/cmdstat_exec:calls=1,.*,rejected_calls=0,failed_calls=0\r\n/);
  });

  test('shows percentiles of latency as configured', () => {
    client.call('config', 'resetstat');
    client.call('set', 'a', 'b');
    expect(client.call('info', 'latencystats')).toMatch(
      /latency_percentiles_usec_set:p50=0\.001,p99=0\.001,p99\.9=0\.001\r\n/,
    );
    client.call('config', 'set', 'latency-tracking', 'no');
    expect(client.call('info', 'latencystats')).toBe('# Latencystats\r\n');
  });

  test('shows databases that hold keys', () => {
    client.call('set', 'a', 'b', 'px', 5000);
    client.call('set', 'c', 'd');
    client.call('select', 2);
    client.call('set', 'a', 'b');
    expect(client.call('info', 'keyspace')).toBe(
      '# Keyspace\r\ndb0:keys=2,expires=1,avg_ttl=5000\r\ndb2:keys=1,expires=0,avg_ttl=0\r\n',
    );
  });
});

describe('COMMAND', () => {
  test('GETKEYS tells which arguments are keys', () => {
    expect(client.call('command', 'getkeys', 'memory', 'usage', 'key')).toEqual(['key']);
    expect(client.call('command', 'getkeys', 'mset', 'a', '1', 'b', '2')).toEqual(['a', 'b']);
    expect(client.call('command', 'getkeys', 'ping')).toEqual(
      errorReply('ERR The command has no key arguments'),
    );
    expect(client.call('command', 'getkeys', 'get')).toEqual(
      errorReply('ERR Invalid number of arguments specified for command'),
    );
    expect(client.call('command', 'getkeys', 'nosuch')).toEqual(errorReply('ERR Invalid command specified'));
    expect(client.call('command', 'getkeys', 'lmpop', 'x', 'a', 'left')).toEqual(
      errorReply('ERR Invalid arguments specified for command'),
    );
  });

  test('GETKEYSANDFLAGS tells what is done to them', () => {
    expect(client.call('command', 'getkeysandflags', 'set', 'k', 'v')).toEqual([['k', ['OW', 'update']]]);
    expect(client.call('command', 'getkeysandflags', 'lmove', 'a', 'b', 'left', 'right')).toEqual([
      ['a', ['RW', 'access', 'delete']],
      ['b', ['RW', 'insert']],
    ]);
  });

  test('LIST can be filtered', () => {
    expect(client.call('command', 'list', 'filterby', 'pattern', 'config|*re*')).toEqual(
      expect.arrayContaining(['config|resetstat', 'config|rewrite']),
    );
    expect(client.call('command', 'list', 'filterby', 'aclcat', 'nosuch')).toEqual([]);
    expect(client.call('command', 'list', 'filterby', 'module', 'nosuch')).toEqual([]);
    expect(client.call('command', 'list', 'filterby', 'x', 'y')).toEqual(errorReply('ERR syntax error'));
    expect(client.call('command', 'list')).toContain('client|list');
  });

  test('INFO has nothing for what does not exist', () => {
    expect(client.call('command', 'info', 'nosuch', 'get|key', 'config|get|key')).toEqual([null, null, null]);
  });

  test('DOCS has those that exist', () => {
    const docs = client.call('command', 'docs', 'quit', 'nosuch') as unknown[];
    expect(docs).toEqual([
      'quit',
      expect.arrayContaining(['since', '1.0.0', 'group', 'connection', 'doc_flags', ['deprecated']]),
    ]);
  });

  test('COUNT counts what COMMAND lists', () => {
    expect(client.call('command')).toHaveLength(Number(client.call('command', 'count')));
  });
});

describe('MEMORY', () => {
  test('USAGE grows with the value', () => {
    client.call('set', 'a', 'x');
    client.call('set', 'b', 'x'.repeat(1000));
    const small = Number(client.call('memory', 'usage', 'a'));
    expect(small).toBeGreaterThan(0);
    expect(Number(client.call('memory', 'usage', 'b')) - small).toBeGreaterThanOrEqual(990);
    expect(client.call('memory', 'usage', 'nosuch')).toBeNull();
    expect(client.call('memory', 'usage', 'a', 'samples', '-1')).toEqual(errorReply('ERR syntax error'));
  });

  test('what is taken falls as soon as a value goes, whatever the collector does', () => {
    const usedBytes = (): number =>
      Number(/used_memory:(\d+)/.exec(String(client.call('info', 'memory')))?.[1]);
    const before = usedBytes();
    for (let i = 0; i < 100; i++) client.call('rpush', 'list', 'x'.repeat(1000));
    client.call('set', 'text', 'x'.repeat(1000));
    client.call('append', 'text', 'x'.repeat(100_000));
    expect(usedBytes() - before).toBeGreaterThan(200_000);
    client.call('del', 'list', 'text');
    expect(Math.abs(usedBytes() - before)).toBeLessThan(2000);
  });

  test('writes are refused beyond maxmemory, reads are not', () => {
    client.call('config', 'set', 'maxmemory', 1);
    expect(client.call('set', 'a', 'b')).toEqual(
      errorReply("OOM command not allowed when used memory > 'maxmemory'."),
    );
    expect(client.call('get', 'a')).toBeNull();
    expect(client.call('del', 'a')).toBe(0);
    client.call('config', 'set', 'maxmemory', 0);
    expect(client.call('set', 'a', 'b')).toBe('OK');
  });
});
