/**
 * One connection to a server that keys are moved to. It knows who it is authenticated as and which database is
 * selected there, so that the next move over it need not say so again; it knows nothing of keys.
 *
 * It has one user at a time, or none while it lies in the cache.
 */
import { encodeCommand } from '../client/command-link.js';
import { ReplyError, type Reply } from '../client/reply.js';
import { ReplyParser } from '../client/reply-parser.js';
import type { Connection, ConnectionHandler, Network } from '../platform/platform.js';
import type { Credentials } from './request.js';

/** More than this is not handed to a connection at once: it would only lie in our memory. */
const CONGESTION_BYTES = 256 * 1024;

/** Why a link ended before its user was done with it. */
export interface LinkFailure {
  /** The address could not be resolved, or nothing answered the attempt to connect in time. */
  readonly isUnreachable: boolean;
}

export interface LinkUser {
  /** The connection is established, authenticated, and the database selected. */
  onReady(): void;
  /** The target refused credentials or database; the link can be used again. */
  onRefused(error: ReplyError): void;
  /** Credentials that were good when the link was used before are no longer; what follows may be refused or not. */
  onOutdatedCredentials(error: ReplyError): void;
  /** Replies to what the user has written, in order. */
  onReplies(replies: readonly Reply[]): void;
  /** Bytes were taken by the kernel: more may be written. */
  onDrain(): void;
  /** The link is gone. Nothing is called afterwards. */
  onFailed(failure: LinkFailure): void;
}

/** One question of the preparation, and what is known once it is answered well. */
interface Question {
  readonly args: readonly string[];
  readonly onAccepted: () => void;
}

export class TargetLink implements ConnectionHandler {
  private readonly connection: Connection;
  private readonly parser = new ReplyParser();
  private user: LinkUser | null = null;
  private onIdleLoss: () => void = () => undefined;
  private state: 'connecting' | 'preparing' | 'ready' | 'closed' = 'connecting';
  private credentials: Credentials | null = null;
  private databaseIndex = 0;
  private questions: Question[] = [];
  private refusal: ReplyError | null = null;
  private wasConnected = false;
  private isReauthenticating = false;

  constructor(
    network: Network,
    readonly host: string,
    readonly port: number,
  ) {
    this.connection = network.connect({ host, port }, {}, this);
  }

  /** Whether the connection has ever been established. */
  get hasConnected(): boolean {
    return this.wasConnected;
  }

  /** Bytes written that have not reached the kernel. */
  get unwrittenBytes(): number {
    return this.connection.bufferedBytes;
  }

  get isCongested(): boolean {
    return this.connection.bufferedBytes > CONGESTION_BYTES;
  }

  /** Takes the link into use: `onReady` or `onRefused` follows, possibly before this returns. */
  begin(user: LinkUser, credentials: Credentials | null, databaseIndex: number): void {
    this.user = user;
    this.refusal = null;
    this.questions = [];
    if (credentials !== null && isSame(credentials, this.credentials)) {
      // Asked again, as stock does, but not waited for.
      this.isReauthenticating = true;
      this.connection.write(encodeCommand(['AUTH', ...credentials]));
    } else if (credentials !== null) {
      this.questions.push({
        args: ['AUTH', ...credentials],
        onAccepted: () => (this.credentials = credentials),
      });
    }
    if (databaseIndex !== this.databaseIndex) {
      this.questions.push({
        args: ['SELECT', String(databaseIndex)],
        onAccepted: () => (this.databaseIndex = databaseIndex),
      });
    }
    if (this.state !== 'connecting') this.prepare();
  }

  /** Takes the link out of use; it must have no replies outstanding. */
  rest(onLoss: () => void): void {
    this.user = null;
    this.onIdleLoss = onLoss;
  }

  /** Sends bytes, which pass into the link's ownership. */
  write(bytes: Buffer): void {
    if (this.state === 'ready') this.connection.write(bytes);
  }

  /** Closes at once; nobody is told. */
  close(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.connection.destroy();
  }

  onConnect(): void {
    this.wasConnected = true;
    if (this.state === 'connecting') this.prepare();
  }

  onData(chunk: Buffer): void {
    const { replies, error } = this.parser.feed(chunk);
    let first = 0;
    if (this.isReauthenticating && replies.length > 0) this.reauthenticated(replies[first++]);
    while (this.state === 'preparing' && first < replies.length) this.answered(replies[first++]);
    if (error !== null) this.fail(false);
    if (first === replies.length) return;
    // A reply to nothing: this link cannot be trusted with the next question.
    if (this.user === null) this.fail(false);
    else this.user.onReplies(first === 0 ? replies : replies.slice(first));
  }

  onDrain(): void {
    this.user?.onDrain();
  }

  onEnd(): void {
    this.fail(false);
  }

  onClose(error: Error | null): void {
    this.fail(this.state === 'connecting' && isResolutionError(error));
  }

  private prepare(): void {
    if (this.questions.length === 0) {
      this.state = 'ready';
      this.user?.onReady();
      return;
    }
    this.state = 'preparing';
    this.connection.write(Buffer.concat(this.questions.map(({ args }) => encodeCommand(args))));
  }

  private answered(reply: Reply): void {
    const question = this.questions.shift();
    if (reply instanceof ReplyError) this.refusal ??= reply;
    else question?.onAccepted();
    if (this.questions.length > 0) return;
    this.state = 'ready';
    if (this.refusal === null) this.user?.onReady();
    else this.user?.onRefused(this.refusal);
  }

  private reauthenticated(reply: Reply): void {
    this.isReauthenticating = false;
    if (!(reply instanceof ReplyError)) return;
    this.credentials = null;
    this.user?.onOutdatedCredentials(reply);
  }

  private fail(isUnreachable: boolean): void {
    if (this.state === 'closed') return;
    this.close();
    if (this.user === null) this.onIdleLoss();
    else this.user.onFailed({ isUnreachable });
  }
}

function isSame(first: Credentials, second: Credentials | null): boolean {
  return second !== null && first.length === second.length && first.every((word, i) => word === second[i]);
}

function isResolutionError(error: Error | null): boolean {
  const code = error !== null && 'code' in error ? error.code : '';
  return code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EAI_FAIL';
}
