/** CLIENT PAUSE: who waits, for how long, and what becomes of what was held back. */
import { beforeEach, describe, expect, test } from 'vitest';
import { TestServer, type TestClient } from '../../support/test-server.js';

let server: TestServer;
let operator: TestClient;
let client: TestClient;
beforeEach(() => {
  server = new TestServer();
  operator = server.connect();
  client = server.connect();
});

describe('while writes are paused', () => {
  beforeEach(() => operator.call('client', 'pause', 1000, 'write'));

  test('reads, and transactions that only read, go on', () => {
    expect(client.call('get', 'a')).toBeNull();
    client.call('multi');
    client.call('get', 'a');
    expect(client.call('exec')).toEqual([null]);
  });

  test('writes wait, whether they would change anything or not, and so do messages', () => {
    const clients = [
      ['set', 'a', '1'],
      ['del', 'nothing'],
      ['publish', 'c', 'm'],
    ].map((command) => {
      const waiting = server.connect();
      waiting.send(...command);
      return waiting;
    });
    expect(clients.map((waiting) => waiting.replies())).toEqual([[], [], []]);
    server.advance(1000);
    expect(clients.map((waiting) => waiting.replies())).toEqual([['OK'], [0], [0]]);
  });

  test('what a client sent after the write that waits keeps its order', () => {
    client.deliver('SET a 1\r\nGET a\r\nPING\r\n');
    server.endTurn();
    expect(client.replies()).toEqual([]);
    server.advance(1000);
    expect(client.replies()).toEqual(['OK', '1', 'PONG']);
  });

  test('a client that leaves takes its write with it', () => {
    client.send('set', 'a', 1);
    client.close();
    server.advance(1000);
    expect(operator.call('get', 'a')).toBeNull();
  });

  test('errors are told at once', () => {
    client.send('set', 'a');
    expect(client.replies()).toHaveLength(1);
  });
});

test('a transaction that was to write before the pause waits at EXEC, whole', () => {
  client.call('multi');
  client.call('set', 'a', 1);
  operator.call('client', 'pause', 1000, 'write');
  client.send('exec');
  expect(client.replies()).toEqual([]);
  expect(operator.call('get', 'a')).toBeNull();
  server.advance(1000);
  expect(client.replies()).toEqual([['OK']]);
});

describe('the end of a pause', () => {
  test('lets the held-back commands run in the order they came, each as a unit of its own', () => {
    operator.call('client', 'pause', 10_000, 'write');
    const clients = ['1', '2', '3'].map((value) => {
      const waiting = server.connect();
      waiting.send('rpush', 'list', value);
      return waiting;
    });
    expect(server.propagatedBy(() => operator.call('client', 'unpause'))).toEqual([
      'rpush list 1',
      'rpush list 2',
      'rpush list 3',
    ]);
    expect(clients.map((waiting) => waiting.replies())).toEqual([[1], [2], [3]]);
  });

  test('lets them block, which they could not inside the command that ended it', () => {
    operator.call('client', 'pause', 10_000, 'all');
    client.send('blpop', 'list', 0);
    server.advance(10_000);
    expect(client.replies()).toEqual([]);
    expect(server.server.blocking.blockedClients).toBe(1);

    operator.call('client', 'pause', 10_000, 'write');
    const other = server.connect();
    other.send('blpop', 'list', 0);
    expect(operator.call('client', 'unpause')).toBe('OK');
    expect(other.replies()).toEqual([]);
    operator.call('rpush', 'list', 'a', 'b');
    expect([client.replies(), other.replies()]).toEqual([[['list', 'a']], [['list', 'b']]]);
  });

  test('comes with the latest of several, and the strictest holds until then', () => {
    operator.call('client', 'pause', 1000, 'write');
    operator.call('client', 'pause', 100, 'write');
    client.send('set', 'a', 1);
    server.advance(500);
    expect(client.replies()).toEqual([]);
    server.advance(500);
    expect(client.replies()).toEqual(['OK']);
  });

  test('ends on time although the wall clock is set back meanwhile', () => {
    operator.call('client', 'pause', 1000, 'write');
    client.send('set', 'a', 1);
    const process = server.world.process('server');
    if (process === null) throw new Error('no process');
    process.wallClockOffsetMs -= 3_600_000;
    server.advance(1000);
    expect(client.replies()).toEqual(['OK']);
  });

  test('of one purpose leaves the others in force', () => {
    const { pause } = server.server;
    pause.begin('failover', 1000, true);
    operator.call('client', 'pause', 100, 'all');
    client.send('get', 'a');
    const writer = server.connect();
    writer.send('set', 'a', 1);
    server.advance(100);
    expect(client.replies()).toEqual([null]);
    expect(writer.replies()).toEqual([]);
    pause.end('failover');
    server.endTurn();
    expect(writer.replies()).toEqual(['OK']);
  });

  test('can be followed by another pause before anything ran', () => {
    operator.call('client', 'pause', 10_000, 'write');
    client.send('set', 'a', 1);
    operator.deliver('CLIENT UNPAUSE\r\nCLIENT PAUSE 500 WRITE\r\n');
    server.endTurn();
    expect(client.replies()).toEqual([]);
    server.advance(500);
    expect(client.replies()).toEqual(['OK']);
  });
});

test('replicas and a master are never held back', () => {
  operator.call('client', 'pause', 1000, 'all');
  client.client.kind = 'replica';
  expect(client.call('ping')).toBe('PONG');
});

test('keys do not expire while writes are paused, and do afterwards', () => {
  operator.call('set', 'a', 1, 'px', 100);
  operator.call('client', 'pause', 1000, 'write');
  expect(server.propagatedBy(() => server.advance(900))).toEqual([]);
  expect(server.propagatedBy(() => server.advance(300))).toEqual(['DEL a']);
});
