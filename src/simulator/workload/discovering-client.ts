/** A client that asks sentinels where the master is, as the guidelines for clients of Sentinel have it. */
import { ClientConnection } from '../../client/connection.js';
import { MasterDiscovery } from '../../client/discovery.js';
import type { VirtualProcess } from '../../platform/virtual/index.js';
import type { Scene } from '../run/scene.js';
import { MASTER_NAME, SENTINEL_PORT } from '../world/simulated-sentinels.js';
import type { WorkloadClient } from './client.js';
import { Writer, type Destination } from './writer.js';

const CALL_TIMEOUT_MS = 1000;

export class DiscoveringClient implements WorkloadClient {
  private readonly discovery: MasterDiscovery;
  private readonly writer: Writer;
  private connection: ClientConnection | null = null;

  constructor(
    private readonly scene: Scene,
    private readonly process: VirtualProcess,
    sentinels: readonly string[],
  ) {
    this.discovery = new MasterDiscovery(process, {
      sentinels: sentinels.map((name) => ({ host: scene.world.address(name), port: SENTINEL_PORT })),
      name: MASTER_NAME,
    });
    this.discovery.on('lost', () => this.connection?.close());
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
    this.discovery.start();
    this.writer.start();
  }

  stop(): void {
    this.writer.stop();
    this.connection?.close();
    this.discovery.stop();
  }

  private destination(): Destination | null {
    const { master } = this.discovery;
    if (master === null) return null;
    const { address } = master;
    if (this.connection === null || this.connection.isClosed || hostOf(this.connection) !== address.host) {
      this.connection?.close();
      this.connection = new ClientConnection(this.process, {
        address,
        connectTimeoutMs: CALL_TIMEOUT_MS,
        callTimeoutMs: CALL_TIMEOUT_MS,
      });
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
