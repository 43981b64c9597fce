/**
 * A real server on a real disk, killed with SIGKILL while it is written to: what its client had been told is there when
 * it starts again. The kills come at random moments, also while the log is being rewritten, files are being renamed,
 * or a sync runs. VEDETTE_CRASH_ROUNDS says how many there are.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findFreePorts } from '../../src/lab/ports.js';
import { createNodePlatform } from '../../src/platform/node/index.js';
import { encodeRequest, parseReply, type TestReply } from '../support/resp.js';
import { OUR_SERVER } from '../support/running-server.js';

const ROUNDS = Number(process.env.VEDETTE_CRASH_ROUNDS ?? 4);
const START_LIMIT_MS = 60_000;
const LONGEST_LIFE_MS = 400;
/** Written ahead of the replies, so that many writes share an fsync. */
const PIPELINE = 8;
/** What `everysec` may lose when the process is killed: what waited for an fsync that was running. */
const LONGEST_LOSS_MS = 2000;

let directory: string;
let port: number;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vedette-crash-'));
  [port] = await findFreePorts(createNodePlatform(), '127.0.0.1', 1);
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function start(policy: string): ChildProcess {
  const options = ['--port', port, '--dir', directory, '--save', '', '--appendonly', 'yes'];
  const more = ['--appendfsync', policy, '--auto-aof-rewrite-min-size', '20kb', '--bind', '127.0.0.1'];
  return spawn(OUR_SERVER, [...options, ...more].map(String), { cwd: directory, stdio: 'ignore' });
}

function kill(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

/** A connection that takes replies as they come. */
class Client {
  private received: Buffer = Buffer.alloc(0);
  private readonly waiting: ((reply: TestReply) => void)[] = [];

  private constructor(
    readonly socket: Socket,
    private readonly onReply: (reply: TestReply) => void,
  ) {
    socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      for (let reply = parseReply(this.received); reply !== null; reply = parseReply(this.received)) {
        this.received = this.received.subarray(reply.end);
        (this.waiting.shift() ?? this.onReply)(reply.value);
      }
    });
    socket.on('error', () => undefined);
  }

  static async open(onReply: (reply: TestReply) => void): Promise<Client> {
    const deadline = Date.now() + START_LIMIT_MS;
    for (;;) {
      const socket = await new Promise<Socket | null>((resolve) => {
        const attempt = connect(port, '127.0.0.1', () => resolve(attempt));
        attempt.once('error', () => resolve(null));
      });
      if (socket !== null) {
        const client = new Client(socket, onReply);
        if ((await client.call('PING')) === 'PONG') return client;
        socket.destroy();
      }
      if (Date.now() > deadline) throw new Error('the server does not start');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  send(...args: (string | number)[]): void {
    this.socket.write(encodeRequest(args));
  }

  call(...args: (string | number)[]): Promise<TestReply> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.send(...args);
    });
  }
}

/** Writes numbers in order until the server is killed. */
async function writeUntilKilled(
  child: ChildProcess,
  from: number,
): Promise<{ readonly sent: number; readonly acknowledgedAtMs: readonly number[] }> {
  let sent = from;
  const acknowledgedAtMs: number[] = [];
  const client = await Client.open((reply) => {
    if (typeof reply !== 'number') return;
    acknowledgedAtMs[reply] = Date.now();
    client.send('RPUSH', 'numbers', ++sent);
  });
  for (let i = 0; i < PIPELINE; i++) client.send('RPUSH', 'numbers', ++sent);
  await new Promise((resolve) => setTimeout(resolve, Math.random() * LONGEST_LIFE_MS));
  await kill(child);
  client.socket.destroy();
  return { sent, acknowledgedAtMs };
}

describe.each(['always', 'everysec'])('appendfsync %s', (policy) => {
  it(
    `loses nothing that it may not lose in ${ROUNDS} kills`,
    async () => {
      let count = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const child = start(policy);
        const { sent, acknowledgedAtMs } = await writeUntilKilled(child, count);
        const killedAtMs = Date.now();
        const next = start(policy);
        const client = await Client.open(() => undefined);
        const numbers = (await client.call('LRANGE', 'numbers', 0, -1)) as string[];
        client.socket.destroy();
        await kill(next);

        const bound = policy === 'always' ? Infinity : killedAtMs - LONGEST_LOSS_MS;
        let promised = acknowledgedAtMs.length - 1;
        while (promised > count && (acknowledgedAtMs[promised] ?? 0) > bound) promised--;
        expect(numbers).toEqual(numbers.map((_, index) => String(index + 1)));
        expect(numbers.length).toBeGreaterThanOrEqual(promised);
        expect(numbers.length).toBeLessThanOrEqual(sent);
        count = numbers.length;
      }
    },
    30_000 + ROUNDS * 20_000,
  );
});
