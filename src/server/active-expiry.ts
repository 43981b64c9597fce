/**
 * Deletes expired keys that nobody looks up, a bounded number of looks at a time.
 *
 * The bound counts work instead of time, so that a simulated step, in which the clock stands still, ends too. It
 * keeps a slice near one millisecond; when many keys have expired, the next slice follows soon.
 */
import type { Database } from '../keyspace/database.js';
import type { Expiry } from '../keyspace/entry.js';
import type { Keyspace } from '../keyspace/keyspace.js';

const LOOKS_PER_STEP = 20;
/** A database is looked at again at once while more than this share of the looks found something expired. */
const REPEAT_SHARE = 0.1;
const MAX_STEPS_PER_SLICE = 80;

export class ActiveExpiry {
  /** DEBUG SET-ACTIVE-EXPIRE. */
  enabled = true;
  private nextDatabase = 0;

  constructor(private readonly keyspace: Keyspace) {}

  /** Works for a slice; true when there is much left to do. Only a master expires keys by itself. */
  slice(): boolean {
    if (!this.enabled || this.keyspace.expiryMode !== 'delete') return false;
    const { databases } = this.keyspace;
    let steps = 0;
    for (let i = 0; i < databases.length && steps < MAX_STEPS_PER_SLICE; i++) {
      const database = databases[this.nextDatabase];
      this.nextDatabase = (this.nextDatabase + 1) % databases.length;
      while (database.expiries.size > 0 && steps < MAX_STEPS_PER_SLICE) {
        steps++;
        if (this.step(database) <= LOOKS_PER_STEP * REPEAT_SHARE) break;
      }
    }
    return steps === MAX_STEPS_PER_SLICE;
  }

  /** Looks at the next keys with an expiry; returns how many had expired. */
  private step(database: Database): number {
    const due: Expiry[] = [];
    const { nowMs } = this.keyspace;
    database.expiryCursor = database.expiries.scan(database.expiryCursor, LOOKS_PER_STEP, (expiry) => {
      if (expiry.atMs <= nowMs) due.push(expiry);
    });
    for (const expiry of due) {
      const entry = database.entries.get(expiry.key);
      if (entry !== undefined) database.expire(entry);
    }
    return due.length;
  }
}
