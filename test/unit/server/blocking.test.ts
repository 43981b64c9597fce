/** Clients that wait for keys: whom a push serves, in which order, and how else a wait ends. */
import { beforeEach, describe, expect, test } from 'vitest';
import { errorReply } from '../../support/resp.js';
import { TestServer, type TestClient } from '../../support/test-server.js';

let server: TestServer;
let pusher: TestClient;
beforeEach(() => {
  server = new TestServer();
  pusher = server.connect();
});

function waiting(...command: (string | number)[]): TestClient {
  const client = server.connect();
  client.send(...command);
  expect(client.replies()).toEqual([]);
  return client;
}

describe('a push', () => {
  test('serves who has waited longest', () => {
    const first = waiting('blpop', 'list', 0);
    const second = waiting('brpop', 'list', 0);
    expect(pusher.call('rpush', 'list', 'a')).toBe(1);
    expect(first.replies()).toEqual([['list', 'a']]);
    expect(second.replies()).toEqual([]);
    pusher.call('rpush', 'list', 'b', 'c');
    expect(second.replies()).toEqual([['list', 'c']]);
    expect(pusher.call('lrange', 'list', 0, -1)).toEqual(['b']);
  });

  test('serves as many as there are elements', () => {
    const clients = ['a', 'b', 'c'].map(() => waiting('blpop', 'list', 0));
    pusher.call('rpush', 'list', '1', '2');
    expect(clients.map((client) => client.replies())).toEqual([[['list', '1']], [['list', '2']], []]);
    expect(pusher.call('exists', 'list')).toBe(0);
  });

  test('is a unit of its own, and so is every client served', () => {
    waiting('blpop', 'list', 0);
    waiting('brpop', 'list', 0);
    expect(server.propagatedBy(() => pusher.call('rpush', 'list', 'a', 'b'))).toEqual([
      'rpush list a b',
      'LPOP list',
      'RPOP list',
    ]);
  });

  test('in a transaction serves when the transaction is over', () => {
    const client = waiting('blpop', 'list', 0);
    pusher.call('multi');
    pusher.call('rpush', 'list', 'a');
    pusher.call('lpush', 'list', 'b');
    const sent = server.propagatedBy(() => pusher.call('exec'));
    expect(sent).toEqual(['MULTI', 'rpush list a', 'lpush list b', 'EXEC', 'LPOP list']);
    expect(client.replies()).toEqual([['list', 'b']]);
  });

  test('that is undone in its transaction serves nobody', () => {
    const client = waiting('blpop', 'list', 0);
    pusher.call('multi');
    pusher.call('rpush', 'list', 'a');
    pusher.call('del', 'list');
    pusher.call('exec');
    expect(client.replies()).toEqual([]);
    pusher.call('rpush', 'list', 'b');
    expect(client.replies()).toEqual([['list', 'b']]);
  });

  test('is found under any of the keys waited for, and the wait for all of them ends', () => {
    const client = waiting('blpop', 'x', 'y', 'z', 0);
    pusher.call('rpush', 'z', '1');
    expect(client.replies()).toEqual([['z', '1']]);
    pusher.call('rpush', 'x', '2');
    expect(client.replies()).toEqual([]);
    expect(pusher.call('llen', 'x')).toBe(1);
    expect(server.server.blocking.waitedKeyCount).toBe(0);
  });

  test('serves by the order of pushes when one unit feeds several keys', () => {
    const client = waiting('blpop', 'x', 'y', 0);
    pusher.call('multi');
    pusher.call('rpush', 'y', '2');
    pusher.call('rpush', 'x', '1');
    pusher.call('exec');
    // Served because of y, the command looks at its keys in its own order.
    expect(client.replies()).toEqual([['x', '1']]);
  });

  test('of another type, or into another database, wakes nobody', () => {
    const client = waiting('blpop', 'key', 0);
    pusher.call('set', 'key', 'text');
    pusher.call('select', 1);
    pusher.call('rpush', 'key', 'a');
    expect(client.replies()).toEqual([]);
    pusher.call('select', 0);
    pusher.call('del', 'key');
    pusher.call('rpush', 'key', 'b');
    expect(client.replies()).toEqual([['key', 'b']]);
  });

  test('passes on along a chain of moves within the same turn', () => {
    const end = waiting('blpop', 'c', 0);
    const middle = waiting('blmove', 'b', 'c', 'left', 'left', 0);
    const start = waiting('brpoplpush', 'a', 'b', 0);
    const sent = server.propagatedBy(() => pusher.call('rpush', 'a', 'x'));
    expect([start, middle, end].map((client) => client.replies())).toEqual([['x'], ['x'], [['c', 'x']]]);
    expect(sent).toEqual(['rpush a x', 'RPOPLPUSH a b', 'LMOVE b c left left', 'LPOP c']);
  });

  test('goes on to the next when the first can only fail', () => {
    const failing = waiting('blmove', 'list', 'text', 'left', 'left', 0);
    const next = waiting('blpop', 'list', 0);
    pusher.call('set', 'text', 'x');
    pusher.call('rpush', 'list', 'a');
    expect(failing.replies()).toEqual([
      errorReply('WRONGTYPE Operation against a key holding the wrong kind of value'),
    ]);
    expect(next.replies()).toEqual([['list', 'a']]);
  });

  test('by a client that waits itself afterwards is served to the others first', () => {
    const client = waiting('blpop', 'list', 0);
    pusher.deliver('RPUSH list a\r\nBLPOP list 0\r\n');
    server.endTurn();
    expect(client.replies()).toEqual([['list', 'a']]);
    expect(pusher.replies()).toEqual([1]);
  });
});

