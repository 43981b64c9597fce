/** MIGRATE between servers on virtual machines: what is moved, who waits meanwhile, and what a bad network does to it. */
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { GateRank, type Gate } from '../../../src/server/gates.js';
import {
  type MemoryConnection,
  PORT,
  ReplicationWorld,
  type ReplicatedServer,
} from '../../support/replication-world.js';
import { ErrorReply } from '../../support/resp.js';

const LATENCY_MS = 10;
const ROUND_TRIP_MS = 2 * LATENCY_MS;
/** What {@link MemoryConnection}s say that they come from. */
const OPERATOR_PORT = 50000;

let world: ReplicationWorld;
let source: ReplicatedServer;
let target: ReplicatedServer;
let mover: MemoryConnection;

beforeEach(() => {
  world = new ReplicationWorld({ latency: LATENCY_MS });
  source = world.start('source');
  target = world.start('target');
  mover = source.connect();
});

/** Begins a MIGRATE of database 0 to database 0. */
function begin(keys: readonly string[], ...options: (string | number)[]): void {
  beginWith(1000, keys, ...options);
}

function beginWith(timeoutMs: number, keys: readonly string[], ...options: (string | number)[]): void {
  source.send(mover, 'MIGRATE', target.host, PORT, '', 0, timeoutMs, ...options, 'KEYS', ...keys);
}

/** Lets time pass until MIGRATE has been answered. */
function outcome(limitMs = 20_000): unknown {
  let replies: unknown[] = [];
  world.until(() => (replies = mover.replies()).length > 0, limitMs);
  expect(replies).toHaveLength(1);
  return replies[0];
}

/** The server ends the connections that others have to it. */
function closeConnections({ server }: ReplicatedServer): void {
  for (const client of [...server.clients.all()]) {
    if (client.connection?.remotePort !== OPERATOR_PORT) client.close();
  }
}

/** Error replies are compared by their text. */
function errorText(reply: unknown): string {
  return reply instanceof ErrorReply ? reply.text : `no error but ${JSON.stringify(reply)}`;
}

describe('what is moved', () => {
  test('keys with value, type and time to live go, and are gone here', () => {
    source.call('SET', 'string', 'value');
    source.call('RPUSH', 'list', 'a', 'b');
    source.call('SET', 'mortal', 'x', 'PX', 60_000);
    begin(['string', 'list', 'mortal', 'missing']);
    expect(outcome()).toBe('OK');
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
    expect(outcome()).toBe('OK');
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
    begin(['missing', 'a', 'missing too', 'b']);
    expect(outcome()).toBe('OK');
    expect(keyspace.hits - before.hits).toBe(2);
    expect(keyspace.misses - before.misses).toBe(2);
    expect(target.call('DBSIZE')).toBe(2);
  });

  test('COPY leaves the keys here, REPLACE overwrites there', () => {
    source.call('SET', 'k', 'new');
    target.call('SET', 'k', 'old');
    begin(['k'], 'COPY');
    expect(errorText(outcome())).toBe(
      'ERR Target instance replied with error: BUSYKEY Target key name already exists.',
    );
    begin(['k'], 'COPY', 'REPLACE');
    expect(outcome()).toBe('OK');
    expect(source.call('GET', 'k')).toBe('new');
    expect(target.call('GET', 'k')).toBe('new');
  });

  test('only what the target took is deleted, and that is what the replica is told', () => {
    const replica = world.start('replica');
    world.follow(replica, source);
    for (const key of ['a', 'b', 'c']) source.call('SET', key, key);
    target.call('SET', 'b', 'other');
    begin(['a', 'b', 'c']);
    expect(errorText(outcome())).toContain('BUSYKEY');
    expect(source.dataset()).toHaveProperty('0/b');
    expect(Object.keys(source.dataset())).toHaveLength(1);
    world.settle(source, replica);
    expect(replica.dataset()).toEqual(source.dataset());
    expect(target.call('MGET', 'a', 'b', 'c')).toEqual(['a', 'other', 'c']);
  });

  test('a key named twice is moved once', () => {
    source.call('SET', 'k', 'v');
    begin(['k', 'k']);
    expect(outcome()).toBe('OK');
    expect(target.call('GET', 'k')).toBe('v');
  });

  test('keys whose time has come before they are sent are skipped', () => {
    source.call('SET', 'k', 'v', 'PX', 5);
    source.call('SET', 'l', 'v');
    // The connection takes a round trip; by then the key has expired.
    begin(['k', 'l']);
    expect(outcome()).toBe('OK');
    expect(target.call('EXISTS', 'k')).toBe(0);
    expect(target.call('EXISTS', 'l')).toBe(1);
    expect(source.call('DBSIZE')).toBe(0);
  });

  test('many keys and large values pass through small buffers', () => {
    world = new ReplicationWorld({ latency: 1, socketBufferBytes: 4096 });
    source = world.start('source');
    target = world.start('target');
    mover = source.connect();
    for (let i = 0; i < 3000; i++) source.call('SET', `key:${i}`, `value ${i}`);
    source.call('SET', 'large', 'x'.repeat(3_000_000));
    for (let i = 0; i < 50; i++) {
      source.call('SADD', 'set', ...Array.from({ length: 400 }, (_, j) => `member:${i}:${j}`));
    }
    const before = source.dataset();
    beginWith(5000, ['large', ...Array.from({ length: 3000 }, (_, i) => `key:${i}`), 'set']);
    expect(outcome(60_000)).toBe('OK');
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
    begin(['k']);
    expect(outcome()).toBe('OK');
    expect(listener.replies()).toContainEqual(['pmessage', '__keyevent@0__:*', '__keyevent@0__:del', 'k']);
    expect(source.callOn(watcher, 'EXEC')).toBeNull();
  });
});

