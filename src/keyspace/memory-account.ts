/**
 * Keeps the account of what values take while they change. A value that is opened for a change is counted again when
 * others are opened, or when somebody asks: so a change need not tell what it did, and costs one comparison.
 *
 * Two values may be open at a time, since commands move things from one to another. What changes more of them opens
 * each again before it changes it.
 */
import type { Entry, EntryDictionary } from './entry.js';
import { memoryOf } from './values/value.js';

/** A value that may be changing. Used again and again: opening one must not make garbage. */
class OpenValue {
  private dictionary: EntryDictionary | null = null;
  private entry: Entry | null = null;
  /** What the account holds for the value. */
  private bytes = 0;

  holds(entry: Entry): boolean {
    return this.entry === entry;
  }

  open(dictionary: EntryDictionary, entry: Entry): void {
    this.dictionary = dictionary;
    this.entry = entry;
    this.bytes = memoryOf(entry.value);
  }

  settle(): void {
    const { dictionary, entry } = this;
    if (dictionary === null || entry === null) return;
    dictionary.contentBytes += memoryOf(entry.value) - this.bytes;
    this.entry = null;
  }
}

export class MemoryAccount {
  private newest = new OpenValue();
  private older = new OpenValue();

  /** The value is about to change. */
  open(dictionary: EntryDictionary, entry: Entry): void {
    const { newest, older } = this;
    if (newest.holds(entry) || older.holds(entry)) return;
    older.settle();
    older.open(dictionary, entry);
    this.newest = older;
    this.older = newest;
  }

  /** The entry is about to go: the account must hold what it takes now. */
  close(entry: Entry): void {
    if (this.newest.holds(entry)) this.newest.settle();
    else if (this.older.holds(entry)) this.older.settle();
  }

  /** Brings the account up to date. */
  settle(): void {
    this.newest.settle();
    this.older.settle();
  }
}
