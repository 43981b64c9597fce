/** The virtual network: connections, their limits, and every fault. */
import { describe, expect, test } from 'vitest';
import { VirtualWorld, type VirtualProcess } from '../../../src/platform/virtual/index.js';
import type { RecordingHandler } from './recording-handler.js';
import {
  bind,
  closeCode,
  connect,
  connectPair,
  halfClose,
  listen,
  send,
  type Pair,
} from './virtual-fixture.js';

interface Fixture extends Pair {
  readonly world: VirtualWorld;
  readonly clientProcess: VirtualProcess;
  readonly serverProcess: VirtualProcess;
}

/** A client and a server process, connected, one millisecond apart. */
function connected(options: { socketBufferBytes?: number; seed?: number } = {}): Fixture {
  const world = new VirtualWorld({ latency: 1, ...options });
  const clientProcess = world.createProcess('client');
  const serverProcess = world.createProcess('server');
  return { world, clientProcess, serverProcess, ...connectPair(clientProcess, serverProcess) };
}

/** A chunk boundary must never matter, so tests compare the text only. */
function text(length: number): string {
  let result = '';
  for (let index = 0; result.length < length; index++) result += `${index} `;
  return result.slice(0, length);
}

describe('a connection', () => {
  test('is established after a round trip, and carries bytes after half of one', () => {
    const world = new VirtualWorld({ latency: 10 });
    const a = world.createProcess('a');
    const accepted = listen(world.createProcess('b'), { host: '0.0.0.0', port: 1 });
    const startMs = world.nowMs;
    const client = connect(a, { host: 'b', port: 1 });
    world.runUntil(() => client.connected, 1000);
    expect(world.nowMs - startMs).toBe(20);
    send(client, 'hello');
    world.runUntil(() => accepted[0]?.received === 'hello', 1000);
    expect(world.nowMs - startMs).toBe(30);
  });

  test('keeps the order of bytes whatever the latency, and whatever the chunks', () => {
    const world = new VirtualWorld({ seed: 3, latency: { minMs: 0.1, maxMs: 50 } });
    world.network.splitChunks = true;
    const { client, server } = connectPair(world.createProcess('a'), world.createProcess('b'));
    const sent = text(5000);
    for (let at = 0; at < sent.length; at += 100) send(client, sent.slice(at, at + 100));
    world.runUntil(() => server.received.length === sent.length, 10_000);
    expect(server.received).toBe(sent);
    expect(server.chunkSizes.length).toBeGreaterThan(20);
    expect(new Set(server.chunkSizes).size).toBeGreaterThan(10);
  });

  test('joins what has arrived into chunks of up to 64 KB', () => {
    const { world, client, server } = connected();
    send(client, 'a');
    send(client, 'b');
    send(client, text(100_000));
    world.advance(10);
    expect(server.chunkSizes).toEqual([65_536, 34_466]);
  });

  test('invalidates chunks after onData', () => {
    const { world, client, server } = connected();
    let kept: Buffer | null = null;
    server.connection.handler = {
      onConnect: () => undefined,
      onData: (chunk) => (kept = chunk),
      onDrain: () => undefined,
      onEnd: () => undefined,
      onClose: () => undefined,
    };
    send(client, 'secret');
    world.advance(10);
    expect(kept!.toString('latin1')).toBe('\xdb'.repeat(6));
  });

  test('takes a copy of what the kernel takes: the buffer may be reused', () => {
    const { world, client, server } = connected();
    const buffer = Buffer.from('first');
    client.connection.write(buffer);
    expect(client.connection.bufferedBytes).toBe(0);
    buffer.write('xxxxx');
    world.advance(10);
    expect(server.received).toBe('first');
  });

  test('holds back what the receiver does not read, and says when it is gone', () => {
    const { world, client, server } = connected({ socketBufferBytes: 1000 });
    server.connection.pause();
    const sent = text(2500);
    send(client, sent);
    world.advance(100);
    expect(client.connection.bufferedBytes).toBe(1500);
    expect(server.received).toBe('');
    server.connection.resume();
    world.runUntil(() => client.drainCount === 1, 1000);
    expect(client.connection.bufferedBytes).toBe(0);
    world.advance(100);
    expect(server.received).toBe(sent);
    expect(client.drainCount).toBe(1);
  });

  test('queues what is written before it is established', () => {
    const world = new VirtualWorld();
    const accepted = listen(world.createProcess('b'), { host: '0.0.0.0', port: 1 });
    const client = connect(world.createProcess('a'), { host: 'b', port: 1 });
    send(client, 'early');
    expect(client.connection.bufferedBytes).toBe(5);
    world.advance(10);
    expect(client.connected).toBe(true);
    expect(client.drainCount).toBe(1);
    expect(accepted[0]?.received).toBe('early');
  });

  test('sends what is buffered on end, and tells its owner nothing but the close', () => {
    const { world, client, server } = connected({ socketBufferBytes: 100 });
    const sent = text(1000);
    send(client, sent);
    client.connection.end();
    send(client, 'too late');
    send(server, 'unheard');
    world.advance(100);
    expect(server.received).toBe(sent);
    expect(server.ended).toBe(true);
    expect([client.received, client.drainCount, client.closeCount, client.closeError]).toEqual([
      '',
      0,
      1,
      null,
    ]);
  });

  test('that is ended before it is established still sends what was written', () => {
    const world = new VirtualWorld();
    const accepted = listen(world.createProcess('b'), { host: '0.0.0.0', port: 1 });
    const a = world.createProcess('a');
    const [silent, talking] = [connect(a, { host: 'b', port: 1 }), connect(a, { host: 'b', port: 1 })];
    send(talking, 'hit and run');
    silent.connection.end();
    talking.connection.end();
    world.advance(10);
    expect(accepted.map((handler) => [handler.received, handler.ended])).toEqual([
      ['', true],
      ['hit and run', true],
    ]);
    expect([silent.connected, talking.connected, silent.closeCount, talking.closeCount]).toEqual([
      false,
      false,
      1,
      1,
    ]);
  });

  test('stays writable after the peer has closed its direction', () => {
    const { world, client, server } = connected();
    send(client, 'question');
    halfClose(client);
    world.advance(10);
    expect([server.received, server.ended, server.closed]).toEqual(['question', true, false]);
    send(server, 'answer');
    server.connection.end();
    world.advance(10);
    expect([client.received, client.ended]).toEqual(['answer', true]);
  });

  test('delivers all that arrived before it tells the end', () => {
    const { world, client, server } = connected();
    server.connection.pause();
    send(client, 'first');
    client.connection.end();
    world.advance(10);
    expect([server.received, server.ended]).toEqual(['', false]);
    server.connection.resume();
    world.advance(0);
    expect([server.received, server.ended]).toEqual(['first', true]);
  });

  test('forgets on destroy what is buffered', () => {
    const { world, client, server } = connected({ socketBufferBytes: 100 });
    send(client, text(1000));
    client.connection.destroy();
    world.advance(100);
    expect(server.received).toBe(text(100));
    expect(server.ended).toBe(true);
    expect(client.closeCount).toBe(1);
  });

  test('is reset by a peer that closes without having read all', () => {
    const { world, client, server } = connected();
    server.connection.pause();
    send(client, 'unread');
    world.advance(10);
    server.connection.destroy();
    world.advance(10);
    expect(closeCode(client)).toBe('ECONNRESET');
  });

  test('is reset when something is sent to a peer that has closed', () => {
    const { world, client, server } = connected();
    server.connection.destroy();
    world.advance(10);
    expect([client.ended, client.closed]).toEqual([true, false]);
    send(client, 'hello?');
    world.advance(10);
    expect(closeCode(client)).toBe('ECONNRESET');
  });

  test('is reset by reset; a write finds out before a read does', () => {
    const { world, client, server } = connected();
    client.connection.pause();
    server.connection.reset();
    world.advance(10);
    expect([server.closeCount, server.closeError, client.closed]).toEqual([1, null, false]);
    send(client, 'x');
    world.advance(0);
    expect(closeCode(client)).toBe('EPIPE');
  });

  test('is closed once, however often it is asked for', () => {
    const { world, client, server } = connected();
    client.connection.destroy();
    client.connection.reset();
    client.connection.end();
    client.connection.destroy();
    expect(client.closeCount).toBe(0);
    world.advance(10);
    server.connection.end();
    world.advance(10);
    expect([client.closeCount, server.closeCount]).toEqual([1, 1]);
    expect(world.network.connectionCount('client', 'server')).toBe(0);
  });
});

