/**
 * Writes values in the forms that stock writes, so that files are as small as stock's: integers and listpacks for
 * what is small, elements one by one for what is large. Works on frozen values and in steps, so that a snapshot
 * can put a value of any size aside between two requests.
 */

import { LISTPACK_OVERHEAD_BYTES, packedSize } from '../../keyspace/values/packed-size.js';
import { nodeLimitBytes, type ListView } from '../../keyspace/values/list-value.js';
import type { HashView } from '../../keyspace/values/hash-value.js';
import { parseIntegerMember, type IntegerMember } from '../../keyspace/values/integer-set.js';
import type { SetView } from '../../keyspace/values/set-value.js';
import type { SortedSetView } from '../../keyspace/values/sorted-set-value.js';
import type { StreamGroupView } from '../../keyspace/values/stream-group.js';
import { streamIdMs, streamIdSequence, type StreamId } from '../../keyspace/values/stream-id.js';
import type { StreamView } from '../../keyspace/values/stream-value.js';
import type { FrozenValue, StringValue, Value } from '../../keyspace/values/value.js';
import { formatDouble } from '../../resp/numbers.js';
import { ListContainer, ValueTypeCode, type WritableRdbVersion } from './format.js';
import { ListpackBuilder } from './listpack-builder.js';
import type { RdbOutput } from './output.js';
import { packStreamNode } from './stream-node-codec.js';

/** A step ends when about this many bytes have been written. */
const STEP_BYTES = 16 * 1024;
/** Longer lists are written element by element, because counting their nodes first would take too long. */
const LONGEST_PACKED_LIST = 2048;
/** With a limit on the count, nodes still stay below this. */
const SAFETY_LIMIT_BYTES = 8192;
/** A value whose memory is above this, or that has more elements, is written in steps. */
const LARGE_BYTES = 64 * 1024;
const LARGE_COUNT = 1024;

const UINT64_MAX = 0xffff_ffff_ffff_ffffn;

export interface EncodingOptions {
  readonly version: WritableRdbVersion;
  /** `list-max-listpack-size`. */
  readonly listMaxListpackSize: number;
}

/** True when writing the value takes more than a fraction of a millisecond. */
export function isLargeValue(value: Value): boolean {
  if (typeof value === 'number') return false;
  if (typeof value === 'string' || Buffer.isBuffer(value)) return value.length > LARGE_BYTES;
  const count = value.type === 'list' || value.type === 'stream' ? value.length : value.size;
  return count > LARGE_COUNT || value.memoryBytes > LARGE_BYTES;
}

export class ValueEncoder {
  private readonly listpack = new ListpackBuilder();

  constructor(
    private readonly output: RdbOutput,
    private readonly options: EncodingOptions,
  ) {}

  /** The type byte for a value. */
  typeOf(value: FrozenValue): ValueTypeCode {
    if (typeof value !== 'object' || Buffer.isBuffer(value)) return ValueTypeCode.String;
    switch (value.type) {
      case 'list':
        return value.length > LONGEST_PACKED_LIST ? ValueTypeCode.List : ValueTypeCode.ListQuicklist2;
      case 'hash':
        return value.encoding === 'listpack' ? ValueTypeCode.HashListpack : ValueTypeCode.Hash;
      case 'set':
        if (value.encoding === 'intset') return ValueTypeCode.SetIntset;
        return value.encoding === 'listpack' && this.options.version >= 11
          ? ValueTypeCode.SetListpack
          : ValueTypeCode.Set;
      case 'zset':
        return value.encoding === 'listpack' ? ValueTypeCode.SortedSetListpack : ValueTypeCode.SortedSet2;
      case 'stream':
        return this.options.version >= 11 ? ValueTypeCode.Stream3 : ValueTypeCode.Stream2;
    }
  }

