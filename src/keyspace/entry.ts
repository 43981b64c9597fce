/** A key with its value, as a database holds it. Fields are few on purpose: there are millions of these. */
import { Dictionary, type DictionaryEntry } from './dictionary.js';
import { stringMemory } from './values/memory-estimate.js';
import { memoryOf, type Value } from './values/value.js';

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

/** An entry itself, without its key and value. */
const ENTRY_BYTES = 64;
/** When a key expires: an object and a boxed number. The key is the entry's. */
const EXPIRY_BYTES = 56;

/** The keys of a database, with the account of what they and their values take. */
export class EntryDictionary extends Dictionary<Entry> {
  /** Bytes of the entries. Values that are being changed are counted later; see {@link MemoryAccount}. */
  contentBytes = 0;

  override add(entry: Entry): boolean {
    const isNew = super.add(entry);
    if (isNew) this.contentBytes += bytesOf(entry);
    return isNew;
  }

  override remove(key: string): Entry | undefined {
    const removed = super.remove(key);
    if (removed !== undefined) this.contentBytes -= bytesOf(removed);
    return removed;
  }
}

function bytesOf({ key, value }: Entry): number {
  return ENTRY_BYTES + stringMemory(key) + memoryOf(value);
}

export class ExpiryDictionary extends Dictionary<Expiry> {
  get contentBytes(): number {
    return this.size * EXPIRY_BYTES;
  }
}
