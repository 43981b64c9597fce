/** A listening socket of a virtual process. Its kernel accepts connections while the process is paused. */
import type { Address, Connection, Listener } from '../../platform.js';
import type { VirtualProcess } from '../process.js';
import type { ConnectionEnd } from './connection-end.js';

export class VirtualListener implements Listener {
  /** Accepted by the kernel, not yet known to the process. */
  private readonly pending = new Set<ConnectionEnd>();
  private closed = false;

  constructor(
    readonly process: VirtualProcess,
    readonly address: Address,
    private readonly backlog: number,
    private readonly onConnection: (connection: Connection) => void,
  ) {
    process.listeners.add(this);
  }

  /** False when as many connections as may be are waiting for the process already. */
  get hasRoom(): boolean {
    return this.pending.size < this.backlog;
  }

  /** The kernel has established a connection. */
  accept(connection: ConnectionEnd): void {
    this.pending.add(connection);
    this.process.post(() => {
      if (!this.pending.delete(connection) || connection.isClosed) return;
      this.onConnection(connection);
      connection.becomeKnown();
    });
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.process.listeners.delete(this);
    this.process.world.network.removeListener(this);
    for (const connection of this.pending) connection.abandon('reset');
    this.pending.clear();
  }
}
