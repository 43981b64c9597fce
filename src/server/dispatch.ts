/**
 * From decoded arguments to an executed command: lookup, checks in Redis's order, execution, statistics,
 * propagation, service of blocked clients.
 *
 * This is the hot path: no closures, promises or objects per command.
 */
import { isWord, toLowerAscii, toUpperAscii } from '../resp/ascii.js';
import type { BlockedState } from './blocking.js';
import type { Client } from './client.js';
import type { Command } from './command.js';
import type { Server } from './server.js';
import { Transaction } from './transaction.js';

/** Commands that act on a transaction instead of being queued in it. */
const NOT_QUEUED = new Set(['exec', 'discard', 'multi', 'watch', 'quit', 'reset']);

/** What a RESP2 client may send while it is subscribed. */
const ALLOWED_IN_PUBSUB = new Set([
  'ping',
  'subscribe',
  'ssubscribe',
  'unsubscribe',
  'sunsubscribe',
  'psubscribe',
  'punsubscribe',
  'quit',
  'reset',
]);

const UNKNOWN_ARGUMENTS_LENGTH = 128;

/** At most so many commands are timed as one. */
const LONGEST_RUN = 16;
/** Commands are timed one by one where somebody wants to hear of those that take less than this. */
const SHORTEST_NOTEWORTHY_RUN_MS = 1;
/** Writing this much takes time of its own: the run ends with the command that did it. */
const LARGE_REPLY_BYTES = 16 * 1024;

export class Dispatcher {
  /** Nesting of executions: EXEC and scripts run commands inside a command. */
  private depth = 0;
  /** When the command before ended; the next one starts then. Valid within one turn. */
  private lastTimeMs = 0;
  /**
   * A run: the same quick command again and again from one client, timed as a whole, because reading the clock costs
   * as much as a sixth of a GET. Whatever else is executed ends it first, and so sees exact statistics.
   */
  private runCommand: Command | null = null;
  private runClient: Client | null = null;
  private runLength = 0;
  /** Set by handlers to replace what the running command propagates; see {@link propagateAs}. */
  private replaced = false;
  /** The client's error count up to which errors were attributed to commands inside the running one. */
  private accountedErrors = -1;
  private isErrorCounted = false;

  constructor(private readonly server: Server) {}

  /** True while a command is being executed: the dataset is then in the middle of a unit. */
  get isExecuting(): boolean {
    return this.depth > 0;
  }

  /** True inside EXEC or a script, where a command that would block answers at once instead. */
  get deniesBlocking(): boolean {
    return this.depth > 1;
  }

  /** Keeps the execution unit open although the running command returns: it is suspended. */
  hold(): void {
    this.depth++;
  }

  /** A suspended command is over: ends its unit, unless it has been suspended again. */
  letGo(client: Client): void {
    this.depth--;
    if (client.tracking !== null) this.server.tracking.over(client, client.command);
    client.answered();
    this.endUnitOf(client, false);
    this.server.blocking.serveReadyKeys();
  }

  /**
   * The running command is about to answer after other commands that it executed for another client: an error is its
   * own, but has been counted among the server's errors already if it came from one of those.
   */
  attributeErrors(areCounted: boolean): void {
    this.isErrorCounted = areCounted;
    this.accountedErrors = -1;
  }

  /** Forgets the time of the last command: called when a turn begins. */
  beginTurn(nowMs: number): void {
    this.lastTimeMs = nowMs;
  }

  /** Handles one command of a client: refuses, queues, postpones or executes it. */
  process(client: Client, args: string[]): void {
    client.scheduleFlush();
    if (client.replyMode === 'on') {
      this.processAudibly(client, args);
      return;
    }
    client.muteCommand();
    this.processAudibly(client, args);
    client.commandAnswered();
  }

  private processAudibly(client: Client, args: string[]): void {
    const { server } = this;
    const command = this.lookup(client, args);
    if (command === null) return;
    if (!this.mayRun(client, command, args)) return;
    if (server.pause.holds(client, command, args)) {
      server.pause.postpone(client, args);
      return;
    }
    if (!server.keyHolds.isIdle && server.keyHolds.postpones(client, command, args)) return;
    if (client.transaction !== null && !NOT_QUEUED.has(command.name)) {
      client.transaction.add(command, args);
      client.reply.simple('QUEUED');
      return;
    }
    client.isAnswering = true;
    this.execute(client, command, args);
    client.answered();
    this.endUnitOf(client, command.touchesArbitraryKeys);
    server.blocking.serveReadyKeys();
  }