test('keys that appear by other ways serve, too', () => {
  const renamed = waiting('blpop', 'renamed', 0);
  pusher.call('rpush', 'other', '1');
  pusher.call('rename', 'other', 'renamed');
  expect(renamed.replies()).toEqual([['renamed', '1']]);

  const copied = waiting('blpop', 'copied', 0);
  pusher.call('rpush', 'other', '2');
  pusher.call('copy', 'other', 'copied');
  expect(copied.replies()).toEqual([['copied', '2']]);

  const swapped = waiting('blpop', 'swapped', 0);
  pusher.call('select', 1);
  pusher.call('rpush', 'swapped', '3');
  pusher.call('swapdb', 0, 1);
  expect(swapped.replies()).toEqual([['swapped', '3']]);

  const moved = waiting('blpop', 'moved', 0);
  pusher.call('rpush', 'moved', '4');
  pusher.call('move', 'moved', 0);
  expect(moved.replies()).toEqual([['moved', '4']]);
});

describe('a wait', () => {
  test('ends with its timeout, to the millisecond', () => {
    const client = waiting('blpop', 'list', '0.25');
    server.advance(249);
    expect(client.replies()).toEqual([]);
    server.advance(1);
    expect(client.replies()).toEqual([null]);
    pusher.call('rpush', 'list', 'a');
    expect(client.replies()).toEqual([]);
    expect(pusher.call('llen', 'list')).toBe(1);
    expect(server.server.blocking.blockedClients).toBe(0);
  });

  test('of 0 has no end', () => {
    const client = waiting('blpop', 'list', 0);
    server.advance(20_000_000);
    expect(client.replies()).toEqual([]);
  });

  test('keeps its end when it had to wait on after a wake-up', () => {
    const first = waiting('blpop', 'list', 1);
    const second = waiting('blpop', 'list', 1);
    server.advance(500);
    pusher.call('rpush', 'list', 'a');
    expect(first.replies()).toEqual([['list', 'a']]);
    server.advance(500);
    expect(second.replies()).toEqual([null]);
  });

  test('keeps its place in the queue when it had to wait on', () => {
    const [first, second] = [waiting('blpop', 'list', 0), waiting('blpop', 'list', 0)];
    // Feeds the key and empties it again before anybody is served.
    pusher.call('multi');
    pusher.call('rpush', 'list', 'a');
    pusher.call('lpop', 'list');
    pusher.call('exec');
    pusher.call('rpush', 'list', 'b');
    expect(first.replies()).toEqual([['list', 'b']]);
    expect(second.replies()).toEqual([]);
  });

  test('ends when the client goes, which takes nothing', () => {
    const client = waiting('blpop', 'list', 0);
    client.close();
    expect(client.isOpen).toBe(false);
    pusher.call('rpush', 'list', 'a');
    expect(pusher.call('llen', 'list')).toBe(1);
  });

  test('does not happen in a transaction', () => {
    pusher.call('multi');
    pusher.call('blpop', 'list', 0);
    pusher.call('blmove', 'list', 'other', 'left', 'right', 0);
    expect(pusher.call('exec')).toEqual([null, null]);
  });

  test('holds back what the client sent after it, and keeps the order of replies', () => {
    const client = server.connect();
    client.deliver('PING 1\r\nBLPOP list 0\r\nPING 2\r\nBLPOP list 0\r\nPING 3\r\n');
    server.endTurn();
    expect(client.replies()).toEqual(['1']);
    client.deliver('PING 4\r\n');
    server.endTurn();
    pusher.call('rpush', 'list', 'a');
    expect(client.replies()).toEqual([['list', 'a'], '2']);
    pusher.call('rpush', 'list', 'b');
    expect(client.replies()).toEqual([['list', 'b'], '3', '4']);
  });

  test('is refused when the rules have changed meanwhile', () => {
    pusher.call('acl', 'setuser', 'worker', 'on', 'nopass', '~*', '+@all');
    const client = server.connect();
    client.call('auth', 'worker', '');
    client.send('blpop', 'list', 0);
    pusher.call('acl', 'setuser', 'worker', 'resetkeys');
    pusher.call('rpush', 'list', 'a');
    expect(client.replies()).toEqual([errorReply('NOPERM No permissions to access a key')]);
    expect(pusher.call('llen', 'list')).toBe(1);
  });

  test('for a key that has expired is not ended by its deletion', () => {
    server.server.activeExpiry.enabled = false;
    const client = waiting('blpop', 'list', 0);
    pusher.call('multi');
    pusher.call('rpush', 'list', 'a');
    pusher.call('pexpire', 'list', 0);
    pusher.call('exec');
    expect(client.replies()).toEqual([]);
    expect(pusher.call('exists', 'list')).toBe(0);
  });
});
