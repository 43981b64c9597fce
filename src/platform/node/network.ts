/**
 * Listening, connecting and name resolution over node:net and node:dns.
 */
import { lookup } from 'node:dns';
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { addressFamily, isNumericAddress } from '../numeric-address.js';
import type {
  Address,
  Connection,
  ConnectionHandler,
  ConnectOptions,
  Listener,
  ListenOptions,
  Network,
} from '../platform.js';
import { acceptConnection, openConnection, READ_BUFFER_BYTES } from './connection.js';

/** Redis's `tcp-backlog` default. */
const DEFAULT_BACKLOG = 511;

type ReadyCallback = (error: NodeJS.ErrnoException | null, listener: Listener | null) => void;

export class NodeNetwork implements Network {
  /**
   * What a connection reads into. One buffer serves all of them: libuv asks for it, fills it and delivers it
   * without anything in between, and `onData` must not keep it. Not so on Windows, where reads are pending.
   */
  private readonly sharedReadBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);

  listen(
    address: Address,
    options: ListenOptions,
    onConnection: (connection: Connection) => void,
    onReady: ReadyCallback,
  ): void {
    const localPath = 'path' in address ? address.path : null;
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) => {
      onConnection(acceptConnection(socket, this.readBuffer(), localPath));
    });
    server.on('error', (error) => {
      if (server.listening) options.onAcceptError?.(error);
      else onReady(error, null);
    });
    server.once('listening', () => {
      try {
        if (localPath !== null && options.mode !== undefined) chmodSync(localPath, options.mode);
      } catch (error) {
        server.close();
        onReady(error as NodeJS.ErrnoException, null);
        return;
      }
      onReady(null, new NodeListener(server, boundAddress(server, address)));
    });
    try {
      const backlog = options.backlog ?? DEFAULT_BACKLOG;
      if (localPath !== null) {
        removeStaleSocket(localPath);
        server.listen({ path: localPath, backlog });
      } else if ('host' in address) {
        // As Redis does, each family gets a socket of its own, so that both can have the same port.
        const ipv6Only = addressFamily(address.host) === 6;
        server.listen({ host: address.host, port: address.port, backlog, ipv6Only });
      }
    } catch (error) {
      // Arguments out of range are thrown; the caller hears of every failure in the same way.
      process.nextTick(onReady, error as NodeJS.ErrnoException, null);
    }
  }

  connect(address: Address, options: ConnectOptions, handler: ConnectionHandler): Connection {
    return openConnection(address, options, handler, this.readBuffer());
  }

  resolve(host: string, callback: (error: Error | null, address: string) => void): void {
    if (isNumericAddress(host)) {
      process.nextTick(callback, null, host);
      return;
    }
    lookup(host, (error, address) => callback(error, error === null ? address : ''));
  }

  private readBuffer(): Buffer {
    return process.platform === 'win32' ? Buffer.allocUnsafeSlow(READ_BUFFER_BYTES) : this.sharedReadBuffer;
  }
}

class NodeListener implements Listener {
  constructor(
    private readonly server: Server,
    readonly address: Address,
  ) {}

  close(): void {
    // Removes the file of a Unix socket as well. Accepted connections live on.
    this.server.close();
  }
}

function boundAddress(server: Server, asked: Address): Address {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') return asked;
  return { host: bound.address, port: bound.port };
}

/** A killed process leaves its socket behind, which would block the next start. Other files are left alone. */
function removeStaleSocket(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) unlinkSync(path);
}
