/** What a server allows its clients: numbers, sizes, times, and where they come from. */
import { describe, expect, test } from 'vitest';
import { errorReply } from '../../support/resp.js';
import { TestServer, type TestClient } from '../../support/test-server.js';

const MB = 1024 * 1024;

describe('output that a client does not read', () => {
  const publish = (server: TestServer, publisher: TestClient, bytes: number): void => {
    expect(publisher.call('publish', 'news', 'x'.repeat(bytes))).toBe(1);
    server.endTurn();
  };

  const subscribed = (
    limit: string,
  ): { server: TestServer; publisher: TestClient; subscriber: TestClient } => {
    const server = new TestServer();
    const publisher = server.connect();
    expect(publisher.call('config', 'set', 'client-output-buffer-limit', limit)).toBe('OK');
    const subscriber = server.connect();
    subscriber.call('subscribe', 'news');
    subscriber.stall();
    return { server, publisher, subscriber };
  };

  test('ends the connection at the hard limit', () => {
    const { server, publisher, subscriber } = subscribed('pubsub 3mb 0 0');
    publish(server, publisher, MB);
    publish(server, publisher, MB);
    expect(subscriber.isOpen).toBe(true);
    publish(server, publisher, MB);
    expect(subscriber.isOpen).toBe(false);
    expect(publisher.call('publish', 'news', 'x')).toBe(0);
    expect(server.logLines.at(-1)).toMatch(
      /^Client id=2 .* scheduled to be closed ASAP for overcoming of output/,
    );
    expect(server.server.statistics.clientOutputBufferLimitDisconnections).toBe(1);
  });

  test('ends the connection when it stays above the soft limit', () => {
    const { server, publisher, subscriber } = subscribed('pubsub 0 1mb 5');
    publish(server, publisher, 2 * MB);
    server.advance(4000);
    expect(subscriber.isOpen).toBe(true);
    server.advance(3000);
    expect(subscriber.isOpen).toBe(false);
  });

  test('takes the memory of what it is, however small the messages', () => {
    const { server, publisher, subscriber } = subscribed('pubsub 0 0 0');
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 20_000; i++)
      publisher.call('publish', 'news', 'a message of some sixty bytes, as they are sent by the thousand');
    const waitingBytes = subscriber.client.pendingOutputBytes;
    expect(waitingBytes).toBeGreaterThan(1.5 * MB);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * waitingBytes);
    subscriber.unstall();
    server.endTurn();
    expect(subscriber.replies()).toHaveLength(20_000);
  });

  test('starts the time of the soft limit anew when the client catches up', () => {
    const { server, publisher, subscriber } = subscribed('pubsub 0 1mb 5');
    publish(server, publisher, 2 * MB);
    server.advance(4000);
    subscriber.unstall();
    server.endTurn();
    subscriber.stall();
    publish(server, publisher, 2 * MB);
    server.advance(4000);
    expect(subscriber.isOpen).toBe(true);
  });

  test('is without limit for others than subscribers and replicas, by default', () => {
    const server = new TestServer();
    const client = server.connect();
    client.call('set', 'large', 'x'.repeat(MB));
    client.stall();
    for (let i = 0; i < 50; i++) client.send('get', 'large');
    expect(client.isOpen).toBe(true);
    expect(client.client.pendingOutputBytes).toBeGreaterThan(50 * MB);
    client.unstall();
    server.endTurn();
    expect(client.replies()).toHaveLength(50);
  });

  test('of one pipeline, or one transaction, is limited as well, before it is all built', () => {
    for (const commands of ['GET large\r\n'.repeat(100), `MULTI\r\n${'GET large\r\n'.repeat(100)}EXEC\r\n`]) {
      const server = new TestServer({ 'client-output-buffer-limit': 'normal 2mb 0 0' });
      const client = server.connect();
      client.call('set', 'large', 'x'.repeat(MB));
      client.stall();
      client.deliver(commands);
      expect(client.isOpen).toBe(false);
      expect(client.client.reply.pendingBytes).toBe(0);
      expect(client.bufferedBytes).toBeLessThan(4 * MB);
      server.endTurn();
    }
  });

  test('does not slow the others', () => {
    const { server, publisher, subscriber } = subscribed('pubsub 0 0 0');
    const reader = server.connect();
    reader.call('subscribe', 'news');
    expect(publisher.call('publish', 'news', 'x'.repeat(MB))).toBe(2);
    expect(reader.replies()).toEqual([['message', 'news', 'x'.repeat(MB)]]);
    expect(subscriber.bufferedBytes).toBeGreaterThan(MB);
  });
});