  /**
   * Executes the command of a blocked client again because one of its keys became ready. When it blocks again it
   * keeps its place.
   */
  executeAgain(client: Client, state: BlockedState): void {
    const { command, args } = state;
    if (command === null) return;
    const { reply, user } = client;
    const { acl, blocking } = this.server;
    if (!user.allowsEverything) {
      // The rules may have changed while the client waited.
      const denial = acl.denialFor(client, command, args);
      if (denial !== null) {
        this.reject(client, command, denial);
        blocking.forget(client);
        return;
      }
    }
    const errorsBefore = reply.errorCount;
    blocking.waitsOn = false;
    client.isAnswering = true;
    this.endRun();
    this.call(client, command, args);
    client.answered();
    if (blocking.waitsOn) return;
    this.count(client, command, errorsBefore);
    this.time(client, command, args);
    blocking.forget(client);
    this.endUnitOf(client, false);
  }

  /**
   * Runs a command whose checks have passed: handler, statistics, propagation of what it changed. Used for plain
   * commands and for those inside EXEC; the unit is ended by whoever began it.
   */
  execute(client: Client, command: Command, args: string[]): void {
    const { server } = this;
    if (command !== this.runCommand) this.endRun();
    const errorsBefore = client.reply.errorCount;
    this.call(client, command, args);
    // A command that waits counts once, when it has been answered.
    if (client.blocked === null) {
      this.count(client, command, errorsBefore);
      if (command.isTimedInRuns && this.depth === 0) this.addToRun(client, command);
      else this.time(client, command, args);
    }
    // Fed afterwards: what must not be seen is known only then, and a transaction's commands come before EXEC.
    if (server.monitors.size > 0 && !command.skipsMonitor) {
      server.monitorFeed(client, client.withoutSecrets(args));
    }
    client.secretArguments = null;
  }

  /** Counts a command that was blocked and has been answered without running again. */
  countUnblocked(client: Client, state: BlockedState): void {
    const { command, errorsBefore } = state;
    if (command !== null) this.count(client, command, errorsBefore);
  }

  /** Handler, and propagation of what it changed. */
  private call(client: Client, command: Command, args: string[]): void {
    const { server } = this;
    const { keyspace, propagation } = server;
    const dirtyBefore = keyspace.dirty;
    const outerReplaced = this.replaced;
    this.replaced = false;
    client.command = command;
    client.args = args;

    this.depth++;
    try {
      if (client.noTouch || client.tracking !== null) this.runWithCare(client, command, args);
      else command.handler!(client, args);
    } catch (error) {
      this.contain(client, command, error);
    } finally {
      this.depth--;
    }

    if (keyspace.dirty !== dirtyBefore && !this.replaced && propagation.isActive && client.propagates) {
      if (command.isWrite || command.mayReplicate) propagation.add(client.database.index, client.args);
    }
    this.replaced = outerReplaced;
  }

  /**
   * A handler met an error nobody expected: a fault of ours, or a reply larger than anything V8 can hold. Half a reply
   * may have been written, so the client is cut off; everybody else is served as before. A stream that is being
   * applied cannot go on like that: the dataset would differ from its source.
   */
  private contain(client: Client, command: Command, error: unknown): void {
    if (client.isTrusted) throw error;
    const { log } = this.server;
    const story = error instanceof Error ? (error.stack ?? String(error)) : String(error);
    log.warning(
      `=== REDIS BUG REPORT START: '${command.fullName}' failed, its client is disconnected; please report it ===`,
    );
    for (const line of story.split('\n')) log.warning(line);
    log.warning('=== REDIS BUG REPORT END ===');
    client.close();
  }

