/** The Network of an embedded process: the machine's own, with the faults of links and process in between. */
import type {
  Address,
  Connection,
  ConnectionHandler,
  ConnectOptions,
  Listener,
  ListenOptions,
  Network,
} from '../platform.js';
import { EmbeddedConnection, type ConnectionOwner } from './connection.js';
import type { EmbeddedLinks } from './embedded-links.js';

/** What the network must know of its process. */
export interface NetworkOwner extends ConnectionOwner {
  run(code: () => void): void;
  /** Whether a path is on a disk that exists in memory only: a socket's file cannot be there. */
  isInMemory(path: string): boolean;
}

type ReadyCallback = (error: NodeJS.ErrnoException | null, listener: Listener | null) => void;

export class EmbeddedNetwork implements Network {
  private readonly listeners = new Set<Listener>();

  constructor(
    private readonly owner: NetworkOwner,
    private readonly machine: Network,
    private readonly links: EmbeddedLinks,
  ) {}

  listen(
    address: Address,
    options: ListenOptions,
    onConnection: (connection: Connection) => void,
    onReady: ReadyCallback,
  ): void {
    if ('path' in address && this.owner.isInMemory(address.path)) {
      // Nobody can connect to it; whoever uses it as a lock has it.
      this.owner.post(() => onReady(null, { address, close: () => undefined }));
      return;
    }
    this.machine.listen(
      address,
      options,
      (accepted) => this.accept(accepted, onConnection),
      (error, listener) => this.bound(error, listener, onReady),
    );
  }

  connect(address: Address, options: ConnectOptions, handler: ConnectionHandler): Connection {
    return EmbeddedConnection.open(this.owner, this.links, address, handler, (below) =>
      this.machine.connect(address, options, below),
    );
  }

  resolve(host: string, callback: (error: Error | null, address: string) => void): void {
    this.machine.resolve(host, (error, address) => this.owner.run(() => callback(error, address)));
  }

  /** The process has come to stand still, or goes on. */
  followOwner(): void {
    for (const connection of this.links.connectionsOf(this.owner)) connection.moveOn();
  }

  /** The process has ended: nobody listens any more, and its connections are closed, or reset as a crash does. */
  abandon(how: 'reset' | 'end'): void {
    for (const listener of this.listeners) listener.close();
    this.listeners.clear();
    for (const connection of this.links.connectionsOf(this.owner)) connection[how]();
  }

  private bound(
    error: NodeJS.ErrnoException | null,
    listener: Listener | null,
    onReady: ReadyCallback,
  ): void {
    if (!this.owner.isAlive) {
      listener?.close();
      return;
    }
    if (listener !== null) {
      this.listeners.add(listener);
      if ('port' in listener.address) this.links.listens(this.owner.name, listener.address.port);
    }
    this.owner.run(() => onReady(error, listener === null ? null : this.own(listener)));
  }

  private own(listener: Listener): Listener {
    const close = (): void => {
      this.listeners.delete(listener);
      listener.close();
    };
    return { address: listener.address, close };
  }

  /** The kernel accepts for a process that stands still as well; that one hears of it later. */
  private accept(accepted: Connection, onConnection: (connection: Connection) => void): void {
    const connection = EmbeddedConnection.accept(this.owner, this.links, accepted);
    if (!this.owner.isAlive) connection.reset();
    else this.owner.run(() => onConnection(connection));
  }
}
