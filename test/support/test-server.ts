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
import { VirtualWorld } from '../../src/platform/virtual/index.js';
import type { Client } from '../../src/server/client.js';
import { Server } from '../../src/server/server.js';
import { encodeRequest, parseReply, showCommand, type TestReply } from './resp.js';

const SILENT_LOG: Logger = {
  debug: () => undefined,
  verbose: () => undefined,
  notice: () => undefined,
  warning: () => undefined,
  isEnabled: () => false,
};

/** Where a {@link TestServer} lives: to restart it, or to make its disk fail. */
export interface TestSurroundings {
  readonly world?: VirtualWorld;
  readonly log?: Logger;
}

export class TestServer {
  readonly server: Server;
  /** What would have gone to replicas, one command a line, as it was sent; databases are not shown. */
  readonly propagated: string[] = [];
  private readonly world: VirtualWorld;

  /** @param directives values for the configuration, as in a file */
  constructor(directives: Readonly<Record<string, string>> = {}, surroundings: TestSurroundings = {}) {
    this.world = surroundings.world ?? new VirtualWorld({ seed: 1 });
    const platform = this.world.createProcess('server');
    const config = new ServerConfig(platform.processes);
    for (const [name, value] of Object.entries(directives)) {
      const problem = config.configure(name, [value]);
      if (problem !== null) throw new Error(`${name}: ${problem}`);
    }
    this.server = new Server({ platform, config, log: surroundings.log ?? SILENT_LOG, mode: 'standalone' });
    this.server.commands.register([...dataCommands, ...serverCommands]);
    addServerSections(this.server);
    this.server.propagation.addSink({
      append: (_databaseIndex, encoded) => this.propagated.push(showCommand(encoded)),
    });
    this.server.start();
  }

  connect(): TestClient {
    const connection = new MemoryConnection();
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

  /** Sends a command without looking at the replies. */
  send(...args: (string | number)[]): void {
    this.connection.handler.onData(encodeRequest(args));
    this.owner.advance(0);
  }

  /** Sends a command and returns its reply; throws when there is none (it blocks) or more than one. */
  call(...args: (string | number)[]): TestReply {
    this.connection.takeAll();
    this.send(...args);
    const replies = this.replies();
    if (replies.length !== 1) throw new Error(`${args.join(' ')}: ${replies.length} replies`);
    return replies[0];
  }

  /** The bytes of the reply to a command. */
  callRaw(...args: (string | number)[]): Buffer {
    this.connection.takeAll();
    this.send(...args);
    return this.connection.takeAll();
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

  close(): void {
    this.connection.handler.onEnd();
  }
}

class MemoryConnection implements Connection {
  handler!: ConnectionHandler;
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = 50000;
  readonly localAddress = '127.0.0.1';
  readonly localPort = 6379;
  readonly isLocalSocket = false;
  readonly descriptor = -1;
  readonly bufferedBytes = 0;
  private written: Buffer[] = [];

  write(bytes: Buffer): void {
    this.written.push(Buffer.from(bytes));
  }

  takeAll(): Buffer {
    const all = Buffer.concat(this.written);
    this.written = [];
    return all;
  }

  pause(): void {}
  resume(): void {}
  setNoDelay(): void {}
  setKeepAlive(): void {}
  end(): void {}
  destroy(): void {}
  reset(): void {}
}
