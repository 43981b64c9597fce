/**
 * A server without a network, on virtual time, for tests of commands: what a client sends is executed at once and
 * its replies are there when the call returns.
 */
import { dataCommands } from '../../src/commands/index.js';
import { addServerSections } from '../../src/commands/info/index.js';
import { serverCommands } from '../../src/commands/server-commands.js';
import { ServerConfig } from '../../src/config/server-config.js';
import type { Logger } from '../../src/log/logger.js';
import type { Connection, ConnectionHandler } from '../../src/platform/platform.js';
import { VirtualWorld, type MemoryFigures } from '../../src/platform/virtual/index.js';
import { splitWords } from '../../src/resp/ascii.js';
import type { Client } from '../../src/server/client.js';
import { Server } from '../../src/server/server.js';
import { encodeRequest, parseReply, showCommand, type TestReply } from './resp.js';

/** Where a {@link TestServer} lives: to restart it, or to make its disk fail. */
export interface TestSurroundings {
  readonly world?: VirtualWorld;
  readonly log?: Logger;
  readonly mode?: 'standalone' | 'cluster';
}

export class TestServer {
  readonly server: Server;
  /** What would have gone to replicas, one command a line, as it was sent; databases are not shown. */
  readonly propagated: string[] = [];
  /** The log, without times. */
  readonly logLines: string[] = [];
  /** What the server is told of its memory. */
  readonly memoryFigures: MemoryFigures;
  readonly world: VirtualWorld;

  /** @param directives values for the configuration, as in a file */
  constructor(directives: Readonly<Record<string, string>> = {}, surroundings: TestSurroundings = {}) {
    this.world = surroundings.world ?? new VirtualWorld({ seed: 1 });
    const platform = this.world.createProcess('server');
    this.memoryFigures = platform.memoryFigures;
    const config = new ServerConfig(platform.processes);
    for (const [name, value] of Object.entries(directives)) {
      const problem = config.configure(name, splitWords(value) ?? []);
      if (problem !== null) throw new Error(`${name}: ${problem}`);
    }
    const write = (line: string): number => this.logLines.push(line);
    const log: Logger = surroundings.log ?? {
      debug: write,
      verbose: write,
      notice: write,
      warning: write,
      isEnabled: () => true,
    };
    this.server = new Server({ platform, config, log, mode: surroundings.mode ?? 'standalone' });
    this.server.commands.register([...dataCommands, ...serverCommands]);
    addServerSections(this.server);
    this.server.propagation.addSink({
      destination: 'replicas',
      append: (_databaseIndex, encoded) => this.propagated.push(showCommand(encoded)),
    });
    this.server.start();
  }

  /** @param remoteAddress where the client seems to come from */
  connect(remoteAddress = '127.0.0.1'): TestClient {
    const connection = new MemoryConnection(remoteAddress);
    this.server.clients.accept(connection);
    return new TestClient(this, connection);
  }

  /** Forgets what was propagated so far, runs, and returns what was propagated meanwhile. */
  propagatedBy(run: () => void): string[] {
    this.propagated.length = 0;
    run();
    return [...this.propagated];
  }

  advance(ms: number): void {
    this.world.advance(ms);
  }

  /** Ends the turn in which clients have {@link TestClient.deliver been sent} something. */
  endTurn(): void {
    this.advance(0);
  }

  get nowMs(): number {
    return this.server.platform.clock.nowMs();
  }
}

/** A client of a {@link TestServer}. */
export class TestClient {
  constructor(
    private readonly owner: TestServer,
    private readonly connection: MemoryConnection,
  ) {}

  /** The server's side of this client. */
  get client(): Client {
    return this.connection.handler as Client;
  }

  /** False when the server has closed the connection. */
  get isOpen(): boolean {
    return this.connection.isOpen;
  }

  /** Sends a command without looking at the replies. */
  send(...args: (string | number)[]): void {
    this.sendBytes(encodeRequest(args).latin1Slice());
  }

  sendBytes(bytes: string): void {
    this.deliver(bytes);
    this.owner.endTurn();
  }

  /** The server gets these bytes in the same turn of its event loop as what it got before. */
  deliver(bytes: string): void {
    const chunk = Buffer.from(bytes, 'latin1');
    this.connection.handler.onData(chunk);
    chunk.fill(0x2a);
  }

  /** The client reads no more: what the server writes from now on waits. */
  stall(): void {
    this.connection.isStalled = true;
  }

  /** The client reads all that waits, and goes on reading. */
  unstall(): void {
    this.connection.isStalled = false;
    this.connection.bufferedBytes = 0;
    this.connection.handler.onDrain();
  }

  /** Tells of every write of the server to this client, as it happens. */
  onWrite(listener: (bytes: string) => void): void {
    this.connection.onWrite = listener;
  }

  /** Waiting output in bytes, as the connection counts it. */
  get bufferedBytes(): number {
    return this.connection.bufferedBytes;
  }

  /** Sends a command and returns its reply; throws when there is none (it blocks) or more than one. */
  call(...args: (string | number)[]): TestReply {
    this.connection.takeAll();
    this.send(...args);
    const replies = this.replies();
    if (replies.length !== 1) {
      const trouble = this.owner.logLines.filter((line) => line.includes('Error')).join('\n');
      throw new Error(`${args.join(' ')}: ${replies.length} replies\n${trouble}`);
    }
    return replies[0];
  }

  /** The bytes of the reply to a command. */
  callRaw(...args: (string | number)[]): Buffer {
    this.connection.takeAll();
    this.send(...args);
    return this.connection.takeAll();
  }

  /** The bytes that came since the last call. */
  takeBytes(): string {
    return this.connection.takeAll().latin1Slice();
  }

  /** Everything that came since the last call. */
  replies(): TestReply[] {
    const bytes = this.connection.takeAll();
    const replies: TestReply[] = [];
    for (let position = 0; position < bytes.length;) {
      const reply = parseReply(bytes, position);
      if (reply === null) throw new Error(`half a reply: ${bytes.latin1Slice(position)}`);
      replies.push(reply.value);
      position = reply.end;
    }
    return replies;
  }

  /** The client ends the connection. */
  close(): void {
    this.connection.handler.onEnd();
    this.owner.endTurn();
  }
}

class MemoryConnection implements Connection {
  handler!: ConnectionHandler;
  readonly remotePort = 50000;
  readonly localAddress = '127.0.0.1';
  readonly localPort = 6379;
  readonly isLocalSocket = false;
  readonly descriptor = -1;
  bufferedBytes = 0;
  isOpen = true;
  isStalled = false;
  onWrite: (bytes: string) => void = () => undefined;
  private written: Buffer[] = [];

  constructor(readonly remoteAddress: string) {}

  write(bytes: Buffer): void {
    this.onWrite(bytes.latin1Slice());
    this.written.push(Buffer.from(bytes));
    if (this.isStalled) this.bufferedBytes += bytes.length;
  }

  takeAll(): Buffer {
    if (this.isStalled) return Buffer.alloc(0);
    const all = Buffer.concat(this.written);
    this.written = [];
    return all;
  }

  pause(): void {}
  resume(): void {}
  setNoDelay(): void {}
  setKeepAlive(): void {}

  end(): void {
    this.isOpen = false;
  }

  destroy(): void {
    this.isOpen = false;
  }

  reset(): void {
    this.isOpen = false;
  }
}
