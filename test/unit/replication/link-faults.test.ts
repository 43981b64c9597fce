/** What a replica makes of a network and of masters that misbehave. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/platform/platform.js';
import { PORT, ReplicationWorld, type ReplicatedServer } from '../../support/replication-world.js';

const REPLID = 'abcdef0123456789abcdef0123456789abcdef01';

/** A machine that answers the handshake and then does what the test wants. */
class ScriptedMaster {
  readonly host: string;
  connections = 0;
  received = '';
  current: Connection | null = null;

  constructor(
    world: ReplicationWorld,
    /** Bytes sent in answer to each PSYNC, by its number. */
    private readonly answer: (attempt: number) => Buffer | string,
    name = 'scripted',
  ) {
    const process = world.world.createProcess(name);
    this.host = process.host.address;
    process.network.listen(
      { host: '0.0.0.0', port: PORT },
      {},
      (connection) => this.serve(connection),
      () => undefined,
    );
  }

  private serve(connection: Connection): void {
    this.connections++;
    this.current = connection;
    let input = '';
    connection.handler = {
      onConnect: () => undefined,
      onDrain: () => undefined,
      onEnd: () => connection.destroy(),
      onClose: () => undefined,
      onData: (chunk) => {
        input += chunk.latin1Slice();
        this.received += chunk.latin1Slice();
        for (const [word, reply] of [
          ['PING', '+PONG\r\n'],
          ['listening-port', '+OK\r\n'],
          ['capa\r\n$3\r\neof', '+OK\r\n'],
          ['PSYNC', null],
        ] as const) {
          const at = input.indexOf(word);
          if (at === -1) continue;
          input = input.slice(at + word.length);
          const text = reply ?? this.answer(this.connections);
          connection.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
        }
      },
    };
  }
}

function fullResync(payload: Buffer, framing: 'length' | 'mark', offset = 100): Buffer {
  const mark = 'e'.repeat(40);
  const head = `+FULLRESYNC ${REPLID} ${offset}\r\n`;
  return framing === 'length'
    ? Buffer.concat([Buffer.from(`${head}\n$${payload.length}\r\n`), payload])
    : Buffer.concat([Buffer.from(`${head}$EOF:${mark}\r\n`), payload, Buffer.from(mark)]);
}

/** A snapshot with a few keys. */
function somePayload(world: ReplicationWorld): Buffer {
  const source = world.start('source');
  for (let i = 0; i < 50; i++) source.call('SET', `key${i}`, 'v'.repeat(i * 20));
  source.call('RPUSH', 'list', 'a', 'b', 'c');
  return source.snapshot();
}

function replicaWithData(world: ReplicationWorld, load: string): ReplicatedServer {
  const replica = world.start('replica', { 'repl-diskless-load': load });
  replica.call('SET', 'precious', 'data');
  return replica;
}

