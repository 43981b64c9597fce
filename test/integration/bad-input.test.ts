/**
 * What comes in that should not: broken, hostile and endless requests to a real server, which must answer with an
 * error, keep its data, and serve everybody else; and configuration that must be refused at start.
 */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { encodeRequest } from '../support/resp.js';
import { OUR_SERVER, RunningServer, type RawClient } from '../support/running-server.js';

const MB = 1024 * 1024;
const PATIENCE_MS = 30_000;

let server: RunningServer;
let client: RawClient;

beforeAll(async () => {
  server = await RunningServer.start(OUR_SERVER);
});

afterAll(() => server.stop());

beforeEach(async () => {
  client = await server.connect();
  await client.call('set', 'kept', 'data');
});

/** After every test: the same process, with its data, serves the client it had, and nobody else is left. */
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  expect(server.isRunning).toBe(true);
  expect(await client.call('get', 'kept')).toBe('data');
  await until(async () => Number(await infoField('connected_clients')) === 1);
  client.close();
});

const sockets: Socket[] = [];

/** A connection that can misbehave. */
class Peer {
  received = '';
  isClosed = false;

  private constructor(readonly socket: Socket) {
    sockets.push(socket);
    socket.on('data', (chunk: Buffer) => (this.received += chunk.latin1Slice()));
    socket.on('error', () => undefined);
    socket.on('close', () => (this.isClosed = true));
  }

  static async connect(to = server): Promise<Peer> {
    const socket = connect(to.port, '127.0.0.1');
    const peer = new Peer(socket);
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return peer;
  }

  send(bytes: string): void {
    this.socket.write(bytes, 'latin1');
  }

