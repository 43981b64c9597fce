/** The order in which a turn of the event loop writes: what must be safe goes before the replies that promise it. */
import { beforeEach, describe, expect, test } from 'vitest';
import { TestServer, type TestClient } from '../../support/test-server.js';

let server: TestServer;
let client: TestClient;
let other: TestClient;
let trace: string[];
beforeEach(() => {
  server = new TestServer();
  client = server.connect();
  other = server.connect();
  trace = [];
  client.onWrite((bytes) => trace.push(`client: ${bytes.replaceAll('\r\n', ' ').trim()}`));
  other.onWrite((bytes) => trace.push(`other: ${bytes.replaceAll('\r\n', ' ').trim()}`));
  server.server.beforeReplies.push(
    () => trace.push('append-only file'),
    () => trace.push('replicas'),
  );
});

test('the stream goes before any reply, once for all clients of the turn', () => {
  client.deliver('SET a 1\r\nGET a\r\n');
  other.deliver('PING\r\n');
  expect(trace).toEqual([]);
  server.endTurn();
  expect(trace).toEqual(['append-only file', 'replicas', 'client: +OK $1 1', 'other: +PONG']);
});

test('a pipeline is answered with one write', () => {
  client.deliver('PING 1\r\nPING 2\r\nPING 3\r\n');
  server.endTurn();
  expect(trace.slice(2)).toEqual(['client: $1 1 $1 2 $1 3']);
});

test('large replies of a pipeline leave early, after what must go before them', () => {
  client.call('set', 'large', 'x'.repeat(70_000));
  trace.length = 0;
  client.deliver('SET a 1\r\nGET large\r\nSET a 2\r\n');
  const early = trace.map((line) => line.slice(0, 16));
  expect(early.slice(0, 3)).toEqual(['append-only file', 'replicas', 'client: +OK $700']);
  server.endTurn();
  expect(trace.at(-1)).toBe('client: +OK');
});

test('what a client left behind while it waited is executed in the turn that serves it', () => {
  other.send('blpop', 'list', 0);
  other.deliver('PING\r\n');
  server.endTurn();
  trace.length = 0;
  client.deliver('RPUSH list a\r\n');
  server.endTurn();
  expect(trace).toEqual(['append-only file', 'replicas', 'client: :1', 'other: *2 $4 list $1 a +PONG']);
});

test('keys that expire outside of commands are propagated by the end of the turn', () => {
  client.call('set', 'a', 1, 'px', 10);
  server.server.activeExpiry.enabled = false;
  server.advance(20);
  const deleted = server.propagatedBy(() => {
    server.server.beginTurn();
    client.client.database.peek('a');
    server.endTurn();
  });
  expect(deleted).toEqual(['DEL a']);
});

describe('time', () => {
  test('stands still from the beginning of a turn to its end', () => {
    const { keyspace } = server.server;
    client.deliver('PING\r\n');
    const atFirst = keyspace.nowMs;
    client.deliver('PING\r\n');
    expect(keyspace.nowMs).toBe(atFirst);
    server.advance(5);
    client.deliver('PING\r\n');
    expect(keyspace.nowMs).toBe(atFirst + 5);
  });
});
