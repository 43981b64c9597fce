/** A real server process, ours or a stock one, with raw replies: what is the same can be compared byte for byte. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeRequest, parseReply, type TestReply } from './resp.js';

export const OUR_SERVER = fileURLToPath(new URL('../../bin/vedette-server', import.meta.url));
export const STOCK_SERVER = 'redis-server';
export const hasStockServer = spawnSync(STOCK_SERVER, ['--version']).status === 0;

const START_LIMIT_MS = 20_000;

export class RunningServer {
  private constructor(
    private readonly child: ChildProcess,
    private readonly directory: string,
    readonly port: number,
  ) {}

  /** Starts a server on a free port, without persistence. */
  static async start(program: string, ...options: string[]): Promise<RunningServer> {
    const directory = mkdtempSync(join(tmpdir(), 'vedette-server-'));
    const port = await freePort();
    const args = [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--dir',
      directory,
      ...options,
    ];
    const child = spawn(program, args, { cwd: directory, stdio: 'ignore' });
    const server = new RunningServer(child, directory, port);
    const deadline = Date.now() + START_LIMIT_MS;
    for (;;) {
      try {
        (await server.connect()).close();
        return server;
      } catch (error) {
        if (Date.now() > deadline || child.exitCode !== null) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  connect(): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1', () => resolve(new RawClient(socket)));
      socket.once('error', reject);
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Memory that the process has in use. Linux only. */
  get residentBytes(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    if (this.child.exitCode === null && this.child.signalCode === null) await ended;
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** A connection that sends a command and waits for its reply. */
export class RawClient {
  private received: Buffer = Buffer.alloc(0);
  private waiting: { resolve: (reply: TestReply) => void; reject: (error: Error) => void } | null = null;

  constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.deliver();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.waiting?.reject(new Error('the connection was closed')));
  }

  call(...args: (string | number)[]): Promise<TestReply> {
    this.socket.write(encodeRequest(args));
    return this.next();
  }

  /** Waits for the next reply or message, without sending anything. */
  next(): Promise<TestReply> {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.deliver();
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private deliver(): void {
    const reply = this.waiting === null ? null : parseReply(this.received);
    if (reply === null || this.waiting === null) return;
    this.received = this.received.subarray(reply.end);
    const { resolve } = this.waiting;
    this.waiting = null;
    resolve(reply.value);
  }
}

/** A port that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  const { port } = holder.address() as AddressInfo;
  await new Promise((resolve) => holder.close(resolve));
  return port;
}
