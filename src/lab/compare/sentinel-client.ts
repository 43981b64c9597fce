/**
 * A client of a service with sentinels: it writes to the master that its process's discovery found and verified, and
 * asks for the master again when the connection is gone.
 */
import type { ClientConnection } from '../../client/connection.js';
import type { MasterDiscovery } from '../../client/master-discovery.js';
import type { Platform, Timer } from '../../platform/platform.js';
import { askOn } from './client-connection.js';
import type { Answer, WorkloadClient } from './workload.js';

const RETRY_DELAY_MS = 10;

export class SentinelClient implements WorkloadClient {
  private connection: ClientConnection | null = null;
  private retry: Timer | null = null;
  private isClosed = false;

  constructor(
    private readonly platform: Pick<Platform, 'timers'>,
    private readonly discovery: MasterDiscovery,
  ) {}

  /** Resolves when it is connected for the first time. */
  async open(): Promise<void> {
    this.use(await this.discovery.connect());
  }

  command(args: readonly string[], callback: (answer: Answer) => void): void {
    if (this.connection === null) callback({ kind: 'error', error: 'NO_CONNECTION' });
    else askOn(this.connection, args, callback);
  }

  close(): void {
    this.isClosed = true;
    this.retry?.cancel();
    this.connection?.close();
  }

  private use(connection: ClientConnection): void {
    if (this.isClosed) {
      connection.close();
      return;
    }
    this.connection = connection;
    connection.once('close', () => {
      this.connection = null;
      this.reconnect();
    });
  }

  private reconnect(): void {
    if (this.isClosed) return;
    this.discovery.connect().then(
      (connection) => this.use(connection),
      () => {
        if (!this.isClosed) this.retry = this.platform.timers.after(RETRY_DELAY_MS, () => this.reconnect());
      },
    );
  }
}
