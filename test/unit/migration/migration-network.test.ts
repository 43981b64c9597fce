/** The connections over which MIGRATE moves keys, and what a bad network does to a move. */
import { beforeEach, describe, expect, test } from 'vitest';
import {
  type MemoryConnection,
  type ReplicatedServer,
  type ReplicationWorld,
  PORT,
} from '../../support/replication-world.js';
import { errorText, MigrationPair, ROUND_TRIP_MS } from './migration-pair.js';

/** What memory connections say that they come from. */
const OPERATOR_PORT = 50000;

let pair: MigrationPair;
let world: ReplicationWorld;
let source: ReplicatedServer;
let target: ReplicatedServer;
let mover: MemoryConnection;

beforeEach(() => {
  pair = new MigrationPair();
  ({ world, source, target, mover } = pair);
});

/** The server ends the connections that others have to it. */
function closeConnections({ server }: ReplicatedServer): void {
  for (const client of [...server.clients.all()]) {
    if (client.connection?.remotePort !== OPERATOR_PORT) client.close();
  }
}

describe('connections', () => {
  test('are kept for the next move to the same server, ten seconds at most', () => {
    for (const key of ['a', 'b']) source.call('SET', key, key);
    pair.begin(['a']);
    pair.outcome();
    const { server } = source;
    expect(server.cachedMigrationLinks()).toBe(1);
    pair.begin(['b']);
    // No round trip for a new connection.
    world.advance(ROUND_TRIP_MS + 1);
    expect(mover.replies()).toEqual(['OK']);
    expect(server.cachedMigrationLinks()).toBe(1);
    world.advance(9000);
    expect(server.cachedMigrationLinks()).toBe(1);
    world.advance(1500);
    expect(server.cachedMigrationLinks()).toBe(0);
  });

  test('one that the target has closed meanwhile is not taken', () => {
    source.call('SET', 'a', 'a');
    pair.begin(['a']);
    pair.outcome();
    closeConnections(target);
    source.call('SET', 'b', 'b');
    pair.begin(['b']);
    expect(pair.outcome()).toBe('OK');
    expect(target.call('GET', 'b')).toBe('b');
  });

  test('moves at the same time have connections of their own', () => {
    for (const key of ['a', 'b']) source.call('SET', key, key);
    const other = source.connect();
    pair.begin(['a']);
    source.send(other, 'MIGRATE', target.host, PORT, 'b', 5, 1000);
    expect(pair.outcome()).toBe('OK');
    // Its connection has to select the database first.
    world.advance(ROUND_TRIP_MS + 1);
    expect(other.replies()).toEqual(['OK']);
    expect(target.call('EXISTS', 'a')).toBe(1);
    target.call('SELECT', 5);
    expect(target.call('EXISTS', 'b')).toBe(1);
  });
});

describe('a bad network', () => {
  beforeEach(() => {
    for (const key of ['a', 'b', 'c']) source.call('SET', key, key);
  });

  function expectNothingLost(): void {
    expect(source.server.keyHolds.isIdle).toBe(true);
    expect(source.migration.runningCount).toBe(0);
    for (const key of ['a', 'b', 'c']) expect(source.call('GET', key)).toBe(key);
  }

  test('nobody listens', () => {
    source.send(mover, 'MIGRATE', target.host, 1, 'a', 0, 1000);
    expect(errorText(pair.outcome())).toBe('IOERR error or timeout writing to target instance');
    expectNothingLost();
  });

  test('nobody answers the attempt to connect', () => {
    world.world.network.partition('source', 'target');
    pair.beginWith(300, ['a']);
    world.advance(299);
    expect(mover.replies()).toEqual([]);
    world.advance(2);
    expect(errorText(mover.replies()[0])).toBe('IOERR error or timeout connecting to the client');
    expectNothingLost();
  });

  test('the target freezes: the client is told in time, writers go on', () => {
    pair.begin(['a']);
    expect(pair.outcome()).toBe('OK');
    source.call('SET', 'a', 'a');
    target.process.pause();
    pair.beginWith(300, ['a', 'b', 'c']);
    const writer = source.connect();
    source.send(writer, 'SET', 'b', 'b');
    expect(writer.replies()).toEqual([]);
    world.advance(301);
    expect(errorText(mover.replies()[0])).toBe('IOERR error or timeout reading to target instance');
    expect(writer.replies()).toEqual(['OK']);
    expectNothingLost();
  });

  test('a target that answers slowly is not given up while it answers', () => {
    world.world.network.setLatency('source', 'target', 250);
    pair.beginWith(600, ['a', 'b', 'c']);
    expect(pair.outcome()).toBe('OK');
  });

  test('the target dies before it has answered: once more, then an error', () => {
    pair.begin(['a']);
    pair.outcome();
    source.call('SET', 'a', 'a');
    pair.begin(['a', 'b', 'c']);
    target.process.kill();
    expect(errorText(pair.outcome())).toBe('IOERR error or timeout writing to target instance');
    expectNothingLost();
  });

  test('a connection that broke while it rested is replaced without anybody noticing', () => {
    pair.begin(['a']);
    pair.outcome();
    // The source does not hear of the end, because the network is cut.
    const heal = world.world.network.partition('source', 'target');
    closeConnections(target);
    pair.begin(['b']);
    heal();
    expect(pair.outcome()).toBe('OK');
    expect(target.call('GET', 'b')).toBe('b');
  });
});
