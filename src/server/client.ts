/**
 * A client: one connection (or none, for a master's stream or a script), its input, its output and its state.
 *
 * It owns the connection and the decoding loop. What a command does is dispatch's business; whether and when
 * the output is written is the server's (`Server.scheduleFlush`).
 */
import type { Database } from '../keyspace/database.js';
import type { Connection, ConnectionHandler } from '../platform/platform.js';
import { OutputBuffer } from '../resp/output-buffer.js';
import { Decoded, RequestDecoder } from '../resp/request-decoder.js';
import type { User } from './acl/user.js';
import type { BlockedState } from './blocking.js';
import type { Command } from './command.js';
import type { Server } from './server.js';
import type { TrackingState } from './tracking.js';
import type { Transaction } from './transaction.js';

/** What a client is to the server; its output limits and CLIENT LIST's `type` filter follow from it. */
export type ClientKind = 'normal' | 'replica' | 'pubsub' | 'master';

/** Output that a client is sent besides its reply buffer: the stream of a replica. */
export interface OutputSource {
  /** Bytes that have not reached the kernel. They count instead of the reply buffer's. */
  readonly pendingBytes: number;
}

/** CLIENT REPLY: `skip-next` holds for the next command, `skipping` for the one that is running. */
export type ReplyMode = 'on' | 'off' | 'skip-next' | 'skipping';

/** Output beyond this is written before the rest of a pipeline is executed. */
const EARLY_FLUSH_BYTES = 64 * 1024;

/** A client that waits for something is not read from while this much of its input is not executed. */
const READ_AHEAD_BYTES = 1024 * 1024;

/** Subscriptions of one client. Made when it first subscribes. */
export class Subscriptions {
  readonly channels = new Set<string>();
  readonly patterns = new Set<string>();
  readonly shardChannels = new Set<string>();

  get count(): number {
    return this.channels.size + this.patterns.size;
  }

  get isEmpty(): boolean {
    return this.channels.size + this.patterns.size + this.shardChannels.size === 0;
  }
}

export class Client implements ConnectionHandler {
  readonly reply: OutputBuffer;
  readonly decoder = new RequestDecoder();
  database: Database;
  user: User;
  authenticated: boolean;
  name = '';
  libraryName = '';
  libraryVersion = '';
  kind: ClientKind = 'normal';

  /** The name that was looked up last, as the very string the decoder gives again, and what it means. */
  lastName = '';
  lastFound: Command | undefined = undefined;
  /** The command being executed, or last executed. */
  command: Command | null = null;
  /** Arguments of the command being executed; handlers may replace them to change what is propagated. */
  args: string[] = [];

  /** Positions of arguments of the running command that nobody may see; see {@link hideArgument}. */
  secretArguments: number[] | null = null;

  transaction: Transaction | null = null;
  subscriptions: Subscriptions | null = null;
  blocked: BlockedState | null = null;
  /** A command held back by CLIENT PAUSE, executed when the pause ends. */
  postponed: string[] | null = null;

  isMonitor = false;
  /** READONLY: keys may be read from a replica of their node. */
  isReadOnlyMode = false;
  /** ASKING: the next command may use a slot that is being imported. */
  isAsking = false;
  /** The command that ASKING is for, once it has come. */
  askingFor: readonly string[] | null = null;
  noEvict = false;
  noTouch = false;
  /** CLIENT TRACKING is on. */
  tracking: TrackingState | null = null;
  /** The connection closes once the output is written; no further command is read. */
  closeAfterReply = false;
  closed = false;
  /** Set while this client is in the server's list of clients to flush. */
  flushScheduled = false;
  /** The replication offset after this client's last write: what WAIT waits for. */
  lastWriteOffset = 0;
  /** Set for replicas, which are served from the backlog. */
  outputSource: OutputSource | null = null;
  /** A command of this client is being executed; messages to it wait for its reply. */
  isAnswering = false;
  messagesAfterReply: (() => void)[] = [];
  /** Stands for a script: its commands must not wait, and what they return must not depend on hidden order. */
  isScript = false;
  /** Who called the script that this client stands for, while it runs. */
  caller: Client | null = null;
  /** Exempt from READONLY, OOM, expiry and ACL rules: a master's stream, the loading of a file. */
  isTrusted = false;
  /** What it changes is propagated. False for who repeats what the log has: the loading of a file. */
  propagates = true;
  /** How far the log is with this client's last write: what WAITAOF waits for. */
  lastLogPosition = 0;
  /** Bytes of replies that {@link HeldReplies} keeps. */
  heldBytes = 0;