  /** Writes what follows type and key, in steps of about 16 KiB. */
  *steps(value: FrozenValue): Generator<void, void> {
    if (typeof value !== 'object' || Buffer.isBuffer(value)) return yield* this.stringSteps(value);
    switch (value.type) {
      case 'list':
        return yield* this.listSteps(value);
      case 'hash':
        return yield* this.hashSteps(value);
      case 'set':
        return yield* this.setSteps(value);
      case 'zset':
        return yield* this.sortedSetSteps(value);
      case 'stream':
        return yield* this.streamSteps(value);
    }
  }

  /** Writes what follows type and key at once. */
  writeWhole(value: FrozenValue): void {
    if (typeof value === 'number') return this.output.numberString(value);
    if (typeof value === 'string') return this.output.string(value);
    for (const step of this.steps(value)) void step;
  }

  private *stringSteps(value: StringValue): Generator<void, void> {
    const { output } = this;
    if (typeof value === 'number') return output.numberString(value);
    if (value.length <= LARGE_BYTES) {
      return typeof value === 'string' ? output.string(value) : output.blob(value);
    }
    output.lengthOf(value.length);
    for (let at = 0; at < value.length; at += STEP_BYTES) {
      if (typeof value === 'string') output.rawText(value.slice(at, at + STEP_BYTES));
      else output.raw(value.subarray(at, at + STEP_BYTES));
      yield;
    }
  }

  private *listSteps(list: ListView): Generator<void, void> {
    const { output } = this;
    if (list.length > LONGEST_PACKED_LIST) {
      output.lengthOf(list.length);
      for (let i = 0; i < list.pieceCount; i++) {
        for (const element of list.piece(i)) {
          output.string(element);
          if (output.length >= STEP_BYTES) yield;
        }
      }
      return;
    }
    const nodes = this.groupIntoNodes(list);
    output.lengthOf(nodes.length);
    for (const node of nodes) {
      const [only] = node;
      const isPlain = node.length === 1 && only !== undefined && only.length > SAFETY_LIMIT_BYTES;
      output.lengthOf(isPlain ? ListContainer.Plain : ListContainer.Packed);
      if (isPlain) {
        output.string(only);
      } else {
        for (const element of node) this.listpack.append(element);
        output.blob(this.listpack.finish());
      }
      if (output.length >= STEP_BYTES) yield;
    }
  }

  /** The quicklist nodes that stock would have after pushing the elements one by one. */
  private groupIntoNodes(list: ListView): string[][] {
    const limit = this.options.listMaxListpackSize;
    const maxBytes = limit < 0 ? nodeLimitBytes(limit) : SAFETY_LIMIT_BYTES;
    const maxCount = limit < 0 ? Infinity : Math.max(1, limit);
    const nodes: string[][] = [];
    let node: string[] = [];
    let sizeBytes = LISTPACK_OVERHEAD_BYTES;
    for (let i = 0; i < list.pieceCount; i++) {
      for (const element of list.piece(i)) {
        const elementBytes = packedSize(element);
        if (node.length > 0 && (node.length >= maxCount || sizeBytes + elementBytes > maxBytes)) {
          nodes.push(node);
          node = [];
          sizeBytes = LISTPACK_OVERHEAD_BYTES;
        }
        node.push(element);
        sizeBytes += elementBytes;
      }
    }
    if (node.length > 0) nodes.push(node);
    return nodes;
  }

  private *hashSteps(hash: HashView): Generator<void, void> {
    const { output, listpack } = this;
    if (hash.encoding === 'listpack') {
      for (let i = 0; i < hash.size; i++) {
        listpack.append(hash.field(i));
        listpack.append(hash.value(i));
      }
      return output.blob(listpack.finish());
    }
    output.lengthOf(hash.size);
    for (let i = 0; i < hash.size; i++) {
      output.string(hash.field(i));
      output.string(hash.value(i));
      if (output.length >= STEP_BYTES) yield;
    }
  }

  private *setSteps(set: SetView): Generator<void, void> {
    const { output, listpack } = this;
    if (set.encoding === 'intset') return output.blob(packIntset(set));
    if (set.encoding === 'listpack' && this.options.version >= 11) {
      for (let i = 0; i < set.size; i++) listpack.append(set.member(i));
      return output.blob(listpack.finish());
    }
    output.lengthOf(set.size);
    for (let i = 0; i < set.size; i++) {
      output.string(set.member(i));
      if (output.length >= STEP_BYTES) yield;
    }
  }