  async closed(): Promise<void> {
    await until(() => this.isClosed);
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function infoField(name: string): Promise<string> {
  const info = String(await client.call('info'));
  return new RegExp(`^${name}:(.*)\r$`, 'm').exec(info)?.[1] ?? '';
}

describe('a malformed request', () => {
  test.each([
    ['*-1x\r\n', 'invalid multibulk length'],
    ['*3000000000\r\n', 'invalid multibulk length'],
    ['*1\r\n:1\r\n', "expected '$', got ':'"],
    ['*1\r\n$-1\r\n', 'invalid bulk length'],
    ['*3\r\n$3\r\nSET\r\n$4\r\nkept\r\n$2000000000\r\n', 'invalid bulk length'],
    ['*3\r\n$3\r\nSET\r\n$4\r\nkept\r\n$x\r\n', 'invalid bulk length'],
    ['set "kept\r\n', 'unbalanced quotes in request'],
    ["set kept 'x'y\r\n", 'unbalanced quotes in request'],
  ])('%j is refused, and the connection closed', async (request, problem) => {
    const peer = await Peer.connect();
    peer.send(request);
    await peer.closed();
    expect(peer.received).toBe(`-ERR Protocol error: ${problem}\r\n`);
  });

  test('without an end is refused at 64 KB', async () => {
    for (const [begin, problem] of [
      ['', 'too big inline request'],
      ['*', 'too big mbulk count string'],
      ['*1\r\n$', 'too big bulk count string'],
    ] as const) {
      const peer = await Peer.connect();
      peer.send(begin + '1'.repeat(70_000));
      await peer.closed();
      expect(peer.received).toBe(`-ERR Protocol error: ${problem}\r\n`);
    }
  });

  test('comes after good ones, which are answered', async () => {
    const peer = await Peer.connect();
    peer.send('PING\r\n*2\r\n$3\r\nGET\r\n$4\r\nkept\r\n*x\r\nSET kept lost\r\n');
    await peer.closed();
    expect(peer.received).toBe('+PONG\r\n$4\r\ndata\r\n-ERR Protocol error: invalid multibulk length\r\n');
  });

  test('is answered even when much comes behind it', async () => {
    const peer = await Peer.connect();
    peer.send(`*x\r\n${'SET kept lost\r\n'.repeat(100_000)}`);
    await until(() => peer.isClosed || peer.received !== '');
    expect(peer.received).toBe('-ERR Protocol error: invalid multibulk length\r\n');
  });
});

test('garbage of every kind ends nothing but its own connection', async () => {
  let seed = 20_231;
  const random = (bound: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((seed / 2 ** 32) * bound);
  };
  const pieces = [
    '*',
    '$',
    '\r\n',
    '\n',
    '"',
    "'",
    '\\x',
    '\0',
    '*2\r\n$3\r\nGET\r\n',
    '$4\r\nkept\r\n',
    ' ',
    'PING',
    '-1',
  ];
  for (let round = 0; round < 10; round++) {
    const peers = await Promise.all(Array.from({ length: 20 }, () => Peer.connect()));
    for (const peer of peers) {
      let bytes = '';
      while (bytes.length < 5000) {
        if (random(2) === 0) bytes += pieces[random(pieces.length)]!;
        else bytes += String.fromCharCode(...Array.from({ length: random(50) }, () => random(256)));
      }
      peer.send(bytes);
    }
    expect(await client.call('get', 'kept')).toBe('data');
    for (const peer of peers) peer.socket.destroy();
  }
});

describe('a request that is announced and does not come', () => {
  test('costs nothing', async () => {
    const before = server.residentBytes;
    const peers = await Promise.all(Array.from({ length: 100 }, () => Peer.connect()));
    for (const peer of peers) peer.send('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$500000000\r\nabc');
    for (const peer of peers) peer.send('defg');
    await until(async () => Number(await infoField('connected_clients')) === 101);
    expect(server.residentBytes - before).toBeLessThan(50 * MB);
    expect(await infoField('used_memory')).not.toBe('');
  });

  test('holds up nobody, and is cut off after `timeout`', async () => {
    const halves = ['*', '*2\r\n$3\r\nGE', 'SET kept lo', '*3\r\n$3\r\nSET\r\n$4\r\nkept\r\n$4\r\nlost', '"'];
    const peers = await Promise.all(halves.map(() => Peer.connect()));
    peers.forEach((peer, i) => peer.send(halves[i]!));
    expect(await client.call('ping')).toBe('PONG');
    await client.call('config', 'set', 'timeout', '1');
    // The client of this test keeps talking, so it stays.
    await until(async () => (await client.call('ping')) === 'PONG' && peers.every((peer) => peer.isClosed));
    await client.call('config', 'set', 'timeout', '0');
    expect(peers.map((peer) => peer.received)).toEqual(['', '', '', '', '']);
  });

  test('is cut off when it grows beyond client-query-buffer-limit', async () => {
    await client.call('config', 'set', 'client-query-buffer-limit', '2mb');
    for (const [begin, more] of [
      ['*3\r\n$3\r\nSET\r\n$4\r\nkept\r\n$100000000\r\n', 'x'.repeat(100_000)],
      ['*1000000\r\n', '$10\r\n0123456789\r\n'.repeat(5000)],
      ['MULTI\r\n', encodeRequest(['set', 'kept', 'x'.repeat(90_000)]).latin1Slice()],
    ] as const) {
      const peer = await Peer.connect();
      peer.send(begin);
      const feeder = setInterval(() => peer.send(more), 2);
      await peer.closed().finally(() => clearInterval(feeder));
    }
    await client.call('config', 'set', 'client-query-buffer-limit', '1gb');
  });
});

describe('a client that never reads', () => {
  test('and subscribes is cut off at its output limit, while others get every message', async () => {
    await client.call('config', 'set', 'client-output-buffer-limit', 'pubsub 8mb 0 0');
    const before = server.residentBytes;
    const deaf = await Peer.connect();
    deaf.socket.pause();
    deaf.send('SUBSCRIBE news\r\n');
    const listener = await server.connect();
    await listener.call('subscribe', 'news');
    await until(async () => (await client.call('pubsub', 'numsub', 'news'))?.toString() === 'news,2');
    let most = 0;
    const message = 'm'.repeat(100_000);
    for (let i = 0; i < 1000; i++) {
      const receivers = Number(await client.call('publish', 'news', message));
      expect(receivers).toBeGreaterThanOrEqual(1);
      most = Math.max(most, server.residentBytes - before);
      expect(await listener.next()).toEqual(['message', 'news', message]);
    }
    expect(await client.call('pubsub', 'numsub', 'news')).toEqual(['news', 1]);
    expect(most).toBeLessThan(150 * MB);
    listener.close();
    await client.call('config', 'set', 'client-output-buffer-limit', 'pubsub 32mb 8mb 60');
  });

  test('and asks for much is cut off at its output limit, if it has one', async () => {
    await client.call('config', 'set', 'client-output-buffer-limit', 'normal 16mb 0 0');
    await client.call('set', 'large', 'x'.repeat(MB));
    const before = server.residentBytes;
    for (const request of [
      'GET large\r\n'.repeat(2000),
      `MULTI\r\n${'GET large\r\n'.repeat(2000)}EXEC\r\n`,
    ]) {
      const deaf = await Peer.connect();
      deaf.socket.pause();
      deaf.send(request);
      await until(async () => Number(await infoField('connected_clients')) === 1);
    }
    expect(server.residentBytes - before).toBeLessThan(150 * MB);
    await client.call('config', 'set', 'client-output-buffer-limit', 'normal 0 0 0');
    await client.call('del', 'large');
  });
});

describe('a flood of connections', () => {
  test('beyond maxclients is refused, and those within are served', async () => {
    await client.call('config', 'set', 'maxclients', '20');
    const peers = await Promise.all(Array.from({ length: 200 }, () => Peer.connect()));
    await until(() => peers.filter((peer) => peer.isClosed).length === 181);
    const refused = peers.filter((peer) => peer.isClosed);
    expect(new Set(refused.map((peer) => peer.received))).toEqual(
      new Set(['-ERR max number of clients reached\r\n']),
    );
    const served = peers.filter((peer) => !peer.isClosed);
    for (const peer of served) peer.send('PING\r\n');
    await until(() => served.every((peer) => peer.received === '+PONG\r\n'));
    await client.call('config', 'set', 'maxclients', '10000');
  });

  test('that come and go with resets leaves nothing behind', async () => {
    for (let round = 0; round < 20; round++) {
      const peers = await Promise.all(Array.from({ length: 50 }, () => Peer.connect()));
      for (const peer of peers) {
        peer.send('GET kept\r\nBLPOP nothing 0\r\nSUBSCRIBE a\r\n');
        peer.socket.resetAndDestroy();
      }
    }
    await until(async () => Number(await infoField('connected_clients')) === 1);
    expect(await infoField('blocked_clients')).toBe('0');
  });
});

describe('values as large as they may be', () => {
  test('are stored, and one more byte is refused', async () => {
    await client.call('config', 'set', 'proto-max-bulk-len', '64mb');
    const limit = 64 * MB;
    expect(await client.call('setrange', 'large', limit - 1, 'x')).toBe(limit);
    const tooLong = { text: 'ERR string exceeds maximum allowed size (proto-max-bulk-len)' };
    expect(await client.call('append', 'large', 'y')).toMatchObject(tooLong);
    expect(await client.call('setrange', 'large', limit, 'y')).toMatchObject(tooLong);
    expect(await client.call('setrange', 'large', Number.MAX_SAFE_INTEGER, 'y')).toMatchObject(tooLong);
    expect(await client.call('setbit', 'large', 2 ** 32, 1)).toHaveProperty('text');
    expect(await client.call('strlen', 'large')).toBe(limit);
    expect(String(await client.call('getrange', 'large', -2, -1))).toBe('\0x');
    await client.call('del', 'large');
    await client.call('config', 'set', 'proto-max-bulk-len', '512mb');
  });
});

describe('wrong configuration', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'vedette-bad-'));
    chmodSync(directory, 0o755);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const file = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };

  const run = (
    program: string,
    args: readonly string[],
    options: { uid?: number } = {},
  ): Promise<{ code: number | null; output: string }> =>
    new Promise((resolve) => {
      const bin = fileURLToPath(new URL(`../../bin/${program}`, import.meta.url));
      const child = spawn(bin, args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'], ...options });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.latin1Slice()));
      child.stderr.on('data', (chunk: Buffer) => (output += chunk.latin1Slice()));
      child.on('close', (code) => resolve({ code, output }));
    });

  test.each([
    ['port 7000\nnonsense yes\n', 2, 'nonsense yes', 'Bad directive or wrong number of arguments'],
    ['port 700000\n', 1, 'port 700000', 'argument must be between 0 and 65535 inclusive'],
    ['\n\nappendonly maybe\n', 3, 'appendonly maybe', "argument must be 'yes' or 'no'"],
    ['dir "/tmp\n', 1, 'dir "/tmp', 'Unbalanced quotes in configuration line'],
    ['dir /nowhere/at/all\n', 1, 'dir /nowhere/at/all', 'No such file or directory'],
    [
      'loglevel loud\n',
      1,
      'loglevel loud',
      'argument(s) must be one of the following: debug, verbose, notice, warning, nothing',
    ],
    [
      'user default on nonsense\n',
      1,
      'user default on nonsense',
      "Error in user declaration 'nonsense': Syntax error",
    ],
    ['rename-command NOTHING x\n', 1, 'rename-command NOTHING x', 'No such command in rename-command'],
  ])('%j is refused with the line and the reason', async (text, line, shown, reason) => {
    const { code, output } = await run('vedette-server', [file('redis.conf', text)]);
    expect(code).toBe(1);
    expect(output).toContain(`Reading the configuration file, at line ${line}\n>>> '${shown}'\n`);
    expect(output).toContain(reason);
  });

  test('in an included file is refused with that file', async () => {
    const included = file('included.conf', 'port 0\nhz many\n');
    const { code, output } = await run('vedette-server', [file('redis.conf', `include ${included}\n`)]);
    expect(code).toBe(1);
    expect(output).toContain(`at line 2 of '${included}'\n>>> 'hz many'\n`);
  });

  test('of a sentinel is refused with the line and the reason', async () => {
    const path = file('sentinel.conf', 'port 0\nsentinel monitor m 127.0.0.1 6379 none\n');
    const { code, output } = await run('vedette-sentinel', [path]);
    expect(code).toBe(1);
    expect(output).toContain("at line 2\n>>> 'sentinel monitor m 127.0.0.1 6379 none'\n");
  });

  test('a sentinel whose file it may not write does not start', async () => {
    const path = file('readonly.conf', 'port 0\nsentinel monitor m 127.0.0.1 6379 1\n');
    chmodSync(path, 0o444);
    // Root may write any file, so the sentinel runs as nobody.
    const isRoot = process.getuid?.() === 0;
    const { code, output } = await run('vedette-sentinel', [path], isRoot ? { uid: 65_534 } : {});
    expect(output).toContain(`Sentinel config file ${path} is not writable: Permission denied. Exiting...`);
    expect(code).toBe(1);
  });
});
