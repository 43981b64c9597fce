/**
 * The stream type: entries in nodes ordered by id, and consumer groups. Unlike other collections a stream may be
 * empty.
 *
 * The size of nodes follows `stream-node-max-bytes` and `stream-node-max-entries` exactly as in Redis, because
 * trimming with `~` removes whole nodes.
 */

import type { EncodingLimits } from './encoding-limits.js';
import { OBJECT_BYTES, REFERENCE_BYTES } from './memory-estimate.js';
import { StreamGroup, type StreamGroupView } from './stream-group.js';
import { MIN_STREAM_ID, type StreamId } from './stream-id.js';
import { StreamNode, type StreamEntry } from './stream-node.js';

/** How much trimming may do. */
export interface TrimOptions {
  /** Remove whole nodes only. */
  readonly approximate: boolean;
  /** At most so many entries; 0 for no limit. */
  readonly limit: number;
}

/** A stream as it was when it was frozen. */
export interface StreamView {
  readonly type: 'stream';
  readonly nodes: readonly StreamNode[];
  readonly length: number;
  readonly firstId: StreamId;
  readonly lastId: StreamId;
  readonly maxDeletedId: StreamId;
  readonly entriesAdded: number;
  readonly groups: readonly StreamGroupView[];
}

/** Redis allows no listpack above 1 GiB. */
const LARGEST_NODE_BYTES = 1 << 30;
const NODE_BYTES = 2 * OBJECT_BYTES + 6 * REFERENCE_BYTES + 32;

export class StreamValue {
  readonly type = 'stream';
  readonly encoding = 'stream';
  private readonly limits: EncodingLimits;
  private nodes: StreamNode[] = [];
  private entryCount = 0;
  private generation = 0;
  private nodeMemory = 0;
  private readonly groupsByName = new Map<string, StreamGroup>();

  /** The greatest id ever added; it stays when the entry goes. */
  lastId: StreamId = MIN_STREAM_ID;
  /** The greatest id that XDEL has removed. */
  maxDeletedId: StreamId = MIN_STREAM_ID;
  /** How many entries were ever added. */
  entriesAdded = 0;

  constructor(limits: EncodingLimits) {
    this.limits = limits;
  }

  get length(): number {
    return this.entryCount;
  }

  get nodeCount(): number {
    return this.nodes.length;
  }

  /** 0-0 when empty. */
  get firstId(): StreamId {
    return this.nodes[0]?.entries[0]?.id ?? MIN_STREAM_ID;
  }

  get memoryBytes(): number {
    let bytes = 4 * OBJECT_BYTES + 16 * REFERENCE_BYTES + this.nodes.length * NODE_BYTES + this.nodeMemory;
    for (const group of this.groupsByName.values()) bytes += group.memoryBytes;
    return bytes;
  }

  /** Appends an entry, whose id must be greater than `lastId`. */
  append(id: StreamId, fields: readonly string[], values: readonly string[]): void {
    if (id <= this.lastId) throw new Error('stream: ids must ascend');
    let node = this.lastNodeWithRoom(fields, values);
    if (node === null) {
      node = new StreamNode(id, fields, this.generation);
      this.nodes.push(node);
    }
    const before = node.memoryBytes;
    node.append(id, fields, values);
    this.nodeMemory += node.memoryBytes - before;
    this.entryCount++;
    this.entriesAdded++;
    this.lastId = id;
  }

  /** Takes over a node read from a snapshot; nodes must come in order and have at least one live entry. */
  appendNode(node: StreamNode): void {
    this.nodes.push(node);
    this.entryCount += node.entries.length;
    this.nodeMemory += node.memoryBytes;
  }

  get(id: StreamId): StreamEntry | undefined {
    const node = this.nodes[this.nodeFor(id)];
    const entry = node?.entries[node.positionOf(id)];
    return entry !== undefined && entry.id === id ? entry : undefined;
  }

  /** Deletes an entry. False when there is none. */
  delete(id: StreamId): boolean {
    const nodeIndex = this.nodeFor(id);
    const found = this.nodes[nodeIndex];
    if (found === undefined) return false;
    const position = found.positionOf(id);
    if (found.entries[position]?.id !== id) return false;
    this.removeFromNode(nodeIndex, position, 1);
    if (id > this.maxDeletedId) this.maxDeletedId = id;
    return true;
  }

  /** Visits the entries with ids from `start` to `end`, both included, while `visit` returns true. */
  walk(start: StreamId, end: StreamId, visit: (entry: StreamEntry) => boolean): void {
    for (let n = Math.max(0, this.nodeFor(start)); n < this.nodes.length; n++) {
      const node = this.nodes[n];
      for (let i = node.positionOf(start); i < node.entries.length; i++) {
        const entry = node.entries[i];
        if (entry.id > end || !visit(entry)) return;
      }
    }
  }

  /** As {@link walk}, from `end` down to `start`. */
  walkBackwards(start: StreamId, end: StreamId, visit: (entry: StreamEntry) => boolean): void {
    for (let n = this.nodeFor(end); n >= 0; n--) {
      const entries = this.nodes[n].entries;
      for (let i = entries.length - 1; i >= 0; i--) {
        const entry = entries[i];
        if (entry.id > end) continue;
        if (entry.id < start || !visit(entry)) return;
      }
    }
  }

