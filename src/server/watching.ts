/** WATCH: which keys a client watches, and whether one of them was touched. */
import type { Database, KeyWatcher } from '../keyspace/database.js';
import type { Client } from './client.js';

class WatchState implements KeyWatcher {
  dirty = false;
  readonly keys: { readonly database: Database; readonly key: string; readonly expiredAtWatch: boolean }[] =
    [];

  keyTouched(): void {
    this.dirty = true;
  }
}

export class Watching {
  private readonly states = new Map<Client, WatchState>();

  watch(client: Client, key: string): void {
    const { database } = client;
    let state = this.states.get(client);
    if (state === undefined) {
      state = new WatchState();
      this.states.set(client, state);
    }
    if (state.keys.some((watched) => watched.database === database && watched.key === key)) return;
    const entry = database.entries.get(key);
    state.keys.push({ database, key, expiredAtWatch: entry !== undefined && database.isExpired(entry) });
    database.watch(key, state);
  }

  /** A watched key was touched, or has expired since (unless it already had when it was watched). */
  isDirty(client: Client): boolean {
    const state = this.states.get(client);
    if (state === undefined) return false;
    if (state.dirty) return true;
    return state.keys.some(({ database, key, expiredAtWatch }) => {
      const entry = database.entries.get(key);
      return !expiredAtWatch && entry !== undefined && database.isExpired(entry);
    });
  }

  unwatchAll(client: Client): void {
    const state = this.states.get(client);
    if (state === undefined) return;
    this.states.delete(client);
    for (const { database, key } of state.keys) database.unwatch(key, state);
  }
}
