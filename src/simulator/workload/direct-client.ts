/** A client that an operator tells which server is the master. */
import type { ClientConnection } from '../../client/connection.js';
import type { VirtualProcess } from '../../platform/virtual/index.js';
import type { Scene } from '../run/scene.js';
import { SERVER_PORT } from '../world/simulated-sentinels.js';
import { WorkloadClient } from './client.js';
import type { Destination } from './writer.js';

export class DirectClient extends WorkloadClient {
  private connection: ClientConnection | null = null;
  private connectedTo = '';

  constructor(
    scene: Scene,
    process: VirtualProcess,
    private readonly master: () => string,
  ) {
    super(scene, process, { destinationOf: () => this.destination() });
  }

  override stop(): void {
    super.stop();
    this.connection?.close();
  }

  private destination(): Destination {
    const server = this.master();
    if (this.connection === null || this.connection.isClosed || this.connectedTo !== server) {
      this.connection?.close();
      this.connectedTo = server;
      this.connection = this.connectTo({ host: this.scene.world.address(server), port: SERVER_PORT });
    }
    const { connection } = this;
    return { server, ask: (args, callback) => connection.ask(args, callback) };
  }
}