  /** CLIENT NO-TOUCH: reads leave access times as they are. CLIENT TRACKING: what is read is remembered. */
  private runWithCare(client: Client, command: Command, args: string[]): void {
    const { keyspace, tracking } = this.server;
    const isTracking = client.tracking !== null;
    keyspace.marksAccess = !client.noTouch || command.name === 'touch';
    // What a script reads is read for whoever called it.
    const reader = client.caller ?? client;
    if (isTracking) tracking.begin(reader);
    try {
      command.handler!(client, args);
    } finally {
      keyspace.marksAccess = true;
      if (isTracking) tracking.end(reader, command, args, this.depth === 1);
    }
  }

  /** Adds a finished command to the statistics. */
  private count(client: Client, command: Command, errorsBefore: number): void {
    const { statistics } = this.server;
    command.calls++;
    statistics.totalCommandsProcessed++;
    client.totalCommands++;
    const { errorCount } = client.reply;
    // The errors of commands inside EXEC are theirs, not EXEC's.
    if (errorCount !== errorsBefore && errorCount !== this.accountedErrors) {
      command.failedCalls++;
      if (!this.isErrorCounted) statistics.countError(client.reply.lastError);
      this.isErrorCounted = false;
      this.accountedErrors = errorCount;
    }
    if (this.depth === 0) this.accountedErrors = -1;
  }

  /** Adds how long a command took, for the slow log and the latency events too. */
  private time(client: Client, command: Command, args: readonly string[]): void {
    const elapsedMs = this.elapsedMs();
    this.addTime(command, elapsedMs, 1);
    if (elapsedMs >= this.server.noteworthyMs) this.server.recordSlow(client, command, args, elapsedMs);
  }

  private addToRun(client: Client, command: Command): void {
    this.runCommand = command;
    this.runClient = client;
    this.runLength++;
    if (
      this.runLength === LONGEST_RUN ||
      client.reply.pendingBytes > LARGE_REPLY_BYTES ||
      this.server.noteworthyMs < SHORTEST_NOTEWORTHY_RUN_MS
    ) {
      this.endRun();
    }
  }

  /** Times what has been executed since the clock was last read. To be called when a client's input is exhausted. */
  endRun(): void {
    const { runCommand: command, runClient: client, runLength } = this;
    if (command === null || client === null) return;
    this.runCommand = null;
    this.runClient = null;
    this.runLength = 0;
    const elapsedMs = this.elapsedMs();
    this.addTime(command, elapsedMs, runLength);
    // What makes one of them slow comes from outside (a collection, a large value); a large one is always the last.
    if (elapsedMs >= this.server.noteworthyMs)
      this.server.recordSlow(client, command, client.args, elapsedMs);
  }

  private elapsedMs(): number {
    const endMs = this.server.platform.clock.monotonicMs();
    const elapsedMs = endMs - this.lastTimeMs;
    this.lastTimeMs = endMs;
    return elapsedMs;
  }

  /** @param count how many calls the time is that of. */
  private addTime(command: Command, elapsedMs: number, count: number): void {
    command.microseconds += elapsedMs * 1000;
    if (this.server.tracksLatency) command.recordLatency(elapsedMs / count, count);
    this.server.statistics.commandMilliseconds += elapsedMs;
  }

  /**
   * Replaces what the running command propagates. May be called several times: each call adds a command. With no
   * call, a command that changed something is propagated as it came.
   */
  propagateAs(client: Client, args: readonly string[]): void {
    this.replaced = true;
    if (client.propagates) this.server.propagation.add(client.database.index, args);
  }

  /** The running command propagates nothing, whatever it changed. */
  suppressPropagation(): void {
    this.replaced = true;
  }

  /**
   * Ends an execution unit: propagates it, then serves clients blocked on keys that became ready.
   * @param separate what was collected is no transaction (see {@link Propagation.endUnit})
   */
  endUnit(separate = false): void {
    if (this.depth > 0) return;
    this.server.propagation.endUnit(separate);
    this.server.blocking.serveReadyKeys();
  }

  /** Propagates the unit and notes in the client how far the stream is with it. */
  private endUnitOf(client: Client, separate: boolean): void {
    const { server } = this;
    if (this.depth > 0 || server.propagation.isEmpty) return;
    server.propagation.endUnit(separate);
    client.lastWriteOffset = server.replicationOffset;
    client.lastLogPosition = server.logPosition;
  }

