/** The network of whoever watches embedded processes from within: no fault concerns its connections. */
import type {
  Address,
  Connection,
  ConnectionHandler,
  ConnectOptions,
  Listener,
  ListenOptions,
  Network,
} from '../platform.js';
import type { EmbeddedLinks } from './embedded-links.js';

export class ObserverNetwork implements Network {
  constructor(
    private readonly machine: Network,
    private readonly links: EmbeddedLinks,
  ) {}

  listen(
    address: Address,
    options: ListenOptions,
    onConnection: (connection: Connection) => void,
    onReady: (error: NodeJS.ErrnoException | null, listener: Listener | null) => void,
  ): void {
    this.machine.listen(address, options, onConnection, onReady);
  }

  connect(address: Address, options: ConnectOptions, handler: ConnectionHandler): Connection {
    const { links } = this;
    const connection: Connection = this.machine.connect(address, options, {
      onConnect: () => {
        // Whoever accepts it learns from this that nobody outside has opened it.
        links.opened(connection.localPort, connection);
        handler.onConnect();
      },
      onData: (chunk) => handler.onData(chunk),
      onDrain: () => handler.onDrain(),
      onEnd: () => handler.onEnd(),
      onClose: (error) => {
        links.closed(connection);
        handler.onClose(error);
      },
    });
    return connection;
  }

  resolve(host: string, callback: (error: Error | null, address: string) => void): void {
    this.machine.resolve(host, callback);
  }
}
