/**
 * A connection for programs (discovery, the lab, tests): a link that authenticates, keeps deadlines and answers
 * every question, with a reply or with the error that ended the connection.
 *
 * `ask` works by callbacks, so that what is built on it runs in simulated time as well; `connect` and `call` are
 * the same as promises. A deadline that passes closes the connection: it is unknown what became of the command,
 * and what is asked behind it would wait as well. It never reconnects: whoever wants that must first ask a
 * sentinel where the master is now ({@link MasterDiscovery}).
 */
import { EventEmitter } from 'eventemitter3';
import type { Address, Platform, Timer } from '../platform/platform.js';
import { bytesFromText } from '../resp/ascii.js';
import { formatAddress } from './address.js';
import { CommandLink } from './command-link.js';
import { ClientError } from './errors.js';
import { ReplyError, type Reply } from './reply.js';

/** What of the machine the client side needs. */
export type ClientPlatform = Pick<Platform, 'network' | 'timers'>;

export interface Credentials {
  /** Without it AUTH has one argument, for the default user. */
  readonly username?: string;
  /** Without it there is no AUTH. */
  readonly password?: string;
}

/** From text, which goes out as UTF-8. */
export function credentialsFromText(username: string | undefined, password: string | undefined): Credentials {
  if (password === undefined) return {};
  const secret = { password: bytesFromText(password) };
  return username === undefined ? secret : { ...secret, username: bytesFromText(username) };
}

export interface ConnectionOptions extends Credentials {
  readonly address: Address;
  /** SELECT after connecting. */
  readonly database?: number;
  /** Until connected, authenticated and in the right database; 5000 when absent. */
  readonly connectTimeoutMs?: number;
  /** For every reply; without it a reply may take for ever. */
  readonly callTimeoutMs?: number;
  readonly sourceAddress?: string;
}

interface ConnectionEvents {
  /** Connected, authenticated and in the right database. */
  ready: [];
  /** Gone, or could not be established. Once, after every question has had its error. */
  close: [error: Error | null];
  /** Pub/sub: a message, a confirmation of SUBSCRIBE, or its refusal. */
  message: [reply: Reply];
}

/** @param error what ended the connection before the reply came; otherwise null, and `reply` is the reply */
export type AnswerCallback = (error: Error | null, reply: Reply) => void;

interface Question {
  readonly callback: AnswerCallback;
  deadline: Timer | null;
}

const DEFAULT_CONNECT_TIMEOUT_MS = 5000;

export class ClientConnection extends EventEmitter<ConnectionEvents> {
  readonly address: Address;
  private readonly link: CommandLink;
  private readonly questions = new Set<Question>();
  private connectDeadline: Timer | null;
  private closed = false;

  constructor(
    private readonly platform: ClientPlatform,
    private readonly options: ConnectionOptions,
  ) {
    super();
    this.address = options.address;
    const connectTimeoutMs = options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS;
    this.connectDeadline = platform.timers.after(connectTimeoutMs, () =>
      this.close(
        new ClientError(
          'TIMEOUT',
          `No connection to ${formatAddress(this.address)} in ${connectTimeoutMs} ms`,
        ),
      ),
    );
    const first = introduction(options);
    this.link = new CommandLink(platform.network, options.address, sourceOf(options), {
      onConnect: () => {
        if (first.length === 0) this.becomeReady();
      },
      onClose: (error) => this.close(error),
      onMessage: (reply) => this.emit('message', reply),
    });
    this.introduce(first);
  }

  /** Resolves when the connection is ready; rejects with what prevented it. */
  static connect(platform: ClientPlatform, options: ConnectionOptions): Promise<ClientConnection> {
    return new Promise((resolve, reject) => {
      const connection = new ClientConnection(platform, options);
      const refused = (error: Error | null) => reject(error ?? closedError(connection.address));
      connection.once('close', refused);
      connection.once('ready', () => {
        connection.off('close', refused);
        resolve(connection);
      });
    });
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** True while a reply is awaited. */
  get hasQuestions(): boolean {
    return this.questions.size > 0;
  }

  /**
   * Sends a command and calls back exactly once. Commands are sent at once, without waiting for earlier replies.
   * An error reply is a reply. Arguments are bytes, one per character.
   */
  ask(args: readonly string[], callback: AnswerCallback, timeoutMs = this.options.callTimeoutMs): void {
    if (this.closed) {
      callback(closedError(this.address), null);
      return;
    }
    const question: Question = { callback, deadline: null };
    this.link.send(args, (reply) => {
      this.questions.delete(question);
      question.deadline?.cancel();
      callback(null, reply);
    });
    this.questions.add(question);
    if (timeoutMs === undefined) return;
    const text = `No reply to ${args[0]} from ${formatAddress(this.address)} in ${timeoutMs} ms`;
    question.deadline = this.platform.timers.after(timeoutMs, () =>
      this.close(new ClientError('TIMEOUT', text)),
    );
  }

  /** As {@link ask}; an error reply rejects. */
  call(...args: readonly string[]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.ask(args, (error, reply) => {
        if (error !== null) reject(error);
        else if (reply instanceof ReplyError) reject(reply);
        else resolve(reply);
      });
    });
  }

  /** From now on everything that comes is a `message`; see {@link CommandLink.subscribe}. */
  subscribe(channels: readonly string[]): void {
    this.link.subscribe(channels);
  }

  /** Sends a command whose reply, in pub/sub mode, comes as a `message`: PING. */
  sendSubscribed(args: readonly string[]): void {
    this.link.send(args, null);
  }

  /** Closes at once. Questions without a reply get `error`, or one that says the connection was closed. */
  close(error: Error | null = null): void {
    if (this.closed) return;
    this.closed = true;
    this.link.close();
    this.connectDeadline?.cancel();
    const questions = [...this.questions];
    this.questions.clear();
    for (const question of questions) {
      question.deadline?.cancel();
      question.callback(error ?? closedError(this.address), null);
    }
    this.emit('close', error);
  }

  /** Sends what comes before anything else. The connection is ready when the last of it is answered. */
  private introduce(first: readonly (readonly string[])[]): void {
    first.forEach((args, index) => {
      this.link.send(args, (reply) => {
        if (reply instanceof ReplyError) this.close(reply);
        else if (index === first.length - 1) this.becomeReady();
      });
    });
  }

  private becomeReady(): void {
    this.connectDeadline?.cancel();
    this.connectDeadline = null;
    this.emit('ready');
  }
}

function introduction({ username, password, database = 0 }: ConnectionOptions): string[][] {
  const first: string[][] = [];
  if (password !== undefined) {
    first.push(username === undefined ? ['AUTH', password] : ['AUTH', username, password]);
  }
  if (database !== 0) first.push(['SELECT', String(database)]);
  return first;
}

function sourceOf(options: ConnectionOptions): { sourceAddress?: string } {
  return options.sourceAddress === undefined ? {} : { sourceAddress: options.sourceAddress };
}

function closedError(address: Address): ClientError {
  return new ClientError('CLOSED', `Connection to ${formatAddress(address)} closed`);
}
