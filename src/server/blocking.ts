/**
 * Clients that wait for keys: BLPOP and its kin.
 *
 * A blocked client keeps its command. When one of its keys may have become able to serve it, the command is simply
 * executed again; if it still finds nothing it stays blocked in its old place. Nothing polls: keys are marked
 * ready by the write that feeds them and served when that execution unit has ended, in the order in which clients
 * blocked (each is a unit of its own).
 */
import type { Database } from '../keyspace/database.js';
import { typeOf, type ValueType } from '../keyspace/values/value.js';
import type { Timer } from '../platform/platform.js';
import type { Client } from './client.js';
import type { Command } from './command.js';
import type { Server } from './server.js';

/** Why a client waits. `keys` are served by re-execution; `other` (WAIT, FAILOVER, ...) by its owner. */
export interface BlockedState {
  readonly kind: 'keys' | 'other';
  readonly command: Command | null;
  readonly args: string[];
  readonly database: Database;
  readonly keys: readonly string[];
  /** The type that can serve the client: a key that comes to hold another one does not wake it. */
  readonly type: ValueType | null;
  /** Also woken when a key is deleted or changes type (XREADGROUP). */
  readonly wakeOnDelete: boolean;
  readonly timer: Timer | null;
  /** Writes the reply of a wait that ended by its timeout; null: CLIENT UNBLOCK cannot end it. */
  readonly onTimeout: ((client: Client) => void) | null;
  /** The client's count of errors when the wait began. */
  readonly errorsBefore: number;
  /** Lets the owner of an `other` wait forget the client. */
  readonly onRelease: ((client: Client) => void) | null;
}

export interface BlockOnKeysOptions {
  readonly keys: readonly string[];
  readonly type: ValueType;
  /** 0: for ever. */
  readonly timeoutMs: number;
  readonly wakeOnDelete?: boolean;
  readonly onTimeout: (client: Client) => void;
}

export class Blocking {
  /** Waiting clients by database and key, in the order they blocked. */
  private readonly waiting = new Map<Database, Map<string, Set<Client>>>();
  private readyKeys: { database: Database; key: string }[] = [];
  private readonly readySet = new Map<Database, Set<string>>();
  private serving = false;
  blockedClients = 0;
  /** Set when a command that is executed again has to go on waiting. */
  waitsOn = false;

  constructor(private readonly server: Server) {}

  /** The number of keys clients wait for. */
  get waitedKeyCount(): number {
    let count = 0;
    for (const keys of this.waiting.values()) count += keys.size;
    return count;
  }

  /** The number of keys whose deletion clients wait for as well. */
  get waitedForDeletionCount(): number {
    let count = 0;
    for (const keys of this.waiting.values()) {
      for (const clients of keys.values()) {
        if ([...clients].some(({ blocked }) => blocked?.wakeOnDelete === true)) count++;
      }
    }
    return count;
  }

  /**
   * Whether a command that finds nothing may wait. Inside EXEC or a script, and in a replication stream, it must
   * answer at once, as if its timeout had passed.
   */
  mayBlock(client: Client): boolean {
    return !client.isTrusted && !this.server.dispatcher.deniesBlocking;
  }

  /** Blocks the client on keys until its command, executed again, no longer blocks. */
  blockOnKeys(client: Client, options: BlockOnKeysOptions): void {
    if (client.blocked !== null) {
      this.waitsOn = true;
      return;
    }
    client.blocked = {
      kind: 'keys',
      command: client.command,
      args: client.args,
      database: client.database,
      keys: options.keys,
      type: options.type,
      wakeOnDelete: options.wakeOnDelete ?? false,
      timer: this.timeout(client, options.timeoutMs),
      onTimeout: options.onTimeout,
      onRelease: null,
      errorsBefore: client.reply.errorCount,
    };
    this.blockedClients++;
    const byKey = this.waiting.get(client.database) ?? new Map<string, Set<Client>>();
    this.waiting.set(client.database, byKey);
    for (const key of options.keys) {
      const clients = byKey.get(key);
      if (clients === undefined) byKey.set(key, new Set([client]));
      else clients.add(client);
    }
  }

