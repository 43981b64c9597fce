/**
 * Keys that are being moved to another server: they can be read, but whoever would write to one waits until it is
 * settled whether the key is still here. Then its command goes through all checks again, in the order of arrival for
 * each key, so that in cluster mode it is sent where the key went.
 *
 * This is what lets MIGRATE serve everybody else: stock stops the whole server instead. A hold keeps clients away, not
 * what happens to a key by itself (expiry, eviction) or by a replication stream; that is only noted.
 */
import type { Database } from '../keyspace/database.js';
import type { Client } from './client.js';
import type { Command } from './command.js';
import type { Server } from './server.js';

/** Commands that may change any key. Scripts may, too, when they do not say which keys they work on. */
const CHANGES_EVERYTHING = new Set(['flushall', 'flushdb', 'swapdb']);
const SCRIPTS = new Set(['eval', 'evalsha', 'fcall']);

/** One key that is held. */
export class KeyHold {
  /** The key was changed, or expired, since it is held. */
  isChanged = false;
  /** Made when there is somebody, which is seldom. */
  waiting: Client[] | null = null;
  onReleased: (() => void)[] | null = null;

  constructor(
    readonly database: Database,
    readonly key: string,
  ) {}
}

export class KeyHolds {
  /** By name, whatever the database: commands like COPY and MOVE write to other databases than their client's. */
  private readonly held = new Map<string, KeyHold>();
  /** Clients that need every hold to end; until they have been served, none may begin. */
  private readonly waitingForAll: Client[] = [];
  private isServingThem = false;
  private readonly onNobodyWaitsForAll: (() => void)[] = [];
  /** Blocked clients whose command could be served, but writes to a key that is held. */
  private unserved: { readonly database: Database; readonly key: string }[] = [];
  private readonly postponed = new Set<Client>();

  constructor(private readonly server: Server) {}

  /** Fast path: no key is held. */
  get isIdle(): boolean {
    return this.held.size === 0;
  }

  get waitingCount(): number {
    return this.postponed.size;
  }

  /**
   * Holds a key.
   * @param retry called later when the key cannot be held now: another move has it, or somebody waits for all to end
   * @returns null when it cannot be held now
   */
  hold(database: Database, key: string, retry: () => void): KeyHold | null {
    if (this.waitingForAll.length > 0 || this.isServingThem) {
      this.onNobodyWaitsForAll.push(retry);
      return null;
    }
    const other = this.held.get(key);
    if (other !== undefined) {
      (other.onReleased ??= []).push(retry);
      return null;
    }
    const hold = new KeyHold(database, key);
    this.held.set(key, hold);
    return hold;
  }

  /** Ends a hold. Those who waited go on when the turn ends, never inside the unit that settles the key. */
  release(hold: KeyHold): void {
    if (this.held.get(hold.key) !== hold) return;
    this.held.delete(hold.key);
    if (hold.waiting !== null) for (const client of hold.waiting) this.resume(client);
    if (hold.onReleased !== null) for (const retry of hold.onReleased) retry();
    if (this.unserved.length > 0) this.serveAgain();
    if (this.isIdle && this.waitingForAll.length > 0) this.serveThoseWhoWaitForAll();
  }

  /** Whether the command has to wait. If so it is kept, and the client reads no further. */
  postpones(client: Client, command: Command, args: string[]): boolean {
    if (client.isTrusted || client.kind === 'replica') return false;
    if (command.name === 'exec') {
      for (const queued of client.transaction?.queue ?? []) {
        if (this.postponesFor(client, queued.command, queued.args, args)) return true;
      }
      return false;
    }
    // In a transaction it is only queued; EXEC waits.
    return client.transaction === null && this.postponesFor(client, command, args, args);
  }

  /** Whether a blocked client's command must not be executed now; it is tried again when the key is settled. */
  keepsUnserved(command: Command, args: readonly string[], database: Database, readyKey: string): boolean {
    if (this.firstHeld(command, args) === null) return false;
    this.unserved.push({ database, key: readyKey });
    return true;
  }

  /** A key has changed. */
  noteChange(database: Database, key: string): void {
    const hold = this.held.get(key);
    if (hold !== undefined && hold.database === database) hold.isChanged = true;
  }

  forget(client: Client): void {
    this.postponed.delete(client);
    const position = this.waitingForAll.indexOf(client);
    if (position === -1) return;
    this.waitingForAll.splice(position, 1);
    if (this.waitingForAll.length === 0) this.letOthersHold();
  }

  private postponesFor(
    client: Client,
    command: Command,
    written: readonly string[],
    args: string[],
  ): boolean {
    if (!command.isWrite && !command.mayReplicate) return false;
    if (mayChangeAnything(command, written)) {
      this.waitingForAll.push(client);
    } else {
      const hold = this.firstHeld(command, written);
      if (hold === null) return false;
      (hold.waiting ??= []).push(client);
    }
    client.postponed = args;
    this.postponed.add(client);
    return true;
  }

  private firstHeld(command: Command, args: readonly string[]): KeyHold | null {
    for (const position of command.keyPositions(args) ?? []) {
      const hold = this.held.get(args[position]);
      if (hold !== undefined) return hold;
    }
    return null;
  }

  private resume(client: Client): void {
    if (this.postponed.delete(client)) this.server.resumeLater(client);
  }

  private serveThoseWhoWaitForAll(): void {
    this.isServingThem = true;
    for (const client of this.waitingForAll.splice(0)) this.resume(client);
    this.letOthersHold();
  }

  /** After this turn, at the end of which whoever waited for all is served. */
  private letOthersHold(): void {
    this.server.platform.timers.endOfTurn(() => {
      this.isServingThem = false;
      for (const retry of this.onNobodyWaitsForAll.splice(0)) retry();
    });
  }

  private serveAgain(): void {
    const { unserved } = this;
    this.unserved = [];
    for (const { database, key } of unserved) this.server.blocking.keyReady(database, key);
  }
}

function mayChangeAnything(command: Command, args: readonly string[]): boolean {
  if (CHANGES_EVERYTHING.has(command.name)) return true;
  return SCRIPTS.has(command.name) && command.keyPositions(args)?.length === 0;
}
