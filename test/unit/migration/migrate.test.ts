/** MIGRATE between servers on virtual machines: what is moved, and who may ask for it. */
import { beforeEach, describe, expect, test } from 'vitest';
import {
  type MemoryConnection,
  type ReplicatedServer,
  type ReplicationWorld,
  PORT,
} from '../../support/replication-world.js';
import { errorText, MigrationPair } from './migration-pair.js';

let pair: MigrationPair;
let world: ReplicationWorld;
let source: ReplicatedServer;
let target: ReplicatedServer;
let mover: MemoryConnection;

beforeEach(() => {
  pair = new MigrationPair();
  ({ world, source, target, mover } = pair);
});

describe('what is moved', () => {
  test('keys with value, type and time to live go, and are gone here', () => {
    source.call('SET', 'string', 'value');
    source.call('RPUSH', 'list', 'a', 'b');
    source.call('SET', 'mortal', 'x', 'PX', 60_000);
    pair.begin(['string', 'list', 'mortal', 'missing']);
    expect(pair.outcome()).toBe('OK');
    expect(source.call('DBSIZE')).toBe(0);
    expect(target.call('GET', 'string')).toBe('value');
    expect(target.call('LRANGE', 'list', 0, -1)).toEqual(['a', 'b']);
    const remainingMs = Number(target.call('PTTL', 'mortal'));
    expect(remainingMs).toBeGreaterThan(59_800);
    expect(remainingMs).toBeLessThanOrEqual(60_000);
  });

  test('into the database that was named, and from the one that is selected', () => {
    source.callOn(mover, 'SELECT', 3);
    source.callOn(mover, 'SET', 'k', 'v');
    source.send(mover, 'MIGRATE', target.host, PORT, 'k', 5, 1000);
    expect(pair.outcome()).toBe('OK');
    target.call('SELECT', 5);
    expect(target.call('GET', 'k')).toBe('v');
    expect(source.callOn(mover, 'EXISTS', 'k')).toBe(0);
  });

  test('nothing when no key exists', () => {
    expect(source.callOn(mover, 'MIGRATE', target.host, PORT, 'k', 0, 1000)).toBe('NOKEY');
  });

  test('each key that is named counts as found or missed once', () => {
    source.call('MSET', 'a', 1, 'b', 2);
    const { keyspace } = source.server;
    const before = { hits: keyspace.hits, misses: keyspace.misses };
    pair.begin(['missing', 'a', 'missing too', 'b']);
    expect(pair.outcome()).toBe('OK');
    expect(keyspace.hits - before.hits).toBe(2);
    expect(keyspace.misses - before.misses).toBe(2);
    expect(target.call('DBSIZE')).toBe(2);
  });

  test('COPY leaves the keys here, REPLACE overwrites there', () => {
    source.call('SET', 'k', 'new');
    target.call('SET', 'k', 'old');
    pair.begin(['k'], 'COPY');
    expect(errorText(pair.outcome())).toBe(
      'ERR Target instance replied with error: BUSYKEY Target key name already exists.',
    );
    pair.begin(['k'], 'COPY', 'REPLACE');
    expect(pair.outcome()).toBe('OK');
    expect(source.call('GET', 'k')).toBe('new');
    expect(target.call('GET', 'k')).toBe('new');
  });

  test('only what the target took is deleted, and that is what the replica is told', () => {
    const replica = world.start('replica');
    world.follow(replica, source);
    for (const key of ['a', 'b', 'c']) source.call('SET', key, key);
    target.call('SET', 'b', 'other');
    pair.begin(['a', 'b', 'c']);
    expect(errorText(pair.outcome())).toContain('BUSYKEY');
    expect(source.dataset()).toHaveProperty('0/b');
    expect(Object.keys(source.dataset())).toHaveLength(1);
    world.settle(source, replica);
    expect(replica.dataset()).toEqual(source.dataset());
    expect(target.call('MGET', 'a', 'b', 'c')).toEqual(['a', 'other', 'c']);
  });

  test('a key named twice is moved once', () => {
    source.call('SET', 'k', 'v');
    pair.begin(['k', 'k']);
    expect(pair.outcome()).toBe('OK');
    expect(target.call('GET', 'k')).toBe('v');
  });

  test('keys whose time has come before they are sent are skipped', () => {
    source.call('SET', 'k', 'v', 'PX', 5);
    source.call('SET', 'l', 'v');
    // The connection takes a round trip; by then the key has expired.
    pair.begin(['k', 'l']);
    expect(pair.outcome()).toBe('OK');
    expect(target.call('EXISTS', 'k')).toBe(0);
    expect(target.call('EXISTS', 'l')).toBe(1);
    expect(source.call('DBSIZE')).toBe(0);
  });

  test('many keys and large values pass through small buffers', () => {
    pair = new MigrationPair({ latency: 1, socketBufferBytes: 4096 });
    ({ source, target } = pair);
    for (let i = 0; i < 3000; i++) source.call('SET', `key:${i}`, `value ${i}`);
    source.call('SET', 'large', 'x'.repeat(3_000_000));
    for (let i = 0; i < 50; i++) {
      source.call('SADD', 'set', ...Array.from({ length: 400 }, (_, j) => `member:${i}:${j}`));
    }
    const before = source.dataset();
    pair.beginWith(5000, ['large', ...Array.from({ length: 3000 }, (_, i) => `key:${i}`), 'set']);
    expect(pair.outcome(60_000)).toBe('OK');
    expect(target.dataset()).toEqual(before);
    expect(source.call('DBSIZE')).toBe(0);
  });

  test('events and watchers hear of keys that went', () => {
    source.configure('notify-keyspace-events', 'KEA');
    source.call('SET', 'k', 'v');
    const listener = source.connect();
    source.callOn(listener, 'PSUBSCRIBE', '__keyevent@0__:*');
    const watcher = source.connect();
    source.callOn(watcher, 'WATCH', 'k');
    source.callOn(watcher, 'MULTI');
    source.callOn(watcher, 'PING');
    pair.begin(['k']);
    expect(pair.outcome()).toBe('OK');
    expect(listener.replies()).toContainEqual(['pmessage', '__keyevent@0__:*', '__keyevent@0__:del', 'k']);
    expect(source.callOn(watcher, 'EXEC')).toBeNull();
  });
});

