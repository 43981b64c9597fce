/** A client that asks sentinels where the master is, as the guidelines for clients of Sentinel have it. */
import type { ClientConnection } from '../../client/connection.js';
import { MasterDiscovery } from '../../client/master-discovery.js';
import type { VirtualProcess } from '../../platform/virtual/index.js';
import type { Scene } from '../run/scene.js';
import { MASTER_NAME, SENTINEL_PORT } from '../world/simulated-sentinels.js';
import { WorkloadClient } from './client.js';
import type { Destination } from './writer.js';

export class DiscoveringClient extends WorkloadClient {
  private readonly discovery: MasterDiscovery;
  private connection: ClientConnection | null = null;

  constructor(scene: Scene, process: VirtualProcess, sentinels: readonly string[]) {
    super(scene, process, { destinationOf: () => this.destination() });
    this.discovery = new MasterDiscovery(process, {
      sentinels: sentinels.map((name) => ({ host: scene.world.address(name), port: SENTINEL_PORT })),
      name: MASTER_NAME,
    });
    this.discovery.on('lost', () => this.connection?.close());
  }

  override start(): void {
    this.discovery.start();
    super.start();
  }

  override stop(): void {
    super.stop();
    this.connection?.close();
    this.discovery.stop();
  }

  private destination(): Destination | null {
    const { master } = this.discovery;
    if (master === null) return null;
    const { address } = master;
    if (this.connection === null || this.connection.isClosed || hostOf(this.connection) !== address.host) {
      this.connection?.close();
      this.connection = this.connectTo(address);
    }
    const { connection } = this;
    return {
      server: this.scene.world.nameOf(address.host),
      ask: (args, callback) => connection.ask(args, callback),
    };
  }
}

function hostOf({ address }: ClientConnection): string {
  return 'host' in address ? address.host : '';
}
