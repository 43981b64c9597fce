/**
 * The connection of vedette-cli: commands out, replies of either protocol in, pushes among them in order. Where a peer
 * sends something else than replies (a snapshot), whoever expects that takes the bytes as they come.
 */
import { encodeCommand } from '../client/command-link.js';
import type { Address, Connection, Network } from '../platform/platform.js';
import { systemErrorText } from '../platform/system-errors.js';
import { ReplyReader, type WireReply } from '../resp/reply-reader.js';

/** The connection is gone; the text is what a person is told. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

type Waiter = (reply: WireReply | ConnectionLost) => void;

/** Who takes what comes on a connection instead of replies. */
export interface BytesListener {
  /** Only valid during the call. */
  onBytes(chunk: Buffer): void;
  onLost(error: ConnectionLost): void;
}

export class CliConnection {
  private readonly connection: Connection;
  private readonly reader = new ReplyReader();
  private lost: ConnectionLost | null = null;
  private waiter: Waiter | null = null;
  private bytesListener: BytesListener | null = null;
  private drainListener: (() => void) | null = null;

  private constructor(network: Network, address: Address, onSettled: (error: Error | null) => void) {
    this.connection = network.connect(
      address,
      {},
      {
        onConnect: () => onSettled(null),
        onData: (chunk) => {
          if (this.bytesListener === null) this.readReplies(chunk);
          else this.bytesListener.onBytes(chunk);
        },
        onDrain: () => this.drainListener?.(),
        onEnd: () => this.lose('Server closed the connection'),
        onClose: (error) => {
          onSettled(error ?? new Error('Server closed the connection'));
          this.lose(error === null ? 'Server closed the connection' : systemErrorText(error));
        },
      },
    );
  }

  /** Rejects with the system's error when there is nobody. */
  static open(network: Network, address: Address): Promise<CliConnection> {
    return new Promise((resolve, reject) => {
      let connection: CliConnection | null = null;
      const settled = (error: Error | null): void => {
        if (error === null) resolve(connection!);
        else reject(error);
      };
      connection = new CliConnection(network, address, settled);
    });
  }

  send(args: readonly string[]): void {
    if (this.lost === null) this.connection.write(encodeCommand(args));
  }

  /** Sends bytes as they are. The buffer belongs to the connection from then on. */
  write(bytes: Buffer): void {
    if (this.lost === null) this.connection.write(bytes);
  }

  /** Bytes that the kernel has not taken yet. */
  get unsentBytes(): number {
    return this.lost === null ? this.connection.bufferedBytes : 0;
  }

  /** Calls back whenever everything that was written is with the kernel. */
  onDrain(callback: () => void): void {
    this.drainListener = callback;
  }

  /** From now on nothing that comes is a reply. */
  receiveBytes(listener: BytesListener): void {
    this.bytesListener = listener;
    if (this.lost !== null) listener.onLost(this.lost);
  }

  /** Holds back the peer, who is quicker than whoever takes the bytes. */
  pause(): void {
    this.connection.pause();
  }

  resume(): void {
    this.connection.resume();
  }

  /** From now on replies come again; `first` is the beginning of them. */
  readReplies(first: Buffer): void {
    this.bytesListener = null;
    this.reader.feed(first);
    this.serve();
  }

  /** Sends a command and resolves to its reply, past what comes unasked. @throws ConnectionLost (as a rejection) */
  async ask(args: readonly string[]): Promise<WireReply> {
    this.send(args);
    return await this.readInBand();
  }

  /** The next reply that answers a command. @throws ConnectionLost (as a rejection) */
  async readInBand(): Promise<WireReply> {
    for (;;) {
      const reply = await this.read();
      if (reply.type !== 'push' && reply.type !== 'attribute') return reply;
    }
  }

  /** The next reply, push or attribute. @throws ConnectionLost (as a rejection) */
  read(): Promise<WireReply> {
    return new Promise((resolve, reject) => {
      this.waitForReply((reply) => {
        if (reply instanceof ConnectionLost) reject(reply);
        else resolve(reply);
      });
    });
  }

  /** As {@link read} by a callback, which is not called any more once the returned function has been. */
  waitForReply(callback: Waiter): () => void {
    this.waiter = callback;
    this.serve();
    return () => {
      if (this.waiter === callback) this.waiter = null;
    };
  }

  /** Closes it; whoever waits for a reply waits no longer, and is told nothing. */
  close(): void {
    this.waiter = null;
    this.lose('Connection closed');
  }

  /** Closes it; whoever waits for a reply is told `text`. */
  lose(text: string): void {
    if (this.lost !== null) return;
    this.lost = new ConnectionLost(text);
    this.connection.destroy();
    this.bytesListener?.onLost(this.lost);
    this.serve();
  }

  private serve(): void {
    const { waiter } = this;
    if (waiter === null) return;
    const reply = this.reader.next();
    if (reply === null && this.reader.problem !== null) this.lost ??= new ConnectionLost(this.reader.problem);
    const result = reply ?? this.lost;
    if (result === null) return;
    this.waiter = null;
    waiter(result);
  }
}
