/** A client that an operator tells which server is the master. */
import { ClientConnection } from '../../client/connection.js';
import type { VirtualProcess } from '../../platform/virtual/index.js';
import type { Scene } from '../run/scene.js';
import { SERVER_PORT } from '../world/simulated-sentinels.js';
import type { WorkloadClient } from './client.js';
import { Writer, type Destination } from './writer.js';

const CALL_TIMEOUT_MS = 1000;

export class DirectClient implements WorkloadClient {
  private readonly writer: Writer;
  private connection: ClientConnection | null = null;
  private connectedTo = '';

  constructor(
    private readonly scene: Scene,
    private readonly process: VirtualProcess,
    private readonly master: () => string,
  ) {
    this.writer = new Writer({
      scene,
      process,
      workload: scene.plan.workload,
      destinationOf: () => this.destination(),
    });
  }

  get name(): string {
    return this.process.name;
  }

  get acknowledgedCount(): number {
    return this.writer.acknowledgedCount;
  }

  start(): void {
    this.writer.start();
  }

  stop(): void {
    this.writer.stop();
    this.connection?.close();
  }

  private destination(): Destination {
    const server = this.master();
    if (this.connection === null || this.connection.isClosed || this.connectedTo !== server) {
      this.connection?.close();
      this.connectedTo = server;
      this.connection = new ClientConnection(this.process, {
        address: { host: this.scene.world.address(server), port: SERVER_PORT },
        connectTimeoutMs: CALL_TIMEOUT_MS,
        callTimeoutMs: CALL_TIMEOUT_MS,
      });
    }
    const { connection } = this;
    return { server, ask: (args, callback) => connection.ask(args, callback) };
  }
}