  /** Blocks the client until its owner calls {@link release}. */
  block(
    client: Client,
    timeoutMs: number,
    onTimeout: ((client: Client) => void) | null,
    onRelease: (client: Client) => void,
  ): void {
    client.blocked = {
      kind: 'other',
      command: client.command,
      // Never executed again: only the slow log looks at them.
      args: [...client.withoutSecrets(client.args)],
      database: client.database,
      keys: [],
      type: null,
      wakeOnDelete: false,
      timer: this.timeout(client, timeoutMs),
      onTimeout,
      onRelease,
      errorsBefore: client.reply.errorCount,
    };
    this.blockedClients++;
  }

  /** Ends a wait. The caller has written the reply, or none if the client is closing. */
  release(client: Client): void {
    if (client.blocked !== null && !client.closed) {
      this.server.dispatcher.countUnblocked(client, client.blocked);
    }
    this.forget(client);
  }

  /** As {@link release}, for a command that was executed again and counted then. */
  forget(client: Client): void {
    const state = client.blocked;
    if (state === null) return;
    client.blocked = null;
    this.blockedClients--;
    state.timer?.cancel();
    const byKey = this.waiting.get(state.database);
    for (const key of state.keys) {
      const clients = byKey?.get(key);
      clients?.delete(client);
      if (clients?.size === 0) byKey?.delete(key);
    }
    state.onRelease?.(client);
    if (client.closed) return;
    client.commandAnswered();
    client.scheduleFlush();
    // What the client sent meanwhile is executed in a later turn's stack, not inside the command that fed it.
    this.server.resumeLater(client);
  }

  /** CLIENT UNBLOCK, a role change: ends the wait with an error or as its timeout does. */
  unblock(client: Client, errorText: string | null): void {
    const state = client.blocked;
    if (state === null) return;
    if (errorText === null) state.onTimeout?.(client);
    else client.reply.error(errorText);
    this.release(client);
  }

  /** Marks a key that may now serve someone. Cheap when nobody waits. */
  keyReady(database: Database, key: string): void {
    if (this.blockedClients === 0) return;
    if (this.waiting.get(database)?.has(key) !== true) return;
    const ready = this.readySet.get(database) ?? new Set<string>();
    this.readySet.set(database, ready);
    if (ready.has(key)) return;
    ready.add(key);
    this.readyKeys.push({ database, key });
  }

  /** A key was deleted or replaced: wakes those who must hear of it. */
  keyGone(database: Database, key: string): void {
    if (this.blockedClients === 0) return;
    const clients = this.waiting.get(database)?.get(key);
    if (clients === undefined) return;
    for (const client of clients) {
      if (client.blocked?.wakeOnDelete === true) {
        this.keyReady(database, key);
        return;
      }
    }
  }

  /** SWAPDB, FLUSHALL: any key that is waited for may exist now, or be gone. */
  databaseReplaced(database: Database): void {
    for (const key of this.waiting.get(database)?.keys() ?? []) {
      if (database.entries.get(key) !== undefined) this.keyReady(database, key);
      else this.keyGone(database, key);
    }
  }

  /** Called when an execution unit has ended: serves clients, which may make further keys ready. */
  serveReadyKeys(): void {
    if (this.serving || this.readyKeys.length === 0 || this.server.dispatcher.isExecuting) return;
    this.serving = true;
    // Time stands still within a unit, but each client that is served is a unit of its own.
    this.server.beginTurn();
    while (this.readyKeys.length > 0) {
      const ready = this.readyKeys;
      this.readyKeys = [];
      this.readySet.clear();
      for (const { database, key } of ready) this.serveKey(database, key);
    }
    this.serving = false;
  }

  private serveKey(database: Database, key: string): void {
    const clients = this.waiting.get(database)?.get(key);
    if (clients === undefined) return;
    for (const client of [...clients]) {
      const state = client.blocked;
      if (state === null || state.command === null) continue;
      const entry = database.entries.get(key);
      const canServe =
        entry !== undefined && !database.isExpired(entry) && typeOf(entry.value) === state.type;
      if (!canServe && !state.wakeOnDelete) continue;
      const { keyHolds } = this.server;
      if (!keyHolds.isIdle && keyHolds.keepsUnserved(state.command, state.args, database, key)) continue;
      this.server.dispatcher.executeAgain(client, state);
    }
  }

  private timeout(client: Client, timeoutMs: number): Timer | null {
    if (timeoutMs <= 0) return null;
    return this.server.platform.timers.after(timeoutMs, () => {
      this.server.beginTurn();
      this.unblock(client, null);
    });
  }
}
