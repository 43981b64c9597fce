/**
 * One connection of the bus, opened by this node (`to`) or by another one (`from`).
 *
 * It knows bytes and messages' borders, nothing of what they say. Messages are collected until {@link BusLink.flush}
 * writes them together. What is given while the connection is still being made goes out behind the first message, which
 * its owner gives in `onConnected`.
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
  private queue: Buffer[] = [];
  private queuedBytes = 0;

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

  /** What is to be sent and the kernel has not taken yet. */
  get bufferedBytes(): number {
    return (this.connection?.bufferedBytes ?? 0) + this.queuedBytes;
  }

  get heldBytes(): number {
    return this.reader.heldBytes;
  }

  get isOpen(): boolean {
    return !this.isClosed;
  }

  /** Adds a message to those that the next {@link BusLink.flush} writes. */
  send(bytes: Buffer): void {
    if (this.isClosed) return;
    this.queue.push(bytes);
    this.queuedBytes += bytes.length;
    if (this.isConnected) return;
    while (this.queuedBytes > MAX_WAITING_BYTES) this.queuedBytes -= this.queue.shift()?.length ?? 0;
  }

  /** Writes what has been collected, all at once; nothing while there is no connection. */
  flush(): void {
    const { queue, queuedBytes } = this;
    if (this.isClosed || !this.isConnected || queue.length === 0) return;
    this.queue = [];
    this.queuedBytes = 0;
    this.connection?.write(queue.length === 1 ? queue[0] : Buffer.concat(queue, queuedBytes));
  }

  /** Closes at once. The owner hears nothing of it. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.queue = [];
    this.queuedBytes = 0;
    this.connection?.destroy();
  }

  onConnect(): void {
    if (this.isClosed) return;
    const waiting = this.queue;
    this.queue = [];
    this.queuedBytes = 0;
    this.isConnected = true;
    this.owner.onConnected(this);
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
