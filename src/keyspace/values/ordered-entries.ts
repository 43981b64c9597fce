/**
 * Entries ordered by key, for what is mostly appended and removed near the front: the pending entries of stream
 * groups and consumers. Blocks of at most 128 entries, found by bisection.
 *
 * Entries are never changed in place, only replaced, so freezing costs one array of block references.
 */

import type { DictionaryEntry } from '../dictionary.js';

const BLOCK_ENTRIES = 128;

interface Block<E> {
  readonly entries: E[];
  /** Blocks older than the collection's generation may be shared with a frozen view. */
  readonly generation: number;
}

/** The entries as they were when frozen, in order, in pieces. */
export interface OrderedView<E> {
  readonly size: number;
  readonly pieces: readonly (readonly E[])[];
}

export class OrderedEntries<E extends DictionaryEntry> {
  private blocks: Block<E>[] = [];
  private entryCount = 0;
  private generation = 0;

  get size(): number {
    return this.entryCount;
  }

  get first(): E | undefined {
    return this.blocks[0]?.entries[0];
  }

  get last(): E | undefined {
    return this.blocks.at(-1)?.entries.at(-1);
  }

  get(key: string): E | undefined {
    const entries = this.blocks[this.blockFor(key)]?.entries;
    if (entries === undefined) return undefined;
    const entry = entries[lowerBound(entries, key)];
    return entry !== undefined && entry.key === key ? entry : undefined;
  }

  /** Adds an entry, or puts it in the place of the one with the same key. */
  set(entry: E): void {
    if (this.blocks.length === 0) {
      this.blocks.push({ entries: [entry], generation: this.generation });
      this.entryCount = 1;
      return;
    }
    const blockIndex = Math.max(0, this.blockFor(entry.key));
    const entries = this.writable(blockIndex);
    const position = lowerBound(entries, entry.key);
    if (entries[position]?.key === entry.key) {
      entries[position] = entry;
      return;
    }
    this.entryCount++;
    if (entries.length < BLOCK_ENTRIES) {
      entries.splice(position, 0, entry);
      return;
    }
    // A full block splits; appending at the very end starts a new one, so that blocks stay full.
    const isAppend = position === entries.length && blockIndex === this.blocks.length - 1;
    const moved = isAppend ? [] : entries.splice(BLOCK_ENTRIES / 2);
    this.blocks.splice(blockIndex + 1, 0, { entries: moved, generation: this.generation });
    const target = isAppend || position > entries.length ? moved : entries;
    target.splice(lowerBound(target, entry.key), 0, entry);
  }

  delete(key: string): E | undefined {
    const blockIndex = this.blockFor(key);
    const known = this.blocks[blockIndex]?.entries;
    if (known === undefined) return undefined;
    const position = lowerBound(known, key);
    const entry = known[position];
    if (entry === undefined || entry.key !== key) return undefined;
    const entries = this.writable(blockIndex);
    entries.splice(position, 1);
    if (entries.length === 0) this.blocks.splice(blockIndex, 1);
    this.entryCount--;
    return entry;
  }

  /**
   * Visits entries in order from the first whose key is not below `fromKey`, while `visit` returns true. `visit`
   * may change the collection; the walk goes on after the key it has seen last.
   */
  walk(fromKey: string, visit: (entry: E) => boolean): void {
    let entry = this.firstFrom(fromKey, true);
    while (entry !== undefined && visit(entry)) entry = this.firstFrom(entry.key, false);
  }

  /** The entries of this moment, whatever is done later. */
  freeze(): OrderedView<E> {
    this.generation++;
    return { size: this.entryCount, pieces: this.blocks.map((block) => block.entries) };
  }

  private firstFrom(key: string, inclusive: boolean): E | undefined {
    let blockIndex = Math.max(0, this.blockFor(key));
    const entries = this.blocks[blockIndex]?.entries;
    if (entries === undefined) return undefined;
    let position = lowerBound(entries, key);
    if (!inclusive && entries[position]?.key === key) position++;
    if (position === entries.length) {
      blockIndex++;
      position = 0;
    }
    return this.blocks[blockIndex]?.entries[position];
  }

  /** The last block whose first key is not above `key`; -1 when all are. */
  private blockFor(key: string): number {
    let low = 0;
    let high = this.blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.blocks[middle]?.entries[0]).key <= key) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  private writable(blockIndex: number): E[] {
    const block = this.blocks[blockIndex];
    if (block.generation === this.generation) return block.entries;
    const entries = block.entries.slice();
    this.blocks[blockIndex] = { entries, generation: this.generation };
    return entries;
  }
}

function lowerBound<E extends DictionaryEntry>(entries: readonly E[], key: string): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (entries[middle].key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
