/** What the clients of any kind of topology have in common; where their writes go is what each kind adds. */
import type { HostAndPort } from '../../client/address.js';
import { ClientConnection } from '../../client/connection.js';
import type { VirtualProcess } from '../../platform/virtual/index.js';
import type { Scene } from '../run/scene.js';
import { Writer, type WriterParts } from './writer.js';

const CALL_TIMEOUT_MS = 1000;

export abstract class WorkloadClient {
  private readonly writer: Writer;

  constructor(
    protected readonly scene: Scene,
    protected readonly process: VirtualProcess,
    ways: Pick<WriterParts, 'drawTag' | 'destinationOf' | 'send'>,
  ) {
    this.writer = new Writer({ scene, process, workload: scene.plan.workload, ...ways });
  }

  /** Name of its process. */
  get name(): string {
    return this.process.name;
  }

  /** Writes acknowledged so far. */
  get acknowledgedCount(): number {
    return this.writer.acknowledgedCount;
  }

  /** Begins to write, and goes on until stopped. */
  start(): void {
    this.writer.start();
  }

  stop(): void {
    this.writer.stop();
  }

  protected connectTo(address: HostAndPort): ClientConnection {
    return new ClientConnection(this.process, {
      address,
      connectTimeoutMs: CALL_TIMEOUT_MS,
      callTimeoutMs: CALL_TIMEOUT_MS,
    });
  }
}