describe('while a key is on its way', () => {
  beforeEach(() => {
    source.call('SET', 'k', 'old');
    source.call('SET', 'other', '1');
  });

  test('everybody else is served, and the key can be read', () => {
    begin(['k']);
    world.advance(ROUND_TRIP_MS + 1);
    expect(source.call('INCR', 'other')).toBe(2);
    expect(source.call('GET', 'k')).toBe('old');
    expect(outcome()).toBe('OK');
  });

  test('writers wait until it is settled, then run in order on what is here', () => {
    begin(['k']);
    world.advance(ROUND_TRIP_MS + 1);
    const first = source.connect();
    const second = source.connect();
    source.send(first, 'APPEND', 'k', '-first');
    source.send(first, 'PING');
    source.send(second, 'APPEND', 'k', '-second');
    expect([first.replies(), second.replies()]).toEqual([[], []]);
    expect(source.server.keyHolds.waitingCount).toBe(2);
    expect(outcome()).toBe('OK');
    // The key is gone, so they made a new one; in a cluster the gate sends them after it.
    expect(first.replies()).toEqual([6, 'PONG']);
    expect(second.replies()).toEqual([13]);
    expect(target.call('GET', 'k')).toBe('old');
    expect(source.server.keyHolds.waitingCount).toBe(0);
  });

  test('a transaction that writes it waits as a whole; queueing does not', () => {
    const client = source.connect();
    source.callOn(client, 'MULTI');
    begin(['k']);
    world.advance(ROUND_TRIP_MS + 1);
    expect(source.callOn(client, 'SET', 'k', 'new')).toBe('QUEUED');
    expect(source.callOn(client, 'GET', 'other')).toBe('QUEUED');
    source.send(client, 'EXEC');
    expect(client.replies()).toEqual([]);
    expect(outcome()).toBe('OK');
    expect(client.replies()).toEqual([['OK', '1']]);
  });

  test('FLUSHALL waits for what is on its way, and no more keys begin before it', () => {
    source.configure('rdbcompression', 'no');
    const keys = Array.from({ length: 2000 }, (_, i) => `key:${i}`);
    for (const key of keys) source.call('SET', key, 'x'.repeat(2000));
    begin(keys);
    world.advance(ROUND_TRIP_MS + 1);
    const operator = source.connect();
    source.send(operator, 'FLUSHALL');
    expect(operator.replies()).toEqual([]);
    expect(outcome()).toBe('OK');
    world.advance(1);
    expect(operator.replies()).toEqual(['OK']);
    expect(source.call('DBSIZE')).toBe(0);
    expect(target.call('DBSIZE')).toBeLessThan(2000);
  });

  test('a second MIGRATE of the same key waits and finds nothing', () => {
    begin(['k']);
    world.advance(ROUND_TRIP_MS + 1);
    const other = source.connect();
    source.send(other, 'MIGRATE', target.host, PORT, 'k', 0, 1000);
    expect(other.replies()).toEqual([]);
    expect(outcome()).toBe('OK');
    world.advance(1);
    expect(other.replies()).toEqual(['NOKEY']);
  });

  test('with COPY nobody waits longer than the copying takes', () => {
    begin(['k'], 'COPY');
    world.advance(ROUND_TRIP_MS + 1);
    expect(source.call('SET', 'k', 'new')).toBe('OK');
    expect(outcome()).toBe('OK');
    expect(target.call('GET', 'k')).toBe('old');
  });

  test('the client that asked waits with what it sends behind it', () => {
    begin(['k']);
    source.send(mover, 'EXISTS', 'k');
    let replies: unknown[] = [];
    world.until(() => (replies = [...replies, ...mover.replies()]).length === 2);
    expect(replies).toEqual(['OK', 0]);
  });

  test('if it expires meanwhile, it is gone here and will be there', () => {
    source.call('PEXPIRE', 'k', ROUND_TRIP_MS + 5);
    begin(['k']);
    world.advance(ROUND_TRIP_MS + 6);
    expect(source.call('GET', 'k')).toBeNull();
    expect(outcome()).toBe('OK');
    world.advance(100);
    expect(target.call('EXISTS', 'k')).toBe(0);
  });

  test('if it is changed all the same, the last value arrives', () => {
    begin(['k']);
    world.advance(ROUND_TRIP_MS + 1);
    // What a script does to a key that it did not declare.
    const [database] = source.server.keyspace.databases;
    database.set('k', 'new');
    database.modified('k');
    expect(outcome()).toBe('OK');
    expect(source.call('EXISTS', 'k')).toBe(0);
    expect(target.call('GET', 'k')).toBe('new');
  });

  test('a blocked client whose command would write to it is served afterwards', () => {
    const popper = source.connect();
    source.call('RPUSH', 'list', 'z');
    source.send(popper, 'BLMOVE', 'feed', 'list', 'LEFT', 'RIGHT', 0);
    begin(['list']);
    world.advance(ROUND_TRIP_MS + 1);
    source.call('RPUSH', 'feed', 'fed');
    expect(popper.replies()).toEqual([]);
    expect(outcome()).toBe('OK');
    world.advance(1);
    expect(popper.replies()).toEqual(['fed']);
    expect(target.call('LRANGE', 'list', 0, -1)).toEqual(['z']);
    expect(source.call('LRANGE', 'list', 0, -1)).toEqual(['fed']);
  });

  test('the client that asked may go away: the key is moved', () => {
    begin(['k']);
    world.advance(ROUND_TRIP_MS + 1);
    mover.handler.onEnd();
    world.until(() => source.migration.runningCount === 0);
    expect(source.call('EXISTS', 'k')).toBe(0);
    expect(target.call('GET', 'k')).toBe('old');
  });

  test('a pause of writes delays the deletion; the key is ours until then', () => {
    begin(['k']);
    world.advance(ROUND_TRIP_MS + 1);
    source.server.pause.begin('client', 500, true);
    world.advance(300);
    expect(target.call('GET', 'k')).toBe('old');
    expect(source.call('GET', 'k')).toBe('old');
    expect(mover.replies()).toEqual([]);
    expect(outcome()).toBe('OK');
    expect(source.call('EXISTS', 'k')).toBe(0);
  });

  test('a server that becomes a replica keeps what it has', () => {
    const master = world.start('master');
    begin(['k']);
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
    begin(['k']);
    world.advance(ROUND_TRIP_MS + 1);
    source.server.shutdown.begin({ save: 'nosave', now: false, force: false }, () => undefined);
    expect(hasExited).toBe(false);
    world.until(() => hasExited);
    expect(source.dataset()).not.toHaveProperty('0/k');
    expect(target.call('GET', 'k')).toBe('old');
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
    begin(['k'], 'AUTH', 'wrong');
    expect(errorText(outcome())).toContain('ERR Target instance replied with error: WRONGPASS');
    begin(['k']);
    expect(errorText(outcome())).toContain('ERR Target instance replied with error: NOAUTH');
    begin(['k'], 'AUTH', 'secret');
    expect(outcome()).toBe('OK');
    source.call('SET', 'l', 'v');
    begin(['l'], 'AUTH2', 'default', 'secret');
    expect(outcome()).toBe('OK');
  });

  test('a password that was right and is no longer is told, even over a connection that once was let in', () => {
    begin(['k'], 'AUTH', 'secret');
    expect(outcome()).toBe('OK');
    target.configure('requirepass', 'changed');
    source.call('SET', 'k', 'other');
    begin(['k'], 'AUTH', 'secret');
    expect(errorText(outcome())).toContain('WRONGPASS');
    expect(source.call('GET', 'k')).toBe('other');
  });

  test('passwords are not shown', () => {
    source.configure('slowlog-log-slower-than', '0');
    const watcher = source.connect();
    source.callOn(watcher, 'MONITOR');
    begin(['k'], 'AUTH', 'secret');
    expect(outcome()).toBe('OK');
    expect(JSON.stringify([watcher.replies(), source.call('SLOWLOG', 'GET', 10)])).not.toContain('secret');
  });
});

