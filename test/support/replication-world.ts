/** Data servers with replication on virtual machines: commands are called directly, everything between servers is real. */
import { dataCommands } from '../../src/commands/index.js';
import { serverCommands } from '../../src/commands/server-commands.js';
import { ServerConfig } from '../../src/config/server-config.js';
import { freezeValue } from '../../src/keyspace/values/value.js';
import { createLogger } from '../../src/log/logger.js';
import { ACCESS_NOT_TOLD } from '../../src/persistence/access-marks.js';
import { RdbOutput } from '../../src/persistence/rdb/output.js';
import { RdbWriter } from '../../src/persistence/rdb/writer.js';
import { Migration } from '../../src/migration/migration.js';
import { Persistence } from '../../src/persistence/persistence.js';
import type { Connection, ConnectionHandler, Platform } from '../../src/platform/platform.js';
import { VirtualWorld, type VirtualProcess, type WorldOptions } from '../../src/platform/virtual/index.js';
import { Replication } from '../../src/replication/replication.js';
import { Server } from '../../src/server/server.js';
import { encodeRequest, parseReply, type TestReply } from './resp.js';

export const PORT = 6379;
/** Full resynchronisations begin at once unless a test says otherwise. */
const DEFAULTS: Readonly<Record<string, string>> = {
  'repl-diskless-sync-delay': '0',
  'protected-mode': 'no',
};
const PATIENCE_MS = 20_000;

export class ReplicationWorld {
  readonly world: VirtualWorld;

  constructor(options: WorldOptions = {}) {
    this.world = new VirtualWorld({ seed: 1, ...options });
  }

  /** Starts a server on a host of its own, as a master. */
  start(name: string, directives: Readonly<Record<string, string>> = {}): ReplicatedServer {
    return new ReplicatedServer(this, this.world.createProcess(name), directives);
  }

  advance(ms: number): void {
    this.world.advance(ms);
  }

  /** Lets time pass until the condition holds; returns how long that took. */
  until(condition: () => boolean, limitMs = PATIENCE_MS): number {
    return this.world.runUntil(condition, limitMs);
  }

  /** Makes a server a replica of another and waits until it is up. Returns how long that took. */
  follow(replica: ReplicatedServer, master: ReplicatedServer): number {
    replica.call('REPLICAOF', master.host, PORT);
    return this.until(() => replica.isUp);
  }

  /** Waits until the replicas have everything, and the master knows. */
  settle(master: ReplicatedServer, ...replicas: ReplicatedServer[]): void {
    this.until(() => replicas.every((replica) => replica.offset === master.offset && replica.isUp));
  }
}

export class ReplicatedServer {
  readonly server: Server;
  readonly persistence: Persistence;
  readonly replication: Replication;
  readonly migration: Migration;
  readonly logLines: string[] = [];
  private readonly operator: MemoryConnection;

  constructor(
    private readonly owner: ReplicationWorld,
    readonly process: VirtualProcess,
    directives: Readonly<Record<string, string>>,
  ) {
    const sink = { write: (line: string) => this.logLines.push(line) };
    const logs = { standardOutput: () => sink, standardError: () => sink, file: () => sink };
    const platform = Object.assign(Object.create(process) as Platform, { logs });
    const config = new ServerConfig(platform.processes);
    for (const [name, value] of Object.entries({ ...DEFAULTS, ...directives })) {
      const problem = config.configure(name, value.split(' '));
      if (problem !== null) throw new Error(`${name}: ${problem}`);
    }
    const log = createLogger({ platform, level: 'verbose', file: '', role: 'M', format: 'redis' });
    this.server = new Server({ platform, config, log, mode: 'standalone' });
    this.server.commands.register([...dataCommands, ...serverCommands]);
    this.persistence = new Persistence(this.server);
    this.migration = new Migration(this.server);
    this.replication = new Replication({
      server: this.server,
      persistence: this.persistence,
      onRoleChange: () => this.migration.roleChanged(),
    });
    platform.network.listen(
      { host: '0.0.0.0', port: PORT },
      {},
      (connection) => this.server.clients.accept(connection),
      (error) => {
        if (error !== null) throw error;
      },
    );
    this.server.start();
    this.operator = new MemoryConnection();
    this.server.clients.accept(this.operator);
  }

