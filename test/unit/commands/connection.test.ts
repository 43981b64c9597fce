/** AUTH, HELLO, PING, RESET and their kin: who a connection is and how it speaks. */
import { beforeEach, describe, expect, test } from 'vitest';
import { errorReply } from '../../support/resp.js';
import { TestServer, type TestClient } from '../../support/test-server.js';

const WRONG_PASSWORD = errorReply('WRONGPASS invalid username-password pair or user is disabled.');

let server: TestServer;
let client: TestClient;
beforeEach(() => {
  server = new TestServer();
  client = server.connect();
});

describe('without a password', () => {
  test('AUTH with one argument says that there is none', () => {
    expect(client.call('auth', 'x')).toEqual(
      errorReply(
        'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
      ),
    );
    expect(client.call('auth', 'default', 'whatever')).toBe('OK');
    expect(client.call('auth', 'a', 'b', 'c')).toEqual(errorReply('ERR syntax error'));
  });
});

describe('with requirepass', () => {
  beforeEach(() => {
    server = new TestServer({ requirepass: 'secret' });
    server.server.acl.loadAtStart([]);
    client = server.connect();
  });

  test('nothing goes before authentication', () => {
    expect(client.call('get', 'a')).toEqual(errorReply('NOAUTH Authentication required.'));
    expect(client.call('ping')).toEqual(errorReply('NOAUTH Authentication required.'));
    expect(client.call('auth', 'wrong')).toEqual(WRONG_PASSWORD);
    expect(client.call('auth', 'secret')).toBe('OK');
    expect(client.call('get', 'a')).toBeNull();
  });

  test('HELLO can authenticate, and needs to', () => {
    expect(client.call('hello', '3')).toMatchObject({ text: expect.stringMatching(/^NOAUTH HELLO must be/) });
    expect(client.call('hello', '3', 'auth', 'default', 'wrong')).toEqual(WRONG_PASSWORD);
    expect(client.client.reply.protocol).toBe(2);
    expect(client.call('hello', '3', 'auth', 'default', 'secret', 'setname', 'me')).toHaveProperty('map');
    expect(client.call('client', 'getname')).toBe('me');
  });

  test('connections made before the password was taken away may go on', () => {
    server.connect().call('auth', 'secret');
    client.call('get', 'a');
    server.server.acl.setUser('default', ['nopass']);
    expect(client.call('get', 'a')).toBeNull();
  });

  test('large requests of strangers are refused', () => {
    client.client.onData(Buffer.from('*100\r\n'));
    server.advance(0);
    expect(client.replies()).toEqual([errorReply('ERR Protocol error: unauthenticated multibulk length')]);
  });

  test('RESET forgets the authentication', () => {
    client.call('auth', 'secret');
    expect(client.call('reset')).toBe('RESET');
    expect(client.call('get', 'a')).toEqual(errorReply('NOAUTH Authentication required.'));
  });
});

describe('HELLO', () => {
  test('tells about the server', () => {
    expect(client.call('hello', '3')).toEqual({
      map: [
        ['server', 'redis'],
        ['version', '7.2.6'],
        ['proto', 3],
        ['id', 1],
        ['mode', 'standalone'],
        ['role', 'master'],
        ['modules', []],
      ],
    });
    expect(client.call('hello')).toHaveProperty('map');
    expect(client.call('hello', '2')).toHaveLength(14);
  });

  test.each([
    [['hello', 'x'], 'ERR Protocol version is not an integer or out of range'],
    [['hello', '4'], 'NOPROTO unsupported protocol version'],
    [['hello', '2', 'foo'], "ERR Syntax error in HELLO option 'foo'"],
    [['hello', '2', 'auth', 'x'], "ERR Syntax error in HELLO option 'auth'"],
    [
      ['hello', '2', 'setname', 'a b'],
      'ERR Client names cannot contain spaces, newlines or special characters.',
    ],
  ])('%j: %s', (args, text) => {
    expect(client.call(...args)).toEqual(errorReply(text));
  });

  test('takes the last of repeated options, and none when one is wrong', () => {
    client.call('hello', '2', 'setname', 'a', 'setname', 'b');
    expect(client.call('client', 'getname')).toBe('b');
    client.call('hello', '2', 'setname', 'c', 'setname', 'not good');
    expect(client.call('client', 'getname')).toBe('b');
    client.call('hello', '2', 'auth', 'nobody', 'x', 'setname', 'd');
    expect(client.call('client', 'getname')).toBe('b');
  });
});

describe('PING', () => {
  test('answers as the state of the connection asks', () => {
    expect(client.call('ping')).toBe('PONG');
    expect(client.call('ping', 'x')).toBe('x');
    expect(client.call('ping', 'x', 'y')).toEqual(
      errorReply("ERR wrong number of arguments for 'ping' command"),
    );
    client.call('subscribe', 'c');
    expect(client.call('ping')).toEqual(['pong', '']);
    expect(client.call('ping', 'x')).toEqual(['pong', 'x']);
    client.call('hello', '3');
  });

  test('in the new protocol a subscriber gets the plain answer', () => {
    client.call('hello', '3');
    client.call('subscribe', 'c');
    expect(client.call('ping')).toBe('PONG');
  });
});

describe('RESET', () => {
  test('makes the connection as if it were new, but keeps the library', () => {
    client.call('hello', '3');
    client.call('client', 'setinfo', 'lib-name', 'lib');
    client.call('client', 'setname', 'me');
    client.call('select', 5);
    client.call('subscribe', 'c');
    client.call('multi');
    expect(client.call('reset')).toBe('RESET');
    expect(client.call('client', 'getname')).toBeNull();
    const line = client.call('client', 'info');
    expect(line).toMatch(/ db=0 sub=0 .* multi=-1 .* resp=2 lib-name=lib /);
  });
});

test('QUIT is answered, and nothing after it is executed', () => {
  client.client.onData(Buffer.from('quit\r\nset foo bar\r\n'));
  server.advance(0);
  expect(client.replies()).toEqual(['OK']);
  expect(server.connect().call('get', 'foo')).toBeNull();
});

test('SELECT refuses what is no database', () => {
  expect(client.call('select', '15')).toBe('OK');
  expect(client.call('select', '16')).toEqual(errorReply('ERR DB index is out of range'));
  expect(client.call('select', '-1')).toEqual(errorReply('ERR DB index is out of range'));
  expect(client.call('select', 'x')).toEqual(errorReply('ERR value is not an integer or out of range'));
});
