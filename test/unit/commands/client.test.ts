/** The CLIENT command. */
import { beforeEach, describe, expect, test } from 'vitest';
import { errorReply } from '../../support/resp.js';
import { TestServer, type TestClient } from '../../support/test-server.js';

let server: TestServer;
let client: TestClient;
let other: TestClient;
beforeEach(() => {
  server = new TestServer();
  client = server.connect();
  other = server.connect();
});

describe('CLIENT LIST', () => {
  test('has a line per client with the fields of Redis, in its order', () => {
    const lines = String(client.call('client', 'list')).split('\n');
    expect(lines).toHaveLength(3);
    const names = String(lines[0])
      .split(' ')
      .map((field) => field.slice(0, field.indexOf('=')));
    expect(names.join(' ')).toBe(
      'id addr laddr fd name age idle flags db sub psub ssub multi qbuf qbuf-free argv-mem multi-mem rbs rbp obl oll omem tot-mem events cmd user redir resp lib-name lib-ver',
    );
    expect(lines[0]).toMatch(/ qbuf=26 .* argv-mem=10 .* obl=0 oll=0 omem=0 .* events=r cmd=client\|list /);
    expect(lines[1]).toMatch(/ cmd=NULL user=default redir=-1 resp=2 lib-name= lib-ver=$/);
  });

  test('shows state in flags', () => {
    other.call('subscribe', 'a');
    const blocked = server.connect();
    blocked.send('blpop', 'list', 0);
    const queueing = server.connect();
    queueing.call('multi');
    queueing.call('get', 'a');
    const watching = server.connect();
    watching.call('monitor');
    const flags = String(client.call('client', 'list'))
      .trimEnd()
      .split('\n')
      .map((line) => /flags=(\S+)/.exec(line)?.[1]);
    expect(flags).toEqual(['N', 'P', 'b', 'x', 'O']);
  });

  test('can be limited to types and ids', () => {
    other.call('subscribe', 'a');
    expect(String(client.call('client', 'list', 'type', 'pubsub'))).toMatch(/^id=2 [^\n]*\n$/);
    expect(String(client.call('client', 'list', 'id', 1, 99))).toMatch(/^id=1 [^\n]*\n$/);
    expect(client.call('client', 'list', 'type', 'x')).toEqual(errorReply("ERR Unknown client type 'x'"));
    expect(client.call('client', 'list', 'id', 'x')).toEqual(errorReply('ERR Invalid client ID'));
    expect(client.call('client', 'list', 'id')).toEqual(errorReply('ERR syntax error'));
  });
});

describe('CLIENT KILL', () => {
  test('closes those who match, by default not the sender', () => {
    server.connect();
    expect(client.call('client', 'kill', 'skipme', 'yes')).toBe(2);
    expect(String(client.call('client', 'list')).trimEnd().split('\n')).toHaveLength(1);
  });

  test('answers a sender that closes itself', () => {
    expect(client.call('client', 'kill', 'id', 1, 'skipme', 'no')).toBe(1);
    expect(client.client.closeAfterReply).toBe(true);
  });

  test('finds users and types', () => {
    server.server.acl.setUser('bob', ['on', 'nopass', '+@all']);
    other.call('auth', 'bob', 'x');
    expect(client.call('client', 'kill', 'user', 'bob', 'type', 'pubsub')).toBe(0);
    expect(client.call('client', 'kill', 'user', 'bob', 'type', 'normal')).toBe(1);
    expect(other.client.closed).toBe(true);
  });

  test.each([
    [['kill'], "ERR wrong number of arguments for 'client|kill' command"],
    [['kill', 'id', '10', 'wrong'], 'ERR syntax error'],
    [['kill', 'id', 'str'], 'ERR client-id should be greater than 0'],
    [['kill', 'id', '0'], 'ERR client-id should be greater than 0'],
    [['kill', 'type', 'wrong'], "ERR Unknown client type 'wrong'"],
    [['kill', 'user', 'wrong'], "ERR No such user 'wrong'"],
    [['kill', 'skipme', 'maybe'], 'ERR syntax error'],
    [['kill', '1.2.3.4:5'], 'ERR No such client'],
  ])('%j: %s', (args, text) => {
    expect(client.call('client', ...args)).toEqual(errorReply(text));
  });
});

