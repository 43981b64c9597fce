/**
 * A network whose only peer is the test: it decides, call by call, when a connection is established, which chunks
 * arrive and how it ends.
 */
import type {
  Address,
  Connection,
  ConnectionHandler,
  ConnectOptions,
  Network,
} from '../../../src/platform/platform.js';

export class ScriptedConnection implements Connection {
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = 6379;
  localAddress = '';
  localPort = 0;
  readonly isLocalSocket = false;
  readonly descriptor = -1;
  readonly bufferedBytes = 0;
  /** Everything written, as latin1. */
  sent = '';
  destroyed = false;

  constructor(
    readonly address: Address,
    readonly options: ConnectOptions,
    public handler: ConnectionHandler,
  ) {}

  establish(): void {
    this.localAddress = '127.0.0.9';
    this.localPort = 50000;
    this.handler.onConnect();
  }

  /** Delivers bytes and then spoils the buffer, as a platform does that reads into the same one again. */
  receive(bytes: string | Buffer): void {
    const chunk = Buffer.from(bytes as string, 'latin1');
    this.handler.onData(chunk);
    chunk.fill(0x2a);
  }

  write(bytes: Buffer): void {
    this.sent += bytes.latin1Slice();
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.handler.onClose(null);
  }

  end(): void {
    this.destroy();
  }

  reset(): void {
    this.destroy();
  }

  pause(): void {}
  resume(): void {}
  setNoDelay(): void {}
  setKeepAlive(): void {}
}

export class ScriptedNetwork implements Network {
  readonly connections: ScriptedConnection[] = [];

  get last(): ScriptedConnection {
    const connection = this.connections.at(-1);
    if (connection === undefined) throw new Error('nothing has connected');
    return connection;
  }

  connect(address: Address, options: ConnectOptions, handler: ConnectionHandler): Connection {
    const connection = new ScriptedConnection(address, options, handler);
    this.connections.push(connection);
    return connection;
  }

  listen(): void {
    throw new Error('a scripted network has no listeners');
  }

  resolve(host: string, callback: (error: Error | null, address: string) => void): void {
    callback(null, host);
  }
}
