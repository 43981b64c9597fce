import { describe, expect, test } from 'vitest';
import { formatAddress, parseAddress } from '../../../src/client/address.js';
import { ClientConnection, type ConnectionOptions } from '../../../src/client/connection.js';
import { ReplyError, type Reply } from '../../../src/client/reply.js';
import { MasterDiscoveryWorld } from './master-discovery-world.js';

/** A connection to the first server of a world; what happens to it is told in order. */
function open(
  options: Partial<ConnectionOptions> = {},
  prepare: (scene: MasterDiscoveryWorld) => void = () => undefined,
) {
  const scene = new MasterDiscoveryWorld();
  prepare(scene);
  const connection = new ClientConnection(scene.client, { address: scene.a.address, ...options });
  const told: string[] = [];
  connection.on('ready', () => told.push('ready'));
  connection.on('close', (error) => told.push(`close ${error === null ? '' : codeOf(error)}`.trim()));
  const ask = (...args: string[]): void =>
    connection.ask(args, (error, reply) =>
      told.push(error === null ? show(reply) : `failed ${codeOf(error)}`),
    );
  return { scene, connection, told, ask };
}

function show(reply: Reply): string {
  return reply instanceof ReplyError ? `error ${reply.code}` : JSON.stringify(reply);
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.message;
}

describe('becoming ready', () => {
  test('without a password as soon as it is connected', () => {
    const { scene, told } = open();
    scene.advance(10);
    expect(told).toEqual(['ready']);
    expect(scene.a.program.received).toEqual([]);
  });

  test('with a password once that is accepted', () => {
    const { scene, told, ask } = open(
      { password: 'secret', username: 'me' },
      ({ a }) => (a.password = 'secret'),
    );
    ask('PING');
    scene.advance(10);
    expect(told).toEqual(['ready', '"PONG"']);
    expect(scene.a.program.received).toEqual(['AUTH me secret', 'PING']);
  });

  test('a refused password closes it with the server’s words', () => {
    const { scene, told, ask } = open({ password: 'wrong' }, ({ a }) => (a.password = 'secret'));
    ask('PING');
    scene.advance(10);
    expect(told).toEqual(['failed WRONGPASS', 'close WRONGPASS']);
  });

  test('a refused database closes it', () => {
    const { scene, told } = open({ database: 3 });
    scene.advance(10);
    expect(scene.a.program.received).toEqual(['SELECT 3']);
    expect(told).toEqual(['close ERR']);
  });

  test('nobody there', () => {
    const { scene, told, ask } = open({}, ({ a }) => a.process.kill());
    ask('PING');
    scene.advance(10);
    expect(told).toEqual(['failed ECONNREFUSED', 'close ECONNREFUSED']);
  });

  test('somebody who accepts and says nothing is waited for as long as agreed', () => {
    const { scene, told } = open({ password: 'x', connectTimeoutMs: 300 }, ({ a }) => a.process.pause());
    scene.advance(299);
    expect(told).toEqual([]);
    scene.advance(1);
    expect(told).toEqual(['close TIMEOUT']);
  });

  test('connect resolves with the connection or rejects with the reason', async () => {
    const scene = new MasterDiscoveryWorld();
    scene.b.process.kill();
    const ready = ClientConnection.connect(scene.client, { address: scene.a.address });
    const refused = ClientConnection.connect(scene.client, { address: scene.b.address }).catch(codeOf);
    scene.advance(10);
    expect((await ready).isClosed).toBe(false);
    expect(await refused).toBe('ECONNREFUSED');
  });
});

describe('questions', () => {
  test('are answered in order; an error reply is an answer', () => {
    const { scene, told, ask } = open();
    ask('PING');
    ask('NOSUCH');
    ask('ROLE');
    scene.advance(10);
    expect(told).toEqual(['ready', '"PONG"', 'error ERR', '["master","0"]']);
  });

  test('call rejects with an error reply', async () => {
    const { scene, connection } = open();
    const good = connection.call('PING');
    const bad = connection.call('NOSUCH').catch((error: unknown) => error);
    scene.advance(10);
    expect(await good).toBe('PONG');
    expect(await bad).toBeInstanceOf(ReplyError);
  });

  test('one that is not answered in time ends the connection and all questions with it, in order', () => {
    const { scene, told, ask } = open({ callTimeoutMs: 200 });
    ask('PING');
    scene.advance(10);
    scene.a.process.pause();
    ask('ROLE');
    scene.advance(100);
    ask('PING');
    scene.advance(99);
    expect(told).toEqual(['ready', '"PONG"']);
    scene.advance(1);
    expect(told).toEqual(['ready', '"PONG"', 'failed TIMEOUT', 'failed TIMEOUT', 'close TIMEOUT']);
  });

  test('are failed at once on a connection that is closed, by whomever', () => {
    const { scene, connection, told, ask } = open();
    scene.advance(10);
    ask('PING');
    connection.close();
    ask('PING');
    scene.advance(10);
    expect(told).toEqual(['ready', 'failed CLOSED', 'close', 'failed CLOSED']);
  });

  test('a server that closes answers none of those that are open', () => {
    const { scene, told, ask } = open();
    scene.advance(10);
    scene.a.process.pause();
    ask('PING');
    scene.advance(10);
    scene.a.process.kill();
    scene.advance(10);
    expect(told[0]).toBe('ready');
    expect(told[1]).toMatch(/^failed (CLOSED|ECONNRESET)$/);
    expect(told[2]).toMatch(/^close/);
  });
});

test('addresses are read and written with brackets around IPv6', () => {
  for (const text of ['host:1', '10.0.0.1:65535', '[::1]:6379'])
    expect(formatAddress(parseAddress(text)!)).toBe(text);
  expect(formatAddress({ path: '/tmp/socket' })).toBe('/tmp/socket');
  expect(parseAddress('host', 26379)).toEqual({ host: 'host', port: 26379 });
  for (const text of ['', 'host', ':1', 'a:b', '::1:1', 'host:65536', 'host:1:2'])
    expect(parseAddress(text)).toBeNull();
});