describe('connections', () => {
  test('are kept for the next move to the same server, ten seconds at most', () => {
    for (const key of ['a', 'b']) source.call('SET', key, key);
    begin(['a']);
    outcome();
    const { server } = source;
    expect(server.cachedMigrationLinks()).toBe(1);
    begin(['b']);
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
    begin(['a']);
    outcome();
    closeConnections(target);
    source.call('SET', 'b', 'b');
    begin(['b']);
    expect(outcome()).toBe('OK');
    expect(target.call('GET', 'b')).toBe('b');
  });

  test('moves at the same time have connections of their own', () => {
    for (const key of ['a', 'b']) source.call('SET', key, key);
    const other = source.connect();
    begin(['a']);
    source.send(other, 'MIGRATE', target.host, PORT, 'b', 5, 1000);
    expect(outcome()).toBe('OK');
    // Its connection has to select the database first.
    world.advance(ROUND_TRIP_MS + 1);
    expect(other.replies()).toEqual(['OK']);
    expect(target.call('EXISTS', 'a')).toBe(1);
    target.call('SELECT', 5);
    expect(target.call('EXISTS', 'b')).toBe(1);
  });
});

/**
 * The essence of a slot that moves: a writer whose key is gone here goes to the target. What it was told counts.
 */
test('counters that everybody increments meanwhile lose nothing, whatever the network does', () => {
  const event = fc.record({
    kind: fc.constantFrom('move', 'move', 'increment', 'increment', 'increment', 'cut', 'freeze', 'wait'),
    key: fc.nat(5).map((n) => `counter:${n}`),
    ms: fc.nat(60),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60, size: 'max' }), fc.nat(), (events, seed) => {
      const run = new CounterRun(seed);
      for (const { kind, key, ms } of events) run.step(kind, key, ms);
      run.check();
    }),
    { numRuns: 150 },
  );
});

