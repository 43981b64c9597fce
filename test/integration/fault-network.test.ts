import { createServer, connect, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FaultNetwork, type LinkRule } from '../../src/lab/fault-network.js';
import { findFreePorts } from '../../src/lab/ports.js';
import { sleep, waitUntil } from '../../src/lab/wait.js';
import { createNodePlatform } from '../../src/platform/node/index.js';

const platform = createNodePlatform();
let network: FaultNetwork;
let server: Server;
let port = 0;
const sockets: Socket[] = [];
/** Of this test's server. */
let closed = { count: 0 };

/** A member that answers every byte with the same one. */
beforeEach(async () => {
  network = new FaultNetwork(platform);
  [port] = (await findFreePorts(platform, '127.0.0.1', 1)) as [number];
  const count = (closed = { count: 0 });
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('data', (bytes) => socket.write(bytes));
    socket.on('close', () => count.count++);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(port, network.hostOfMember('echo'), resolve));
  await network.relay('echo', port);
});

afterEach(() => {
  network.close();
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
});

class Client {
  heard = '';
  isClosed = false;
  readonly socket: Socket;

  constructor(side: string) {
    this.socket = connect({ port, host: '127.0.0.1', localAddress: network.hostOfClients(side) });
    this.socket.on('data', (bytes) => (this.heard += bytes.toString()));
    this.socket.on('close', () => (this.isClosed = true));
    this.socket.on('error', () => undefined);
    sockets.push(this.socket);
  }

  hears(text: string): Promise<void> {
    return waitUntil(platform, 30_000, () =>
      Promise.resolve(this.heard === text ? null : `heard ${this.heard}`),
    );
  }
}

function cutFrom(side: string): LinkRule {
  return { isCut: (from, to) => from === side || to === side, delayMs: () => 0 };
}

test('what is cut off is silent both ways, and hears all of it, in order, when it heals', async () => {
  const [near, far] = [new Client('near'), new Client('far')];
  near.socket.write('a');
  far.socket.write('a');
  await Promise.all([near.hears('a'), far.hears('a')]);
  network.apply(cutFrom('far'));
  far.socket.write('b');
  near.socket.write('b');
  await near.hears('ab');
  far.socket.write('c');
  await sleep(platform, 50);
  expect(far.heard).toBe('a');
  network.heal();
  await far.hears('abc');
});

test('the end of a connection does not pass a cut either', async () => {
  const client = new Client('far');
  client.socket.write('a');
  await client.hears('a');
  network.apply(cutFrom('far'));
  client.socket.destroy();
  await sleep(platform, 50);
  expect(closed.count).toBe(0);
  network.heal();
  await waitUntil(platform, 30_000, () => Promise.resolve(closed.count === 1 ? null : 'still open'));
});

test('delays keep the order', async () => {
  const delays = [60, 0, 20, 0, 0, 40];
  network.apply({ isCut: () => false, delayMs: () => delays.shift() ?? 0 });
  const client = new Client('near');
  for (const letter of 'abcdef') {
    client.socket.write(letter);
    await sleep(platform, 2);
  }
  await client.hears('abcdef');
});

test('a member that is gone closes the connections to it', async () => {
  const client = new Client('near');
  client.socket.write('a');
  await client.hears('a');
  for (const socket of sockets) if (socket !== client.socket) socket.destroy();
  await waitUntil(platform, 30_000, () => Promise.resolve(client.isClosed ? null : 'still open'));
});
