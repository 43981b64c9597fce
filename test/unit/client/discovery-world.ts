/**
 * A client among scripted sentinels and servers on virtual machines: they say what the test has them say, and
 * everything between them and the client is real but for the time.
 */
import { MasterDiscovery, type DiscoveryOptions } from '../../../src/client/discovery.js';
import type { HostAndPort } from '../../../src/client/address.js';
import type { Connection } from '../../../src/platform/platform.js';
import { VirtualWorld, type VirtualProcess } from '../../../src/platform/virtual/index.js';
import { Decoded, RequestDecoder } from '../../../src/resp/request-decoder.js';

export const SERVER_PORT = 6379;
export const SENTINEL_PORT = 26379;

/** What a scripted program answers: RESP text, or null to say nothing. */
export type Answer = (args: readonly string[], connection: Connection) => string | null;

/** A program that answers commands as it is told to. */
export class ScriptedProgram {
  readonly connections = new Set<Connection>();
  /** Commands received, by name, in order. */
  readonly received: string[] = [];

  constructor(
    readonly process: VirtualProcess,
    readonly port: number,
    answer: Answer,
  ) {
    process.network.listen(
      { host: '0.0.0.0', port },
      {},
      (connection) => this.serve(connection, answer),
      (error) => {
        if (error !== null) throw error;
      },
    );
  }

  get address(): HostAndPort {
    return { host: this.process.host.address, port: this.port };
  }

  private serve(connection: Connection, answer: Answer): void {
    const decoder = new RequestDecoder();
    this.connections.add(connection);
    connection.handler = {
      onConnect: () => undefined,
      onData: (chunk) => {
        decoder.feed(chunk);
        while (decoder.next() === Decoded.Command) {
          this.received.push(decoder.args.join(' '));
          const reply = answer(decoder.args, connection);
          if (reply !== null) connection.write(Buffer.from(reply, 'latin1'));
        }
        decoder.retain();
      },
      onDrain: () => undefined,
      onEnd: () => connection.end(),
      onClose: () => this.connections.delete(connection),
    };
  }
}

const ERROR = '-ERR unknown command\r\n';

/** A data server that has a role and perhaps a password. */
export class ScriptedServer {
  role: 'master' | 'slave' = 'master';
  password: string | null = null;
  readonly program: ScriptedProgram;
  private readonly authenticated = new WeakSet<Connection>();

  constructor(readonly process: VirtualProcess) {
    this.program = new ScriptedProgram(process, SERVER_PORT, (args, connection) => {
      const [command] = args as [string];
      if (command === 'AUTH') {
        if (args.at(-1) !== this.password) return '-WRONGPASS invalid username-password pair\r\n';
        this.authenticated.add(connection);
        return '+OK\r\n';
      }
      if (this.password !== null && !this.authenticated.has(connection))
        return '-NOAUTH Authentication required.\r\n';
      if (command === 'PING') return '+PONG\r\n';
      if (command === 'ROLE') return this.role === 'master' ? bulks('master', '0') : bulks('slave', 'x', '1');
      return ERROR;
    });
  }

  get address(): HostAndPort {
    return this.program.address;
  }

  /** How many clients are connected. */
  get clientCount(): number {
    return this.program.connections.size;
  }
}

/** A sentinel that names a master by a configuration epoch. */
export class ScriptedSentinel {
  masterName = 'mymaster';
  /** Null: it monitors no such master. */
  master: HostAndPort | null;
  configEpoch: number | string = 0;
  others: ScriptedSentinel[] = [];
  runId: string;
  /** What it calls itself towards others. */
  announced: HostAndPort;
  readonly program: ScriptedProgram;
  private readonly subscribers = new Map<Connection, Set<string>>();

  constructor(
    readonly process: VirtualProcess,
    master: ScriptedServer,
  ) {
    this.master = master.address;
    this.runId = process.random.hex(40);
    this.program = new ScriptedProgram(process, SENTINEL_PORT, (args, connection) =>
      this.answer(args, connection),
    );
    this.announced = this.program.address;
  }

  get address(): HostAndPort {
    return this.program.address;
  }

  /** How many clients listen. */
  get subscriberCount(): number {
    if (!this.process.isAlive) return 0;
    return [...this.subscribers.keys()].filter((connection) => this.program.connections.has(connection))
      .length;
  }

  /** Points to another master, by a newer configuration unless told otherwise. */
  switchTo(master: ScriptedServer, configEpoch: number | string): void {
    this.master = master.address;
    this.configEpoch = configEpoch;
  }

