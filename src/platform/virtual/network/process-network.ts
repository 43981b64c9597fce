/** The Network of a virtual process. */
import { isNumericAddress } from '../../numeric-address.js';
import type {
  Address,
  Connection,
  ConnectionHandler,
  ConnectOptions,
  Listener,
  ListenOptions,
  Network,
} from '../../platform.js';
import type { VirtualProcess } from '../virtual-process.js';
import { systemError } from '../system-error.js';
import { ConnectionEnd, type EndAddress } from './connection-end.js';
import { Handshake } from './handshake.js';
import { VirtualListener } from './listener.js';
import type { VirtualNetwork } from './network.js';

type ReadyCallback = (error: NodeJS.ErrnoException | null, listener: Listener | null) => void;

const DEFAULT_BACKLOG = 511;
const LARGEST_PORT = 65_535;

export class ProcessNetwork implements Network {
  constructor(private readonly owner: VirtualProcess) {}

  listen(
    address: Address,
    options: ListenOptions,
    onConnection: (connection: Connection) => void,
    onReady: ReadyCallback,
  ): void {
    const { owner } = this;
    if (!owner.isAlive) return;
    const outcome = this.bind(address, options, onConnection);
    owner.post(() => {
      if (outcome instanceof VirtualListener) onReady(null, outcome);
      else onReady(outcome, null);
    });
  }

  connect(address: Address, options: ConnectOptions, handler: ConnectionHandler): Connection {
    const target = this.numeric(address);
    const remote: EndAddress =
      'path' in target ? { address: target.path, port: 0 } : { address: target.host, port: target.port };
    const local = this.localEnd(target, options);
    const connection = new ConnectionEnd(this.owner, handler, local, remote, 'path' in address, true);
    const error = this.obstacle(target, options);
    if (!this.owner.isAlive) connection.abandon('vanish');
    else if (error !== null) connection.fail(error);
    else this.startHandshake(connection, local, remote, target);
    return connection;
  }

  resolve(host: string, callback: (error: Error | null, address: string) => void): void {
    if (isNumericAddress(host)) {
      this.owner.post(() => callback(null, host));
      return;
    }
    this.owner.post(() => {
      const address = this.world.lookUp(host);
      if (address === null) callback(systemError('ENOTFOUND', 'getaddrinfo', host), '');
      else callback(null, address);
    }, this.world.resolveLatencyMs);
  }

  private get world(): VirtualNetwork {
    return this.owner.world.network;
  }

  private bind(
    address: Address,
    options: ListenOptions,
    onConnection: (connection: Connection) => void,
  ): VirtualListener | NodeJS.ErrnoException {
    const { host } = this.owner;
    let bound = this.numeric(address);
    if ('port' in bound) {
      if (!isPort(bound.port)) return systemError('ERR_SOCKET_BAD_PORT', 'listen', String(bound.port));
      if (!this.isOwnAddress(bound.host)) return systemError('EADDRNOTAVAIL', 'listen', bound.host);
      if (bound.port === 0) bound = { host: bound.host, port: host.ephemeralPort() };
    }
    if (this.world.isTaken(host, bound)) return systemError('EADDRINUSE', 'listen', JSON.stringify(bound));
    const listener = new VirtualListener(this.owner, bound, options.backlog ?? DEFAULT_BACKLOG, onConnection);
    this.world.addListener(listener);
    return listener;
  }

  /** Why connecting fails before anything is sent. */
  private obstacle(target: Address, options: ConnectOptions): NodeJS.ErrnoException | null {
    const { host } = this.owner;
    if ('path' in target) {
      const listening = this.world.listenerAt(host, target) !== null;
      return listening ? null : systemError('ENOENT', 'connect', target.path);
    }
    if (!isPort(target.port)) return systemError('ERR_SOCKET_BAD_PORT', 'connect', String(target.port));
    if (!isNumericAddress(target.host)) return systemError('ENOTFOUND', 'getaddrinfo', target.host);
    const source = options.sourceAddress;
    if (source !== undefined && !this.isOwnAddress(source))
      return systemError('EADDRNOTAVAIL', 'bind', source);
    return null;
  }

  private startHandshake(
    connection: ConnectionEnd,
    local: EndAddress,
    remote: EndAddress,
    target: Address,
  ): void {
    const { host } = this.owner;
    const targetHost = 'path' in target ? host : this.world.hostAt(target.host, host);
    new Handshake(connection, local, remote, target, targetHost).start();
  }

  private localEnd(target: Address, options: ConnectOptions): EndAddress {
    if ('path' in target) return { address: target.path, port: 0 };
    const { host } = this.owner;
    const isLoopback = this.world.hostAt(target.host, host) === host && target.host !== host.address;
    const address = options.sourceAddress ?? (isLoopback ? target.host : host.address);
    return { address, port: host.ephemeralPort() };
  }

  /** With the name resolved, when it is a known one. */
  private numeric(address: Address): Address {
    if ('path' in address || isNumericAddress(address.host)) return address;
    return { host: this.world.lookUp(address.host) ?? address.host, port: address.port };
  }

  private isOwnAddress(address: string): boolean {
    const { host } = this.owner;
    return address === '0.0.0.0' || address === '::' || this.world.hostAt(address, host) === host;
  }
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 0 && port <= LARGEST_PORT;
}
