/** A client among scripted nodes of a cluster on virtual machines. */
import { formatAddress, type HostAndPort } from '../../../src/client/address.js';
import {
  ClusterDiscovery,
  type ClusterDiscoveryOptions,
  type ClusterMaster,
} from '../../../src/client/cluster-discovery.js';
import type { ClientConnection } from '../../../src/client/connection.js';
import type { VirtualProcess } from '../../../src/platform/virtual/index.js';
import { DiscoveryWorld } from './discovery-world.js';
import { bulk, ScriptedServer, UNKNOWN_COMMAND, type ScriptedProgram } from './scripted-program.js';

export type NodeName = 'a' | 'b' | 'c' | 'd';

/** Who has which slots, in somebody's eyes; whoever has none is a replica. */
export interface Layout {
  readonly slots: Readonly<Partial<Record<NodeName, string>>>;
  readonly epochs: Readonly<Record<NodeName, number | string>>;
}

export class ScriptedNode extends ScriptedServer {
  /** What it says; the truth of the world when null. */
  layout: Layout | null = null;

  constructor(scene: ClusterDiscoveryWorld, process: VirtualProcess) {
    super(process, ([command, subcommand]) =>
      command === 'CLUSTER' && subcommand === 'NODES' ? bulk(scene.describeTo(this)) : UNKNOWN_COMMAND,
    );
  }

  get name(): NodeName {
    return this.process.name as NodeName;
  }
}

/** Masters a, b and c with a third of the slots each, and d, a replica of a. */
export class ClusterDiscoveryWorld extends DiscoveryWorld<
  ClusterMaster,
  ClusterDiscovery,
  Partial<ClusterDiscoveryOptions>
> {
  readonly servers = (['a', 'b', 'c', 'd'] as const).map(
    (name) => new ScriptedNode(this, this.world.createProcess(name)),
  );
  layout: Layout = {
    slots: { a: '0-5460', b: '5461-10922', c: '10923-16383' },
    epochs: { a: 1, b: 2, c: 3, d: 1 },
  };
  /** What nodes call themselves and each other, where that is not where they are. */
  announced: ((name: NodeName) => string) | null = null;

  constructor() {
    super();
    this.node('d').role = 'slave';
  }

  get programs(): ScriptedProgram[] {
    return this.servers.map(({ program }) => program);
  }

  node(name: NodeName): ScriptedNode {
    return this.servers.find((node) => node.name === name)!;
  }

  /** One node's reply to CLUSTER NODES. */
  describeTo(asked: ScriptedNode): string {
    const { slots, epochs } = asked.layout ?? this.layout;
    return this.servers
      .map(({ name, address }) => {
        const where = this.announced?.(name) ?? formatAddress(address);
        const role = slots[name] === undefined ? 'slave' : 'master';
        const flags = name === asked.name ? `myself,${role}` : role;
        const master = role === 'master' ? '-' : idOf('a');
        return `${idOf(name)} ${where}@16379 ${flags} ${master} 0 0 ${epochs[name]} connected ${slots[name] ?? ''}\n`;
      })
      .join('');
  }

  announceMasterAs({ host, port }: HostAndPort): void {
    this.announced = (name) => (name === 'a' ? `${host}:${port}` : formatAddress(this.node(name).address));
  }

  make(options: Partial<ClusterDiscoveryOptions> = {}): ClusterDiscovery {
    return this.recorded(new ClusterDiscovery(this.client, { nodes: [this.node('a').address], ...options }));
  }

  resolve(discovery: ClusterDiscovery): Promise<ClusterMaster> {
    return discovery.resolve(0);
  }

  connect(discovery: ClusterDiscovery): Promise<ClientConnection> {
    return discovery.connect(0);
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

  protected describe({ name }: ClusterMaster, previous: ClusterMaster | null): string {
    return ` ${name}${previous === null ? '' : ` instead of ${this.nameOf(previous.address)}`}`;
  }
}

function idOf(name: NodeName): string {
  return name.repeat(40);
}
