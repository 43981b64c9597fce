/**
 * Deletes expired keys that nobody looks up, a bounded number of looks at a time.
 *
 * The bound counts work instead of time, so that a simulated step, in which the clock stands still, ends too. It
 * keeps a slice near one millisecond; when many keys have expired, the next slice follows soon.
 */
import type { Database } from '../keyspace/database.js';
import type { Expiry } from '../keyspace/entry.js';
import type { Keyspace } from '../keyspace/keyspace.js';

/** Redis's figures for `active-expire-effort` 1, and what each further point adds to them or takes away. */
const LOOKS_PER_STEP = 20;
const MORE_LOOKS_PER_STEP = 5;
/** A database is looked at again at once while more than this share of the looks found something expired. */
const REPEAT_SHARE = 0.1;
const LESS_REPEAT_SHARE = 0.01;
/** Redis takes a quarter of the time at effort 1, and 43 % at effort 10. */
const LOOKS_PER_SLICE = 1600;
const MORE_LOOKS_PER_SLICE = 128;

export class ActiveExpiry {
  /** DEBUG SET-ACTIVE-EXPIRE. */
  enabled = true;
  private nextDatabase = 0;

  /** @param effort `active-expire-effort`: 1 to 10 */
  constructor(
    private readonly keyspace: Keyspace,
    private readonly effort: () => number,
  ) {}

  /** Works for a slice; true when there is much left to do. Only a master expires keys by itself. */
  slice(): boolean {
    if (!this.enabled || this.keyspace.expiryMode !== 'delete') return false;
    const { databases } = this.keyspace;
    const beyondLeast = this.effort() - 1;
    const looksPerStep = LOOKS_PER_STEP + beyondLeast * MORE_LOOKS_PER_STEP;
    const fewEnough = looksPerStep * (REPEAT_SHARE - beyondLeast * LESS_REPEAT_SHARE);
    const maxLooks = LOOKS_PER_SLICE + beyondLeast * MORE_LOOKS_PER_SLICE;
    let looks = 0;
    for (let i = 0; i < databases.length && looks < maxLooks; i++) {
      const database = databases[this.nextDatabase];
      this.nextDatabase = (this.nextDatabase + 1) % databases.length;
      while (database.expiries.size > 0 && looks < maxLooks) {
        looks += looksPerStep;
        if (this.step(database, looksPerStep) <= fewEnough) break;
      }
    }
    return looks >= maxLooks;
  }

  /** Looks at the next keys with an expiry; returns how many had expired. */
  private step(database: Database, looks: number): number {
    const due: Expiry[] = [];
    const { nowMs } = this.keyspace;
    database.expiryCursor = database.expiries.scan(database.expiryCursor, looks, (expiry) => {
      if (expiry.atMs <= nowMs) due.push(expiry);
    });
    for (const expiry of due) {
      const entry = database.entries.get(expiry.key);
      if (entry !== undefined) database.expire(entry);
    }
    return due.length;
  }
}
