/**
 * The dictionary under databases, hashes, sets and sorted sets: entries found by key, picked at random, scanned
 * with a cursor. No operation takes longer as the dictionary grows, and more than 2^24 entries work.
 *
 * Entries lie in dense chunks in no particular order; removing one moves the last into its place. A hash index
 * finds positions. SCAN's promise (what stays throughout is returned at least once) follows from walking
 * positions from the end downwards: an entry only ever moves to a lower position than it had, into a place that
 * is either still to be visited, or was freed behind the cursor by an entry that came from behind it too.
 *
 * A dictionary can be frozen for a snapshot at the cost of one array of chunk references: afterwards a chunk is
 * copied before it is first changed. The view sees the entries themselves, so whoever freezes a dictionary
 * must hold entries whose content never changes and {@link Dictionary.replace} them instead.
 */

import type { Randomness } from '../platform/platform.js';
import { HashIndex } from './hash-index.js';
import { hashKey } from './key-hash.js';

/** What a dictionary can hold: anything with a key that never changes. */
export interface DictionaryEntry {
  readonly key: string;
}

/** Keeps something for each position of a dictionary, and is told of every change as it happens. */
export interface PositionFollower<E> {
  /** Bytes it takes. */
  readonly sizeBytes: number;
  added(entry: E, position: number): void;
  /** Still told with its old position; another entry may be moved there next. */
  removed(entry: E, position: number): void;
  moved(entry: E, from: number, to: number): void;
  /** All entries are gone. */
  cleared(): void;
}

/** The entries of a dictionary as they were when it was frozen, in no particular order. */
export interface DictionaryView<E> {
  readonly size: number;
  at(position: number): E;
}

const CHUNK_BITS = 12;
const CHUNK_ENTRIES = 1 << CHUNK_BITS;
const CHUNK_MASK = CHUNK_ENTRIES - 1;

export class Dictionary<E extends DictionaryEntry> {
  private readonly hashSeed: number;
  private index = new HashIndex();
  private chunks: (E | undefined)[][] = [[]];
  private entryCount = 0;
  /** How often this dictionary was frozen, and for each chunk, up to which freeze it was changed. */
  private generation = 0;
  private chunkGenerations: number[] = [0];

  /**
   * @param hashSeed a random 32-bit integer that clients cannot know; the same one for a whole server.
   * @param follower what follows the positions of the entries; null for most.
   */
  constructor(
    hashSeed: number,
    readonly follower: PositionFollower<E> | null = null,
  ) {
    this.hashSeed = hashSeed | 0;
  }

  get size(): number {
    return this.entryCount;
  }

  /** Bytes of the dictionary's own structures and of what follows it, without the entries. */
  get overheadBytes(): number {
    const followerBytes = this.follower === null ? 0 : this.follower.sizeBytes;
    return this.index.sizeBytes + this.entryCount * 8 + this.chunks.length * 16 + followerBytes;
  }

  get(key: string): E | undefined {
    const position = this.positionOf(key, hashKey(key, this.hashSeed));
    return position === -1 ? undefined : this.at(position);
  }

  has(key: string): boolean {
    return this.positionOf(key, hashKey(key, this.hashSeed)) !== -1;
  }

  /** Adds an entry. Returns false, and changes nothing, when its key is there already. */
  add(entry: E): boolean {
    const hash = hashKey(entry.key, this.hashSeed);
    if (this.positionOf(entry.key, hash) !== -1) return false;
    const position = this.entryCount++;
    const chunkNumber = position >>> CHUNK_BITS;
    // The first chunk grows with the dictionary; the others are made whole, without spare capacity.
    if (chunkNumber === this.chunks.length) {
      this.chunks.push(new Array<E | undefined>(CHUNK_ENTRIES));
      this.chunkGenerations.push(this.generation);
    }
    this.setAt(position, entry);
    this.index.insert(hash, position);
    if (this.follower !== null) this.follower.added(entry, position);
    return true;
  }

  /** Puts an entry in the place of the one with the same key, which it returns; the key must be there. */
  replace(entry: E): E {
    const position = this.positionOf(entry.key, hashKey(entry.key, this.hashSeed));
    if (position === -1) throw new Error('dictionary: there is no entry to replace');
    const replaced = this.at(position);
    this.setAt(position, entry);
    return replaced;
  }