  /** Removes the oldest entries until `maxLength` are left. Returns how many went. */
  trimToLength(maxLength: number, options: TrimOptions): number {
    return this.trim(
      options,
      () => this.entryCount <= maxLength,
      (node) => this.entryCount - node.entries.length >= maxLength,
      (node) => Math.min(node.entries.length, this.entryCount - maxLength),
    );
  }

  /** Removes the entries with ids below `minId`. Returns how many went. */
  trimToMinId(minId: StreamId, options: TrimOptions): number {
    return this.trim(
      options,
      () => false,
      (node) => node.greatestId < minId,
      (node) => node.positionOf(minId),
    );
  }

  /**
   * How many entries were ever added up to an id, which is what a group that has read up to there has read; null
   * when it cannot be known because entries in between were deleted.
   */
  entriesAddedUpTo(id: StreamId): number | null {
    if (this.entriesAdded === 0) return 0;
    if (this.entryCount === 0 && id <= this.lastId) return this.entriesAdded;
    if (id === this.lastId) return this.entriesAdded;
    if (id > this.lastId) return null;
    const firstId = this.firstId;
    if (this.maxDeletedId === MIN_STREAM_ID || this.maxDeletedId < firstId) {
      if (id < firstId) return this.entriesAdded - this.entryCount;
      if (id === firstId) return this.entriesAdded - this.entryCount + 1;
    }
    return null;
  }

  /** In order of their names, as Redis lists them. */
  get groups(): StreamGroup[] {
    return [...this.groupsByName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  get groupCount(): number {
    return this.groupsByName.size;
  }

  group(name: string): StreamGroup | undefined {
    return this.groupsByName.get(name);
  }

  /** Adds a group; undefined when there is one of that name. */
  addGroup(name: string, lastDeliveredId: StreamId, entriesRead: number | null): StreamGroup | undefined {
    if (this.groupsByName.has(name)) return undefined;
    const group = new StreamGroup(name, lastDeliveredId, entriesRead);
    this.groupsByName.set(name, group);
    return group;
  }

  removeGroup(name: string): boolean {
    return this.groupsByName.delete(name);
  }

  copy(): StreamValue {
    const copy = new StreamValue(this.limits);
    for (const node of this.nodes) copy.appendNode(node.copy(0));
    copy.lastId = this.lastId;
    copy.maxDeletedId = this.maxDeletedId;
    copy.entriesAdded = this.entriesAdded;
    for (const group of this.groupsByName.values()) copy.groupsByName.set(group.name, group.copy());
    return copy;
  }

  /** The stream of this moment, whatever is done to it later. */
  freeze(): StreamView {
    this.generation++;
    return {
      type: 'stream',
      nodes: this.nodes.slice(),
      length: this.entryCount,
      firstId: this.firstId,
      lastId: this.lastId,
      maxDeletedId: this.maxDeletedId,
      entriesAdded: this.entriesAdded,
      groups: this.groups.map((group) => group.freeze()),
    };
  }

  private trim(
    { approximate, limit }: TrimOptions,
    isDone: () => boolean,
    isWholeNode: (node: StreamNode) => boolean,
    surplusOf: (node: StreamNode) => number,
  ): number {
    let removed = 0;
    let wholeNodes = 0;
    for (const node of this.nodes) {
      if (isDone() || (limit !== 0 && removed + node.entries.length > limit)) break;
      if (!isWholeNode(node)) {
        if (approximate) break;
        const surplus = surplusOf(node);
        if (surplus > 0) this.removeFromNode(wholeNodes, 0, surplus);
        removed += surplus;
        break;
      }
      wholeNodes++;
      removed += node.entries.length;
      this.entryCount -= node.entries.length;
      this.nodeMemory -= node.memoryBytes;
    }
    if (wholeNodes > 0) this.nodes.splice(0, wholeNodes);
    return removed;
  }

  private removeFromNode(nodeIndex: number, position: number, count: number): void {
    const node = this.writableNode(nodeIndex);
    this.nodeMemory -= node.memoryBytes;
    node.removeAt(position, count);
    this.nodeMemory += node.memoryBytes;
    this.entryCount -= count;
    if (node.entries.length === 0) this.nodes.splice(nodeIndex, 1);
  }

  private lastNodeWithRoom(fields: readonly string[], values: readonly string[]): StreamNode | null {
    const last = this.nodes[this.nodes.length - 1];
    if (last === undefined) return null;
    let addedBytes = 0;
    for (let i = 0; i < fields.length; i++) {
      addedBytes += fields[i].length + values[i].length;
    }
    const { streamNodeMaxBytes, streamNodeMaxEntries } = this.limits;
    const maxBytes = streamNodeMaxBytes === 0 ? LARGEST_NODE_BYTES : streamNodeMaxBytes;
    if (last.sizeBytes + addedBytes >= Math.min(maxBytes, LARGEST_NODE_BYTES)) return null;
    const stored = last.entries.length + last.deletedCount;
    if (streamNodeMaxEntries !== 0 && stored >= streamNodeMaxEntries) return null;
    return this.writableNode(this.nodes.length - 1);
  }

  private writableNode(nodeIndex: number): StreamNode {
    const node = this.nodes[nodeIndex];
    if (node.generation === this.generation) return node;
    const copy = node.copy(this.generation);
    this.nodes[nodeIndex] = copy;
    return copy;
  }

  /** The last node that begins at or before an id; -1 when all begin later. */
  private nodeFor(id: StreamId): number {
    let low = 0;
    let high = this.nodes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.nodes[middle].baseId <= id) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
