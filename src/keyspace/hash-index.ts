/**
 * Finds positions by hash: the index beneath {@link Dictionary}. It owns no keys and no entries.
 *
 * An extendible hash table: a directory of segments, each a small open-addressing table of (hash, position) pairs
 * in one typed array. Because hashes are stored, growing never touches a key, and because a full segment splits
 * in two on its own, no insertion costs more than one segment's work (about 30 microseconds), whatever the
 * size. A JavaScript Map stalls for seconds when it grows at millions of entries, throws at 2^24, and takes more
 * than twice the memory.
 *
 * The low bits of a hash choose the segment, the upper bits the slot inside it.
 */

/** Slots of a new index; it doubles up to {@link SEGMENT_SLOTS}, then splits. */
const FIRST_SLOTS = 16;
const SEGMENT_SLOTS = 8192;
/** Hash bits for the directory; the other 13 are what a segment of 8192 slots uses. */
const DIRECTORY_BITS = 19;

class Segment {
  /** Pairs: the hash, then position + 1, where 0 marks a free slot. */
  cells: Int32Array;
  slotMask: number;
  used = 0;
  /** How many low bits of the hash all entries of this segment share. */
  readonly depth: number;

  constructor(slots: number, depth: number) {
    this.cells = new Int32Array(slots * 2);
    this.slotMask = slots - 1;
    this.depth = depth;
  }

  /** Puts a pair into the first free slot of its run; the caller keeps the segment from filling up. */
  insert(hash: number, position: number): void {
    const cells = this.cells;
    let slot = (hash >>> DIRECTORY_BITS) & this.slotMask;
    while (cells[2 * slot + 1] !== 0) slot = (slot + 1) & this.slotMask;
    cells[2 * slot] = hash;
    cells[2 * slot + 1] = position + 1;
    this.used++;
  }

  /** The slot that holds this pair. It must be there. */
  slotOf(hash: number, position: number): number {
    const cells = this.cells;
    let slot = (hash >>> DIRECTORY_BITS) & this.slotMask;
    while (cells[2 * slot + 1] !== position + 1) {
      if (cells[2 * slot + 1] === 0) throw new Error('hash index: a position is missing');
      slot = (slot + 1) & this.slotMask;
    }
    return slot;
  }

  /** Frees a slot and moves later pairs of the run back, so that no tombstone is left. */
  free(slot: number): void {
    const cells = this.cells;
    const mask = this.slotMask;
    let hole = slot;
    let next = slot;
    for (;;) {
      next = (next + 1) & mask;
      if (cells[2 * next + 1] === 0) break;
      const home = (cells[2 * next] >>> DIRECTORY_BITS) & mask;
      // The pair may move back only if its home is not after the hole (cyclically).
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      cells[2 * hole] = cells[2 * next];
      cells[2 * hole + 1] = cells[2 * next + 1];
      hole = next;
    }
    cells[2 * hole + 1] = 0;
    this.used--;
  }

  resize(slots: number): void {
    const old = this.cells;
    this.cells = new Int32Array(slots * 2);
    this.slotMask = slots - 1;
    this.used = 0;
    for (let i = 0; i < old.length; i += 2) {
      const stored = old[i + 1];
      if (stored !== 0) this.insert(old[i], stored - 1);
    }
  }
}

export class HashIndex {
  private directory: Segment[] = [new Segment(FIRST_SLOTS, 0)];
  private directoryMask = 0;
  private segmentCells = FIRST_SLOTS * 2;

  /** Bytes of the index itself. */
  get sizeBytes(): number {
    return this.segmentCells * 4 + this.directory.length * 8 + 200;
  }

  /**
   * Looks for a hash. Several positions may have it: call again with the slot after the one returned.
   * @param from -1 to begin, or the last returned slot + 1.
   * @returns a slot for {@link positionAt}, or -1.
   */
  find(hash: number, from: number): number {
    const segment = this.directory[hash & this.directoryMask];
    const cells = segment.cells;
    const mask = segment.slotMask;
    let slot = (from === -1 ? hash >>> DIRECTORY_BITS : from) & mask;
    while (cells[2 * slot + 1] !== 0) {
      if (cells[2 * slot] === hash) return slot;
      slot = (slot + 1) & mask;
    }
    return -1;
  }

  /** The position in a slot that {@link find} returned for this hash. */
  positionAt(hash: number, slot: number): number {
    const segment = this.directory[hash & this.directoryMask];
    return segment.cells[2 * slot + 1] - 1;
  }

  insert(hash: number, position: number): void {
    let segment = this.directory[hash & this.directoryMask];
    // At most three quarters full: longer runs cost more than the memory saves.
    while ((segment.used + 1) * 4 > (segment.slotMask + 1) * 3) {
      this.makeRoom(segment, hash);
      segment = this.directory[hash & this.directoryMask];
    }
    segment.insert(hash, position);
  }

  remove(hash: number, position: number): void {
    const segment = this.directory[hash & this.directoryMask];
    segment.free(segment.slotOf(hash, position));
    const slots = segment.slotMask + 1;
    if (slots > FIRST_SLOTS && segment.used * 8 < slots) this.resizeSegment(segment, slots / 2);
  }

  /** An entry moved from one position to another. */
  move(hash: number, from: number, to: number): void {
    const segment = this.directory[hash & this.directoryMask];
    segment.cells[2 * segment.slotOf(hash, from) + 1] = to + 1;
  }

  private makeRoom(segment: Segment, hash: number): void {
    const slots = segment.slotMask + 1;
    if (slots < SEGMENT_SLOTS || segment.depth >= DIRECTORY_BITS) this.resizeSegment(segment, slots * 2);
    else this.split(segment, hash);
  }

  private resizeSegment(segment: Segment, slots: number): void {
    this.segmentCells += (slots - segment.slotMask - 1) * 2;
    segment.resize(slots);
  }

  /** Replaces a full segment by two, told apart by the next bit of the hash. */
  private split(segment: Segment, hash: number): void {
    if (1 << segment.depth === this.directory.length) {
      this.directory = this.directory.concat(this.directory);
      this.directoryMask = this.directory.length - 1;
    }
    const bit = 1 << segment.depth;
    const slots = segment.slotMask + 1;
    const zero = new Segment(slots, segment.depth + 1);
    const one = new Segment(slots, segment.depth + 1);
    this.segmentCells += slots * 2;
    const cells = segment.cells;
    for (let i = 0; i < cells.length; i += 2) {
      const stored = cells[i + 1];
      if (stored === 0) continue;
      const pairHash = cells[i];
      ((pairHash & bit) === 0 ? zero : one).insert(pairHash, stored - 1);
    }
    for (let i = hash & (bit - 1); i < this.directory.length; i += bit) {
      this.directory[i] = (i & bit) === 0 ? zero : one;
    }
  }
}
