/**
 * One connection to a server as a client: commands out, replies in, in order, by callbacks.
 *
 * It knows no deadlines, no reconnecting and no meaning of any command; its owner (a sentinel's link to an
 * instance, a {@link ClientConnection}) does. It never throws at what a peer sends: bytes that are no replies
 * close it with a {@link ClientError}.
 */
import type { Address, Connection, ConnectionHandler, Network } from '../platform/platform.js';
import { ClientError } from './errors.js';
import { ReplyParser } from './reply-parser.js';
import { ReplyError, type Reply } from './reply.js';

/** What the owner of a link hears. Nothing is called any more once the owner itself has called `close`. */
export interface CommandLinkOwner {
  /** The connection is established; commands sent before are on their way. */
  onConnect(): void;
  /**
   * The link is gone, or could not be established. Called once. Commands that had no reply get none.
   * @param error null when the peer closed in an orderly way
   */
  onClose(error: Error | null): void;
  /** In pub/sub mode: a message, a confirmation of SUBSCRIBE, or an error that refuses it. */
  onMessage?(reply: Reply): void;
}

export interface CommandLinkOptions {
  /** Local address to connect from. */
  readonly sourceAddress?: string;
}

const BEYOND_BYTES = /[^\0-\xff]/;

export type ReplyCallback = (reply: Reply) => void;

export class CommandLink {
  private readonly connection: Connection;
  private readonly parser = new ReplyParser();
  /** One entry per command without a reply, oldest first; null where the sender does not care. */
  private readonly pending: (ReplyCallback | null)[] = [];
  /** What was sent before the connection was established. */
  private unsent: Buffer[] = [];
  private state: 'connecting' | 'connected' | 'closed' = 'connecting';
  private subscribed = false;

  constructor(
    network: Network,
    address: Address,
    options: CommandLinkOptions,
    private readonly owner: CommandLinkOwner,
  ) {
    this.connection = network.connect(address, options, this.handler());
  }

  /** True from the moment the connection is established until it is gone. */
  get connected(): boolean {
    return this.state === 'connected';
  }

  /** Commands sent whose replies have not come. */
  get pendingCount(): number {
    return this.pending.length;
  }

  /** Our own address as the peer sees it; empty until connected. */
  get localAddress(): string {
    return this.connection.localAddress;
  }

  /**
   * Sends a command without waiting for the replies of earlier ones. In pub/sub mode a reply cannot be told from
   * a message, so it goes to `onMessage` and the callback must be null.
   */
  send(args: readonly string[], callback: ReplyCallback | null): void {
    if (this.state === 'closed') return;
    const bytes = encodeCommand(args);
    if (this.subscribed) {
      if (callback !== null) throw new Error('a link in pub/sub mode has no replies, only messages');
    } else {
      this.pending.push(callback);
    }
    this.write(bytes);
  }

  /**
   * Subscribes and switches to pub/sub mode: when the commands sent before have their replies, everything goes
   * to `onMessage`.
   */
  subscribe(channels: readonly string[]): void {
    this.subscribed = true;
    this.send(['SUBSCRIBE', ...channels], null);
  }

  /** Closes at once; the owner hears nothing more of this link. */
  close(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.pending.length = 0;
    this.connection.destroy();
  }

  private write(bytes: Buffer): void {
    if (this.state === 'connected') this.connection.write(bytes);
    else this.unsent.push(bytes);
  }

  private handler(): ConnectionHandler {
    return {
      onConnect: () => this.established(),
      onData: (chunk) => this.received(chunk),
      onDrain: () => undefined,
      onEnd: () => this.fail(null),
      onClose: (error) => this.fail(error),
    };
  }

  private established(): void {
    if (this.state !== 'connecting') return;
    this.state = 'connected';
    const unsent = this.unsent;
    this.unsent = [];
    for (const bytes of unsent) this.connection.write(bytes);
    this.owner.onConnect();
  }

  private received(chunk: Buffer): void {
    if (this.state === 'closed') return;
    const { replies, error } = this.parser.feed(chunk);
    for (const reply of replies) {
      this.deliver(reply);
      // What the owner just heard may have made it close the link.
      if (this.isClosed()) return;
    }
    if (error !== null) this.fail(error);
  }

  private deliver(reply: Reply): void {
    const callback = this.pending.shift();
    if (callback !== undefined) {
      callback?.(reply);
    } else if (this.subscribed) {
      this.owner.onMessage?.(reply);
    } else {
      const text = reply instanceof ReplyError ? reply.message : 'a reply to nothing';
      this.fail(new ClientError('UNEXPECTED_REPLY', text));
    }
  }

  private isClosed(): boolean {
    return this.state === 'closed';
  }

  private fail(error: Error | null): void {
    if (this.state === 'closed') return;
    this.close();
    this.owner.onClose(error);
  }
}

/**
 * A command as a RESP array of bulk strings.
 * @throws RangeError when an argument is text that nobody has turned into bytes
 */
export function encodeCommand(args: readonly string[]): Buffer {
  let text = `*${args.length}\r\n`;
  for (const arg of args) text += `$${arg.length}\r\n${arg}\r\n`;
  if (BEYOND_BYTES.test(text)) throw new RangeError('arguments are byte strings, one character per byte');
  return Buffer.from(text, 'latin1');
}