class CounterRun {
  readonly world: ReplicationWorld;
  readonly source: ReplicatedServer;
  readonly target: ReplicatedServer;
  private readonly acknowledged = new Map<string, number>();
  private readonly writers: { readonly connection: MemoryConnection; readonly key: string }[] = [];

  constructor(seed: number) {
    this.world = new ReplicationWorld({ seed, latency: { minMs: 1, maxMs: 20 } });
    this.source = this.world.start('source');
    this.target = this.world.start('target');
    const { server } = this.source;
    // What a node says whose slot is migrating.
    const gate: Gate = {
      rank: GateRank.Cluster,
      refusal: (client, command, args) =>
        command.name === 'incr' && !client.database.exists(args[1]) ? 'ASK 1 target:6379' : null,
    };
    for (let n = 0; n <= 5; n++) {
      this.source.call('SET', `counter:${n}`, 0);
      this.acknowledged.set(`counter:${n}`, 0);
    }
    server.gates.add(gate);
  }

  step(kind: string, key: string, ms: number): void {
    switch (kind) {
      case 'move':
        this.source.send(
          this.source.connect(),
          ...['MIGRATE', this.target.host, PORT, '', 0, 40, 'REPLACE', 'KEYS', key, 'counter:0'],
        );
        break;
      case 'increment':
        this.increment(this.source, key);
        break;
      case 'cut':
        this.world.world.network.cut('source', 'target');
        break;
      case 'freeze':
        this.target.process.stall(ms * 2);
        break;
    }
    this.world.advance(ms);
    this.collect();
  }