describe('input', () => {
  test('that is no request is answered with an error and the end of the connection', () => {
    const server = new TestServer();
    const client = server.connect();
    client.sendBytes('PING\r\n*1\r\n:5\r\nPING\r\n');
    expect(client.takeBytes()).toBe("+PONG\r\n-ERR Protocol error: expected '$', got ':'\r\n");
    expect(client.isOpen).toBe(false);
  });

  test('of a request that never ends is limited', () => {
    const server = new TestServer({ 'client-query-buffer-limit': '1mb' });
    for (const [begin, more] of [
      ['*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000000\r\n', 'x'.repeat(60_000)],
      ['*1000000\r\n', '$10\r\n0123456789\r\n'.repeat(4000)],
    ] as const) {
      const client = server.connect();
      client.sendBytes(begin);
      for (let sent = begin.length; sent + more.length <= MB; sent += more.length) client.sendBytes(more);
      expect(client.isOpen).toBe(true);
      client.sendBytes(more);
      expect(client.isOpen).toBe(false);
      expect(server.logLines.at(-1)).toMatch(/^Closing client that reached max query buffer length: id=/);
    }
  });

  test('that waits behind a blocked command, or in a transaction, is limited, too', () => {
    const server = new TestServer({ 'client-query-buffer-limit': '1mb' });
    for (const begin of ['BLPOP list 0\r\n', 'MULTI\r\n']) {
      const client = server.connect();
      client.sendBytes(begin);
      const more = `*2\r\n$4\r\nECHO\r\n$60000\r\n${'x'.repeat(60_000)}\r\n`;
      for (let sent = 0; sent + more.length <= MB; sent += more.length) client.sendBytes(more);
      expect(client.isOpen).toBe(true);
      client.sendBytes(more);
      expect(client.isOpen).toBe(false);
    }
  });

  test('keeps no room for more once nothing has come for a while', () => {
    const server = new TestServer();
    const observer = server.connect();
    const roomOf = (client: TestClient): number => {
      const line = String(observer.call('client', 'list', 'id', client.client.id));
      return Number(/qbuf=(\d+)/.exec(line)?.[1]) + Number(/qbuf-free=(\d+)/.exec(line)?.[1]);
    };
    const large = server.connect();
    const begun = '*3\r\n$3\r\nset\r\n$1\r\na\r\n$1000000\r\n';
    large.sendBytes(`${begun}abc`);
    const waiting = server.connect();
    waiting.sendBytes('BLPOP list 0\r\n');
    for (let i = 0; i < 3; i++) waiting.sendBytes(`ECHO ${'x'.repeat(1000)}\r\n`);
    expect(roomOf(large)).toBeGreaterThan(1_000_000);
    expect(roomOf(waiting)).toBeGreaterThan(3100);
    server.advance(5000);
    expect(roomOf(large)).toBeLessThan(100);
    expect(roomOf(waiting)).toBe(3 * 1007);
    large.sendBytes(`${'x'.repeat(999_997)}\r\n`);
    waiting.sendBytes('ECHO y\r\n');
    observer.call('rpush', 'list', 'element');
    server.endTurn();
    expect(large.replies()).toEqual(['OK']);
    expect(observer.call('getrange', 'a', 0, 4)).toBe('abcxx');
    expect(waiting.replies()).toEqual([['list', 'element'], ...Array(3).fill('x'.repeat(1000)), 'y']);
  });

  test('takes a change of proto-max-bulk-len at once', () => {
    const server = new TestServer();
    const client = server.connect();
    client.call('config', 'set', 'proto-max-bulk-len', '1mb');
    client.sendBytes('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1048577\r\n');
    expect(client.replies()).toEqual([errorReply('ERR Protocol error: invalid bulk length')]);
  });

  test('that a browser was made to send ends the connection before the commands in it', () => {
    const server = new TestServer();
    for (const request of [
      'POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nSET a 1\r\n',
      'hOsT: x\r\nSET a 1\r\n',
    ]) {
      const client = server.connect();
      client.sendBytes(request);
      expect(client.isOpen).toBe(false);
      expect(client.takeBytes()).toBe('');
    }
    expect(server.connect().call('exists', 'a')).toBe(0);
    expect(server.logLines.at(-1)).toContain('Possible SECURITY ATTACK detected');
  });
});

