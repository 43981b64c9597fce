/**
 * Sends commands and prints what comes back. It keeps track of what a connection's state means for a person: the
 * database, an open transaction, subscriptions, redirections in a cluster.
 */
import type { Platform } from '../platform/platform.js';
import type { Terminal } from '../platform/terminal.js';
import { bytesFromText, isWord, toLowerAscii } from '../resp/ascii.js';
import { parseSafeInteger } from '../resp/numbers.js';
import type { WireReply } from '../resp/reply-reader.js';
import type { CliConnection } from './cli-connection.js';
import { ConnectionLost } from './cli-connection.js';
import { isPrintedVerbatim, readSubscriptionMessage, subscribingCommand } from './command-kinds.js';
import { CliError } from './errors.js';
import type { CliOptions } from './options.js';
import { formatForTerminal, formatInvalidation, formatReply, type FormatOptions } from './reply-format.js';
import { showStream } from './replica-output.js';
import { introduce, reachServer, select } from './server-connection.js';

/** How a command ended: printed, refused with an error, or without a reply. */
export type RunOutcome = 'replied' | 'error' | 'failed' | 'lost while monitoring';

export interface RunnerSettings {
  readonly options: CliOptions;
  readonly format: FormatOptions;
  /** Whether RESP3 pushes that answer nothing are printed. */
  readonly showsPushes: boolean;
  /** A person goes on after an error; a script ends. */
  readonly isInteractive: boolean;
}

interface Redirection {
  readonly host: string;
  readonly port: number;
  /** ASK: for this command only. */
  readonly asking: boolean;
}

export class CommandRunner {
  private connection: CliConnection | null = null;
  private host: string;
  private port: number;
  private wantedDatabase: number;
  private database = 0;
  private databaseBeforeTransaction = 0;
  private inTransaction = false;
  /** Whatever happens on the server is being printed. */
  isMonitoring = false;
  /** Of channels and patterns, and of shard channels, which are counted apart. */
  private subscriptions = { global: 0, shard: 0 };

  constructor(
    private readonly platform: Pick<Platform, 'network' | 'timers'>,
    private readonly terminal: Terminal,
    private readonly settings: RunnerSettings,
  ) {
    const { options } = settings;
    this.host = options.host;
    this.port = options.port;
    this.wantedDatabase = options.database;
  }

  get isSubscribed(): boolean {
    return this.subscriptions.global + this.subscriptions.shard > 0;
  }

  get prompt(): string {
    if (this.connection === null) return 'not connected> ';
    const { socketPath } = this.settings.options;
    const host = this.host.includes(':') ? `[${this.host}]` : this.host;
    const address = socketPath === null ? `${host}:${this.port}` : `redis ${socketPath}`;
    const database = this.database === 0 ? '' : `[${this.database}]`;
    return `${address}${database}${this.inTransaction ? '(TX)' : ''}${this.isSubscribed ? '(subscribed mode)' : ''}> `;
  }

  /** Connects, or connects anew. What goes wrong is printed; that there is nobody, unless `quiet`. */
  async connect(quiet = false): Promise<boolean> {
    this.disconnect();
    const { socketPath } = this.settings.options;
    const { host, port } = this;
    try {
      this.connection = await reachServer(this.platform.network, { host, port, socketPath });
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      if (!quiet) this.complain(bytesFromText(error.message));
      return false;
    }
    try {
      await this.introduce(this.connection);
      return true;
    } catch (error) {
      this.lose(error);
      return false;
    }
  }

  /** To another server, as the person asked. */
  async connectTo(host: string, port: number): Promise<void> {
    this.host = host;
    this.port = port;
    await this.connect();
  }

  disconnect(): void {
    this.connection?.close();
    this.connection = null;
    this.database = 0;
    this.inTransaction = false;
    this.subscriptions = { global: 0, shard: 0 };
  }

  /** Ends MONITOR with a new connection, so that a person gets the prompt back. */
  interrupt(): void {
    this.connection?.lose(INTERRUPTED);
  }

