/** What goes when memory is short: keys by `maxmemory-policy`, clients by `maxmemory-clients`. */
import { beforeEach, describe, expect, test } from 'vitest';
import { errorReply } from '../../support/resp.js';
import { TestServer, type TestClient } from '../../support/test-server.js';

const OUT_OF_MEMORY = errorReply("OOM command not allowed when used memory > 'maxmemory'.");
const KEYS = 200;

let server: TestServer;
let client: TestClient;

beforeEach(() => {
  server = new TestServer();
  client = server.connect();
});

function infoField(name: string): number {
  return Number(new RegExp(`${name}:(\\d+)`).exec(String(client.call('info', 'everything')))?.[1]);
}

/** Sets the limit to what is used now and a little more. */
function limitMemory(policy: string): void {
  client.call('config', 'set', 'maxmemory-policy', policy, 'maxmemory', infoField('used_memory') + 10_000);
}

function fill(prefix: string, ...options: string[]): void {
  for (let i = 0; i < KEYS; i++) client.call('set', `${prefix}${i}`, 'x'.repeat(100), ...options);
}

function countOf(pattern: string): number {
  return (client.call('keys', pattern) as string[]).length;
}

describe('keys', () => {
  test.each(['allkeys-lru', 'allkeys-lfu', 'allkeys-random'])('%s makes room for writes', (policy) => {
    fill('old:');
    limitMemory(policy);
    fill('new:');
    expect(infoField('used_memory')).toBeLessThanOrEqual(infoField('maxmemory') + 1000);
    expect(infoField('evicted_keys')).toBeGreaterThan(KEYS / 4);
  });

  test.each(['volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl'])(
    '%s takes only keys that expire, and refuses writes when there are none left',
    (policy) => {
      fill('kept:');
      fill('volatile:', 'ex', '1000');
      limitMemory(policy);
      for (let i = 0; client.call('set', `more:${i}`, 'x'.repeat(100)) === 'OK'; i++)
        expect(i).toBeLessThan(1000);
      expect(client.call('set', 'one', 'more')).toEqual(OUT_OF_MEMORY);
      expect(countOf('volatile:*')).toBe(0);
      expect(countOf('kept:*')).toBe(KEYS);
      expect(client.call('get', 'kept:0')).toHaveLength(100);
    },
  );

  test('LRU spares what is used', () => {
    fill('key:');
    server.advance(10_000);
    for (let i = 0; i < KEYS; i += 2) client.call('get', `key:${i}`);
    limitMemory('allkeys-lru');
    for (let i = 0; i < KEYS / 2; i++) client.call('set', `more:${i}`, 'x'.repeat(100));
    const spared = (client.call('keys', 'key:*') as string[]).filter((key) => Number(key.slice(4)) % 2 === 0);
    expect(spared.length).toBeGreaterThan(KEYS * 0.4);
  });

  test('volatile-ttl takes first what expires first', () => {
    for (let i = 0; i < KEYS; i++)
      client.call('set', `key:${i}`, 'x'.repeat(100), 'ex', i < 100 ? '100' : '9999');
    limitMemory('volatile-ttl');
    for (let i = 0; i < 100; i++) client.call('set', `more:${i}`, 'x'.repeat(80));
    const spared = (client.call('keys', 'key:*') as string[]).filter((key) => Number(key.slice(4)) >= 100);
    expect(spared.length).toBeGreaterThan(90);
  });

  test('each key that goes is a DEL to replicas, and an event to those who listen', () => {
    client.call('config', 'set', 'notify-keyspace-events', 'Ee');
    const listener = server.connect();
    listener.call('subscribe', '__keyevent@0__:evicted');
    fill('key:');
    limitMemory('allkeys-random');
    const propagated = server.propagatedBy(() => fill('more:'));
    const deleted = propagated.filter((line) => line.startsWith('DEL '));
    expect(deleted.length).toBe(server.server.statistics.evictedKeys);
    expect(listener.replies()).toHaveLength(deleted.length);
  });

  test('a counter of accesses grows with them and falls with time', () => {
    client.call('config', 'set', 'maxmemory-policy', 'allkeys-lfu');
    client.call('set', 'k', 'v');
    expect(client.call('object', 'freq', 'k')).toBe(5);
    for (let i = 0; i < 1000; i++) client.call('get', 'k');
    const frequency = client.call('object', 'freq', 'k') as number;
    expect(frequency).toBeGreaterThan(8);
    server.advance(3 * 60_000);
    expect(client.call('object', 'freq', 'k')).toBe(frequency - 3);
  });
});

describe('clients', () => {
  test('the one that takes the most goes first, and one that asked for it is spared', () => {
    const [small, large, exempt] = [server.connect(), server.connect(), server.connect()];
    exempt.call('client', 'no-evict', 'on');
    client.call('config', 'set', 'maxmemory-clients', '1mb');
    small.deliver(`*2\r\n$500\r\n${'x'.repeat(400)}`);
    exempt.deliver(`*2\r\n$400000\r\n${'x'.repeat(390_000)}`);
    large.deliver(`*2\r\n$800000\r\n${'x'.repeat(790_000)}`);
    server.advance(100);
    expect([small.isOpen, large.isOpen, exempt.isOpen]).toEqual([true, false, true]);
    expect(infoField('evicted_clients')).toBe(1);
  });

  test('an argument counts with the room that is kept for it, and is not waited for', () => {
    client.call('config', 'set', 'maxmemory-clients', '500kb');
    const sender = server.connect();
    sender.sendBytes('*2\r\n$4\r\necho\r\n$600000\r\nxxx');
    expect(sender.isOpen).toBe(false);
  });

  test('a limit just above what they take takes nobody', () => {
    const others = Array.from({ length: 3 }, () => server.connect());
    for (const other of others) other.sendBytes(`*2\r\n$300000\r\n${'x'.repeat(300_000)}`);
    const takenBytes = String(client.call('client', 'list'))
      .trim()
      .split('\n')
      .map((line) => Number(/tot-mem=(\d+)/.exec(line)?.[1]))
      .reduce((sum, bytes) => sum + bytes);
    // The request and the reply of the command that says so do not count: they are gone when the limit begins to hold.
    client.call('config', 'set', 'maxmemory-clients', takenBytes);
    expect(others.map((other) => other.isOpen)).toEqual([true, true, true]);
    client.call('config', 'set', 'maxmemory-clients', takenBytes - 1000);
    expect(others.filter((other) => other.isOpen)).toHaveLength(2);
  });
});