describe('CLIENT REPLY', () => {
  test('OFF silences everything until ON', () => {
    client.send('client', 'reply', 'off');
    client.send('ping');
    client.send('client', 'reply', 'skip');
    client.send('set', 'a', 'b');
    expect(client.replies()).toEqual([]);
    expect(client.call('client', 'reply', 'on')).toBe('OK');
    expect(client.call('get', 'a')).toBe('b');
  });

  test('SKIP silences the next command only', () => {
    client.send('client', 'reply', 'skip');
    client.send('ping', 'one');
    client.send('ping', 'two');
    expect(client.replies()).toEqual(['two']);
  });
});

describe('names', () => {
  test('are printable and without blanks', () => {
    const problem = errorReply('ERR Client names cannot contain spaces, newlines or special characters.');
    expect(client.call('client', 'getname')).toBeNull();
    expect(client.call('client', 'setname', 'foo bar')).toEqual(problem);
    expect(client.call('client', 'setname', 'foo\xa0bar')).toEqual(problem);
    expect(client.call('client', 'setname', 'foo')).toBe('OK');
    expect(client.call('client', 'getname')).toBe('foo');
    client.call('client', 'setname', '');
    expect(client.call('client', 'getname')).toBeNull();
  });

  test('of libraries are told by SETINFO', () => {
    client.call('client', 'setinfo', 'LIB-NAME', 'redis.py');
    client.call('client', 'setinfo', 'lib-ver', '1.2.3');
    expect(client.call('client', 'info')).toMatch(/ lib-name=redis.py lib-ver=1.2.3\n$/);
    expect(client.call('client', 'setinfo', 'lib-ver', 'a b')).toEqual(
      errorReply('ERR lib-ver cannot contain spaces, newlines or special characters.'),
    );
    expect(client.call('client', 'setinfo', 'badger', 'x')).toEqual(
      errorReply("ERR Unrecognized option 'badger'"),
    );
  });
});

describe('CLIENT PAUSE', () => {
  test('WRITE holds writes back until it ends, and nothing else', () => {
    client.call('client', 'pause', 1000, 'write');
    other.send('set', 'a', 'b');
    expect(other.replies()).toEqual([]);
    expect(client.call('get', 'a')).toBeNull();
    expect(client.call('info', 'clients')).toMatch(/blocked_clients:1\r\n/);
    server.advance(1001);
    expect(other.replies()).toEqual(['OK']);
    expect(client.call('get', 'a')).toBe('b');
  });

  test('ALL holds everything back', () => {
    client.call('client', 'pause', 1000);
    other.send('ping');
    expect(other.replies()).toEqual([]);
    server.advance(1001);
    expect(other.replies()).toEqual(['PONG']);
  });

  test('UNPAUSE ends it', () => {
    client.call('client', 'pause', 100_000, 'write');
    other.send('set', 'a', 'b');
    expect(client.call('client', 'unpause')).toBe('OK');
    expect(other.replies()).toEqual(['OK']);
  });

  test('keeps expired keys in place, though nobody sees them', () => {
    client.call('set', 'a', 'b', 'px', 10);
    client.call('client', 'pause', 100_000, 'write');
    server.advance(1000);
    expect(client.call('get', 'a')).toBeNull();
    expect(client.call('dbsize')).toBe(1);
    client.call('client', 'unpause');
    expect(client.call('get', 'a')).toBeNull();
    expect(client.call('dbsize')).toBe(0);
  });

  test.each([
    [['pause', '10', 'foo'], 'ERR CLIENT PAUSE mode must be WRITE or ALL'],
    [['pause', 'x'], 'ERR timeout is not an integer or out of range'],
    [['pause', '-1'], 'ERR timeout is negative'],
  ])('%j: %s', (args, text) => {
    expect(client.call('client', ...args)).toEqual(errorReply(text));
  });
});