  private *sortedSetSteps(set: SortedSetView): Generator<void, void> {
    const { output, listpack } = this;
    if (set.encoding === 'listpack') {
      for (let i = 0; i < set.size; i++) {
        const { key, score } = set.at(i);
        listpack.append(key);
        // Safe integers are stored as such; formatDouble writes -0 in full.
        if (Number.isSafeInteger(score) && !Object.is(score, -0)) listpack.appendInteger(score);
        else listpack.append(formatDouble(score));
      }
      return output.blob(listpack.finish());
    }
    output.lengthOf(set.size);
    for (let i = 0; i < set.size; i++) {
      const { key, score } = set.at(i);
      output.string(key);
      output.double(score);
      if (output.length >= STEP_BYTES) yield;
    }
  }

  private *streamSteps(stream: StreamView): Generator<void, void> {
    const { output } = this;
    output.lengthOf(stream.nodes.length);
    for (const node of stream.nodes) {
      output.lengthOf(16);
      output.rawText(node.baseId);
      output.blob(packStreamNode(node, this.listpack));
      if (output.length >= STEP_BYTES) yield;
    }
    output.lengthOf(stream.length);
    this.id(stream.lastId);
    this.id(stream.firstId);
    this.id(stream.maxDeletedId);
    output.lengthOf(stream.entriesAdded);
    output.lengthOf(stream.groups.length);
    for (const group of stream.groups) yield* this.groupSteps(group);
  }

  private *groupSteps(group: StreamGroupView): Generator<void, void> {
    const { output } = this;
    output.string(group.name);
    this.id(group.lastDeliveredId);
    output.lengthOf(group.entriesRead ?? UINT64_MAX);
    output.lengthOf(group.pending.size);
    for (const piece of group.pending.pieces) {
      for (const entry of piece) {
        output.rawText(entry.key);
        output.int64(entry.deliveredAtMs);
        output.lengthOf(entry.deliveryCount);
      }
      if (output.length >= STEP_BYTES) yield;
    }
    output.lengthOf(group.consumers.length);
    for (const consumer of group.consumers) {
      output.string(consumer.name);
      output.int64(consumer.seenAtMs);
      if (this.options.version >= 11) output.int64(consumer.activeAtMs);
      output.lengthOf(consumer.pending.size);
      for (const piece of consumer.pending.pieces) {
        for (const entry of piece) output.rawText(entry.key);
        if (output.length >= STEP_BYTES) yield;
      }
    }
  }

  private id(id: StreamId): void {
    this.output.lengthOf(streamIdMs(id));
    this.output.lengthOf(streamIdSequence(id));
  }
}

/** Integers of the width that the widest one needs, ascending. */
function packIntset(set: SetView): Buffer {
  const first = integerMember(set, 0);
  const last = integerMember(set, set.size - 1);
  const width = Math.max(integerWidth(first), integerWidth(last));
  const bytes = Buffer.allocUnsafe(8 + set.size * width);
  bytes.writeUInt32LE(width, 0);
  bytes.writeUInt32LE(set.size, 4);
  for (let i = 0; i < set.size; i++) {
    const member = integerMember(set, i);
    if (width === 8) bytes.writeBigInt64LE(BigInt(member), 8 + i * 8);
    else bytes.writeIntLE(Number(member), 8 + i * width, width);
  }
  return bytes;
}

function integerMember(set: SetView, position: number): IntegerMember {
  const member = parseIntegerMember(set.member(position));
  if (member === null) throw new Error('rdb: an intset holds something else than integers');
  return member;
}

function integerWidth(value: IntegerMember): number {
  if (value >= -32768 && value <= 32767) return 2;
  return value >= -2147483648 && value <= 2147483647 ? 4 : 8;
}
