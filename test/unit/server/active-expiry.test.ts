/** Keys that nobody looks up go, too: what the cycle deletes, how much at a time, and when it rests. */
import { beforeEach, expect, test } from 'vitest';
import { TestServer, type TestClient } from '../../support/test-server.js';

let server: TestServer;
let client: TestClient;
beforeEach(() => {
  server = new TestServer();
  client = server.connect();
});

function storeMany(count: number, lifetimeMs: number, prefix = 'key'): void {
  const { server: core } = server;
  const database = client.client.database;
  for (let i = 0; i < count; i++) client.deliver(`SET ${prefix}:${i} x PX ${lifetimeMs}\r\n`);
  server.endTurn();
  client.takeBytes();
  expect(database.size).toBeGreaterThanOrEqual(count);
  expect(core.dispatcher.isExecuting).toBe(false);
}

test('expired keys are deleted and propagated within a tick or two, in every database', () => {
  client.call('set', 'a', 1, 'px', 50);
  client.call('select', 9);
  client.call('set', 'b', 1, 'px', 50);
  client.call('set', 'c', 1, 'px', 60_000);
  expect(server.propagatedBy(() => server.advance(300)).sort()).toEqual(['DEL a', 'DEL b']);
  expect(client.call('dbsize')).toBe(1);
  expect(String(client.call('info', 'stats'))).toContain('expired_keys:2\r\n');
});

test('a crowd of expired keys goes soon, in small pieces between which others are served', () => {
  const count = 20_000;
  storeMany(count, 1000);
  const sizes = [count];
  for (let elapsedMs = 0; elapsedMs < 1500; elapsedMs++) {
    server.advance(1);
    sizes.push(client.client.database.size);
  }
  expect(sizes.at(-1)).toBe(0);
  const deleted = sizes.slice(1).map((size, i) => sizes[i]! - size);
  expect(Math.max(...deleted)).toBeLessThanOrEqual(2000);
});

test('a crowd that is being deleted waits while writes are paused', () => {
  storeMany(20_000, 1000);
  while (client.client.database.size === 20_000) server.advance(1);
  const left = client.client.database.size;
  expect(left).toBeGreaterThan(0);
  client.call('client', 'pause', 1000, 'write');
  server.advance(999);
  expect(client.client.database.size).toBe(left);
  server.advance(1000);
  expect(client.client.database.size).toBe(0);
});

test('keys that live long are not walked through for the few that have expired', () => {
  storeMany(5000, 1_000_000, 'live');
  storeMany(50, 100, 'short');
  server.advance(60_000);
  expect(client.call('dbsize')).toBe(5000);
});

test('nothing goes while the cycle is switched off', () => {
  client.call('set', 'a', 1, 'px', 10);
  server.server.activeExpiry.enabled = false;
  server.advance(1000);
  expect(client.call('dbsize')).toBe(1);
  server.server.activeExpiry.enabled = true;
  server.advance(1000);
  expect(client.call('dbsize')).toBe(0);
});

test('a replica waits for its master to say so, and shows nothing meanwhile', () => {
  client.call('set', 'a', 1, 'px', 10);
  server.server.keyspace.expiryMode = 'hide';
  expect(server.propagatedBy(() => server.advance(1000))).toEqual([]);
  expect(client.call('dbsize')).toBe(1);
  expect(client.call('get', 'a')).toBeNull();
  expect(client.call('dbsize')).toBe(1);
});

test('a key that is rewritten without expiry stays', () => {
  client.call('set', 'a', 1, 'px', 10);
  client.call('set', 'a', 2);
  client.call('set', 'b', 1, 'px', 10);
  client.call('persist', 'b');
  client.call('set', 'c', 1, 'px', 10);
  client.call('pexpire', 'c', 5000);
  server.advance(1000);
  expect(client.call('mget', 'a', 'b', 'c')).toEqual(['2', '1', '1']);
});

test('active-expire-effort has more done at a time', () => {
  const deletedByFirstTick = (effort: number): number => {
    server = new TestServer({ 'active-expire-effort': String(effort) });
    client = server.connect();
    storeMany(5000, 1000);
    while (client.client.database.size === 5000) server.advance(1);
    return 5000 - client.client.database.size;
  };
  const least = deletedByFirstTick(1);
  expect(deletedByFirstTick(10)).toBeGreaterThan(1.5 * least);
});