  publish(channel: string, payload: string): void {
    for (const [connection, channels] of this.subscribers) {
      if (!channels.has(channel) || !this.program.connections.has(connection)) continue;
      connection.write(Buffer.from(bulks('message', channel, payload), 'latin1'));
    }
  }

  /** Publishes +switch-master as real ones do. */
  announceSwitch(from: ScriptedServer): void {
    const { host = '', port = 0 } = this.master ?? {};
    this.publish(
      '+switch-master',
      `${this.masterName} ${from.address.host} ${from.address.port} ${host} ${port}`,
    );
  }

  private answer(args: readonly string[], connection: Connection): string {
    const [command, subcommand, name] = args;
    if (command === 'PING') return this.subscribers.has(connection) ? bulks('pong', '') : '+PONG\r\n';
    if (command === 'SUBSCRIBE') return this.subscribe(args.slice(1), connection);
    if (command !== 'SENTINEL') return ERROR;
    if (subcommand === 'MYID') return bulk(this.runId);
    const isKnown = name === this.masterName && this.master !== null;
    if (subcommand === 'GET-MASTER-ADDR-BY-NAME') {
      return isKnown ? bulks(this.master!.host, String(this.master!.port)) : '*-1\r\n';
    }
    if (!isKnown) return '-ERR No such master with that name\r\n';
    if (subcommand === 'MASTER')
      return bulks('name', this.masterName, 'config-epoch', String(this.configEpoch));
    if (subcommand === 'SENTINELS') {
      const others = this.others.map(({ announced, runId }) =>
        bulks(
          'name',
          runId,
          'ip',
          announced.host,
          'port',
          String(announced.port),
          'runid',
          runId,
          'flags',
          'sentinel',
        ),
      );
      return `*${others.length}\r\n${others.join('')}`;
    }
    return ERROR;
  }

  private subscribe(channels: readonly string[], connection: Connection): string {
    const all = this.subscribers.get(connection) ?? new Set();
    this.subscribers.set(connection, all);
    return channels
      .map((channel) => {
        all.add(channel);
        return `*3\r\n${bulk('subscribe')}${bulk(channel)}:${all.size}\r\n`;
      })
      .join('');
  }
}

export function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

export function bulks(...texts: string[]): string {
  return `*${texts.length}\r\n${texts.map(bulk).join('')}`;
}

/** Three sentinels and two servers, the first of which is the master. */
export class DiscoveryWorld {
  readonly world = new VirtualWorld({ seed: 1, latency: 1 });
  readonly client = this.world.createProcess('client');
  readonly servers = ['a', 'b'].map((name) => new ScriptedServer(this.world.createProcess(`server-${name}`)));
  readonly sentinels = [1, 2, 3].map(
    (number) => new ScriptedSentinel(this.world.createProcess(`sentinel-${number}`), this.servers[0]!),
  );
  /** What discoveries made here have told, in order. */
  readonly told: string[] = [];

  constructor() {
    this.servers[1]!.role = 'slave';
    for (const sentinel of this.sentinels)
      sentinel.others = this.sentinels.filter((other) => other !== sentinel);
  }

  get a(): ScriptedServer {
    return this.servers[0]!;
  }

  get b(): ScriptedServer {
    return this.servers[1]!;
  }

  discover(options: Partial<DiscoveryOptions> = {}): MasterDiscovery {
    const discovery = new MasterDiscovery(this.client, {
      sentinels: this.sentinels.map((sentinel) => sentinel.address),
      name: 'mymaster',
      ...options,
    });
    discovery.on('master', (master) => this.told.push(`master ${this.nameOf(master.address)}`));
    discovery.on('lost', (master, reason) => {
      const why = 'code' in reason ? String(reason.code) : reason.message;
      this.told.push(`lost ${this.nameOf(master.address)}: ${why}`);
    });
    discovery.on('unresolved', () => this.told.push('unresolved'));
    return discovery;
  }

  /** The second server becomes the master, and the first a replica. */
  promote(): void {
    this.a.role = 'slave';
    this.b.role = 'master';
  }

  advance(ms: number): void {
    this.world.advance(ms);
  }

  private nameOf(address: HostAndPort): string {
    const server = this.servers.find((candidate) => candidate.address.host === address.host);
    return server === undefined ? `${address.host}:${address.port}` : server.process.name;
  }
}
