/**
 * One numbered database: keys, values and expiry.
 *
 * It knows nothing of commands or clients. What others must hear of (a key changed, expired, became ready for
 * blocked clients) goes through the hooks of its keyspace. Every change to a value must be announced BEFORE it
 * happens by taking the entry through a `...ForWrite` method: that is where a running snapshot saves the old
 * value.
 */
import { Entry, EntryDictionary, Expiry, ExpiryDictionary } from './entry.js';
import type { Keyspace } from './keyspace.js';
import { SlotLists } from './slot-lists.js';
import { memoryOf, type Value } from './values/value.js';

/** Told when a watched key has been touched. */
export interface KeyWatcher {
  keyTouched(): void;
}

export class Database {
  entries: EntryDictionary;
  expiries: ExpiryDictionary;
  private readonly watchers = new Map<string, Set<KeyWatcher>>();
  /** Where the active expiry cycle goes on. */
  expiryCursor = 0;

  constructor(
    readonly keyspace: Keyspace,
    readonly index: number,
  ) {
    this.entries = this.newEntries();
    this.expiries = new ExpiryDictionary(keyspace.hashSeed);
  }

  /** Number of keys, expired ones that are still stored included. */
  get size(): number {
    return this.entries.size;
  }

  /** The value for reading; counts a hit or miss and marks the access. */
  read(key: string): Value | undefined {
    const entry = this.readEntry(key);
    if (entry === undefined) return undefined;
    if (this.keyspace.marksAccess) this.markAccess(entry);
    return entry.value;
  }

  /** The entry for reading; counts a hit or miss, but does not mark the access: TTL, TYPE, EXISTS. */
  readEntry(key: string): Entry | undefined {
    const entry = this.live(key);
    if (entry !== undefined) {
      this.keyspace.hits++;
      return entry;
    }
    this.keyspace.misses++;
    this.keyspace.hooks.keyMissed(this, key);
    return undefined;
  }

  /** The entry for reading, without counting or marking: OBJECT, TTL, DEBUG, SCAN. */
  peek(key: string): Entry | undefined {
    return this.live(key);
  }

  /** The entry for a change of its value or expiry. A running snapshot has saved it when this returns. */
  entryForWrite(key: string): Entry | undefined {
    const entry = this.liveForWrite(key);
    if (entry === undefined) return undefined;
    this.markAccess(entry);
    this.keyspace.account.open(this.entries, entry);
    this.saveForSnapshot(entry);
    return entry;
  }

  /** The value for a change in place. */
  valueForWrite(key: string): Value | undefined {
    return this.entryForWrite(key)?.value;
  }

  exists(key: string): boolean {
    return this.live(key) !== undefined;
  }

  /** Sets a value, creating the key or replacing what it holds. The expiry goes unless it is kept. */
  set(key: string, value: Value, keepExpiry = false): Entry {
    const entry = this.liveForWrite(key);
    if (entry === undefined) return this.add(key, value);
    const { account } = this.keyspace;
    this.markAccess(entry);
    this.saveForSnapshot(entry);
    if (typeof value === 'object') {
      account.open(this.entries, entry);
    } else {
      // What never changes in place is counted at once.
      account.close(entry);
      this.entries.contentBytes += memoryOf(value) - memoryOf(entry.value);
    }
    // Whoever waits for something in a collection must hear that it is gone.
    if (typeof entry.value === 'object') this.keyspace.hooks.keyRemoved(this, key);
    entry.value = value;
    if (!keepExpiry && entry.expiry !== null) this.clearExpiry(entry);
    return entry;
  }

  /** Adds a key that is known not to exist. */
  add(key: string, value: Value): Entry {
    const { keyspace } = this;
    const entry = new Entry(key, value, keyspace.accessMark, keyspace.snapshotNumber);
    this.entries.add(entry);
    // A collection is filled after it has been added.
    if (typeof value === 'object') keyspace.account.open(this.entries, entry);
    keyspace.hooks.keyAdded(this, key, value);
    return entry;
  }

  /** Deletes a key; false when it does not exist (or has expired). */
  delete(key: string): boolean {
    const entry = this.liveForWrite(key);
    if (entry === undefined) return false;
    this.remove(entry);
    return true;
  }

  /** Removes an entry of this database, without asking whether it has expired. */
  remove(entry: Entry): void {
    this.saveForSnapshot(entry);
    this.keyspace.account.close(entry);
    if (entry.expiry !== null) {
      this.expiries.remove(entry.key);
      entry.expiry = null;
    }
    this.entries.remove(entry.key);
    this.keyspace.hooks.keyRemoved(this, entry.key);
  }

  /** Sets when a key expires. The entry must come from {@link entryForWrite} or {@link add}. */
  setExpiry(entry: Entry, atMs: number): void {
    const { onLocalExpiry, expiryMode } = this.keyspace;
    // What the master's stream sets is seen in another mode, and the master's to delete.
    if (onLocalExpiry !== null && expiryMode === 'hide') onLocalExpiry(this, entry.key);
    if (entry.expiry !== null) {
      entry.expiry.atMs = atMs;
      return;
    }
    const expiry = new Expiry(entry.key, atMs);
    entry.expiry = expiry;
    this.expiries.add(expiry);
  }