  /** Both on the server's steady clock. */
  readonly createdAtMs: number;
  lastInteractionMs: number;
  /** What it took when that was last added up; see {@link Clients.remeasure}. */
  memoryBytes = 0;
  /** When the output first exceeded the soft limit; 0 while it is below. */
  softLimitReachedAtMs = 0;
  totalBytesIn = 0;
  totalBytesOut = 0;
  totalCommands = 0;

  /** How many things its replies wait for; see {@link holdReplies}. */
  private holds = 0;
  private mode: ReplyMode = 'on';
  private processing = false;
  private readingStopped = false;

  constructor(
    readonly server: Server,
    readonly id: number,
    /** Null for clients without a network: they never flush. */
    readonly connection: Connection | null,
    nowMs: number,
    reply: OutputBuffer = new OutputBuffer(server.chunkPool),
  ) {
    this.reply = reply;
    this.database = server.keyspace.databases[0];
    this.user = server.acl.defaultUser;
    this.authenticated = server.acl.defaultUser.isOpen;
    this.decoder.authenticated = this.authenticated;
    this.createdAtMs = nowMs;
    this.lastInteractionMs = nowMs;
  }

  /** The client has proved to be this user. */
  authenticateAs(user: User): void {
    this.user = user;
    this.authenticated = true;
    this.decoder.authenticated = true;
  }

  get replyMode(): ReplyMode {
    return this.mode;
  }

  /** CLIENT REPLY. */
  set replyMode(mode: ReplyMode) {
    this.mode = mode;
    this.reply.isMuted = mode === 'off';
  }

  /** A command begins whose replies are not wanted (or only those of the command after it are). */
  muteCommand(): void {
    if (this.mode === 'skip-next') this.mode = 'skipping';
    this.reply.isMuted = true;
  }

  /** The command has been answered, unless it waits: what CLIENT REPLY SKIP skips is over. */
  commandAnswered(): void {
    if (this.mode === 'on' || this.blocked !== null || this.postponed !== null || this.closed) return;
    this.replyMode = this.mode === 'skipping' ? 'on' : this.mode;
  }

  /** Back to what a new connection is: the default user, authenticated only if that needs no password. */
  forgetAuthentication(): void {
    this.user = this.server.acl.defaultUser;
    this.authenticated = this.user.isOpen;
    this.decoder.authenticated = this.authenticated;
  }

  /** Keeps an argument of the running command (a password) out of MONITOR and SLOWLOG. */
  hideArgument(position: number): void {
    (this.secretArguments ??= []).push(position);
  }

  /** The arguments as others may see them. */
  withoutSecrets(args: readonly string[]): readonly string[] {
    const { secretArguments } = this;
    if (secretArguments === null) return args;
    return args.map((arg, position) => (secretArguments.includes(position) ? '(redacted)' : arg));
  }

  /** Bytes of output that have not reached the kernel. */
  get pendingOutputBytes(): number {
    if (this.outputSource !== null) return this.outputSource.pendingBytes;
    return this.reply.pendingBytes + this.heldBytes + (this.connection?.bufferedBytes ?? 0);
  }

  onConnect(): void {
    throw new Error('accepted connections do not connect');
  }

  onData(chunk: Buffer): void {
    if (this.closed) return;
    this.totalBytesIn += chunk.length;
    this.server.statistics.totalNetInputBytes += chunk.length;
    this.server.statistics.totalReadsProcessed++;
    this.decoder.maxBulkBytes = this.server.maxBulkBytes;
    this.decoder.feed(chunk);
    this.server.beginTurn();
    this.lastInteractionMs = this.server.steadyNowMs;
    this.processInput();
    this.decoder.retain();
    if (this.server.clients.measuresMemory) {
      this.server.clients.remeasure(this);
      // The rest of a command that is too large may come in this very turn: it shall not be executed first.
      if (this.decoder.unreturnedBytes > 0) this.server.clients.evictSurplus();
      if (this.closed) return;
    }
    // What waits in a transaction has not been executed either.
    const unexecutedBytes = this.decoder.unreturnedBytes + (this.transaction?.queuedBytes ?? 0);
    if (unexecutedBytes > this.server.queryBufferLimitBytes) {
      this.server.log.warning(
        `Closing client that reached max query buffer length: ${this.server.clients.describe(this)}`,
      );
      this.close();
    } else if (!this.mayProceed() && this.decoder.unreturnedBytes > READ_AHEAD_BYTES) {
      this.readingStopped = true;
      this.connection?.pause();
    }
  }

