/** All databases of a server, with what they share: the time, the hooks, the snapshot, the counters. */
import type { AccessFrequency } from './access-frequency.js';
import { Database } from './database.js';
import type { Entry } from './entry.js';
import { MemoryAccount } from './memory-account.js';
import { SlotIndex } from './slot-index.js';
import type { EncodingLimits, Value } from './values/value.js';

/** What happens when an expired key is looked up; see `Database.live`. */
export type ExpiryMode = 'delete' | 'hide' | 'see';

/** What the server wants to hear of. */
export interface KeyspaceHooks {
  keyAdded(database: Database, key: string, value: Value): void;
  /** A read found no such key. */
  keyMissed(database: Database, key: string): void;
  /** Deleted, expired, renamed away, or its collection replaced: what the key held is gone. */
  keyRemoved(database: Database, key: string): void;
  keyTouched(database: Database, key: string): void;
  keyReady(database: Database, key: string): void;
  /** The key is already gone: propagate its deletion, notify. */
  keyExpired(database: Database, key: string): void;
}

/** A running snapshot: saves entries before they change. */
export interface SnapshotObserver {
  /** `entry` is about to change or go, and the snapshot does not have it yet. */
  beforeChange(database: Database, entry: Entry): void;
}

export const SILENT_HOOKS: KeyspaceHooks = {
  keyAdded: () => undefined,
  keyMissed: () => undefined,
  keyRemoved: () => undefined,
  keyTouched: () => undefined,
  keyReady: () => undefined,
  keyExpired: () => undefined,
};

export class Keyspace {
  readonly databases: Database[] = [];
  /** The keys by slot; null but in cluster mode, so that others pay nothing for it. */
  readonly slotIndex: SlotIndex | null = null;
  hooks: KeyspaceHooks = SILENT_HOOKS;
  expiryMode: ExpiryMode = 'delete';
  /** While writes are paused, what a master would delete as expired is only hidden. */
  expiryPaused = false;
  /** The time that expiry goes by; set once per turn, so that it stands still within an execution unit. */
  nowMs = 0;
  /** Written into entries as they are added, and as they are accessed unless {@link frequency} counts. */
  accessMark = 0;
  /** Counts accesses, under an LFU policy. */
  frequency: AccessFrequency | null = null;
  readonly account = new MemoryAccount();
  /** False while a command of a client runs that asked to leave no marks (CLIENT NO-TOUCH). */
  marksAccess = true;

  /**
   * On a writable replica: told when a client gives a key a time to live. The master does not know the key, so nobody
   * else will delete it.
   */
  onLocalExpiry: ((database: Database, key: string) => void) | null = null;

  /** Changes since the last save. */
  dirty = 0;
  hits = 0;
  misses = 0;
  expiredKeys = 0;

  /** The snapshot being taken, and the number of the last one begun. */
  snapshot: SnapshotObserver | null = null;
  snapshotNumber = 0;

  constructor(
    databaseCount: number,
    readonly limits: EncodingLimits,
    /** Cluster mode: the keys of a slot can be told. */
    hasSlots = false,
  ) {
    if (hasSlots) this.slotIndex = new SlotIndex(this.databases);
    for (let index = 0; index < databaseCount; index++) this.databases.push(new Database(this, index));
  }

  /** A keyspace like this one without keys: for a dataset that is loaded aside. */
  emptyTwin(): Keyspace {
    const twin = new Keyspace(this.databases.length, this.limits, this.slotIndex !== null);
    twin.snapshotNumber = this.snapshotNumber;
    twin.accessMark = this.accessMark;
    return twin;
  }

  get hashSeed(): number {
    return this.limits.hashSeed;
  }

  /** Keys in all databases. */
  get size(): number {
    let size = 0;
    for (const database of this.databases) size += database.size;
    return size;
  }

  /** Bytes of the dictionaries themselves, without keys and values. */
  get overheadBytes(): number {
    let bytes = 0;
    for (const { entries, expiries } of this.databases)
      bytes += entries.overheadBytes + expiries.overheadBytes;
    return bytes;
  }

  /** What the databases take, keys and values included: our own account, in bytes. */
  get memoryBytes(): number {
    this.account.settle();
    let bytes = this.overheadBytes;
    for (const { entries, expiries } of this.databases) bytes += entries.contentBytes + expiries.contentBytes;
    return bytes;
  }

  /** Exchanges the contents of two databases; clients stay connected to their number. */
  swap(first: Database, second: Database): void {
    const { entries, expiries } = first;
    first.replaceContents(second.entries, second.expiries);
    second.replaceContents(entries, expiries);
  }
}