  check(): void {
    this.world.advance(5000);
    this.collect();
    // Those who were sent to the target.
    this.world.advance(100);
    this.collect();
    expect(this.writers).toEqual([]);
    expect(this.source.server.keyHolds.isIdle).toBe(true);
    expect(this.source.migration.runningCount).toBe(0);
    for (const [key, count] of this.acknowledged) {
      // As long as the source has the key it is the source's, whatever the target was left with.
      const value = this.source.call('GET', key) ?? this.target.call('GET', key);
      expect(Number(value)).toBe(count);
    }
  }

  private increment(server: ReplicatedServer, key: string): void {
    const connection = server.connect();
    this.writers.push({ connection, key });
    server.send(connection, 'INCR', key);
  }

  private collect(): void {
    for (const writer of this.writers.splice(0)) {
      const { connection, key } = writer;
      const [reply] = connection.replies();
      if (reply === undefined) this.writers.push(writer);
      else if (reply instanceof ErrorReply) this.increment(this.target, key);
      else this.acknowledged.set(key, (this.acknowledged.get(key) ?? 0) + 1);
    }
  }
}

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
    expect(errorText(outcome())).toBe('IOERR error or timeout writing to target instance');
    expectNothingLost();
  });

  test('nobody answers the attempt to connect', () => {
    world.world.network.partition('source', 'target');
    beginWith(300, ['a']);
    world.advance(299);
    expect(mover.replies()).toEqual([]);
    world.advance(2);
    expect(errorText(mover.replies()[0])).toBe('IOERR error or timeout connecting to the client');
    expectNothingLost();
  });

  test('the target freezes: the client is told in time, writers go on', () => {
    begin(['a']);
    expect(outcome()).toBe('OK');
    source.call('SET', 'a', 'a');
    target.process.pause();
    beginWith(300, ['a', 'b', 'c']);
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
    beginWith(600, ['a', 'b', 'c']);
    expect(outcome()).toBe('OK');
  });

  test('the target dies before it has answered: once more, then an error', () => {
    begin(['a']);
    outcome();
    source.call('SET', 'a', 'a');
    begin(['a', 'b', 'c']);
    target.process.kill();
    expect(errorText(outcome())).toBe('IOERR error or timeout writing to target instance');
    expectNothingLost();
  });

  test('a connection that broke while it rested is replaced without anybody noticing', () => {
    begin(['a']);
    outcome();
    // The source does not hear of the end, because the network is cut.
    const heal = world.world.network.partition('source', 'target');
    closeConnections(target);
    begin(['b']);
    heal();
    expect(outcome()).toBe('OK');
    expect(target.call('GET', 'b')).toBe('b');
  });
});