  onDrain(): void {
    this.server.clients.outputShrank(this);
    if (this.reply.pendingBytes > 0) this.scheduleFlush();
    else this.endIfDone();
  }

  onEnd(): void {
    // A half-closed client may still read the replies to what it sent, but one that waits for something would
    // wait for ever unseen: as in Redis, the end of input ends the client.
    if (this.blocked !== null || this.reply.pendingBytes + this.heldBytes === 0) this.close();
    else this.closeAfterReply = true;
  }

  onClose(): void {
    this.close();
  }

  /** Executes what has been received, as far as the client may go now. */
  processInput(): void {
    if (this.processing) return;
    this.processing = true;
    const { decoder, server } = this;
    while (this.mayProceed()) {
      const decoded = decoder.next();
      if (decoded === Decoded.Command) {
        if (decoder.args.length === 0) continue;
        server.dispatcher.process(this, decoder.args);
        if (this.reply.pendingBytes > EARLY_FLUSH_BYTES) server.flushEarly(this);
      } else if (decoded === Decoded.Incomplete) {
        break;
      } else {
        server.clients.protocolError(this, decoder.errorText);
        break;
      }
    }
    server.dispatcher.endRun();
    this.processing = false;
  }

  /** Continues after a block or a pause with what was received meanwhile. */
  resume(): void {
    if (this.closed || this.processing) return;
    const { postponed } = this;
    this.postponed = null;
    if (postponed !== null) this.server.dispatcher.process(this, postponed);
    this.processInput();
    this.decoder.retain();
    if (this.readingStopped && this.mayProceed()) {
      this.readingStopped = false;
      this.connection?.resume();
    }
  }

  /** The reply to a command is written: now come the messages that the command sent to its own client. */
  answered(): void {
    this.isAnswering = false;
    if (this.messagesAfterReply.length === 0) return;
    const messages = this.messagesAfterReply;
    this.messagesAfterReply = [];
    for (const write of messages) write();
  }

  /** Marks the output for writing at the end of this turn. */
  scheduleFlush(): void {
    if (this.flushScheduled || this.connection === null) return;
    this.flushScheduled = true;
    this.server.scheduleFlush(this);
  }

  /**
   * The client does not read what it was sent. What comes now is better kept here: the connection would hold on to a
   * whole chunk for each small message.
   */
  get isStalled(): boolean {
    return this.connection !== null && this.connection.bufferedBytes > 0 && this.outputSource === null;
  }

  /** Writes the output to the connection. Called by the server only, after what must go first. */
  flush(): void {
    this.flushScheduled = false;
    const connection = this.connection;
    if (connection === null || this.closed) {
      this.reply.clear();
      return;
    }
    if (this.holds > 0 || (this.isStalled && !this.closeAfterReply)) return;
    if (this.server.heldReplies.isHolding && this.reply.pendingBytes + this.heldBytes > 0) {
      this.server.heldReplies.hold(this);
      return;
    }
    this.countOutput(this.reply.pendingBytes);
    this.reply.flush(connection);
    if (this.closeAfterReply) connection.end();
  }

  /**
   * Keeps what this client is told, from what this turn tells it on, until the function that is returned is called: the
   * reply says something that is not on disk yet. The client's commands go on being executed.
   */
  holdReplies(): () => void {
    this.holds++;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.holds--;
      if (this.holds === 0 && (this.reply.pendingBytes > 0 || this.closeAfterReply)) this.scheduleFlush();
    };
  }

  /** Writes output that was held back. Called by {@link HeldReplies} only. */
  release(pieces: readonly Buffer[], bytes: number): void {
    const { connection } = this;
    if (connection === null || this.closed) return;
    this.heldBytes -= bytes;
    this.countOutput(bytes);
    for (const piece of pieces) connection.write(piece);
    this.server.clients.outputShrank(this);
    if (connection.bufferedBytes === 0) this.endIfDone();
  }

  private countOutput(bytes: number): void {
    this.totalBytesOut += bytes;
    this.server.statistics.totalNetOutputBytes += bytes;
    this.server.statistics.totalWritesProcessed++;
  }

  private endIfDone(): void {
    if (this.closeAfterReply && this.reply.pendingBytes + this.heldBytes === 0) this.connection?.end();
  }

  /** Closes at once: unwritten output is lost. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.server.clients.release(this);
    this.reply.clear();
    this.reply.isMuted = true;
    this.connection?.destroy();
  }

  private mayProceed(): boolean {
    return !this.closed && !this.closeAfterReply && this.blocked === null && this.postponed === null;
  }
}
