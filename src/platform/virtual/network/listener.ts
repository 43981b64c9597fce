/** A listening socket of a virtual process. Its kernel accepts connections while the process is paused. */
import type { Address, Connection, Listener } from '../../platform.js';
import type { VirtualProcess } from '../virtual-process.js';
import type { ConnectionEnd } from './connection-end.js';

export class VirtualListener implements Listener {
  /** Accepted by the kernel, not yet known to the process. */
  private readonly pending = new Set<ConnectionEnd>();
  private closed = false;

  constructor(
    readonly owner: VirtualProcess,
    readonly address: Address,
    private readonly backlog: number,
    private readonly onConnection: (connection: Connection) => void,
  ) {
    owner.listeners.add(this);
  }

  /** False when as many connections as may be are waiting for the process already. */
  get hasRoom(): boolean {
    return this.pending.size < this.backlog;
  }

  /** The kernel has established a connection. */
  accept(connection: ConnectionEnd): void {
    this.pending.add(connection);
    this.owner.post(() => {
      if (!this.pending.delete(connection) || connection.isClosed) return;
      this.onConnection(connection);
      connection.becomeKnown();
    });
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.owner.listeners.delete(this);
    this.owner.world.network.removeListener(this);
    for (const connection of this.pending) connection.abandon('reset');
    this.pending.clear();
  }
}