describe('inside a transaction', () => {
  test('MIGRATE is refused when it is queued: nothing can wait there', () => {
    source.callOn(mover, 'MULTI');
    const reply = source.callOn(mover, 'MIGRATE', target.host, PORT, 'k', 0, 1000);
    expect(errorText(reply)).toBe('ERR Command not allowed inside a transaction');
    expect(errorText(source.callOn(mover, 'EXEC'))).toContain('EXECABORT');
  });
});

describe('authentication', () => {
  beforeEach(() => {
    target.configure('requirepass', 'secret');
    source.call('SET', 'k', 'v');
  });

  test('a wrong password moves nothing, the right one does', () => {
    pair.begin(['k'], 'AUTH', 'wrong');
    expect(errorText(pair.outcome())).toContain('ERR Target instance replied with error: WRONGPASS');
    pair.begin(['k']);
    expect(errorText(pair.outcome())).toContain('ERR Target instance replied with error: NOAUTH');
    pair.begin(['k'], 'AUTH', 'secret');
    expect(pair.outcome()).toBe('OK');
    source.call('SET', 'l', 'v');
    pair.begin(['l'], 'AUTH2', 'default', 'secret');
    expect(pair.outcome()).toBe('OK');
  });

  test('a password that was right and is no longer is told, even over a connection that once was let in', () => {
    pair.begin(['k'], 'AUTH', 'secret');
    expect(pair.outcome()).toBe('OK');
    target.configure('requirepass', 'changed');
    source.call('SET', 'k', 'other');
    pair.begin(['k'], 'AUTH', 'secret');
    expect(errorText(pair.outcome())).toContain('WRONGPASS');
    expect(source.call('GET', 'k')).toBe('other');
  });

  test('passwords are not shown', () => {
    source.configure('slowlog-log-slower-than', '0');
    const watcher = source.connect();
    source.callOn(watcher, 'MONITOR');
    pair.begin(['k'], 'AUTH', 'secret');
    expect(pair.outcome()).toBe('OK');
    expect(JSON.stringify([watcher.replies(), source.call('SLOWLOG', 'GET', 10)])).not.toContain('secret');
  });
});