  /** Sends a command, as often as asked (negative: for ever), and prints the replies. */
  async run(args: readonly string[], repeat: number): Promise<RunOutcome> {
    let redirection: Redirection | null = null;
    for (;;) {
      if (redirection !== null) {
        this.host = redirection.host === '' ? this.host : redirection.host;
        this.port = redirection.port;
      }
      if ((this.connection === null || redirection !== null) && !(await this.connect())) return 'failed';
      try {
        if (redirection?.asking) await this.connection!.ask(['ASKING']);
        const outcome = await this.runConnected(this.connection!, args, repeat);
        if (typeof outcome === 'string') return outcome;
        redirection = outcome;
      } catch (error) {
        return this.runEnded(args, error);
      }
    }
  }

  /** Asks for something that is not printed. Null: nobody answers now, or the server refuses. */
  async inquire(args: readonly string[]): Promise<WireReply | null> {
    if (this.isSubscribed || this.inTransaction) return null;
    if (this.connection === null && !(await this.connect(true))) return null;
    try {
      const reply = await this.connection!.ask(args);
      return reply.type === 'error' ? null : reply;
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      this.disconnect();
      return null;
    }
  }

  /**
   * Prints the next message, after calling `beforePrinting`.
   * @param callback gets false when the connection is lost instead
   * @returns the way to stop waiting; no message is lost by that
   */
  printNextMessage(beforePrinting: () => void, callback: (printed: boolean) => void): () => void {
    const { connection } = this;
    if (connection === null) {
      callback(false);
      return () => undefined;
    }
    return connection.waitForReply((reply) => {
      beforePrinting();
      if (reply instanceof ConnectionLost) this.lose(reply);
      else this.print(reply);
      callback(!(reply instanceof ConnectionLost));
    });
  }

  private async runConnected(
    connection: CliConnection,
    args: readonly string[],
    repeat: number,
  ): Promise<RunOutcome | Redirection> {
    const { options, isInteractive } = this.settings;
    let outcome: RunOutcome = 'replied';
    for (let left = repeat; left !== 0; left--) {
      if (isWord(args[0]!, 'sync') || isWord(args[0]!, 'psync')) return this.becomeReplica(connection, args);
      connection.send(args);
      const reply = await this.readAnswer(connection, args);
      if (reply.type === 'error') {
        const redirection = options.followsRedirections ? readRedirection(reply.text) : null;
        if (redirection !== null) return redirection;
        if (options.failsOnError && !isInteractive) {
          this.complain(reply.text);
          return 'error';
        }
      }
      if (isWord(args[0]!, 'monitor') && isOk(reply)) return this.printForEver(connection);
      await this.follow(connection, args, reply);
      outcome = reply.type === 'error' ? 'error' : 'replied';
      if (options.intervalMs > 0) await this.pause(options.intervalMs);
    }
    return outcome;
  }

  /** Reads up to the reply to a command, and prints everything on the way. */
  private async readAnswer(connection: CliConnection, args: readonly string[]): Promise<WireReply> {
    const verbatim = isPrintedVerbatim(args);
    const subscribing = subscribingCommand(args[0]!);
    // Confirmed by a message for every channel, or by one when none is named.
    let confirmationsDue = subscribing === null ? 0 : Math.max(1, args.length - 1);
    for (;;) {
      const reply = await connection.read();
      const expectsMessages = confirmationsDue > 0 || this.isSubscribed;
      if (reply.type === 'attribute' || (reply.type === 'push' && !expectsMessages)) {
        this.printOutOfBand(reply);
        continue;
      }
      this.printUnlessReported(reply, verbatim);
      const message = expectsMessages ? readSubscriptionMessage(reply) : null;
      if (message === null) {
        if (reply.type === 'push') continue;
        return reply;
      }
      if (message.kind !== subscribing || message.count === null) continue;
      this.subscriptions[message.isShard ? 'shard' : 'global'] = message.count;
      if (--confirmationsDue === 0) return reply;
    }
  }

  private async becomeReplica(connection: CliConnection, args: readonly string[]): Promise<never> {
    const { terminal, platform } = this;
    terminal.write('Entering replica output mode...  (press Ctrl-C to quit)\n');
    throw new ConnectionLost(await showStream({ terminal, timers: platform.timers }, connection, args));
  }

  private async printForEver(connection: CliConnection): Promise<RunOutcome> {
    this.isMonitoring = true;
    try {
      for (;;) this.print(await connection.read());
    } catch (error) {
      if (error instanceof ConnectionLost && error.message === INTERRUPTED) {
        await this.connect();
        return 'replied';
      }
      this.lose(error);
      return 'lost while monitoring';
    } finally {
      this.isMonitoring = false;
    }
  }

