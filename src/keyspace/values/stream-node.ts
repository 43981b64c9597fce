/**
 * A node of a stream: up to some hundred entries that Redis keeps in one listpack ("macro node"). What a node holds
 * is observable, because approximate trimming removes whole nodes only; so the node counts the bytes that its
 * listpack would have.
 */

import { stringMemory, OBJECT_BYTES, REFERENCE_BYTES } from './memory-estimate.js';
import { LISTPACK_OVERHEAD_BYTES, packedIntegerSize, packedSize } from './packed-size.js';
import { narrow, streamIdMs, streamIdSequence, type StreamId, type Uint64 } from './stream-id.js';

/** An entry. Never changed in place; `fields` is shared by the entries of a node that have the same ones. */
export interface StreamEntry {
  readonly id: StreamId;
  readonly fields: readonly string[];
  readonly values: readonly string[];
}

const ENTRY_BYTES = 3 * OBJECT_BYTES + 4 * REFERENCE_BYTES + 32;

export class StreamNode {
  /** Live entries, ascending. */
  readonly entries: StreamEntry[] = [];
  /** The id of the last entry ever appended, deleted or not. */
  greatestId: StreamId;
  /** Deleted entries that Redis would still have in the listpack. */
  deletedCount = 0;
  /** Memory taken by the live entries. */
  memoryBytes = 0;
  /** Bytes of the listpack without its two counters. Deleting does not lower it. */
  private packedBytes: number;

  constructor(
    /** The id that the entries' ids are relative to: that of the first entry ever put here. */
    readonly baseId: StreamId,
    /** The fields of the first entry, which the others share if theirs are the same. */
    readonly baseFields: readonly string[],
    /** The stream's generation when this node was made. */
    readonly generation: number,
  ) {
    this.greatestId = baseId;
    this.packedBytes = LISTPACK_OVERHEAD_BYTES + packedIntegerSize(baseFields.length) + packedIntegerSize(0);
    for (const field of baseFields) this.packedBytes += packedSize(field);
  }

  /** Size of the listpack that Redis would have. */
  get sizeBytes(): number {
    return this.packedBytes + packedIntegerSize(this.entries.length) + packedIntegerSize(this.deletedCount);
  }

  /** Appends an entry, whose id must be greater than all here. */
  append(id: StreamId, fields: readonly string[], values: readonly string[]): void {
    const isSame = sameFields(fields, this.baseFields);
    const entry: StreamEntry = { id, fields: isSame ? this.baseFields : fields, values };
    this.entries.push(entry);
    this.greatestId = id;
    this.memoryBytes += this.memoryOf(entry);
    this.packedBytes += this.packedSizeOf(entry);
  }

  /** Accounts for an entry that a loaded node still had, marked as deleted. */
  addDeleted(sizeBytes: number): void {
    this.deletedCount++;
    this.packedBytes += sizeBytes;
  }

  /** The position of the first entry whose id is not below `id`. */
  positionOf(id: StreamId): number {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.entries[middle].id < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Removes `count` entries from a position on. */
  removeAt(position: number, count: number): void {
    for (const entry of this.entries.splice(position, count)) {
      this.memoryBytes -= this.memoryOf(entry);
      this.deletedCount++;
    }
  }

  copy(generation: number): StreamNode {
    const copy = new StreamNode(this.baseId, this.baseFields, generation);
    for (const entry of this.entries) copy.entries.push(entry);
    copy.greatestId = this.greatestId;
    copy.deletedCount = this.deletedCount;
    copy.memoryBytes = this.memoryBytes;
    copy.packedBytes = this.packedBytes;
    return copy;
  }

  private memoryOf(entry: StreamEntry): number {
    let bytes = ENTRY_BYTES + entry.values.length * REFERENCE_BYTES;
    for (const value of entry.values) bytes += stringMemory(value);
    if (entry.fields !== this.baseFields) {
      bytes += OBJECT_BYTES + entry.fields.length * REFERENCE_BYTES;
      for (const field of entry.fields) bytes += stringMemory(field);
    }
    return bytes;
  }

  private packedSizeOf(entry: StreamEntry): number {
    const { ms, sequence } = idDelta(entry.id, this.baseId);
    let bytes = packedIntegerSize(0) + packedUint64Size(ms) + packedUint64Size(sequence);
    let pieces = entry.values.length + 3;
    if (entry.fields !== this.baseFields) {
      pieces += entry.fields.length + 1;
      bytes += packedIntegerSize(entry.fields.length);
      for (const field of entry.fields) bytes += packedSize(field);
    }
    for (const value of entry.values) bytes += packedSize(value);
    return bytes + packedIntegerSize(pieces);
  }
}

/** The difference of two ids, part by part; as in Redis, a part wraps around at 64 bits. */
export function idDelta(id: StreamId, base: StreamId): { ms: Uint64; sequence: Uint64 } {
  return {
    ms: difference(streamIdMs(id), streamIdMs(base)),
    sequence: difference(streamIdSequence(id), streamIdSequence(base)),
  };
}

function difference(a: Uint64, b: Uint64): Uint64 {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return narrow(BigInt.asIntN(64, BigInt(a) - BigInt(b)));
}

function packedUint64Size(value: Uint64): number {
  return typeof value === 'number' ? packedIntegerSize(value) : 10;
}

function sameFields(a: readonly string[], b: readonly string[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
