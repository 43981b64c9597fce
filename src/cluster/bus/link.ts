/**
 * One connection of the bus, opened by this node (`to`) or by another one (`from`).
 *
 * It knows bytes and messages' borders, nothing of what they say. A message given while it is still being made is sent
 * behind the first one, which its owner sends in `onConnected`.
 */
import type { Connection, ConnectionHandler } from '../../platform/platform.js';
import type { ClusterNode } from '../view/node.js';
import { FrameReader } from './frame-reader.js';

export interface LinkOwner {
  /** The connection is established (of `to` links only). The first message is to be sent now. */
  onConnected(link: BusLink): void;
  /** A whole message. The bytes are valid during the call only. */
  onMessage(link: BusLink, bytes: Buffer): void;
  /** The peer sends what is no message. The link is closed next. */
  onGarbage(link: BusLink): void;
  /** It is gone; not called after {@link BusLink.close}. */
  onClosed(link: BusLink): void;
}

/** What may wait for a connection to be made. Beyond it the oldest is of no use any more. */
const MAX_WAITING_BYTES = 1024 * 1024;

export class BusLink implements ConnectionHandler {
  /** For `from` links null until it is known who talks. */
  node: ClusterNode | null;
  isConnected: boolean;
  private connection: Connection | null = null;
  private isClosed = false;
  private readonly reader = new FrameReader();
  private waiting: Buffer[] = [];
  private waitingBytes = 0;

  constructor(
    readonly direction: 'to' | 'from',
    node: ClusterNode | null,
    readonly createdAtMs: number,
    private readonly owner: LinkOwner,
  ) {
    this.node = node;
    this.isConnected = direction === 'from';
  }

  /** Its connection, as soon as there is one. */
  attach(connection: Connection): void {
    this.connection = connection;
    if (this.isClosed) connection.destroy();
  }

  get remoteAddress(): string {
    return plainAddress(this.connection?.remoteAddress ?? '');
  }

  get localAddress(): string {
    return plainAddress(this.connection?.localAddress ?? '');
  }

  get remotePort(): number {
    return this.connection?.remotePort ?? 0;
  }

  /** What the kernel has not taken yet. */
  get bufferedBytes(): number {
    return (this.connection?.bufferedBytes ?? 0) + this.waitingBytes;
  }

  get heldBytes(): number {
    return this.reader.heldBytes;
  }

  get isOpen(): boolean {
    return !this.isClosed;
  }

  send(bytes: Buffer): void {
    if (this.isClosed) return;
    if (this.isConnected) {
      this.connection?.write(bytes);
      return;
    }
    this.waiting.push(bytes);
    this.waitingBytes += bytes.length;
    while (this.waitingBytes > MAX_WAITING_BYTES) this.waitingBytes -= this.waiting.shift()?.length ?? 0;
  }

  /** Closes at once. The owner hears nothing of it. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.waiting = [];
    this.waitingBytes = 0;
    this.connection?.destroy();
  }

  onConnect(): void {
    if (this.isClosed) return;
    this.isConnected = true;
    this.owner.onConnected(this);
    const { waiting } = this;
    this.waiting = [];
    this.waitingBytes = 0;
    for (const bytes of waiting) this.send(bytes);
  }

  onData(chunk: Buffer): void {
    if (this.isClosed) return;
    const isStream = this.reader.push(chunk, (bytes) => {
      this.owner.onMessage(this, bytes);
      return !this.isClosed;
    });
    if (isStream || this.isClosed) return;
    this.owner.onGarbage(this);
    this.lose();
  }

  onDrain(): void {}

  onEnd(): void {
    this.lose();
  }

  onClose(): void {
    this.lose();
  }

  private lose(): void {
    if (this.isClosed) return;
    this.close();
    this.owner.onClosed(this);
  }
}

/** An IPv4 peer of a socket that serves both families. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
