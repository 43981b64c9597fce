/**
 * Keeps two nodes from using one nodes.conf: they would be one node with two memories.
 *
 * Redis holds flock(2), which Node does not have. A local socket beside the file does the same: the system frees it when
 * the process dies, and whoever finds somebody listening there knows that the file is taken. Where there are no such
 * sockets, or the path is too long for one, there is no lock, which is said.
 */
import type { Logger } from '../../log/logger.js';
import type { ConnectionHandler, Listener, Network } from '../../platform/platform.js';
import { systemErrorText } from '../../platform/system-errors.js';

export class NodesLock {
  private listener: Listener | null = null;
  private readonly socketPath: string;

  constructor(
    private readonly network: Network,
    private readonly path: string,
    private readonly log: Logger,
  ) {
    this.socketPath = `${path}.lock`;
  }

  /** @param done null, or the line for the log: somebody else has the file */
  take(done: (problem: string | null) => void): void {
    let isTaken = false;
    const handler: ConnectionHandler = {
      onConnect: () => {
        isTaken = true;
        connection.destroy();
      },
      onData: () => undefined,
      onDrain: () => undefined,
      onEnd: () => undefined,
      onClose: () => {
        if (!isTaken) this.listen(done);
        else {
          done(
            `Sorry, the cluster configuration file ${this.path} is already used by a different Redis Cluster node. ` +
              'Please make sure that different nodes use different cluster configuration files.',
          );
        }
      },
    };
    const connection = this.network.connect({ path: this.socketPath }, {}, handler);
  }

  release(): void {
    this.listener?.close();
    this.listener = null;
  }

  private listen(done: (problem: string | null) => void): void {
    this.network.listen(
      { path: this.socketPath },
      {},
      (visitor) => visitor.destroy(),
      (error, listener) => {
        this.listener = listener;
        if (listener === null) {
          this.log.warning(`The cluster configuration file cannot be locked: ${systemErrorText(error)}`);
        }
        done(null);
      },
    );
  }
}
