/** A client among scripted nodes of a cluster on virtual machines: they say what the test has them say. */
import { ClusterDiscovery, type ClusterDiscoveryOptions } from '../../../src/client/cluster-discovery.js';
import type { HostAndPort } from '../../../src/client/address.js';
import type { Connection } from '../../../src/platform/platform.js';
import { VirtualWorld, type VirtualProcess } from '../../../src/platform/virtual/index.js';
import { bulk, bulks, ScriptedProgram, SERVER_PORT } from './discovery-world.js';

export type NodeName = 'a' | 'b' | 'c' | 'd';

/** Who has which slots, in somebody's eyes; whoever has none is a replica. */
export interface Layout {
  readonly slots: Readonly<Partial<Record<NodeName, string>>>;
  readonly epochs: Readonly<Record<NodeName, number | string>>;
}

export class ScriptedNode {
  /** What it says; the truth of the world when null. */
  layout: Layout | null = null;
  role: 'master' | 'slave' = 'master';
  password: string | null = null;
  readonly program: ScriptedProgram;
  private readonly authenticated = new WeakSet<Connection>();

  constructor(
    private readonly scene: ClusterDiscoveryWorld,
    readonly process: VirtualProcess,
  ) {
    this.program = new ScriptedProgram(process, SERVER_PORT, (args, connection) => {
      const [command, subcommand] = args as [string, string?];
      if (command === 'AUTH' && args.at(-1) === this.password) {
        this.authenticated.add(connection);
        return '+OK\r\n';
      }
      if (this.password !== null && !this.authenticated.has(connection))
        return '-NOAUTH Authentication required.\r\n';
      if (command === 'PING') return '+PONG\r\n';
      if (command === 'ROLE') return this.role === 'master' ? bulks('master', '0') : bulks('slave', 'x', '1');
      if (command === 'CLUSTER' && subcommand === 'NODES') return bulk(this.scene.describe(this));
      return '-ERR unknown command\r\n';
    });
  }

  get name(): NodeName {
    return this.process.name as NodeName;
  }

  get address(): HostAndPort {
    return this.program.address;
  }

  get questions(): number {
    return this.program.received.filter((command) => command === 'CLUSTER NODES').length;
  }
}

/** Masters a, b and c with a third of the slots each, and d, a replica of a. */
export class ClusterDiscoveryWorld {
  readonly world = new VirtualWorld({ seed: 1, latency: 1 });
  readonly client = this.world.createProcess('client');
  readonly nodes = (['a', 'b', 'c', 'd'] as const).map(
    (name) => new ScriptedNode(this, this.world.createProcess(name)),
  );
  layout: Layout = {
    slots: { a: '0-5460', b: '5461-10922', c: '10923-16383' },
    epochs: { a: 1, b: 2, c: 3, d: 1 },
  };
  /** What nodes call themselves and each other, where that is not where they are. */
  announced: ((name: NodeName) => string) | null = null;
  /** What discoveries made here have told, in order. */
  readonly told: string[] = [];

  constructor() {
    this.node('d').role = 'slave';
  }

  node(name: NodeName): ScriptedNode {
    return this.nodes.find((node) => node.name === name)!;
  }

  /** One node's reply to CLUSTER NODES. */
  describe(asked: ScriptedNode): string {
    const { slots, epochs } = asked.layout ?? this.layout;
    return this.nodes
      .map(({ name, address }) => {
        const where = this.announced?.(name) ?? `${address.host}:${address.port}`;
        const role = slots[name] === undefined ? 'slave' : 'master';
        const flags = name === asked.name ? `myself,${role}` : role;
        const master = role === 'master' ? '-' : idOf('a');
        return `${idOf(name)} ${where}@16379 ${flags} ${master} 0 0 ${epochs[name]} connected ${slots[name] ?? ''}\n`;
      })
      .join('');
  }

  discover(options: Partial<ClusterDiscoveryOptions> = {}): ClusterDiscovery {
    const discovery = new ClusterDiscovery(this.client, { nodes: [this.node('a').address], ...options });
    discovery.on('master', (master, previous) => {
      const before = previous === null ? '' : ` instead of ${this.nameOf(previous.address)}`;
      this.told.push(`master ${this.nameOf(master.address)} ${master.name}${before}`);
    });
    discovery.on('lost', (master, reason) => {
      const why = 'code' in reason ? String(reason.code) : reason.message;
      this.told.push(`lost ${this.nameOf(master.address)}: ${why}`);
    });
    discovery.on('unresolved', (error) => {
      const reasons = error.refusals.map((refusal) => (refusal.error as Error & { code: string }).code);
      this.told.push(`unresolved ${reasons.join()}`);
    });
    return discovery;
  }

  /** What was told since the last time. */
  heard(): string[] {
    return this.told.splice(0);
  }

  /** The replica takes over from a. */
  promoteReplica(): void {
    this.node('d').role = 'master';
    this.node('a').role = 'slave';
    this.layout = {
      slots: { d: '0-5460', b: '5461-10922', c: '10923-16383' },
      epochs: { ...this.layout.epochs, d: 4 },
    };
  }

  advance(ms: number): void {
    this.world.advance(ms);
  }

  private nameOf(address: HostAndPort): string {
    return this.nodes.find((node) => node.address.host === address.host)?.name ?? address.host;
  }
}

function idOf(name: NodeName): string {
  return name.repeat(40);
}