describe('addresses', () => {
  test('are those of the two ends', () => {
    const { client, server, clientProcess, serverProcess } = connected();
    expect(client.connection.remoteAddress).toBe(serverProcess.host.address);
    expect(client.connection.remotePort).toBe(6379);
    expect(server.connection.remoteAddress).toBe(clientProcess.host.address);
    expect(server.connection.remotePort).toBe(client.connection.localPort);
    expect(server.connection.localPort).toBe(6379);
    expect(server.connection.isLocalSocket).toBe(false);
  });

  test('of a host can be shared by several processes on different ports', () => {
    const world = new VirtualWorld();
    const server = world.createProcess('server', { host: 'machine' });
    const sentinel = world.createProcess('sentinel', { host: 'machine' });
    const accepted = listen(server, { host: '127.0.0.1', port: 6379 });
    const near = connect(sentinel, { host: '127.0.0.1', port: 6379 });
    const far = connect(world.createProcess('other'), { host: 'machine', port: 6379 });
    world.advance(10);
    expect(near.connected).toBe(true);
    expect(accepted[0]?.connection.remoteAddress).toBe('127.0.0.1');
    // Bound to the loopback interface only.
    expect(closeCode(far)).toBe('ECONNREFUSED');
  });

  test('are chosen by the kernel when no port is asked for', () => {
    const world = new VirtualWorld();
    const process = world.createProcess('a');
    const listener = bind(process, { host: '0.0.0.0', port: 0 });
    expect(listener).toMatchObject({ address: { host: '0.0.0.0', port: expect.any(Number) as number } });
    expect(listener).not.toMatchObject({ address: { port: 0 } });
  });

  test('in use, foreign or impossible ones cannot be bound', () => {
    const world = new VirtualWorld();
    const a = world.createProcess('a');
    const b = world.createProcess('b');
    bind(a, { host: '127.0.0.1', port: 1 });
    expect(bind(a, { host: '127.0.0.1', port: 1 })).toMatchObject({ code: 'EADDRINUSE' });
    expect(bind(a, { host: '0.0.0.0', port: 1 })).toMatchObject({ code: 'EADDRINUSE' });
    expect(bind(b, { host: '0.0.0.0', port: 1 })).toHaveProperty('address');
    expect(bind(a, { host: b.host.address, port: 2 })).toMatchObject({ code: 'EADDRNOTAVAIL' });
    expect(bind(a, { host: '0.0.0.0', port: 70_000 })).toMatchObject({ code: 'ERR_SOCKET_BAD_PORT' });
  });

  test('are free again when a listener is closed; its accepted connections live on', () => {
    const world = new VirtualWorld();
    const a = world.createProcess('a');
    const accepted: RecordingHandler[] = [];
    const listener = bind(a, { host: '0.0.0.0', port: 1 }, accepted);
    const client = connect(a, { host: '127.0.0.1', port: 1 });
    world.advance(10);
    if ('close' in listener) listener.close();
    expect(bind(a, { host: '0.0.0.0', port: 1 })).toHaveProperty('address');
    send(client, 'still here');
    world.advance(10);
    expect(accepted[0]?.received).toBe('still here');
  });

  test('of the source can be asked for, when they are of the host', () => {
    const world = new VirtualWorld();
    const a = world.createProcess('a');
    const accepted = listen(world.createProcess('b'), { host: '0.0.0.0', port: 1 });
    connect(a, { host: 'b', port: 1 }, a.host.address);
    const foreign = connect(a, { host: 'b', port: 1 }, '192.0.2.1');
    world.advance(10);
    expect(accepted.map((handler) => handler.connection.remoteAddress)).toEqual([a.host.address]);
    expect(closeCode(foreign)).toBe('EADDRNOTAVAIL');
  });

  test('that nobody has do not answer', () => {
    const world = new VirtualWorld();
    const client = connect(world.createProcess('a'), { host: '192.0.2.1', port: 1 });
    world.advance(126_000);
    expect(client.closed).toBe(false);
    world.advance(1000);
    expect(closeCode(client)).toBe('ETIMEDOUT');
  });

  test('may be paths of Unix sockets, one host only', () => {
    const world = new VirtualWorld();
    const a = world.createProcess('a');
    const accepted = listen(a, { path: '/tmp/redis.sock' });
    const near = connect(a, { path: '/tmp/redis.sock' });
    const far = connect(world.createProcess('b'), { path: '/tmp/redis.sock' });
    world.advance(10);
    expect(near.connected).toBe(true);
    expect(near.connection.isLocalSocket).toBe(true);
    expect(accepted[0]?.connection.remoteAddress).toBe('/tmp/redis.sock');
    expect(accepted[0]?.connection.remotePort).toBe(0);
    expect(closeCode(far)).toBe('ENOENT');
  });

  test('are found by name, later', () => {
    const world = new VirtualWorld();
    const a = world.createProcess('a');
    const found: (string | undefined)[] = [];
    const resolve = (name: string): void => {
      a.network.resolve(name, (error, address) =>
        found.push(error === null ? address : (error as NodeJS.ErrnoException).code),
      );
    };
    world.network.setName('redis.example', '10.9.9.9');
    for (const name of ['a', 'redis.example', '10.1.1.1', 'localhost', 'nowhere']) resolve(name);
    expect(found).toEqual([]);
    world.advance(1);
    expect(found.sort()).toEqual(['10.0.0.1', '10.1.1.1', '10.9.9.9', '127.0.0.1', 'ENOTFOUND']);
    world.network.setName('redis.example', null);
    resolve('redis.example');
    world.advance(1);
    expect(found.at(-1)).toBe('ENOTFOUND');
    const unknown = connect(a, { host: 'nowhere', port: 1 });
    world.advance(1);
    expect(closeCode(unknown)).toBe('ENOTFOUND');
  });
});

