/**
 * For each hash slot the positions of its keys in a dictionary, newest inserted first: the order in which stock lists
 * them. It follows the dictionary (see {@link PositionFollower}) and must never be changed by anybody else.
 *
 * A doubly linked list per slot, kept beside the entries instead of in them: two 32-bit numbers for each position, no
 * references for the garbage collector to follow, and no field in the entries of a server without cluster mode. A
 * slot is not kept but computed again from the key; that costs less than the memory would.
 */
import type { PositionFollower } from './dictionary.js';
import type { Entry } from './entry.js';
import { keySlot, SLOT_COUNT } from './key-slot.js';

const NONE = -1;
const CHUNK_BITS = 12;
const CHUNK_POSITIONS = 1 << CHUNK_BITS;
const CHUNK_MASK = CHUNK_POSITIONS - 1;

export class SlotLists implements PositionFollower<Entry> {
  private readonly newest = new Int32Array(SLOT_COUNT).fill(NONE);
  private readonly counts = new Uint32Array(SLOT_COUNT);
  /** Pairs by position: the next older one of the slot, then the next newer one. */
  private links: Int32Array[] = [];
  private total = 0;

  /** Bytes of these structures. */
  get sizeBytes(): number {
    return SLOT_COUNT * 8 + this.links.length * CHUNK_POSITIONS * 8;
  }

  countIn(slot: number): number {
    return this.counts[slot];
  }

  /** The position of the newest key of a slot, or -1. */
  newestIn(slot: number): number {
    return this.newest[slot];
  }

  /** The position of the key of the same slot that was inserted before the one at this position, or -1. */
  olderThan(position: number): number {
    return this.links[position >>> CHUNK_BITS][(position & CHUNK_MASK) * 2];
  }

  added({ key }: Entry, position: number): void {
    const slot = keySlot(key);
    const older = this.newest[slot];
    if (position >>> CHUNK_BITS === this.links.length) this.links.push(new Int32Array(CHUNK_POSITIONS * 2));
    this.setOlder(position, older);
    this.setNewer(position, NONE);
    if (older !== NONE) this.setNewer(older, position);
    this.newest[slot] = position;
    this.counts[slot]++;
    this.total++;
  }

  removed({ key }: Entry, position: number): void {
    const slot = keySlot(key);
    const older = this.olderThan(position);
    const newer = this.newerThan(position);
    if (newer === NONE) this.newest[slot] = older;
    else this.setOlder(newer, older);
    if (older !== NONE) this.setNewer(older, newer);
    this.counts[slot]--;
    this.total--;
    // One chunk is spared: what is about to move still lies at its old position.
    if (this.links.length > (this.total >>> CHUNK_BITS) + 2) this.links.pop();
  }

  moved({ key }: Entry, from: number, to: number): void {
    const older = this.olderThan(from);
    const newer = this.newerThan(from);
    this.setOlder(to, older);
    this.setNewer(to, newer);
    if (newer === NONE) this.newest[keySlot(key)] = to;
    else this.setOlder(newer, to);
    if (older !== NONE) this.setNewer(older, to);
  }

  cleared(): void {
    this.newest.fill(NONE);
    this.counts.fill(0);
    this.links = [];
    this.total = 0;
  }

  private newerThan(position: number): number {
    return this.links[position >>> CHUNK_BITS][(position & CHUNK_MASK) * 2 + 1];
  }

  private setOlder(position: number, older: number): void {
    this.links[position >>> CHUNK_BITS][(position & CHUNK_MASK) * 2] = older;
  }

  private setNewer(position: number, newer: number): void {
    this.links[position >>> CHUNK_BITS][(position & CHUNK_MASK) * 2 + 1] = newer;
  }
}
