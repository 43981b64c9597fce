/**
 * A real server process, ours or a stock one, started as an operator would: with options, in a directory that may have
 * files already, or from a configuration file. Its clients take raw replies, so that what is the same can be compared
 * byte for byte, or are ioredis.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { encodeRequest, parseReply, type TestReply } from './resp.js';

export const OUR_SERVER = fileURLToPath(new URL('../../bin/vedette-server', import.meta.url));
export const STOCK_SERVER = 'redis-server';
export const hasStockServer = spawnSync(STOCK_SERVER, ['--version']).status === 0;

const HOST = '127.0.0.1';
const CONFIGURATION_FILE = 'redis.conf';
const START_LIMIT_MS = 20_000;

/** What is beside the program and its options when a server is started. */
interface Surroundings {
  readonly directory: string;
  /** The directory goes with the server. */
  readonly ownsDirectory: boolean;
  readonly port: number;
}

export class RunningServer {
  private readonly redisClients: Redis[] = [];

  private constructor(
    private readonly child: ChildProcess,
    private readonly surroundings: Surroundings,
  ) {}

  /** Starts a server on a free port, without persistence, in a directory of its own. */
  static async start(program: string, ...options: string[]): Promise<RunningServer> {
    return RunningServer.launchWithOptions(program, temporaryDirectory(), true, options);
  }

  /** The same in the caller's directory, with the files that are there; it stays when the server is stopped. */
  static async startIn(directory: string, program: string, ...options: string[]): Promise<RunningServer> {
    return RunningServer.launchWithOptions(program, directory, false, options);
  }

  /** Starts a server from a configuration file ({@link configurationFile}) that says nothing but where it is, and `lines`. */
  static async startFromFile(program: string, lines: string): Promise<RunningServer> {
    const directory = temporaryDirectory();
    const port = await freePort();
    const file = join(directory, CONFIGURATION_FILE);
    writeFileSync(file, `bind ${HOST}\nport ${port}\ndir ${directory}\n${lines}`);
    return RunningServer.launch(program, [file], { directory, ownsDirectory: true, port });
  }

  private static async launchWithOptions(
    program: string,
    directory: string,
    ownsDirectory: boolean,
    options: readonly string[],
  ): Promise<RunningServer> {
    const port = await freePort();
    const place = ['--port', String(port), '--bind', HOST, '--dir', directory];
    const args = [...place, '--save', '', ...options];
    return RunningServer.launch(program, args, { directory, ownsDirectory, port });
  }

  /** Resolves when it takes connections. */
  private static async launch(
    program: string,
    args: readonly string[],
    surroundings: Surroundings,
  ): Promise<RunningServer> {
    const child = spawn(program, args, { cwd: surroundings.directory, stdio: 'ignore' });
    const server = new RunningServer(child, surroundings);
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

  get port(): number {
    return this.surroundings.port;
  }

  get directory(): string {
    return this.surroundings.directory;
  }

  /** Of a server that was started from one. */
  get configurationFile(): string {
    return join(this.directory, CONFIGURATION_FILE);
  }

  connect(): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, HOST, () => resolve(new RawClient(socket)));
      socket.once('error', reject);
    });
  }

  /** A client of another kind, which waits while the server loads its data; it ends with the server. */
  connectRedis(): Redis {
    const client = new Redis(this.port, HOST, { retryStrategy: () => 50, maxRetriesPerRequest: null });
    client.on('error', () => undefined);
    this.redisClients.push(client);
    return client;
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

  /** Has it end in its own way, with all that it does then. */
  async shutDown(): Promise<void> {
    this.leave();
    const client = await this.connect();
    const refusal = await client.call('SHUTDOWN').catch(() => null);
    if (refusal !== null) throw new Error(`it does not end: ${JSON.stringify(refusal)}`);
    await this.ended();
    this.clean();
  }

  /** Ends it at once. */
  async stop(): Promise<void> {
    this.leave();
    const ended = this.ended();
    this.child.kill('SIGKILL');
    await ended;
    this.clean();
  }

  private ended(): Promise<void> {
    if (!this.isRunning) return Promise.resolve();
    return new Promise((resolve) => this.child.once('exit', () => resolve()));
  }

  private leave(): void {
    for (const client of this.redisClients) client.disconnect();
  }

  private clean(): void {
    if (this.surroundings.ownsDirectory) rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Someone who waits for replies. */
interface Waiting {
  /** Takes the next reply; true when it was the last one. */
  take(reply: TestReply, bytes: Buffer): boolean;
  reject(error: Error): void;
}

/** A connection that sends a command and waits for its reply. */
export class RawClient {
  private received: Buffer = Buffer.alloc(0);
  private waiting: Waiting | null = null;

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
      this.waiting = { take: (reply) => (resolve(reply), true), reject };
      this.deliver();
    });
  }

  /** Sends commands all at once and returns the bytes of each reply. */
  pipeline(commands: readonly (readonly (string | number)[])[]): Promise<Buffer[]> {
    this.socket.write(Buffer.concat(commands.map(encodeRequest)));
    return new Promise((resolve, reject) => {
      const replies: Buffer[] = [];
      const take = (_reply: TestReply, bytes: Buffer): boolean => {
        if (replies.push(bytes) < commands.length) return false;
        resolve(replies);
        return true;
      };
      this.waiting = { take, reject };
      this.deliver();
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private deliver(): void {
    while (this.waiting !== null) {
      const reply = parseReply(this.received);
      if (reply === null) return;
      const bytes = this.received.subarray(0, reply.end);
      this.received = this.received.subarray(reply.end);
      if (this.waiting.take(reply.value, bytes)) this.waiting = null;
    }
  }
}

function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'vedette-server-'));
}

/** A port that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, HOST, resolve));
  const { port } = holder.address() as AddressInfo;
  await new Promise((resolve) => holder.close(resolve));
  return port;
}
