/** A key with its value, as a database holds it. Fields are few on purpose: there are millions of these. */
import type { Dictionary, DictionaryEntry } from './dictionary.js';
import type { Value } from './values/value.js';

/** When a key expires. Kept apart from the entry, in an index of its own, because most keys never do. */
export class Expiry implements DictionaryEntry {
  constructor(
    readonly key: string,
    /** Unix time in milliseconds. */
    public atMs: number,
  ) {}
}

export class Entry implements DictionaryEntry {
  expiry: Expiry | null = null;

  constructor(
    readonly key: string,
    public value: Value,
    /** Seconds (LRU) or packed counter (LFU) of the last access; see eviction. */
    public access: number,
    /** Number of the last snapshot that has this entry, or needs none of it. */
    public snapshotNumber: number,
  ) {}
}

export type EntryDictionary = Dictionary<Entry>;
export type ExpiryDictionary = Dictionary<Expiry>;
