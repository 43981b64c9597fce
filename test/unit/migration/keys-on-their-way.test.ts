/** While MIGRATE moves a key: who is served, who waits, and what may happen to the key meanwhile. */
import { beforeEach, describe, expect, test } from 'vitest';
import {
  type MemoryConnection,
  type ReplicatedServer,
  type ReplicationWorld,
  PORT,
} from '../../support/replication-world.js';
import { errorText, MigrationPair, ROUND_TRIP_MS } from './migration-pair.js';

let pair: MigrationPair;
let world: ReplicationWorld;
let source: ReplicatedServer;
let target: ReplicatedServer;
let mover: MemoryConnection;

beforeEach(() => {
  pair = new MigrationPair();
  ({ world, source, target, mover } = pair);
});

describe('while a key is on its way', () => {
  beforeEach(() => {
    source.call('SET', 'k', 'old');
    source.call('SET', 'other', '1');
  });

  test('everybody else is served, and the key can be read', () => {
    pair.begin(['k']);
    world.advance(ROUND_TRIP_MS + 1);
    expect(source.call('INCR', 'other')).toBe(2);
    expect(source.call('GET', 'k')).toBe('old');
    expect(pair.outcome()).toBe('OK');
  });

  test('writers wait until it is settled, then run in order on what is here', () => {
    pair.begin(['k']);
    world.advance(ROUND_TRIP_MS + 1);
    const first = source.connect();
    const second = source.connect();
    source.send(first, 'APPEND', 'k', '-first');
    source.send(first, 'PING');
    source.send(second, 'APPEND', 'k', '-second');
    expect([first.replies(), second.replies()]).toEqual([[], []]);
    expect(source.server.keyHolds.waitingCount).toBe(2);
    expect(pair.outcome()).toBe('OK');
    // The key is gone, so they made a new one; in a cluster the gate sends them after it.
    expect(first.replies()).toEqual([6, 'PONG']);
    expect(second.replies()).toEqual([13]);
    expect(target.call('GET', 'k')).toBe('old');
    expect(source.server.keyHolds.waitingCount).toBe(0);
  });

  test('a transaction that writes it waits as a whole; queueing does not', () => {
    const client = source.connect();
    source.callOn(client, 'MULTI');
    pair.begin(['k']);
    world.advance(ROUND_TRIP_MS + 1);
    expect(source.callOn(client, 'SET', 'k', 'new')).toBe('QUEUED');
    expect(source.callOn(client, 'GET', 'other')).toBe('QUEUED');
    source.send(client, 'EXEC');
    expect(client.replies()).toEqual([]);
    expect(pair.outcome()).toBe('OK');
    expect(client.replies()).toEqual([['OK', '1']]);
  });

  test('FLUSHALL waits for what is on its way, and no more keys begin before it', () => {
    source.configure('rdbcompression', 'no');
    const keys = Array.from({ length: 2000 }, (_, i) => `key:${i}`);
    for (const key of keys) source.call('SET', key, 'x'.repeat(2000));
    pair.begin(keys);
    world.advance(ROUND_TRIP_MS + 1);
    const operator = source.connect();
    source.send(operator, 'FLUSHALL');
    expect(operator.replies()).toEqual([]);
    expect(pair.outcome()).toBe('OK');
    world.advance(1);
    expect(operator.replies()).toEqual(['OK']);
    expect(source.call('DBSIZE')).toBe(0);
    expect(target.call('DBSIZE')).toBeLessThan(2000);
  });

  test('a second MIGRATE of the same key waits and finds nothing', () => {
    pair.begin(['k']);
    world.advance(ROUND_TRIP_MS + 1);
    const other = source.connect();
    source.send(other, 'MIGRATE', target.host, PORT, 'k', 0, 1000);
    expect(other.replies()).toEqual([]);
    expect(pair.outcome()).toBe('OK');
    world.advance(1);
    expect(other.replies()).toEqual(['NOKEY']);
  });

  test('with COPY nobody waits longer than the copying takes', () => {
    pair.begin(['k'], 'COPY');
    world.advance(ROUND_TRIP_MS + 1);
    expect(source.call('SET', 'k', 'new')).toBe('OK');
    expect(pair.outcome()).toBe('OK');
    expect(target.call('GET', 'k')).toBe('old');
  });

  test('the client that asked waits with what it sends behind it', () => {
    pair.begin(['k']);
    source.send(mover, 'EXISTS', 'k');
    let replies: unknown[] = [];
    world.until(() => (replies = [...replies, ...mover.replies()]).length === 2);
    expect(replies).toEqual(['OK', 0]);
  });

  test('if it expires meanwhile, it is gone here and will be there', () => {
    source.call('PEXPIRE', 'k', ROUND_TRIP_MS + 5);
    pair.begin(['k']);
    world.advance(ROUND_TRIP_MS + 6);
    expect(source.call('GET', 'k')).toBeNull();
    expect(pair.outcome()).toBe('OK');
    world.advance(100);
    expect(target.call('EXISTS', 'k')).toBe(0);
  });

  test('if it is changed all the same, the last value arrives', () => {
    pair.begin(['k']);
    world.advance(ROUND_TRIP_MS + 1);
    // What a script does to a key that it did not declare.
    const [database] = source.server.keyspace.databases;
    database.set('k', 'new');
    database.modified('k');
    expect(pair.outcome()).toBe('OK');
    expect(source.call('EXISTS', 'k')).toBe(0);
    expect(target.call('GET', 'k')).toBe('new');
  });

  test('a blocked client whose command would write to it is served afterwards', () => {
    const popper = source.connect();
    source.call('RPUSH', 'list', 'z');
    source.send(popper, 'BLMOVE', 'feed', 'list', 'LEFT', 'RIGHT', 0);
    pair.begin(['list']);
    world.advance(ROUND_TRIP_MS + 1);
    source.call('RPUSH', 'feed', 'fed');
    expect(popper.replies()).toEqual([]);
    expect(pair.outcome()).toBe('OK');
    world.advance(1);
    expect(popper.replies()).toEqual(['fed']);
    expect(target.call('LRANGE', 'list', 0, -1)).toEqual(['z']);
    expect(source.call('LRANGE', 'list', 0, -1)).toEqual(['fed']);
  });

  test('the client that asked may go away: the key is moved', () => {
    pair.begin(['k']);
    world.advance(ROUND_TRIP_MS + 1);
    mover.handler.onEnd();
    world.until(() => source.migration.runningCount === 0);
    expect(source.call('EXISTS', 'k')).toBe(0);
    expect(target.call('GET', 'k')).toBe('old');
  });

  test('a pause of writes delays the deletion; the key is ours until then', () => {
    pair.begin(['k']);
    world.advance(ROUND_TRIP_MS + 1);
    source.server.pause.begin('client', 500, true);
    world.advance(300);
    expect(target.call('GET', 'k')).toBe('old');
    expect(source.call('GET', 'k')).toBe('old');
    expect(mover.replies()).toEqual([]);
    expect(pair.outcome()).toBe('OK');
    expect(source.call('EXISTS', 'k')).toBe(0);
  });

  test('a server that becomes a replica keeps what it has', () => {
    const master = world.start('master');
    pair.begin(['k']);
    world.advance(ROUND_TRIP_MS + 1);
    source.call('REPLICAOF', master.host, PORT);
    world.advance(1);
    expect(errorText(mover.replies()[0])).toContain('UNBLOCKED');
    expect(source.migration.runningCount).toBe(0);
    expect(source.server.keyHolds.isIdle).toBe(true);
  });

  test('the end of the server waits for it', () => {
    let hasExited = false;
    source.server.shutdown.exit = () => (hasExited = true);
    pair.begin(['k']);
    world.advance(ROUND_TRIP_MS + 1);
    source.server.shutdown.begin({ save: 'nosave', now: false, force: false }, () => undefined);
    expect(hasExited).toBe(false);
    world.until(() => hasExited);
    expect(source.dataset()).not.toHaveProperty('0/k');
    expect(target.call('GET', 'k')).toBe('old');
  });
});
