/**
 * Cluster mode: deletes all keys of slots that this master has lost, in slices, each key propagated as a DEL.
 *
 * Between slices clients are served; the gate sends them elsewhere for these slots, so that nobody sees half a slot
 * and nobody adds to it. Before a slot is taken again, whoever takes it must {@link SlotDeletion.complete} it: an
 * old key must never be found among those that come back.
 *
 * A slice counts keys, not time, which stands still in a simulated step.
 */
import type { Timer } from '../platform/platform.js';
import { EventClass } from './notifications.js';
import type { Server } from './server.js';

/** About a millisecond's work. */
const KEYS_PER_SLICE = 500;
const PAUSE_MS = 1;

export class SlotDeletion {
  private readonly pending = new Set<number>();
  private timer: Timer | null = null;

  constructor(private readonly server: Server) {}

  /** Begins with a first slice at once. Slots without keys cost nothing. */
  begin(slots: Iterable<number>): void {
    const { slotIndex } = this.server.keyspace;
    for (const slot of slots) if (slotIndex !== null && slotIndex.countIn(slot) > 0) this.pending.add(slot);
    if (this.timer === null) this.slice();
  }

  /** Whether a slot still has keys that are to be deleted. */
  isPending(slot: number): boolean {
    return this.pending.has(slot);
  }

  /** Deletes what is left in a slot now; nothing if it is not being deleted. */
  complete(slot: number): void {
    if (!this.pending.delete(slot) || this.server.role !== 'master') return;
    this.deleteKeys(slot, Infinity);
    this.server.dispatcher.endUnit(true);
  }

  close(): void {
    this.timer?.cancel();
    this.timer = null;
    this.pending.clear();
  }

  private slice(): void {
    this.timer = null;
    // A replica deletes nothing by itself; it is about to take its master's dataset over.
    if (this.server.role !== 'master') this.pending.clear();
    let left = KEYS_PER_SLICE;
    for (const slot of this.pending) {
      left -= this.deleteKeys(slot, left);
      if (left === 0) break;
      this.pending.delete(slot);
    }
    this.server.dispatcher.endUnit(true);
    this.server.scheduleTurnEnd();
    if (this.pending.size === 0) return;
    this.timer = this.server.platform.timers.after(PAUSE_MS, () => {
      this.server.beginTurn();
      this.slice();
    });
  }

  /** Returns how many keys went. */
  private deleteKeys(slot: number, limit: number): number {
    const { server } = this;
    const { keyspace, config, propagation } = server;
    const database = keyspace.databases[0];
    const word = config.values['lazyfree-lazy-server-del'] ? 'UNLINK' : 'DEL';
    const keys = keyspace.slotIndex?.keysIn(slot, limit) ?? [];
    for (const key of keys) {
      const entry = database.entries.get(key);
      if (entry === undefined) throw new Error('slot deletion: a key of the index is not in the database');
      database.remove(entry);
      database.modified(key);
      propagation.add(database.index, [word, key]);
      server.notify(EventClass.Generic, 'del', key, database.index);
    }
    return keys.length;
  }
}