  get host(): string {
    return this.process.host.address;
  }

  /** Sends a command as an operator and returns its reply. No time passes. */
  call(...args: (string | number)[]): TestReply {
    return this.callOn(this.operator, ...args);
  }

  /** Sends a command that may block: its reply is there later, see {@link MemoryConnection.replies}. */
  connect(): MemoryConnection {
    const connection = new MemoryConnection();
    this.server.clients.accept(connection);
    return connection;
  }

  send(connection: MemoryConnection, ...args: (string | number)[]): void {
    connection.handler.onData(encodeRequest(args));
    this.owner.advance(0);
  }

  callOn(connection: MemoryConnection, ...args: (string | number)[]): TestReply {
    this.send(connection, ...args);
    const replies = connection.replies();
    if (replies.length !== 1) throw new Error(`${args.join(' ')}: ${replies.length} replies`);
    return replies[0];
  }

  /** CONFIG SET */
  configure(name: string, value: string): void {
    this.server.config.set([[name, value]], { protectedAllowed: true, loading: false }, (error) => {
      if (error !== null) throw new Error(error);
    });
  }

  /** INFO replication. */
  info(): Record<string, string> {
    this.server.beginTurn();
    const fields: Record<string, string> = {};
    for (const line of this.server.info.render(['replication']).split('\r\n')) {
      const colon = line.indexOf(':');
      if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 1);
    }
    return fields;
  }

  get isUp(): boolean {
    return this.replication.role?.link.isUp === true;
  }

  get offset(): number {
    return this.replication.history.offset;
  }

  get replid(): string {
    return this.replication.history.identity.replid;
  }

  /** Every key with its database, expiry and value, in a form that can be compared. */
  dataset(): Record<string, string> {
    const all: [string, string][] = [];
    for (const database of this.server.keyspace.databases) {
      database.entries.forEach((entry) => {
        const output = new RdbOutput(false);
        const writer = new RdbWriter(output, { version: 10, listMaxListpackSize: -2 });
        const expireAtMs = entry.expiry?.atMs ?? -1;
        writer.entry('', freezeValue(entry.value), expireAtMs, ACCESS_NOT_TOLD);
        all.push([`${database.index}/${entry.key}`, output.take().latin1Slice()]);
      });
    }
    return Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** A whole snapshot file of the dataset as it is now. */
  snapshot(): Buffer {
    const { disk } = this.process;
    const problem = this.persistence.saving.save();
    if (problem !== null) throw problem;
    return disk.readFileSync(this.persistence.saving.path);
  }

  /** Lines of the log that contain the text. */
  logged(text: string): string[] {
    return this.logLines.filter((line) => line.includes(text));
  }
}

/** A client without a network. */
export class MemoryConnection implements Connection {
  handler!: ConnectionHandler;
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = 50000;
  readonly localAddress = '127.0.0.1';
  readonly localPort = PORT;
  readonly isLocalSocket = false;
  readonly descriptor = -1;
  readonly bufferedBytes = 0;
  isClosed = false;
  private written: Buffer[] = [];

  /** What has come since the last call. */
  replies(): TestReply[] {
    const bytes = Buffer.concat(this.written);
    this.written = [];
    const replies: TestReply[] = [];
    for (let position = 0; position < bytes.length;) {
      const reply = parseReply(bytes, position);
      if (reply === null) throw new Error(`half a reply: ${bytes.latin1Slice(position)}`);
      replies.push(reply.value);
      position = reply.end;
    }
    return replies;
  }

  write(bytes: Buffer): void {
    this.written.push(Buffer.from(bytes));
  }

  end(): void {
    this.isClosed = true;
  }

  destroy(): void {
    this.isClosed = true;
  }

  pause(): void {}
  resume(): void {}
  setNoDelay(): void {}
  setKeepAlive(): void {}
  reset(): void {}
}