describe('latency', () => {
  test('can be set between two sides, and back to the default', () => {
    const { world, client, server } = connected();
    const timeToArrive = (): number => {
      const before = server.received.length;
      send(client, 'x');
      return world.runUntil(() => server.received.length > before, 1000);
    };
    expect(timeToArrive()).toBeCloseTo(1, 6);
    world.network.setLatency('server', 'client', 200);
    expect(timeToArrive()).toBeCloseTo(200, 6);
    world.network.setLatency('server', 'client', { minMs: 10, maxMs: 20 });
    const ms = timeToArrive();
    expect(ms >= 10 && ms <= 20).toBe(true);
    world.network.setLatency('server', 'client', null);
    expect(timeToArrive()).toBeCloseTo(1, 6);
  });
});

describe('a partition', () => {
  test('holds what is sent in both directions, and delivers it in order when healed', () => {
    const { world, client, server } = connected();
    const heal = world.network.partition('client', 'server');
    send(client, 'one ');
    send(client, 'two');
    send(server, 'reply');
    world.advance(60_000);
    expect([client.received, server.received]).toEqual(['', '']);
    heal();
    world.advance(10);
    expect([client.received, server.received]).toEqual(['reply', 'one two']);
    expect([client.closed, server.closed]).toEqual([false, false]);
  });

  test('holds what was on its way when it began', () => {
    const { world, client, server } = connected();
    send(client, 'under way');
    world.advance(0.5);
    world.network.partition('client');
    world.advance(100);
    expect(server.received).toBe('');
    send(client, ', and after');
    world.network.heal();
    world.advance(10);
    expect(server.received).toBe('under way, and after');
  });

  test('holds attempts to connect, which succeed after it or time out', () => {
    const world = new VirtualWorld();
    const a = world.createProcess('a');
    const b = world.createProcess('b');
    listen(b, { host: '0.0.0.0', port: 1 });
    world.network.partition('a', 'b');
    const patient = connect(a, { host: 'b', port: 1 });
    world.advance(60_000);
    expect([patient.connected, patient.closed]).toEqual([false, false]);
    world.network.heal();
    world.advance(10);
    expect(patient.connected).toBe(true);
    world.network.partition('a', 'b');
    world.network.connectTimeoutMs = 5000;
    const hurried = connect(a, { host: 'b', port: 1 });
    world.advance(5000);
    expect(closeCode(hurried)).toBe('ETIMEDOUT');
    world.network.heal();
    world.advance(10);
    expect(hurried.connected).toBe(false);
    expect(world.network.connectionCount('a', 'b')).toBe(1);
  });

  test('does not touch others, nor processes on the same side', () => {
    const world = new VirtualWorld();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => world.createProcess(name)) as [
      VirtualProcess,
      VirtualProcess,
      VirtualProcess,
    ];
    const ab = connectPair(a, b);
    const bc = connectPair(b, c);
    world.network.partition(['a', 'b'], ['c']);
    send(ab.client, 'x');
    send(bc.client, 'y');
    world.advance(10);
    expect([ab.server.received, bc.server.received]).toEqual(['x', '']);
  });

  test('may separate one from all others, and may separate processes of one host', () => {
    const world = new VirtualWorld();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => world.createProcess(name, { host: 'machine' })) as [
      VirtualProcess,
      VirtualProcess,
      VirtualProcess,
    ];
    const ab = connectPair(a, b, 1);
    const bc = connectPair(b, c, 2);
    world.network.partition('a');
    send(ab.client, 'x');
    send(bc.client, 'y');
    world.advance(10);
    expect([ab.server.received, bc.server.received]).toEqual(['', 'y']);
  });

  test('may be one-way', () => {
    const { world, client, server } = connected();
    world.network.partitionOneWay('client', 'server');
    send(client, 'held');
    send(server, 'delivered');
    world.advance(100);
    expect([client.received, server.received]).toEqual(['delivered', '']);
  });

  test('overlaps with others: what one has healed another may still hold', () => {
    const { world, client, server } = connected();
    const healFirst = world.network.partition('client', 'server');
    const healSecond = world.network.partition('client');
    send(client, 'x');
    world.advance(10);
    healFirst();
    world.advance(10);
    expect(server.received).toBe('');
    healSecond();
    world.advance(10);
    expect(server.received).toBe('x');
  });

  test('that lasts too long breaks connections with something under way, on that side only', () => {
    const { world, client, server } = connected();
    world.network.retransmissionLimitMs = 30_000;
    world.network.partition('client', 'server');
    send(client, 'x');
    world.advance(31_000);
    expect(closeCode(client)).toBe('ETIMEDOUT');
    expect(server.closed).toBe(false);
    world.network.heal();
    world.advance(10);
    expect(server.received).toBe('x');
    send(server, 'y');
    world.advance(10);
    expect(closeCode(server)).toBe('ECONNRESET');
  });

  test('does not tell of a process killed behind it before it is healed', () => {
    const { world, client, serverProcess } = connected();
    world.network.partition('server');
    serverProcess.kill();
    world.advance(10_000);
    expect(client.closed).toBe(false);
    world.network.heal();
    world.advance(10);
    expect(closeCode(client)).toBe('ECONNRESET');
  });
});

test('a cut resets the connections between two sides at both ends, at once', () => {
  const { world, client, server, clientProcess } = connected();
  const other = connectPair(clientProcess, world.createProcess('other'));
  world.network.cut('server', 'client');
  world.advance(0);
  expect([closeCode(client), closeCode(server)]).toEqual(['ECONNRESET', 'ECONNRESET']);
  expect(other.client.closed).toBe(false);
  world.network.cut('client');
  world.advance(0);
  expect(closeCode(other.server)).toBe('ECONNRESET');
});