describe('connections', () => {
  test('beyond maxclients are told so and closed', () => {
    const server = new TestServer({ maxclients: '2' });
    const first = server.connect();
    server.connect();
    const refused = server.connect();
    expect(refused.takeBytes()).toBe('-ERR max number of clients reached\r\n');
    expect(refused.isOpen).toBe(false);
    expect(String(first.call('info', 'stats'))).toContain('rejected_connections:1\r\n');
    first.close();
    expect(server.connect().call('ping')).toBe('PONG');
  });

  test('from other machines need a password or protected-mode no', () => {
    const server = new TestServer();
    const stranger = server.connect('192.0.2.7');
    expect(stranger.takeBytes()).toMatch(/^-DENIED Redis is running in protected mode/);
    expect(stranger.isOpen).toBe(false);
    for (const address of ['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1']) {
      expect(server.connect(address).call('ping')).toBe('PONG');
    }
    server.connect().call('config', 'set', 'requirepass', 'secret');
    expect(server.connect('192.0.2.7').call('auth', 'secret')).toBe('OK');
    server.connect().call('config', 'set', 'requirepass', '');
  });

  test('that say nothing are closed after `timeout`, unless they wait or listen', () => {
    const server = new TestServer({ timeout: '10' });
    const [idle, busy, blocked, listening, monitoring, halfWay] = Array.from({ length: 6 }, () =>
      server.connect(),
    );
    blocked!.send('blpop', 'list', 0);
    listening!.send('subscribe', 'a');
    monitoring!.send('monitor');
    halfWay!.sendBytes('*3\r\n$3\r\nSET\r\n$1\r\nk');
    for (let second = 0; second < 15; second++) {
      server.advance(1000);
      busy!.call('ping');
    }
    expect([idle, halfWay].map((client) => client!.isOpen)).toEqual([false, false]);
    expect([busy, blocked, listening, monitoring].map((client) => client!.isOpen)).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });

  test('half closed get the replies to what they sent', () => {
    const server = new TestServer();
    const client = server.connect();
    client.deliver('PING 1\r\nPING 2\r\n');
    client.close();
    expect(client.replies()).toEqual(['1', '2']);
    expect(client.isOpen).toBe(false);
  });
});

test('a command that fails beyond expectation costs its client only, and is reported', () => {
  const server = new TestServer();
  server.server.commands.register([
    {
      name: 'crash',
      summary: 'Fails.',
      since: '0',
      group: 'generic',
      arity: 1,
      flags: ['write'],
      handler: () => {
        throw new RangeError('Invalid string length');
      },
    },
  ]);
  const client = server.connect();
  const other = server.connect();
  other.call('set', 'a', 1);
  client.sendBytes('MULTI\r\nINCR a\r\nCRASH\r\nINCR a\r\nEXEC\r\nINCR a\r\n');
  expect(client.isOpen).toBe(false);
  expect(other.call('get', 'a')).toBe('3');
  other.send('blpop', 'list', 0);
  expect(server.server.blocking.blockedClients).toBe(1);
  const report = server.logLines.join('\n');
  expect(report).toMatch(/^=== REDIS BUG REPORT START: 'crash' failed/m);
  expect(report).toContain('RangeError: Invalid string length');
});
