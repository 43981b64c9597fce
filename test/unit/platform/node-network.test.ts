/** The Node network against real sockets on 127.0.0.1 and in a temporary directory. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect as netConnect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createNodePlatform } from '../../../src/platform/node/index.js';
import type { Address, Listener, ListenOptions } from '../../../src/platform/platform.js';
import { RecordingHandler, until } from './recording-handler.js';

const { network } = createNodePlatform();

let directory: string;
const listeners: Listener[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'node-network-'));
});

afterEach(() => {
  for (const listener of listeners.splice(0)) listener.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Listens, and collects each accepted connection with a handler that records what happens to it. */
async function listen(
  address: Address,
  options: ListenOptions = {},
): Promise<{ address: Address; accepted: RecordingHandler[] }> {
  const accepted: RecordingHandler[] = [];
  const listener = await new Promise<Listener>((resolve, reject) => {
    network.listen(
      address,
      options,
      (connection) => {
        const handler = new RecordingHandler();
        handler.connection = connection;
        connection.handler = handler;
        accepted.push(handler);
      },
      (error, bound) => {
        if (bound === null) reject(error ?? new Error('neither error nor listener'));
        else resolve(bound);
      },
    );
  });
  listeners.push(listener);
  return { address: listener.address, accepted };
}

function connect(address: Address): RecordingHandler {
  const handler = new RecordingHandler();
  handler.connection = network.connect(address, {}, handler);
  return handler;
}

async function connectedPair(
  address: Address,
): Promise<{ client: RecordingHandler; server: RecordingHandler }> {
  const { address: bound, accepted } = await listen(address);
  const client = connect(bound);
  await until(() => client.connected && accepted.length === 1);
  return { client, server: accepted[0] as RecordingHandler };
}

const ANY_PORT: Address = { host: '127.0.0.1', port: 0 };

describe.each(['TCP', 'Unix'] as const)('a %s connection', (kind) => {
  const address = (): Address => (kind === 'TCP' ? ANY_PORT : { path: join(directory, 'server.sock') });

  test('carries bytes both ways, from several writes and in order', async () => {
    const { client, server } = await connectedPair(address());
    client.connection.write(Buffer.from('one '));
    client.connection.write(Buffer.from('two'));
    server.connection.write(Buffer.from([0, 255, 13, 10]));
    await until(() => server.received.length === 7 && client.received.length === 4);
    expect(server.received).toBe('one two');
    expect(client.received).toBe('\x00\xff\r\n');
    client.connection.destroy();
    await until(() => client.closed && server.ended);
    server.connection.destroy();
    await until(() => server.closed);
  });

  test('has nothing buffered right after a write that the kernel took whole', async () => {
    const { client, server } = await connectedPair(address());
    client.connection.write(Buffer.alloc(4096));
    expect(client.connection.bufferedBytes).toBe(0);
    await until(() => server.received.length === 4096);
    expect(client.drainCount).toBe(0);
    client.connection.destroy();
    server.connection.destroy();
  });

  test('buffers what the kernel does not take and says when it is gone', async () => {
    const { client, server } = await connectedPair(address());
    server.connection.pause();
    const piece = Buffer.alloc(1024 * 1024, 'x');
    let writtenBytes = 0;
    while (client.connection.bufferedBytes === 0) {
      client.connection.write(piece);
      writtenBytes += piece.length;
    }
    expect(client.drainCount).toBe(0);
    server.connection.resume();
    await until(() => client.drainCount > 0);
    expect(client.connection.bufferedBytes).toBe(0);
    await until(() => server.received.length === writtenBytes);
    expect(client.drainCount).toBe(1);
    client.connection.destroy();
    server.connection.destroy();
  });

  test('tells a small write that had to wait, too', async () => {
    const { client, server } = await connectedPair(address());
    server.connection.pause();
    while (client.connection.bufferedBytes === 0) client.connection.write(Buffer.alloc(256));
    expect(client.connection.bufferedBytes).toBeLessThanOrEqual(256);
    server.connection.resume();
    await until(() => client.drainCount === 1);
    client.connection.destroy();
    server.connection.destroy();
  });

  test('stays writable after the peer has ended', async () => {
    const { client, server } = await connectedPair(address());
    client.connection.write(Buffer.from('question'));
    client.connection.end();
    await until(() => server.ended);
    expect(server.received).toBe('question');
    expect(server.closed).toBe(false);
    server.connection.destroy();
  });

  test('sends all that is buffered before it closes on end, and then tells its owner nothing but the close', async () => {
    const { client, server } = await connectedPair(address());
    const bytes = Buffer.alloc(8 * 1024 * 1024, 'y');
    server.connection.write(bytes);
    server.connection.end();
    client.connection.write(Buffer.from('too late'));
    await until(() => client.ended);
    expect(client.received.length).toBe(bytes.length);
    await until(() => server.closed);
    expect(server.received).toBe('');
    expect(server.ended).toBe(false);
    expect(server.drainCount).toBe(0);
    client.connection.destroy();
  });

  test('does not deliver while paused', async () => {
    const { client, server } = await connectedPair(address());
    server.connection.pause();
    client.connection.write(Buffer.from('held'));
    client.connection.end();
    await until(() => client.closed);
    expect(server.received).toBe('');
    expect(server.ended).toBe(false);
    server.connection.resume();
    await until(() => server.ended);
    expect(server.received).toBe('held');
    server.connection.destroy();
  });

  test('can be paused from within onData', async () => {
    const { client, server } = await connectedPair(address());
    server.onDataHook = () => server.connection.pause();
    const bytes = Buffer.alloc(1024 * 1024, 'z');
    client.connection.write(bytes);
    await until(() => server.received.length > 0);
    const afterFirst = server.received.length;
    await new Promise((resolve) => setImmediate(resolve));
    expect(server.received.length).toBe(afterFirst);
    server.onDataHook = null;
    server.connection.resume();
    await until(() => server.received.length === bytes.length);
    client.connection.destroy();
    server.connection.destroy();
  });

  test('calls onClose exactly once, however often it is closed', async () => {
    const { client, server } = await connectedPair(address());
    client.connection.end();
    client.connection.destroy();
    client.connection.reset();
    client.connection.destroy();
    client.connection.write(Buffer.from('ignored'));
    await until(() => client.closed && server.ended);
    server.connection.destroy();
    await until(() => server.closed);
    expect(client.closeCount).toBe(1);
    expect(server.closeCount).toBe(1);
    expect(client.closeError).toBeNull();
  });
});