  /** Removes the entry with this key and returns it. */
  remove(key: string): E | undefined {
    const hash = hashKey(key, this.hashSeed);
    const position = this.positionOf(key, hash);
    if (position === -1) return undefined;
    const removed = this.at(position);
    if (this.follower !== null) this.follower.removed(removed, position);
    if (this.entryCount === 1) {
      this.reset();
      return removed;
    }
    this.index.remove(hash, position);
    const lastPosition = --this.entryCount;
    if (lastPosition !== position) {
      const last = this.at(lastPosition);
      this.setAt(position, last);
      this.index.move(hashKey(last.key, this.hashSeed), lastPosition, position);
      if (this.follower !== null) this.follower.moved(last, lastPosition, position);
    }
    this.forgetLast(lastPosition);
    return removed;
  }

  /** The entry at a position below `size`. Positions change whenever an entry is removed. */
  at(position: number): E {
    const entry = this.chunks[position >>> CHUNK_BITS][position & CHUNK_MASK];
    return entry as E;
  }

  /** A uniformly chosen entry; undefined when there is none. */
  randomEntry(random: Randomness): E | undefined {
    return this.entryCount === 0 ? undefined : this.at(random.integer(this.entryCount));
  }

  /**
   * Visits up to `count` entries from a cursor on. The caller may add and remove entries between calls and
   * inside `visit`; an entry may then be visited twice, but never missed while it stays.
   * @param cursor 0 to begin, else what the last call returned.
   * @returns the next cursor; 0 when the walk is complete.
   */
  scan(cursor: number, count: number, visit: (entry: E) => void): number {
    let position = cursor === 0 || cursor > this.entryCount ? this.entryCount : cursor;
    for (let visited = 0; visited < count && position > 0; visited++) {
      position--;
      // Entries removed by `visit` may have left fewer than there were.
      if (position >= this.entryCount) position = this.entryCount - 1;
      if (position < 0) return 0;
      visit(this.at(position));
    }
    return position;
  }

  /** Visits every entry; `visit` may remove the entry it is given, and others. */
  forEach(visit: (entry: E) => void): void {
    this.scan(0, Infinity, visit);
  }

  clear(): void {
    this.reset();
    if (this.follower !== null) this.follower.cleared();
  }

  private reset(): void {
    this.index = new HashIndex();
    this.chunks = [[]];
    this.chunkGenerations = [this.generation];
    this.entryCount = 0;
  }

  /** The entries of this moment, whatever is added, replaced and removed later. */
  freeze(): DictionaryView<E> {
    const chunks = this.chunks.slice();
    this.generation++;
    return {
      size: this.entryCount,
      at: (position) => (chunks[position >>> CHUNK_BITS] as E[])[position & CHUNK_MASK],
    };
  }

  private positionOf(key: string, hash: number): number {
    let slot = this.index.find(hash, -1);
    while (slot !== -1) {
      const position = this.index.positionAt(hash, slot);
      if (this.at(position).key === key) return position;
      slot = this.index.find(hash, slot + 1);
    }
    return -1;
  }

  private setAt(position: number, entry: E | undefined): void {
    this.writableChunk(position >>> CHUNK_BITS)[position & CHUNK_MASK] = entry;
  }

  private writableChunk(chunkNumber: number): (E | undefined)[] {
    const chunk = this.chunks[chunkNumber];
    if (this.chunkGenerations[chunkNumber] === this.generation) return chunk;
    const copy = chunk.slice();
    this.chunks[chunkNumber] = copy;
    this.chunkGenerations[chunkNumber] = this.generation;
    return copy;
  }

  /** Lets go of the freed last place; keeps one empty chunk so that sizes around a border cost nothing. */
  private forgetLast(position: number): void {
    const chunkNumber = position >>> CHUNK_BITS;
    const chunk = this.writableChunk(chunkNumber);
    if (chunkNumber === 0) chunk.pop();
    else chunk[position & CHUNK_MASK] = undefined;
    if (this.chunks.length > chunkNumber + 2) {
      this.chunks.pop();
      this.chunkGenerations.pop();
    }
  }
}
