/** A client among scripted sentinels and servers on virtual machines. */
import type { HostAndPort } from '../../../src/client/address.js';
import type { ClientConnection } from '../../../src/client/connection.js';
import type { ResolvedMaster } from '../../../src/client/discovery.js';
import { MasterDiscovery, type MasterDiscoveryOptions } from '../../../src/client/master-discovery.js';
import type { Connection } from '../../../src/platform/platform.js';
import type { VirtualProcess } from '../../../src/platform/virtual/index.js';
import { DiscoveryWorld } from './discovery-world.js';
import { bulk, bulks, ScriptedProgram, ScriptedServer, UNKNOWN_COMMAND } from './scripted-program.js';

const SENTINEL_PORT = 26379;

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
    if (command !== 'SENTINEL') return UNKNOWN_COMMAND;
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
    return UNKNOWN_COMMAND;
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

/** Three sentinels and two servers, the first of which is the master. */
export class MasterDiscoveryWorld extends DiscoveryWorld<
  ResolvedMaster,
  MasterDiscovery,
  Partial<MasterDiscoveryOptions>
> {
  readonly servers = ['a', 'b'].map((name) => new ScriptedServer(this.world.createProcess(`server-${name}`)));
  readonly sentinels = [1, 2, 3].map(
    (number) => new ScriptedSentinel(this.world.createProcess(`sentinel-${number}`), this.servers[0]!),
  );

  constructor() {
    super();
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

  get programs(): ScriptedProgram[] {
    return [...this.servers, ...this.sentinels].map(({ program }) => program);
  }

  announceMasterAs(address: HostAndPort): void {
    for (const sentinel of this.sentinels) sentinel.master = address;
  }

  make(options: Partial<MasterDiscoveryOptions> = {}): MasterDiscovery {
    const sentinels = this.sentinels.map((sentinel) => sentinel.address);
    return this.recorded(new MasterDiscovery(this.client, { sentinels, name: 'mymaster', ...options }));
  }

  resolve(discovery: MasterDiscovery): Promise<ResolvedMaster> {
    return discovery.resolve();
  }

  connect(discovery: MasterDiscovery): Promise<ClientConnection> {
    return discovery.connect();
  }

  /** The second server becomes the master, and the first a replica. */
  promote(): void {
    this.a.role = 'slave';
    this.b.role = 'master';
  }

  protected describe(): string {
    return '';
  }
}