describe('a TCP connection', () => {
  test('knows its two ends', async () => {
    const { client, server } = await connectedPair(ANY_PORT);
    expect(client.connection.isLocalSocket).toBe(false);
    expect(client.connection.remoteAddress).toBe('127.0.0.1');
    expect(client.connection.remotePort).toBe(server.connection.localPort);
    expect(client.connection.localPort).toBe(server.connection.remotePort);
    expect(client.connection.localAddress).toBe('127.0.0.1');
    expect(server.connection.descriptor).toBeGreaterThan(2);
    expect(server.connection.descriptor).not.toBe(client.connection.descriptor);
    client.connection.destroy();
    server.connection.destroy();
  });

  test('is reset by reset', async () => {
    const { client, server } = await connectedPair(ANY_PORT);
    server.connection.reset();
    await until(() => client.closed && server.closed);
    expect((client.closeError as NodeJS.ErrnoException).code).toBe('ECONNRESET');
    expect(server.closeError).toBeNull();
    expect(server.closeCount).toBe(1);
  });

  test('forgets on reset what is buffered', async () => {
    const { client, server } = await connectedPair(ANY_PORT);
    client.connection.pause();
    let writtenBytes = 0;
    while (server.connection.bufferedBytes < 4 * 1024 * 1024) {
      server.connection.write(Buffer.alloc(1024 * 1024));
      writtenBytes += 1024 * 1024;
    }
    server.connection.reset();
    await until(() => server.closed);
    client.connection.resume();
    await until(() => client.closed || client.ended);
    expect(client.received.length).toBeLessThan(writtenBytes);
    client.connection.destroy();
  });

  test('reports a refused connection in onClose', async () => {
    const { address } = await listen(ANY_PORT);
    listeners.pop()?.close();
    const client = connect(address);
    await until(() => client.closed);
    expect((client.closeError as NodeJS.ErrnoException).code).toBe('ECONNREFUSED');
    expect(client.connected).toBe(false);
  });

  test.each<Address>([{ host: '127.0.0.1', port: 70000 }, { path: '' }])(
    'reports impossible arguments in onClose: %o',
    async (address) => {
      const client = connect(address);
      expect(client.closed).toBe(false);
      await until(() => client.closed);
      expect(client.closeError).toBeInstanceOf(Error);
    },
  );

  test('starts from the source address that is asked for', async () => {
    const { address, accepted } = await listen(ANY_PORT);
    const handler = new RecordingHandler();
    handler.connection = network.connect(address, { sourceAddress: '127.0.0.2' }, handler);
    await until(() => accepted.length === 1);
    expect(accepted[0]?.connection.remoteAddress).toBe('127.0.0.2');
    handler.connection.destroy();
    accepted[0]?.connection.destroy();
  });

  test('queues what is written before it is established', async () => {
    const { address, accepted } = await listen(ANY_PORT);
    const client = connect(address);
    client.connection.write(Buffer.from('early'));
    expect(client.connection.bufferedBytes).toBe(5);
    await until(() => accepted[0]?.received === 'early');
    expect(client.drainCount).toBe(1);
    client.connection.destroy();
    accepted[0]?.connection.destroy();
  });

  test('serves a plain client that half-closes', async () => {
    const { address, accepted } = await listen(ANY_PORT);
    const port = 'port' in address ? address.port : 0;
    const client = netConnect({ port, host: '127.0.0.1', allowHalfOpen: true });
    let received = '';
    client.on('data', (chunk) => (received += chunk.toString('latin1')));
    client.end('last words');
    await until(() => accepted[0]?.ended === true);
    accepted[0]?.connection.write(Buffer.from('answer'));
    accepted[0]?.connection.end();
    await until(() => accepted[0]?.closed === true && client.destroyed);
    expect(received).toBe('answer');
  });
});