  /** Keeps up with what a command that succeeded has changed. */
  private async follow(connection: CliConnection, args: readonly string[], reply: WireReply): Promise<void> {
    const command = toLowerAscii(args[0]!);
    const failed = reply.type === 'error';
    if (command === 'auth') await this.select(connection);
    if (command === 'exec' && this.inTransaction) {
      this.inTransaction = false;
      if (failed || reply.type === 'null') this.setDatabase(this.databaseBeforeTransaction);
    }
    if (failed) return;
    if (command === 'select') {
      this.setDatabase(parseSafeInteger(args[1]!));
    } else if (command === 'multi') {
      this.inTransaction = true;
      this.databaseBeforeTransaction = this.database;
    } else if (command === 'discard') {
      this.inTransaction = false;
      this.setDatabase(this.databaseBeforeTransaction);
    } else if (command === 'reset') {
      this.inTransaction = false;
      this.subscriptions = { global: 0, shard: 0 };
      this.setDatabase(0);
    }
  }

  private setDatabase(database: number): void {
    this.database = database;
    this.wantedDatabase = database;
  }

  /** What comes first on a connection. What the server refuses is told, and the person goes on without it. */
  private async introduce(connection: CliConnection): Promise<void> {
    const { username, password, protocol } = this.settings.options;
    const wanted = { username, password, protocol, database: this.wantedDatabase };
    const { database, complaint } = await introduce(connection, wanted);
    this.database = database;
    if (complaint !== null) this.complain(complaint);
  }

  private async select(connection: CliConnection): Promise<void> {
    if (this.wantedDatabase === this.database) return;
    const complaint = await select(connection, this.wantedDatabase);
    if (complaint === null) this.database = this.wantedDatabase;
    else this.complain(complaint);
  }

  private runEnded(args: readonly string[], error: unknown): RunOutcome {
    if (isWord(args[0]!, 'shutdown')) {
      this.disconnect();
      return 'replied';
    }
    this.lose(error);
    return 'failed';
  }

  private lose(error: unknown): void {
    if (!(error instanceof ConnectionLost)) throw error;
    this.disconnect();
    this.complain(`Error: ${error.message}`);
  }

  /** Redirections that are followed, and errors that end the program, are not part of the output. */
  private printUnlessReported(reply: WireReply, verbatim: boolean): void {
    const { options, isInteractive } = this.settings;
    if (reply.type === 'error') {
      if (options.followsRedirections && readRedirection(reply.text) !== null) {
        const { host, port, slot } = readRedirection(reply.text)!;
        if (isInteractive)
          this.terminal.write(`-> Redirected to slot [${slot}] located at ${host}:${port}\n`);
        return;
      }
      if (options.failsOnError && !isInteractive) return;
    }
    this.print(reply, verbatim);
  }

  private print(reply: WireReply, verbatim = false): void {
    this.terminal.write(formatReply(reply, this.settings.format, verbatim));
  }

  private printOutOfBand(reply: WireReply): void {
    const { format, showsPushes } = this.settings;
    if (!showsPushes) return;
    const isForPerson = format.mode === 'terminal';
    if (reply.type === 'attribute') {
      if (isForPerson) this.terminal.write(formatForTerminal(reply));
      return;
    }
    const invalidation = isForPerson ? formatInvalidation(reply) : null;
    if (invalidation === null) this.print(reply);
    else this.terminal.write(invalidation);
  }

  private complain(text: string): void {
    this.terminal.writeError(`${text}\n`);
  }

  private pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.platform.timers.after(delayMs, resolve));
  }
}

const INTERRUPTED = 'Interrupted';

/** `MOVED <slot> <host>:<port>` and `ASK ...`; the host may be missing. Null for other errors. */
function readRedirection(text: string): (Redirection & { readonly slot: string }) | null {
  const match = /^(MOVED|ASK) ([0-9]+) (.*):([0-9]+)$/.exec(text);
  if (match === null) return null;
  const [, kind, slot, host, port] = match as unknown as [string, string, string, string, string];
  return { host, port: Number(port), slot, asking: kind === 'ASK' };
}

/** In a transaction even MONITOR is only QUEUED. */
function isOk(reply: WireReply): boolean {
  return reply.type === 'simple' && reply.text === 'OK';
}
