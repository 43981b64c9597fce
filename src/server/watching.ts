/** WATCH: which keys a client watches, and whether one of them was touched. */
import type { Database, KeyWatcher } from '../keyspace/database.js';
import type { Client } from './client.js';

/**
 * A key watched by one client. A key that is stored but has expired is absent to the client: that it goes in the end,
 * or makes room for nothing, is no change.
 */
class WatchedKey implements KeyWatcher {
  private isTouched = false;
  private readonly wasAbsent: boolean;

  constructor(
    readonly database: Database,
    readonly key: string,
  ) {
    this.wasAbsent = this.isAbsent;
  }

  keyTouched(): void {
    if (!this.wasAbsent || !this.isAbsent) this.isTouched = true;
  }

  /** Touched, or gone by since the key's time has come. */
  get hasChanged(): boolean {
    return this.isTouched || (!this.wasAbsent && this.isAbsent);
  }

  private get isAbsent(): boolean {
    const entry = this.database.entries.get(this.key);
    return entry === undefined || this.database.isExpired(entry);
  }
}

export class Watching {
  private readonly keys = new Map<Client, WatchedKey[]>();

  watch(client: Client, key: string): void {
    const { database } = client;
    const own = this.keys.get(client) ?? [];
    if (own.some((watched) => watched.database === database && watched.key === key)) return;
    this.keys.set(client, own);
    const watched = new WatchedKey(database, key);
    own.push(watched);
    database.watch(key, watched);
  }

  /** Whether a key that the client watches has changed since. */
  isDirty(client: Client): boolean {
    return this.keys.get(client)?.some((watched) => watched.hasChanged) ?? false;
  }

  watchedKeyCount(client: Client): number {
    return this.keys.get(client)?.length ?? 0;
  }

  unwatchAll(client: Client): void {
    for (const watched of this.keys.get(client) ?? []) watched.database.unwatch(watched.key, watched);
    this.keys.delete(client);
  }
}
