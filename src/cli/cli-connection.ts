/** The connection of vedette-cli: commands out, replies of either protocol in, pushes among them in order. */
import { encodeCommand } from '../client/command-link.js';
import type { Address, Connection, Network } from '../platform/platform.js';
import { systemErrorText } from '../platform/system-errors.js';
import { ReplyReader, type WireReply } from '../resp/reply-reader.js';

/** The connection is gone; the text is what a person is told. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

type Waiter = (reply: WireReply | ConnectionLost) => void;

export class CliConnection {
  private readonly connection: Connection;
  private readonly reader = new ReplyReader();
  private lost: ConnectionLost | null = null;
  private waiter: Waiter | null = null;

  private constructor(network: Network, address: Address, onSettled: (error: Error | null) => void) {
    this.connection = network.connect(
      address,
      {},
      {
        onConnect: () => onSettled(null),
        onData: (chunk) => {
          this.reader.feed(chunk);
          this.serve();
        },
        onDrain: () => undefined,
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

  close(): void {
    this.lose('Connection closed');
  }

  /** Closes it; whoever waits for a reply is told `text`. */
  lose(text: string): void {
    if (this.lost !== null) return;
    this.lost = new ConnectionLost(text);
    this.connection.destroy();
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
