/** Commands of replication, and what the role does to other commands. */
import { describe, expect, it } from 'vitest';
import { GateRank } from '../../../src/server/gates.js';
import { errorReply } from '../../support/resp.js';
import {
  MemoryConnection,
  PORT,
  ReplicationWorld,
  type ReplicatedServer,
} from '../../support/replication-world.js';

function pair(directives: Record<string, string> = {}): {
  world: ReplicationWorld;
  master: ReplicatedServer;
  replica: ReplicatedServer;
} {
  const world = new ReplicationWorld();
  const master = world.start('master', directives);
  const replica = world.start('replica', directives);
  world.follow(replica, master);
  return { world, master, replica };
}

const READONLY = errorReply("READONLY You can't write against a read only replica.");

describe('REPLICAOF', () => {
  it('takes effect at once and is remembered in the configuration', () => {
    const { master, replica } = pair();
    expect(replica.info()).toMatchObject({ role: 'slave', master_host: master.host, master_port: '6379' });
    expect(replica.server.config.get(['replicaof'])).toEqual([['replicaof', `${master.host} 6379`]]);
    expect(replica.call('SLAVEOF', 'no', 'ONE')).toBe('OK');
    expect(replica.info().role).toBe('master');
    expect(replica.server.config.get(['slaveof'])).toEqual([['slaveof', '']]);
  });

  it('says when there is nothing to do, and what is wrong', () => {
    const { master, replica } = pair();
    expect(replica.call('REPLICAOF', master.host, PORT)).toBe('OK Already connected to specified master');
    expect(replica.call('REPLICAOF', master.host, 'x')).toEqual(errorReply('ERR Invalid master port'));
    expect(replica.call('REPLICAOF', master.host, 65536)).toEqual(errorReply('ERR Invalid master port'));
    expect(master.call('REPLICAOF', 'NO', 'ONE')).toBe('OK');
  });

  it('sends away clients that block, because a stream will feed the keys they wait for', () => {
    const world = new ReplicationWorld();
    const [a, b] = [world.start('a'), world.start('b')];
    const waiting = b.connect();
    b.send(waiting, 'BLPOP', 'list', 0);
    b.call('REPLICAOF', a.host, PORT);
    expect(waiting.replies()).toEqual([
      errorReply(
        'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)',
      ),
    ]);
    expect(waiting.isClosed).toBe(true);
  });
});

describe('ROLE', () => {
  it('tells a master its online replicas and how far they are', () => {
    const { world, master, replica } = pair({
      'replica-announce-ip': 'known.as',
      'replica-announce-port': '7000',
    });
    master.call('SET', 'a', '1');
    world.advance(1000);
    expect(master.call('ROLE')).toEqual([
      'master',
      master.offset,
      [['known.as', '7000', String(master.offset)]],
    ]);
    expect(replica.call('ROLE')).toEqual(['slave', master.host, PORT, 'connected', master.offset]);
  });

  it('tells a replica without a link that it has none', () => {
    const { world, master, replica } = pair();
    world.world.network.partition('master', 'replica');
    world.world.network.cut('master', 'replica');
    world.advance(10);
    expect(replica.call('ROLE')).toEqual(['slave', master.host, PORT, 'connecting', -1]);
  });
});

describe('the memory of the stream', () => {
  it('is nothing that eviction must not touch once no replica is left to read it', () => {
    const { world, master, replica } = pair({ 'repl-backlog-size': '16kb' });
    for (let i = 0; i < 50; i++) master.call('SET', 'key', 'x'.repeat(1000));
    world.settle(master, replica);
    expect(master.server.replicationMemory().backlogBytes).toBe(16 * 1024);
    expect(master.call('CLIENT', 'KILL', 'TYPE', 'replica')).toBe(1);
    expect(master.server.replicationMemory().beyondBacklogBytes).toBe(0);
    expect(master.server.replicationMemory().backlogBytes).toBeGreaterThan(16 * 1024);
  });
});