describe('CLIENT UNBLOCK', () => {
  test('ends a wait as its timeout would, or with an error', () => {
    other.send('blpop', 'a', 0);
    expect(client.call('client', 'unblock', 2)).toBe(1);
    expect(other.replies()).toEqual([null]);
    other.send('blpop', 'a', 0);
    expect(client.call('client', 'unblock', 2, 'error')).toBe(1);
    expect(other.replies()).toEqual([errorReply('UNBLOCKED client unblocked via CLIENT UNBLOCK')]);
    expect(client.call('client', 'unblock', 2)).toBe(0);
  });

  test('counts the wait as one call', () => {
    other.send('blpop', 'a', 0);
    expect(client.call('info', 'commandstats')).not.toMatch(/cmdstat_blpop/);
    client.call('client', 'unblock', 2, 'error');
    expect(client.call('info', 'commandstats')).toMatch(
      /cmdstat_blpop:calls=1,.*,rejected_calls=0,failed_calls=1\r\n/,
    );
    expect(client.call('info', 'errorstats')).toMatch(/errorstat_UNBLOCKED:count=1\r\n/);
  });
});

test('NO-TOUCH leaves access times as they are, except by TOUCH', () => {
  client.call('set', 'a', 'b');
  client.call('client', 'no-touch', 'on');
  server.advance(5000);
  client.call('get', 'a');
  expect(client.call('object', 'idletime', 'a')).toBe(5);
  client.call('touch', 'a');
  expect(client.call('object', 'idletime', 'a')).toBe(0);
  server.advance(5000);
  client.call('client', 'no-touch', 'off');
  client.call('get', 'a');
  expect(client.call('object', 'idletime', 'a')).toBe(0);
});

describe('input that is not executed', () => {
  test('is limited, in a transaction too', () => {
    client.call('config', 'set', 'client-query-buffer-limit', '1mb');
    other.call('multi');
    for (let i = 0; i < 20 && !other.client.closed; i++) other.send('set', 'a', 'x'.repeat(100_000));
    expect(other.client.closed).toBe(true);
  });

  test('is limited by its arguments where a command never ends', () => {
    client.call('config', 'set', 'client-query-buffer-limit', '1mb');
    other.client.onData(Buffer.from('*30000000\r\n'));
    const arguments_ = Buffer.from('$1\r\nx\r\n'.repeat(10_000));
    for (let i = 0; i < 20 && !other.client.closed; i++) other.client.onData(arguments_);
    expect(other.client.closed).toBe(true);
  });

  test('stops the reading from a client that waits', () => {
    other.send('blpop', 'a', 0);
    const readings: string[] = [];
    const { connection } = other.client;
    if (connection === null) throw new Error('no connection');
    Object.assign(connection, { pause: () => readings.push('pause'), resume: () => readings.push('resume') });
    const pings = Buffer.from('ping\r\n'.repeat(10_000));
    while (readings.length === 0) other.client.onData(pings);
    client.call('lpush', 'a', 'x');
    server.advance(0);
    expect(readings).toEqual(['pause', 'resume']);
    const replies = other.replies();
    expect(replies[0]).toEqual(['a', 'x']);
    expect(new Set(replies.slice(1))).toEqual(new Set(['PONG']));
  });

  test('that a web page made a browser send is not executed', () => {
    other.client.onData(Buffer.from('POST / HTTP/1.1\r\nset a b\r\n'));
    server.advance(0);
    expect(other.client.closed).toBe(true);
    expect(client.call('get', 'a')).toBeNull();
  });
});

describe('output', () => {
  test('beyond the hard limit closes the client before any of it is sent', () => {
    client.call('config', 'set', 'client-output-buffer-limit', 'normal 100000 0 0');
    client.call('set', 'a', 'x'.repeat(10_000));
    other.client.onData(Buffer.from('get a\r\n'.repeat(15)));
    server.advance(0);
    expect(other.client.closed).toBe(true);
    expect(other.replies()).toEqual([]);
  });
});