  /** Makes a key persistent; false when it already was. */
  clearExpiry(entry: Entry): boolean {
    if (entry.expiry === null) return false;
    this.expiries.remove(entry.key);
    entry.expiry = null;
    return true;
  }

  /** To be called after a change, with the number of changes it counts as (INFO's rdb_changes_since_last_save). */
  modified(key: string, changes = 1): void {
    this.keyspace.dirty += changes;
    this.touched(key);
  }

  /** Tells watchers and tracking of a change without counting it. */
  touched(key: string): void {
    if (this.watchers.size > 0) this.touchWatchers(key);
    this.keyspace.hooks.keyTouched(this, key);
  }

  /** Announces that a key may now serve clients that are blocked on it. */
  ready(key: string): void {
    this.keyspace.hooks.keyReady(this, key);
  }

  watch(key: string, watcher: KeyWatcher): void {
    const watchers = this.watchers.get(key);
    if (watchers === undefined) this.watchers.set(key, new Set([watcher]));
    else watchers.add(watcher);
  }

  unwatch(key: string, watcher: KeyWatcher): void {
    const watchers = this.watchers.get(key);
    if (watchers === undefined) return;
    watchers.delete(watcher);
    if (watchers.size === 0) this.watchers.delete(key);
  }

  /** True when the key is stored but its time has passed. */
  isExpired(entry: Entry): boolean {
    return entry.expiry !== null && entry.expiry.atMs <= this.keyspace.nowMs;
  }

  /**
   * Empties the database. The old dictionaries are left as they are, so that a running snapshot goes on reading
   * them. Returns the number of keys removed.
   */
  flush(): number {
    const removed = this.entries.size;
    this.replaceContents(this.newEntries(), new ExpiryDictionary(this.keyspace.hashSeed));
    return removed;
  }

  /**
   * Puts other dictionaries in place (flush, SWAPDB, a dataset loaded aside) and tells the watchers of all keys that
   * were there or are there now.
   */
  replaceContents(entries: EntryDictionary, expiries: ExpiryDictionary): void {
    const before = this.entries;
    this.entries = entries;
    this.expiries = expiries;
    this.expiryCursor = 0;
    for (const key of [...this.watchers.keys()]) {
      if (before.get(key) !== undefined || entries.get(key) !== undefined) this.touchWatchers(key);
    }
  }

  /** Tells the watchers of all keys that are there: a dataset was loaded in place. */
  touchAllWatchers(): void {
    for (const key of [...this.watchers.keys()]) {
      if (this.entries.get(key) !== undefined) this.touchWatchers(key);
    }
  }

  /**
   * Finds a key that clients may see. An expired one is deleted on a master, hidden on a replica, and seen by
   * the commands of a replication stream, which knows better when it dies.
   */
  private live(key: string): Entry | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined || entry.expiry === null) return entry;
    if (entry.expiry.atMs > this.keyspace.nowMs) return entry;
    switch (this.keyspace.expiryMode) {
      case 'see':
        return entry;
      case 'hide':
        return undefined;
      case 'delete':
        if (!this.keyspace.expiryPaused) this.expire(entry);
        return undefined;
    }
  }

  /** As {@link live}, but what would only be hidden is deleted, since a write takes its place. */
  private liveForWrite(key: string): Entry | undefined {
    const entry = this.live(key);
    const { expiryMode, expiryPaused } = this.keyspace;
    if (entry !== undefined || (expiryMode !== 'hide' && !expiryPaused)) return entry;
    const hidden = this.entries.get(key);
    if (hidden !== undefined) this.expire(hidden);
    return undefined;
  }

  /** Deletes an entry whose time has passed and tells of it. */
  expire(entry: Entry): void {
    const { key } = entry;
    this.remove(entry);
    this.keyspace.expiredKeys++;
    this.keyspace.hooks.keyExpired(this, key);
    this.touched(key);
  }

  /** What a database without keys holds. In cluster mode there is only database 0, and it has slots. */
  private newEntries(): EntryDictionary {
    const hasSlots = this.keyspace.slotIndex !== null && this.index === 0;
    return new EntryDictionary(this.keyspace.hashSeed, hasSlots ? new SlotLists() : null);
  }

  private markAccess(entry: Entry): void {
    const { frequency, accessMark } = this.keyspace;
    entry.access = frequency === null ? accessMark : frequency.nextMark(entry.access);
  }

  private saveForSnapshot(entry: Entry): void {
    const snapshot = this.keyspace.snapshot;
    if (snapshot !== null && entry.snapshotNumber !== this.keyspace.snapshotNumber) {
      snapshot.beforeChange(this, entry);
      entry.snapshotNumber = this.keyspace.snapshotNumber;
    }
  }

  private touchWatchers(key: string): void {
    const watchers = this.watchers.get(key);
    if (watchers === undefined) return;
    for (const watcher of watchers) watcher.keyTouched();
  }
}
