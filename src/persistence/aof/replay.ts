/**
 * Executes the commands of an append-only file: nobody is answered, nothing is propagated, no rule of access holds, and
 * what has expired is still there until the log deletes it.
 */
import type { Client } from '../../server/client.js';
import type { Server } from '../../server/server.js';

export class Replay {
  private readonly client: Client;

  constructor(private readonly server: Server) {
    this.client = server.clients.createInternal('normal');
    this.client.propagates = false;
  }

  /** MULTI has been read, EXEC has not. */
  get isInTransaction(): boolean {
    return this.client.transaction !== null;
  }

  isKnown(name: string): boolean {
    return this.server.commands.find(name) !== undefined;
  }

  /** Each file begins with database 0 selected. */
  beginFile(): void {
    this.client.database = this.server.keyspace.databases[0];
  }

  /** A script takes long. What follows it has to wait; others are answered meanwhile. */
  get isSuspended(): boolean {
    return this.server.suspension.isActive;
  }

  /** Calls back when no script is suspended any more. */
  afterwards(callback: () => void): void {
    this.server.suspension.afterwards(callback);
  }

  /** Lets several commands run; time stands still meanwhile. */
  within(run: () => void): void {
    const { keyspace } = this.server;
    const modeForClients = keyspace.expiryMode;
    this.server.beginTurn();
    keyspace.expiryMode = 'see';
    run();
    const restore = (): void => {
      keyspace.expiryMode = modeForClients;
    };
    if (this.isSuspended) this.afterwards(restore);
    else restore();
  }

  /** Executes a command, or adds it to the transaction that is being read. */
  execute(args: string[]): void {
    const { server, client } = this;
    const { reply } = client;
    const errorsBefore = reply.errorCount;
    server.dispatcher.process(client, args);
    const examine = (): void => {
      if (reply.errorCount !== errorsBefore) this.failed(reply.lastError, args[0]);
      reply.clear();
    };
    if (this.isSuspended) this.afterwards(examine);
    else examine();
  }

  /** The file ended inside a transaction: it never happened. */
  discardTransaction(): void {
    this.server.discardTransaction(this.client);
  }

  private failed(text: string, name: string): void {
    const { log, statistics, config, platform } = this.server;
    statistics.unexpectedErrorReplies++;
    log.warning(
      `== CRITICAL == This AOF-loading-client is sending an error to its server: '${text}' ` +
        `after processing the command '${name}'`,
    );
    if (config.values['propagation-error-behavior'] === 'panic') platform.processes.exit(1);
  }
}
