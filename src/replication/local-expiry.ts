/**
 * Keys that clients of a writable replica have given a time to live. The master knows nothing of them and will send no
 * DEL, so they are the one thing that a replica expires by itself.
 */
import type { Database } from '../keyspace/database.js';
import type { Server } from '../server/server.js';

/** Looks per database and tick, so that a tick is short however many keys there are. */
const LOOKS_PER_TICK = 1000;

export class LocalExpiry {
  private readonly keys = new Map<Database, Set<string>>();

  constructor(private readonly server: Server) {}

  /** Begins or ends to take note of keys; what was noted is forgotten with the end. */
  setActive(isActive: boolean): void {
    const { keyspace } = this.server;
    if (isActive) {
      keyspace.onLocalExpiry = this.note;
    } else {
      keyspace.onLocalExpiry = null;
      this.keys.clear();
    }
  }

  /** Deletes what has expired. */
  tick(): void {
    for (const [database, keys] of this.keys) {
      let looks = Math.min(keys.size, LOOKS_PER_TICK);
      for (const key of keys) {
        if (looks-- === 0) break;
        keys.delete(key);
        const entry = database.entries.get(key);
        if (entry === undefined || entry.expiry === null) continue;
        if (database.isExpired(entry)) database.expire(entry);
        // Back at the end of the line.
        else keys.add(key);
      }
    }
  }

  private readonly note = (database: Database, key: string): void => {
    const keys = this.keys.get(database);
    if (keys === undefined) this.keys.set(database, new Set([key]));
    else keys.add(key);
  };
}