describe('a network that breaks', () => {
  it('never makes a replica differ from its master, wherever the connection is cut', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.array(fc.record({ afterMs: fc.nat(40), cuts: fc.boolean(), burst: fc.nat(20) }), {
          minLength: 5,
          maxLength: 25,
        }),
        fc.constantFrom('yes', 'no'),
        fc.constantFrom('disabled', 'swapdb'),
        (seed, steps, diskless, load) => {
          const world = new ReplicationWorld({ seed, latency: 1, socketBufferBytes: 5000 });
          world.world.network.splitChunks = true;
          const master = world.start('master', {
            'repl-diskless-sync': diskless,
            'repl-backlog-size': '16kb',
          });
          const replica = world.start('replica', { 'repl-diskless-load': load });
          const chained = world.start('chained');
          for (let i = 0; i < 30; i++) master.call('SET', `initial${i}`, 'x'.repeat(200));
          replica.call('REPLICAOF', master.host, PORT);
          chained.call('REPLICAOF', replica.host, PORT);
          let written = 0;
          for (const { afterMs, cuts, burst } of steps) {
            for (let i = 0; i < burst; i++) {
              master.call('SELECT', i % 3);
              if (i % 5 === 0) {
                master.call('MULTI');
                master.call('RPUSH', 'list', written++);
                master.call('INCR', 'counter');
                master.call('EXEC');
              } else master.call('SET', `k${written++ % 40}`, 'y'.repeat(written % 300));
            }
            world.advance(afterMs);
            if (cuts) world.world.network.cut(afterMs % 2 === 0 ? 'master' : 'chained', 'replica');
          }
          world.settle(master, replica, chained);
          expect(replica.dataset()).toEqual(master.dataset());
          expect(chained.dataset()).toEqual(master.dataset());
          expect(chained.replid).toBe(master.replid);
        },
      ),
      { numRuns: 60 },
    );
  }, 120_000);

  it.each([
    ['', 0],
    [', though the clocks are set back an hour', -3_600_000],
    [', and not sooner when the clocks are set forth', 3_600_000],
  ])('is noticed by both sides after repl-timeout when it only falls silent%s', (_, jumpMs) => {
    const world = new ReplicationWorld();
    const master = world.start('master', { 'repl-timeout': '5' });
    const replica = world.start('replica', { 'repl-timeout': '5' });
    world.follow(replica, master);
    world.world.network.partition('master', 'replica');
    for (const { process } of [master, replica]) process.wallClockOffsetMs += jumpMs;
    world.advance(4000);
    expect(replica.isUp).toBe(true);
    expect(master.replication.replicas.count).toBe(1);
    world.advance(3500);
    expect(replica.isUp).toBe(false);
    expect(replica.logged('MASTER timeout: no data nor PING received...')).toHaveLength(1);
    expect(master.replication.replicas.count).toBe(0);
    expect(master.logged('Disconnecting timedout replica (streaming sync)')).toHaveLength(1);
  });

  it('is noticed while a snapshot is on its way to a replica that takes nothing of it', () => {
    const world = new ReplicationWorld({ socketBufferBytes: 4096 });
    const master = world.start('master', { 'repl-timeout': '5' });
    const replica = world.start('replica');
    master.call('SET', 'large', 'x'.repeat(1_000_000));
    replica.call('REPLICAOF', master.host, PORT);
    world.until(() => replica.info().master_sync_in_progress === '1');
    replica.process.pause();
    world.advance(4000);
    expect(master.replication.replicas.count).toBe(1);
    world.advance(4000);
    expect(master.replication.replicas.count).toBe(0);
    expect(master.logged('Disconnecting timedout replica (full sync)')).toHaveLength(1);
    replica.process.resume();
    world.settle(master, replica);
  });

  it('does not end a link on which only PINGs flow', () => {
    const world = new ReplicationWorld();
    const master = world.start('master', { 'repl-timeout': '5', 'repl-ping-replica-period': '2' });
    const replica = world.start('replica', { 'repl-timeout': '5' });
    const chained = world.start('chained', { 'repl-timeout': '5' });
    world.follow(replica, master);
    world.follow(chained, replica);
    world.advance(60_000);
    expect(master.server.statistics).toMatchObject({ syncFull: 1, syncPartialOk: 0 });
    expect(replica.server.statistics).toMatchObject({ syncFull: 1, syncPartialOk: 0 });
  });

  it('is retried quickly at first, then once per second, and said once', () => {
    const world = new ReplicationWorld();
    const replica = world.start('replica');
    const master = world.start('master');
    master.process.kill();
    replica.call('REPLICAOF', master.host, PORT);
    world.advance(30_000);
    expect(replica.logged('Connection refused')).toHaveLength(1);
    const reborn = world.start('master');
    expect(world.until(() => replica.isUp)).toBeLessThan(1200);
    expect(reborn.server.statistics.syncFull).toBe(1);
  });
});