describe('listening', () => {
  test('reports an address in use with the code of the system', async () => {
    const { address } = await listen(ANY_PORT);
    await expect(listen(address)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  test('reports a port out of range', async () => {
    await expect(listen({ host: '127.0.0.1', port: 70000 })).rejects.toMatchObject({
      code: 'ERR_SOCKET_BAD_PORT',
    });
  });

  test('leaves accepted connections alone when it stops', async () => {
    const { client, server } = await connectedPair(ANY_PORT);
    listeners.pop()?.close();
    client.connection.write(Buffer.from('still here'));
    await until(() => server.received === 'still here');
    client.connection.destroy();
    server.connection.destroy();
  });

  test('gives a Unix socket the mode asked for, and removes its file when it stops', async () => {
    const path = join(directory, 'mode.sock');
    await listen({ path }, { mode: 0o700 });
    expect(statSync(path).mode & 0o777).toBe(0o700);
    listeners.pop()?.close();
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
  });

  test('replaces the socket file of a dead server', async () => {
    const path = join(directory, 'stale.sock');
    const first = createServer();
    await new Promise<void>((resolve) => first.listen(path, resolve));
    const { accepted } = await listen({ path });
    const client = connect({ path });
    await until(() => accepted.length === 1);
    expect(accepted[0]?.connection.isLocalSocket).toBe(true);
    expect(accepted[0]?.connection.remoteAddress).toBe(path);
    expect(accepted[0]?.connection.remotePort).toBe(0);
    client.connection.destroy();
    accepted[0]?.connection.destroy();
    first.close();
  });

  test('does not remove a file that is no socket', async () => {
    const path = join(directory, 'precious');
    writeFileSync(path, 'data');
    await expect(listen({ path })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(statSync(path).isFile()).toBe(true);
  });
});

describe('resolving', () => {
  const resolve = (host: string): Promise<string> =>
    new Promise((done, fail) => {
      let returned = false;
      network.resolve(host, (error, address) => {
        if (!returned) fail(new Error('called back before it returned'));
        else if (error !== null) fail(error);
        else done(address);
      });
      returned = true;
    });

  test('gives numeric addresses back as they are', async () => {
    expect(await resolve('10.1.2.3')).toBe('10.1.2.3');
    expect(await resolve('::1')).toBe('::1');
  });

  test('resolves names', async () => {
    expect(['127.0.0.1', '::1']).toContain(await resolve('localhost'));
  });

  test('reports names that do not exist', async () => {
    await expect(resolve('does-not-exist.invalid')).rejects.toBeInstanceOf(Error);
  });
});
