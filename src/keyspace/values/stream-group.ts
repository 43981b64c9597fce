/**
 * Consumer groups of a stream: how far a group has read, and which entries were delivered to whom without being
 * acknowledged yet.
 *
 * A pending entry is in the group's list and in exactly one consumer's, always; only the methods of
 * {@link StreamGroup} change either.
 */

import { OBJECT_BYTES, REFERENCE_BYTES, stringMemory } from './memory-estimate.js';
import { OrderedEntries, type OrderedView } from './ordered-entries.js';
import type { StreamId } from './stream-id.js';

/** An entry delivered and not acknowledged. Never changed in place. */
export interface PendingEntry {
  readonly key: StreamId;
  readonly consumer: StreamConsumer;
  readonly deliveredAtMs: number;
  readonly deliveryCount: number;
}

export class StreamConsumer {
  readonly pending = new OrderedEntries<PendingEntry>();

  constructor(
    readonly name: string,
    /** When it last tried to read or claim anything. */
    public seenAtMs: number,
    /** When it last got something; -1 for never. */
    public activeAtMs: number,
  ) {}
}

/** A group as it was when it was frozen. */
export interface StreamGroupView {
  readonly name: string;
  readonly lastDeliveredId: StreamId;
  readonly entriesRead: number | null;
  readonly pending: OrderedView<PendingEntry>;
  readonly consumers: readonly StreamConsumerView[];
}

export interface StreamConsumerView {
  readonly name: string;
  readonly seenAtMs: number;
  readonly activeAtMs: number;
  readonly pending: OrderedView<PendingEntry>;
}

const PENDING_BYTES = OBJECT_BYTES + 6 * REFERENCE_BYTES + 32;
const CONSUMER_BYTES = 5 * OBJECT_BYTES + 8 * REFERENCE_BYTES;

export class StreamGroup {
  readonly pending = new OrderedEntries<PendingEntry>();
  private readonly consumersByName = new Map<string, StreamConsumer>();
  private consumerBytes = 0;

  constructor(
    readonly name: string,
    public lastDeliveredId: StreamId,
    /** How many entries of the stream the group has read, counted from its beginning; null when unknown. */
    public entriesRead: number | null,
  ) {}

  /** In order of their names, as Redis lists them. */
  get consumers(): StreamConsumer[] {
    return [...this.consumersByName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  get consumerCount(): number {
    return this.consumersByName.size;
  }

  get memoryBytes(): number {
    return CONSUMER_BYTES + this.pending.size * PENDING_BYTES + stringMemory(this.name) + this.consumerBytes;
  }

  consumer(name: string): StreamConsumer | undefined {
    return this.consumersByName.get(name);
  }

  /** Adds a consumer; undefined when there is one of that name. */
  addConsumer(name: string, seenAtMs: number, activeAtMs = -1): StreamConsumer | undefined {
    if (this.consumersByName.has(name)) return undefined;
    const consumer = new StreamConsumer(name, seenAtMs, activeAtMs);
    this.consumersByName.set(name, consumer);
    this.consumerBytes += CONSUMER_BYTES + stringMemory(name);
    return consumer;
  }

  /** Removes a consumer and drops what was pending for it. Returns how much; -1 when there is no such one. */
  removeConsumer(name: string): number {
    const consumer = this.consumersByName.get(name);
    if (consumer === undefined) return -1;
    consumer.pending.walk('', (entry) => {
      this.pending.delete(entry.key);
      return true;
    });
    this.consumersByName.delete(name);
    this.consumerBytes -= CONSUMER_BYTES + stringMemory(name);
    return consumer.pending.size;
  }

  /** Makes an entry pending for a consumer, whoever had it before. */
  assign(id: StreamId, consumer: StreamConsumer, deliveredAtMs: number, deliveryCount: number): PendingEntry {
    const known = this.pending.get(id);
    if (known !== undefined && known.consumer !== consumer) known.consumer.pending.delete(id);
    const entry: PendingEntry = { key: id, consumer, deliveredAtMs, deliveryCount };
    this.pending.set(entry);
    consumer.pending.set(entry);
    return entry;
  }

  /** Forgets a pending entry: acknowledged, or deleted from the stream. False when it was not pending. */
  acknowledge(id: StreamId): boolean {
    const entry = this.pending.delete(id);
    if (entry === undefined) return false;
    entry.consumer.pending.delete(id);
    return true;
  }

  copy(): StreamGroup {
    const copy = new StreamGroup(this.name, this.lastDeliveredId, this.entriesRead);
    for (const consumer of this.consumersByName.values()) {
      copy.addConsumer(consumer.name, consumer.seenAtMs, consumer.activeAtMs);
    }
    this.pending.walk('', (entry) => {
      const owner = copy.consumer(entry.consumer.name);
      if (owner !== undefined) copy.assign(entry.key, owner, entry.deliveredAtMs, entry.deliveryCount);
      return true;
    });
    return copy;
  }

  freeze(): StreamGroupView {
    return {
      name: this.name,
      lastDeliveredId: this.lastDeliveredId,
      entriesRead: this.entriesRead,
      pending: this.pending.freeze(),
      consumers: this.consumers.map((consumer) => ({
        name: consumer.name,
        seenAtMs: consumer.seenAtMs,
        activeAtMs: consumer.activeAtMs,
        pending: consumer.pending.freeze(),
      })),
    };
  }
}