describe('a master that stops halfway through a snapshot', () => {
  const ways = (['length', 'mark'] as const).flatMap((framing) =>
    ['disabled', 'swapdb'].map((load) => ({ framing, load })),
  );

  it.each(ways)(
    'leaves the old dataset where it was ($framing, $load), and is asked again',
    ({ framing, load }) => {
      const world = new ReplicationWorld();
      const whole = fullResync(somePayload(world), framing);
      const replica = replicaWithData(world, load);
      const before = replica.dataset();
      const master = new ScriptedMaster(world, () => whole.subarray(0, whole.length - 50));
      replica.call('REPLICAOF', master.host, PORT);
      world.until(() => replica.info().master_sync_in_progress === '1');
      world.advance(100);
      master.current?.reset();
      world.until(() => master.connections >= 2);
      expect(replica.dataset()).toEqual(before);
      expect(replica.isUp).toBe(false);
    },
  );

  it.each(ways)('is loaded when it succeeds at the second attempt ($framing, $load)', ({ framing, load }) => {
    const world = new ReplicationWorld();
    const whole = fullResync(somePayload(world), framing);
    const replica = replicaWithData(world, load);
    const master = new ScriptedMaster(world, (attempt) => {
      if (attempt > 1) return whole;
      world.world.scheduleAt(world.world.nowMs + 20, null, () => master.current?.destroy());
      return whole.subarray(0, 700);
    });
    replica.call('REPLICAOF', master.host, PORT);
    world.until(() => replica.isUp);
    expect(Object.keys(replica.dataset())).toHaveLength(51);
    expect(replica.offset).toBe(100);
    expect(replica.info()).toMatchObject({ master_replid: REPLID, slave_repl_offset: '100' });
  });
});

describe('a full resynchronisation that breaks off', () => {
  it('leaves the way back to the old master open, without a snapshot', () => {
    const world = new ReplicationWorld();
    const [old, replica] = [world.start('old'), world.start('replica')];
    world.follow(replica, old);
    old.call('SET', 'a', '1');
    world.settle(old, replica);
    const half = fullResync(somePayload(world), 'length').subarray(0, 500);
    const master = new ScriptedMaster(world, () => half);
    replica.call('REPLICAOF', master.host, PORT);
    world.until(() => replica.info().master_sync_in_progress === '1');
    world.advance(50);
    old.call('SET', 'b', '2');
    world.follow(replica, old);
    world.settle(old, replica);
    expect(replica.dataset()).toEqual(old.dataset());
    expect(old.server.statistics).toMatchObject({ syncFull: 1, syncPartialOk: 1 });
  });
});

describe('a master that sends a damaged snapshot', () => {
  it.each(['disabled', 'swapdb'])('does not cost the old dataset (%s)', (load) => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const world = new ReplicationWorld();
        const payload = somePayload(world);
        payload[place % payload.length] ^= change;
        const replica = replicaWithData(world, load);
        const before = replica.dataset();
        const master = new ScriptedMaster(world, () => fullResync(payload, 'mark'));
        replica.call('REPLICAOF', master.host, PORT);
        world.until(() => master.connections >= 2);
        expect(replica.dataset()).toEqual(before);
        expect(replica.isUp).toBe(false);
        expect(replica.server.persistenceStatus.loading).toBeNull();
        expect(replica.call('GET', 'precious')).toBe('data');
      }),
      { numRuns: 40 },
    );
  });
});

