/**
 * A stream node as a listpack:
 *
 *     count deleted N field_1 … field_N 0
 *     then per entry: flags ms-delta sequence-delta
 *                     value_1 … value_N                          with the node's fields, or
 *                     M field_1 value_1 … field_M value_M        with its own
 *                     number of elements of this entry before this one
 */

import { packedIntegerSize, packedSize } from '../../keyspace/values/packed-size.js';
import {
  makeStreamId,
  narrow,
  streamIdMs,
  streamIdSequence,
  type StreamId,
  type Uint64,
} from '../../keyspace/values/stream-id.js';
import { idDelta, StreamNode } from '../../keyspace/values/stream-node.js';
import { corrupt } from './errors.js';
import { StreamEntryFlag } from './format.js';
import type { ListpackBuilder } from './listpack-builder.js';
import { readListpack, type PackedElement } from './packed-encodings.js';

/** Packs the live entries of a node. The view is valid until the builder is used again. */
export function packStreamNode(node: StreamNode, builder: ListpackBuilder): Buffer {
  const { baseFields, baseId, entries } = node;
  builder.appendInteger(entries.length);
  builder.appendInteger(0);
  builder.appendInteger(baseFields.length);
  for (const field of baseFields) builder.append(field);
  builder.appendInteger(0);
  for (const entry of entries) {
    const isSame = entry.fields === baseFields;
    const delta = idDelta(entry.id, baseId);
    builder.appendInteger(isSame ? StreamEntryFlag.SameFields : 0);
    builder.appendInteger(delta.ms);
    builder.appendInteger(delta.sequence);
    if (!isSame) builder.appendInteger(entry.fields.length);
    for (let i = 0; i < entry.values.length; i++) {
      if (!isSame) builder.append(entry.fields[i]);
      builder.append(entry.values[i]);
    }
    builder.appendInteger(isSame ? entry.values.length + 3 : 2 * entry.values.length + 4);
  }
  return builder.finish();
}

/** Unpacks a node; it has at least one live entry and its ids ascend, or it is refused. */
export function readStreamNode(baseId: StreamId, blob: Buffer): StreamNode {
  const elements = new Elements(readListpack(blob, 'Stream listpack'));
  const liveCount = elements.integer();
  const deletedCount = elements.integer();
  const baseFields = elements.texts(elements.integer());
  if (elements.integer() !== 0) corrupt('Stream listpack integrity check failed.');
  const node = new StreamNode(baseId, baseFields, 0);
  let previousId: StreamId | null = null;
  while (!elements.isDone) {
    const start = elements.position;
    const flags = elements.integer();
    const id = makeStreamId(
      sum(streamIdMs(baseId), elements.wideInteger()),
      sum(streamIdSequence(baseId), elements.wideInteger()),
    );
    const isSame = (flags & StreamEntryFlag.SameFields) !== 0;
    const { fields, values } = isSame
      ? { fields: baseFields, values: elements.texts(baseFields.length) }
      : elements.pairs(elements.integer());
    if (elements.integer() !== elements.position - start - 1)
      corrupt('Stream listpack integrity check failed.');
    if (previousId !== null && id <= previousId) corrupt('Stream entries are not in order');
    previousId = id;
    if ((flags & StreamEntryFlag.Deleted) !== 0) node.addDeleted(elements.packedSizeFrom(start));
    else node.append(id, fields, values);
  }
  const isComplete = node.entries.length === liveCount && node.deletedCount === deletedCount;
  if (!isComplete || liveCount === 0) corrupt('Stream listpack integrity check failed.');
  return node;
}

/** Takes the elements of a node one by one; what is not there or not of the right kind is corrupt. */
class Elements {
  position = 0;

  constructor(private readonly elements: readonly PackedElement[]) {}

  get isDone(): boolean {
    return this.position >= this.elements.length;
  }

  integer(): number {
    const value = this.next();
    if (typeof value !== 'number') corrupt('Stream listpack integrity check failed.');
    return value;
  }

  wideInteger(): Uint64 {
    const value = this.next();
    if (typeof value === 'string') corrupt('Stream listpack integrity check failed.');
    return value;
  }

  texts(count: number): string[] {
    if (count < 0 || count > this.elements.length - this.position) {
      corrupt('Stream listpack integrity check failed.');
    }
    const texts: string[] = [];
    for (let i = 0; i < count; i++) texts.push(String(this.next()));
    return texts;
  }

  pairs(count: number): { fields: string[]; values: string[] } {
    const texts = this.texts(2 * count);
    return {
      fields: texts.filter((_, index) => index % 2 === 0),
      values: texts.filter((_, index) => index % 2 === 1),
    };
  }

  /** Bytes that the elements from a position up to the current one take. */
  packedSizeFrom(start: number): number {
    let bytes = 0;
    for (let i = start; i < this.position; i++) {
      const element = this.elements[i];
      bytes += typeof element === 'number' ? packedIntegerSize(element) : packedSize(String(element));
    }
    return bytes;
  }

  private next(): PackedElement {
    const element = this.elements[this.position++];
    return element ?? corrupt('Stream listpack integrity check failed.');
  }
}

/** Adds a signed difference to an unsigned part of an id; wraps around at 64 bits, as in Redis. */
function sum(part: Uint64, delta: Uint64): Uint64 {
  if (typeof part === 'number' && typeof delta === 'number') {
    const value = part + delta;
    if (value >= 0 && Number.isSafeInteger(value)) return value;
  }
  return narrow(BigInt.asUintN(64, BigInt(part) + BigInt(delta)));
}