describe('a replica and its clients', () => {
  it('refuses writes, in transactions too, unless it is made writable', () => {
    const { replica } = pair();
    expect(replica.call('SET', 'a', '1')).toEqual(READONLY);
    replica.call('MULTI');
    expect(replica.call('SET', 'a', '1')).toEqual(READONLY);
    expect(replica.call('EXEC')).toMatchObject({ text: expect.stringContaining('EXECABORT') as string });
    replica.configure('replica-read-only', 'no');
    expect(replica.call('SET', 'a', '1')).toBe('OK');
  });

  it('keeps local writes of a writable replica out of the stream', () => {
    const world = new ReplicationWorld();
    const [a, b, c] = [world.start('a'), world.start('b', { 'replica-read-only': 'no' }), world.start('c')];
    world.follow(b, a);
    world.follow(c, b);
    const { offset } = b;
    b.call('SET', 'local', '1');
    world.advance(100);
    expect(b.offset).toBe(offset);
    expect(c.call('EXISTS', 'local')).toBe(0);
  });

  it('serves stale data while the link is down, or not, as configured', () => {
    const { world, master, replica } = pair();
    master.call('SET', 'a', '1');
    world.settle(master, replica);
    world.world.network.partition('master', 'replica');
    world.world.network.cut('master', 'replica');
    world.advance(10);
    expect(replica.call('GET', 'a')).toBe('1');
    replica.configure('replica-serve-stale-data', 'no');
    const refusal = errorReply(
      "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    );
    expect(replica.call('GET', 'a')).toEqual(refusal);
    expect(replica.call('PING')).toEqual(refusal);
    expect(replica.call('SET', 'a', '2')).toEqual(READONLY);
    expect(replica.call('ROLE')).toHaveLength(5);
    expect(replica.call('REPLICAOF', 'NO', 'ONE')).toBe('OK');
    expect(replica.call('GET', 'a')).toBe('1');
  });

  it('hides expired keys but keeps them until the master says so', () => {
    const { world, master, replica } = pair();
    master.server.activeExpiry.enabled = false;
    master.call('SET', 'k', '5', 'PX', 100);
    world.settle(master, replica);
    world.advance(200);
    expect(replica.call('GET', 'k')).toBeNull();
    expect(replica.call('TTL', 'k')).toBe(-2);
    expect(replica.call('DBSIZE')).toBe(1);
    expect(master.call('GET', 'k')).toBeNull();
    world.settle(master, replica);
    expect(replica.call('DBSIZE')).toBe(0);
  });

  it('lets the stream see a key that has expired here, so that it changes as it did on the master', () => {
    const world = new ReplicationWorld({ latency: 150 });
    const [master, replica] = [world.start('master'), world.start('replica')];
    world.follow(replica, master);
    master.server.activeExpiry.enabled = false;
    master.call('SET', 'k', '5', 'PX', 100);
    master.call('INCR', 'k');
    world.settle(master, replica);
    expect(replica.dataset()['0/k']).toBe(master.dataset()['0/k']);
    expect(replica.call('EXISTS', 'k')).toBe(0);
  });

  it('expires by itself what its own clients have written to it, and nothing else', () => {
    const { world, master, replica } = pair();
    replica.configure('replica-read-only', 'no');
    master.server.activeExpiry.enabled = false;
    master.call('SET', 'ofMaster', '1', 'PX', 100);
    world.settle(master, replica);
    replica.call('SET', 'own', '1', 'PX', 100);
    replica.call('SET', 'later', '1', 'PX', 10_000);
    world.advance(1000);
    expect(Object.keys(replica.dataset())).toEqual(['0/later', '0/ofMaster']);
    world.advance(10_000);
    expect(Object.keys(replica.dataset())).toEqual(['0/ofMaster']);
  });

  it('expires keys by itself once it is promoted', () => {
    const { world, master, replica } = pair();
    master.call('SET', 'k', '5', 'PX', 5000);
    world.settle(master, replica);
    replica.call('REPLICAOF', 'NO', 'ONE');
    world.advance(6000);
    expect(replica.call('DBSIZE')).toBe(0);
  });
});

describe('a replica whose disk fails', () => {
  /** Its own clients are refused writes from now on. */
  function failDisk({ server }: ReplicatedServer): void {
    server.gates.add({
      rank: GateRank.Misconfiguration,
      refusal: (_client, _command, _args, writes) => (writes ? 'MISCONF' : null),
    });
  }

  it('ends rather than acknowledge what it cannot keep', () => {
    const { world, master, replica } = pair();
    failDisk(replica);
    world.advance(1000);
    expect(replica.process.isAlive).toBe(true);
    master.call('SET', 'a', '1');
    world.until(() => !replica.process.isAlive);
    expect(replica.process.state).toEqual({ kind: 'exited', code: 1 });
    expect(replica.logged('Replica was unable to write command to disk.')).toHaveLength(1);
  });

  it('goes on with replica-ignore-disk-write-errors, and says so now and then', () => {
    const { world, master, replica } = pair({ 'replica-ignore-disk-write-errors': 'yes' });
    failDisk(replica);
    master.call('SET', 'a', '1');
    master.call('SET', 'b', '1');
    world.settle(master, replica);
    expect(replica.call('MGET', 'a', 'b')).toEqual(['1', '1']);
    expect(replica.logged('even though it is unable to write to disk')).toHaveLength(1);
  });
});

describe('what reaches the wire first', () => {
  it("is the replicas' stream: whoever reads an answer can count on it", () => {
    const { world, master } = pair();
    // The replica has said that it is ready for the stream.
    world.advance(10);
    const [session] = [...master.replication.replicas.all()];
    const connection = new MemoryConnection();
    master.server.clients.accept(connection);
    const sentBefore = session.bytesSent;
    let sentAtReply = -1;
    connection.write = () => {
      sentAtReply = session.bytesSent;
      expect(session.pendingBytes).toBe(0);
    };
    master.send(connection, 'SET', 'a', '1');
    expect(sentAtReply - sentBefore).toBe('*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n'.length + 27);
  });
});

describe('WAIT', () => {
  it('answers when enough replicas have the writes of the client', () => {
    const { world, master } = pair();
    const client = master.connect();
    master.callOn(client, 'SET', 'a', '1');
    master.send(client, 'WAIT', 1, 0);
    expect(client.replies()).toEqual([]);
    world.advance(5);
    expect(client.replies()).toEqual([1]);
    master.send(client, 'WAIT', 2, 100);
    world.advance(99);
    expect(client.replies()).toEqual([]);
    world.advance(2);
    expect(client.replies()).toEqual([1]);
  });

  it('counts a replica only when it has loaded what was written before anybody followed', () => {
    const world = new ReplicationWorld({ latency: 20 });
    const [master, replica] = [world.start('master'), world.start('replica')];
    const client = master.connect();
    master.callOn(client, 'SET', 'a', '1');
    replica.call('REPLICAOF', master.host, PORT);
    master.send(client, 'WAIT', 1, 0);
    let replies: unknown[] = [];
    world.until(() => (replies = client.replies()).length > 0);
    expect(replies).toEqual([1]);
    expect(replica.call('GET', 'a')).toBe('1');
  });

  it('does not block where that is not possible', () => {
    const { world, master } = pair();
    world.advance(5);
    const client = master.connect();
    master.callOn(client, 'MULTI');
    master.callOn(client, 'SET', 'a', '1');
    master.callOn(client, 'WAIT', 1, 0);
    expect(master.callOn(client, 'EXEC')).toEqual(['OK', 1]);
  });

  it('asks once for all who wait in the same turn', () => {
    const { world, master } = pair();
    const clients = [master.connect(), master.connect(), master.connect()];
    for (const client of clients) master.callOn(client, 'SET', 'a', '1');
    const before = master.offset;
    for (const client of clients) client.handler.onData(Buffer.from('WAIT 1 0\r\n'));
    world.advance(5);
    expect(master.offset - before).toBe(37);
    for (const client of clients) expect(client.replies()).toEqual([1]);
  });

  it('counts nothing for a client without writes, and refuses what is wrong', () => {
    const { world, master, replica } = pair();
    world.advance(5);
    expect(master.callOn(master.connect(), 'WAIT', 1, 0)).toBe(1);
    expect(master.call('WAIT', 'x', 0)).toEqual(errorReply('ERR value is not an integer or out of range'));
    expect(master.call('WAIT', 1, -1)).toEqual(errorReply('ERR timeout is negative'));
    expect(replica.call('WAIT', 1, 0)).toMatchObject({
      text: expect.stringContaining('ERR WAIT cannot be used with replica instances.') as string,
    });
  });
});

describe('WAITAOF', () => {
  it('refuses what cannot be waited for', () => {
    const { world, master, replica } = pair();
    world.advance(5);
    expect(master.call('WAITAOF', 2, 0, 0)).toEqual(
      errorReply('ERR value is out of range, value must between 0 and 1'),
    );
    expect(master.call('WAITAOF', 0, -1, 0)).toEqual(
      errorReply('ERR value is out of range, must be positive'),
    );
    expect(master.call('WAITAOF', 1, 0, 0)).toEqual(
      errorReply('ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.'),
    );
    expect(replica.call('WAITAOF', 0, 0, 0)).toMatchObject({
      text: expect.stringContaining('ERR WAITAOF cannot be used with replica instances.') as string,
    });
    expect(master.call('WAITAOF', 0, 0, 0)).toEqual([0, 1]);
  });
});

describe('min-replicas-to-write', () => {
  const NOREPLICAS = errorReply('NOREPLICAS Not enough good replicas to write.');

  it('refuses writes while too few replicas have been heard of lately', () => {
    const { world, master } = pair();
    master.configure('min-replicas-to-write', '1');
    master.configure('min-replicas-max-lag', '2');
    expect(master.info().min_slaves_good_slaves).toBe('1');
    expect(master.call('SET', 'a', '1')).toBe('OK');
    master.configure('min-replicas-to-write', '2');
    expect(master.call('SET', 'a', '1')).toEqual(NOREPLICAS);
    expect(master.call('GET', 'a')).toBe('1');
    master.configure('min-replicas-to-write', '1');
    world.world.network.partition('master', 'replica');
    world.advance(4000);
    expect(master.call('SET', 'a', '1')).toEqual(NOREPLICAS);
    world.world.network.heal();
    world.advance(2000);
    expect(master.call('SET', 'a', '1')).toBe('OK');
  });
});

describe('a replica that says what it should not', () => {
  it.each([
    ['ping', 'PING'],
    ['get', 'GET a'],
  ])('is disconnected: %s', (name, command) => {
    const { world, master } = pair();
    const rogue = master.connect();
    master.send(rogue, 'SYNC');
    world.advance(100);
    rogue.handler.onData(Buffer.from(`${command}\r\n`));
    world.advance(1);
    expect(rogue.isClosed).toBe(true);
    expect(master.logged(`Replica generated a reply to command '${name}', disconnecting it: `)).toHaveLength(
      1,
    );
    expect(master.replication.replicas.count).toBe(1);
  });

  it('may send blank lines and acknowledgements of any kind', () => {
    const { world, master } = pair();
    const odd = master.connect();
    master.send(odd, 'SYNC');
    world.advance(100);
    odd.handler.onData(
      Buffer.from(
        '\r\n\nREPLCONF ACK 99999999999999999999\r\nREPLCONF ACK x\r\nREPLCONF ACK -5\r\nREPLCONF ACK 7\r\n',
      ),
    );
    world.advance(1);
    expect(odd.isClosed).toBe(false);
    expect(master.info().slave1).toContain('offset=7,');
  });
});

describe('a replica that cannot keep up', () => {
  it('is disconnected at its output limit, and can come back to the backlog', () => {
    const world = new ReplicationWorld({ socketBufferBytes: 4096 });
    const master = world.start('master', {
      'client-output-buffer-limit': 'replica 100kb 0 0',
      'repl-backlog-size': '16kb',
    });
    const replica = world.start('replica');
    world.follow(replica, master);
    replica.process.pause();
    for (let i = 0; i < 30; i++) {
      master.call('SET', `k${i}`, 'v'.repeat(5000));
      world.advance(1);
    }
    expect(master.replication.replicas.count).toBe(0);
    expect(master.logged('for overcoming of output buffer limits')).toHaveLength(1);
    expect(master.replication.history.stream.backlog!.length).toBeLessThan(40 * 1024);
    replica.process.resume();
    world.settle(master, replica);
    expect(replica.dataset()).toEqual(master.dataset());
  });
});

describe('an orderly end', () => {
  it('waits until the replicas have every write, and no longer', () => {
    const { world, master, replica } = pair({ 'shutdown-timeout': '10' });
    let ended = false;
    master.server.shutdown.exit = () => (ended = true);
    replica.process.pause();
    master.call('SET', 'last', '1');
    master.server.shutdown.begin({ save: 'nosave', now: false, force: false }, () => undefined);
    world.advance(3000);
    expect(ended).toBe(false);
    replica.process.resume();
    expect(world.until(() => ended)).toBeLessThan(50);
    expect(replica.call('GET', 'last')).toBe('1');
    expect(master.logged('1 of 1 replicas are in sync when shutting down.')).toHaveLength(1);
  });

  it('does not wait for ever', () => {
    const { world, master, replica } = pair({ 'shutdown-timeout': '10' });
    let ended = false;
    master.server.shutdown.exit = () => (ended = true);
    replica.process.pause();
    master.call('SET', 'last', '1');
    master.server.shutdown.begin({ save: 'nosave', now: false, force: false }, () => undefined);
    world.advance(9990);
    expect(ended).toBe(false);
    world.advance(20);
    expect(ended).toBe(true);
    expect(master.logged('Lagging replica')).toHaveLength(1);
  });
});

describe('REPLCONF', () => {
  it('refuses what it does not know', () => {
    const { master } = pair();
    const client = master.connect();
    expect(master.callOn(client, 'REPLCONF', 'listening-port')).toEqual(errorReply('ERR syntax error'));
    expect(master.callOn(client, 'REPLCONF', 'version', '8')).toEqual(
      errorReply('ERR Unrecognized REPLCONF option: version'),
    );
    expect(master.callOn(client, 'REPLCONF', 'capa', 'unheard-of')).toBe('OK');
    expect(master.callOn(client, 'REPLCONF', 'rdb-filter-only', 'keys')).toEqual(
      errorReply('ERR Unsupported rdb-filter-only option: keys'),
    );
    master.send(client, 'REPLCONF', 'ACK', 5);
    expect(client.replies()).toEqual([]);
  });

  it('can ask for the snapshot alone, after which the connection ends', () => {
    const { world, master } = pair();
    const client = master.connect();
    master.callOn(client, 'REPLCONF', 'rdb-only', 1);
    master.send(client, 'SYNC');
    world.advance(100);
    expect(client.isClosed).toBe(true);
  });

  it('cannot filter without an end mark', () => {
    const { master } = pair();
    const client = master.connect();
    master.callOn(client, 'REPLCONF', 'rdb-filter-only', 'functions');
    expect(master.callOn(client, 'PSYNC', '?', -1)).toEqual(
      errorReply('ERR Filtered replica requires EOF capability'),
    );
  });
});