  /** Finds the command, or writes why there is none. */
  private lookup(client: Client, args: string[]): Command | null {
    const name = args[0];
    const found = name === client.lastName ? client.lastFound : this.server.commands.find(name);
    if (found === undefined) {
      if (isWord(name, 'post') || isWord(name, 'host:')) {
        this.server.clients.crossProtocolRequest(client);
        return null;
      }
      this.reject(client, null, unknownCommandText(args));
      return null;
    }
    client.lastName = name;
    client.lastFound = found;
    if (found.subcommands === null || args.length === 1) return this.checkArity(client, found, args);
    const sub = found.subcommands.get(toLowerAscii(args[1]));
    if (sub !== undefined) return this.checkArity(client, sub, args);
    const shown = args[1].slice(0, UNKNOWN_ARGUMENTS_LENGTH);
    this.reject(client, null, `ERR unknown subcommand '${shown}'. Try ${toUpperAscii(found.name)} HELP.`);
    return null;
  }

  private checkArity(client: Client, command: Command, args: string[]): Command | null {
    if (command.handler !== null && command.acceptsArgumentCount(args.length)) return command;
    this.reject(client, command, `ERR wrong number of arguments for '${command.fullName}' command`);
    return null;
  }

  /** The checks before execution, in the order in which their errors take precedence. */
  private mayRun(client: Client, command: Command, args: string[]): boolean {
    const { server } = this;
    if (!client.authenticated && !command.needsNoAuth && !server.acl.defaultUser.isOpen) {
      return this.reject(client, command, 'NOAUTH Authentication required.');
    }
    if (client.transaction !== null && command.deniedInMulti) {
      return this.reject(client, command, 'ERR Command not allowed inside a transaction');
    }
    if (!client.user.allowsEverything && !client.isTrusted) {
      // The log of denials shows the client with the command that it tried.
      client.command = command;
      const denial = server.acl.denialFor(client, command, args);
      if (denial !== null) return this.reject(client, command, denial);
    }
    if (!server.gates.isEmpty && !client.isTrusted) {
      const judged = command.judgedFor(args);
      const writes =
        judged.isWrite ||
        judged.mayReplicate ||
        (command.name === 'exec' && client.transaction !== null && client.transaction.hasWrites);
      const refusal = server.gates.refusal(client, judged, args, writes);
      if (refusal !== null) return this.reject(client, command, refusal);
    }
    if (client.kind === 'replica' && (command.isWrite || command.isReadOnly || command.mayReplicate)) {
      return this.reject(client, command, "ERR Replica can't interact with the keyspace");
    }
    if (
      client.subscriptions !== null &&
      client.reply.protocol === 2 &&
      !ALLOWED_IN_PUBSUB.has(command.name)
    ) {
      return this.reject(
        client,
        command,
        `ERR Can't execute '${command.fullName}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`,
      );
    }
    return true;
  }

  /** Writes an error for a command that is not executed. Always false, for the callers' convenience. */
  private reject(client: Client, command: Command | null, text: string): false {
    const { statistics } = this.server;
    if (command !== null) {
      command.rejectedCalls++;
      client.command = command;
    }
    statistics.countError(text);
    if (client.transaction !== null) {
      if (command?.name === 'exec') {
        this.server.discardTransaction(client);
        client.reply.error(`EXECABORT Transaction discarded because of: ${text.replace(/^ERR /, '')}`);
        return false;
      }
      client.transaction.failed = true;
    }
    client.reply.error(text);
    return false;
  }
}

/** Redis's text for an unknown command: the name and the arguments, each cut so that the whole stays short. */
export function unknownCommandText(args: readonly string[]): string {
  let shown = '';
  for (let i = 1; i < args.length && shown.length < UNKNOWN_ARGUMENTS_LENGTH; i++) {
    shown += `'${args[i].slice(0, UNKNOWN_ARGUMENTS_LENGTH - shown.length)}' `;
  }
  return `ERR unknown command '${args[0].slice(0, UNKNOWN_ARGUMENTS_LENGTH)}', with args beginning with: ${shown}`;
}

/** A new transaction for MULTI. */
export function beginTransaction(client: Client): void {
  client.transaction = new Transaction();
}