describe('a master that sends nonsense', () => {
  it.each([
    'HTTP/1.1 400 Bad Request\r\n\r\n',
    '+FULLRESYNC what\r\n',
    `+FULLRESYNC ${REPLID} 5\r\nnot a payload\r\n`,
    `+FULLRESYNC ${REPLID} 5\r\n$12\r\nnot a rdb!!!`,
    `+FULLRESYNC ${REPLID} 5\r\n-ERR no luck\r\n`,
    `+CONTINUE ${'x'.repeat(100)}\r\n`,
    'y'.repeat(100_000),
  ])('is retried without harm (%#)', (answer) => {
    const world = new ReplicationWorld();
    const replica = replicaWithData(world, 'disabled');
    const before = replica.dataset();
    const master = new ScriptedMaster(world, () => answer);
    replica.call('REPLICAOF', master.host, PORT);
    world.advance(200);
    master.current?.destroy();
    // An answer that is none is followed by an attempt with SYNC, which times out.
    world.until(() => master.connections >= 3, 150_000);
    expect(replica.dataset()).toEqual(before);
    replica.call('REPLICAOF', 'NO', 'ONE');
    expect(replica.call('SET', 'still', 'alive')).toBe('OK');
  });

  it('survives any bytes at all, in the handshake, the payload and the stream', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.constantFrom(0, 1, 2), (bytes, stage) => {
        const world = new ReplicationWorld();
        const garbage = Buffer.from(bytes);
        const empty = Buffer.concat([Buffer.from('REDIS0009'), Buffer.from('ff0000000000000000', 'hex')]);
        const heads = [
          Buffer.alloc(0),
          Buffer.from(`+FULLRESYNC ${REPLID} 5\r\n`),
          fullResync(empty, 'length', 5),
        ];
        const replica = replicaWithData(world, 'disabled');
        const master = new ScriptedMaster(world, () => Buffer.concat([heads[stage], garbage]));
        replica.call('REPLICAOF', master.host, PORT);
        world.advance(500);
        replica.call('REPLICAOF', 'NO', 'ONE');
        expect(replica.call('SET', 'still', 'alive')).toBe('OK');
      }),
      { numRuns: 150 },
    );
  });

  it('has its errors told: a command that fails here is a sign that the datasets differ', () => {
    const world = new ReplicationWorld();
    const stream =
      '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nx\r\n*2\r\n$4\r\nINCR\r\n$1\r\na\r\n*1\r\n$4\r\nNOPE\r\n';
    const payload = somePayload(world);
    const master = new ScriptedMaster(world, () =>
      Buffer.concat([fullResync(payload, 'length'), Buffer.from(stream)]),
    );
    const replica = world.start('replica');
    replica.call('REPLICAOF', master.host, PORT);
    world.until(() => replica.offset === 100 + stream.length);
    const errors = replica.logged('== CRITICAL == This replica is sending an error to its master');
    expect(errors).toHaveLength(2);
    expect(errors[0]).toContain(
      "'ERR value is not an integer or out of range' after processing the command 'incr'",
    );
    expect(replica.isUp).toBe(true);
  });

  it('of the oldest protocol, without PSYNC, is followed nevertheless', () => {
    const world = new ReplicationWorld();
    const payload = somePayload(world);
    const master = new ScriptedMaster(world, () => "-ERR unknown command 'PSYNC'\r\n");
    const replica = world.start('replica');
    replica.call('REPLICAOF', master.host, PORT);
    world.until(() => master.received.includes('SYNC\r\n'));
    master.current?.write(Buffer.concat([Buffer.from(`$${payload.length}\r\n`), payload]));
    world.until(() => replica.isUp);
    expect(Object.keys(replica.dataset())).toHaveLength(51);
    world.advance(5000);
    expect(master.received).not.toContain('ACK');
  });
});

describe('a command that has not come whole', () => {
  it('is not applied and not counted, nor is an open transaction', () => {
    const world = new ReplicationWorld();
    const payload = somePayload(world);
    const select = '*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n';
    const open = '*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n*3\r\n$3\r\nSET\r\n$1\r\nb';
    const master = new ScriptedMaster(world, (attempt) =>
      attempt === 1
        ? Buffer.concat([fullResync(payload, 'length'), Buffer.from(select + open)])
        : '-LOADING busy\r\n',
    );
    const replica = world.start('replica');
    replica.call('REPLICAOF', master.host, PORT);
    world.until(() => Number(replica.info().slave_read_repl_offset) > 100 + select.length);
    expect(replica.info().slave_repl_offset).toBe(String(100 + select.length));
    expect(replica.call('EXISTS', 'a', 'b')).toBe(0);
    master.received = '';
    master.current?.destroy();
    world.until(() => master.received.includes('PSYNC'));
    expect(master.received).toContain(`${REPLID}\r\n$3\r\n${101 + select.length}\r\n`);
  });
});
