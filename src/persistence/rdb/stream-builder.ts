/**
 * Builds a stream as its bytes arrive: nodes, counters, groups, pending entries, consumers, one piece per step. Ids
 * must ascend and every pending entry must belong to exactly one consumer, or the stream is refused.
 */

import { Dictionary, type DictionaryEntry } from '../../keyspace/dictionary.js';
import type { StreamConsumer, StreamGroup } from '../../keyspace/values/stream-group.js';
import { makeStreamId, streamIdFromBytes, type StreamId } from '../../keyspace/values/stream-id.js';
import { StreamValue } from '../../keyspace/values/stream-value.js';
import type { EncodingLimits, Value } from '../../keyspace/values/value.js';
import { corrupt } from './errors.js';
import type { RdbInput } from './input.js';
import { readStreamNode } from './stream-node-codec.js';

/** What comes next. */
type Phase =
  | 'node count'
  | 'node'
  | 'counters'
  | 'group'
  | 'group pending'
  | 'consumer count'
  | 'consumer'
  | 'consumer pending';

/** A pending entry whose consumer is not known yet. */
interface Unowned extends DictionaryEntry {
  readonly key: StreamId;
  readonly deliveredAtMs: number;
  readonly deliveryCount: number;
}

/** `entries_read` when it is not known. */
const UNKNOWN_ENTRIES_READ = 0xffff_ffff_ffff_ffffn;

export class StreamBuilder {
  private readonly stream: StreamValue;
  private phase: Phase = 'node count';
  private nodesLeft = 0;
  private groupsLeft = 0;
  private pendingLeft = 0;
  private consumersLeft = 0;
  private group: StreamGroup | null = null;
  private consumer: StreamConsumer | null = null;
  private unowned: Dictionary<Unowned>;
  private lastNodeId: StreamId | null = null;

  /** @param version 1 for type 15, 2 for 19, 3 for 21. */
  constructor(
    private readonly limits: EncodingLimits,
    private readonly version: 1 | 2 | 3,
  ) {
    this.stream = new StreamValue(limits);
    this.unowned = new Dictionary<Unowned>(limits.hashSeed);
  }

  value(): Value {
    return this.stream;
  }

  step(input: RdbInput): boolean {
    switch (this.phase) {
      case 'node count':
        this.nodesLeft = input.lengthOf();
        this.phase = this.nodesLeft === 0 ? 'counters' : 'node';
        return false;
      case 'node':
        this.readNode(input);
        if (--this.nodesLeft === 0) this.phase = 'counters';
        return false;
      case 'counters':
        this.readCounters(input);
        this.phase = 'group';
        return this.groupsLeft === 0;
      case 'group':
        this.readGroup(input);
        this.phase = this.pendingLeft === 0 ? 'consumer count' : 'group pending';
        return false;
      case 'group pending':
        this.readGroupPending(input);
        if (--this.pendingLeft === 0) this.phase = 'consumer count';
        return false;
      case 'consumer count':
        this.consumersLeft = input.lengthOf();
        return this.afterConsumer();
      case 'consumer':
        this.readConsumer(input);
        this.consumersLeft--;
        if (this.pendingLeft === 0) return this.afterConsumer();
        this.phase = 'consumer pending';
        return false;
      case 'consumer pending':
        this.readConsumerPending(input);
        return --this.pendingLeft === 0 ? this.afterConsumer() : false;
    }
  }

  private readNode(input: RdbInput): void {
    const id = input.string();
    const blob = input.blob();
    if (id.length !== 16) corrupt('Stream node key entry is not the size of a stream ID');
    const baseId = streamIdFromBytes(id);
    const node = readStreamNode(baseId, blob);
    if (this.lastNodeId !== null && (node.entries[0]?.id ?? baseId) <= this.lastNodeId) {
      corrupt('Stream entries are not in order');
    }
    this.lastNodeId = node.greatestId;
    this.stream.appendNode(node);
  }

  private readCounters(input: RdbInput): void {
    const { stream } = this;
    const length = input.lengthOf();
    const lastId = readId(input);
    let maxDeletedId = stream.maxDeletedId;
    let entriesAdded = length;
    if (this.version >= 2) {
      // The first id, which follows from the entries.
      readId(input);
      maxDeletedId = readId(input);
      entriesAdded = Number(input.uint64());
    }
    const groupCount = input.lengthOf();
    if (length !== stream.length) corrupt('Stream length does not match its entries');
    if (this.lastNodeId !== null && lastId < this.lastNodeId) corrupt('Stream has entries after its last ID');
    stream.lastId = lastId;
    stream.maxDeletedId = maxDeletedId;
    stream.entriesAdded = entriesAdded;
    this.groupsLeft = groupCount;
  }

  private readGroup(input: RdbInput): void {
    const name = input.string();
    const lastDeliveredId = readId(input);
    const stored = this.version >= 2 ? input.uint64() : null;
    this.pendingLeft = input.lengthOf();
    const entriesRead =
      stored === null
        ? this.stream.entriesAddedUpTo(lastDeliveredId)
        : stored === UNKNOWN_ENTRIES_READ
          ? null
          : Number(stored);
    const group = this.stream.addGroup(name, lastDeliveredId, entriesRead);
    this.group = group ?? corrupt('Duplicated consumer group name');
    this.unowned = new Dictionary<Unowned>(this.limits.hashSeed);
    this.groupsLeft--;
  }

  private readGroupPending(input: RdbInput): void {
    const key = streamIdFromBytes(input.rawText(16));
    const deliveredAtMs = input.int64();
    const deliveryCount = input.lengthOf();
    if (!this.unowned.add({ key, deliveredAtMs, deliveryCount })) {
      corrupt('Duplicated global PEL entry loading stream consumer group');
    }
  }

  private readConsumer(input: RdbInput): void {
    const name = input.string();
    const seenAtMs = input.int64();
    const activeAtMs = this.version >= 3 ? input.int64() : seenAtMs;
    this.pendingLeft = input.lengthOf();
    const consumer = this.currentGroup.addConsumer(name, seenAtMs, activeAtMs);
    this.consumer = consumer ?? corrupt('Duplicate stream consumer detected');
  }

  private readConsumerPending(input: RdbInput): void {
    const id = streamIdFromBytes(input.rawText(16));
    const entry = this.unowned.remove(id);
    if (entry === undefined) corrupt('Consumer entry not found in group global PEL');
    this.currentGroup.assign(id, this.consumer as StreamConsumer, entry.deliveredAtMs, entry.deliveryCount);
  }

  /** After a consumer (or the count of them): the next one, the next group, or the end. */
  private afterConsumer(): boolean {
    if (this.consumersLeft > 0) {
      this.phase = 'consumer';
      return false;
    }
    if (this.unowned.size > 0) corrupt('NACK entry without consumer');
    this.phase = 'group';
    return this.groupsLeft === 0;
  }

  private get currentGroup(): StreamGroup {
    return this.group as StreamGroup;
  }
}

function readId(input: RdbInput): StreamId {
  const ms = input.uint64();
  return makeStreamId(ms, input.uint64());
}
