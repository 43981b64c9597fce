/**
 * Keys that a cluster node takes from another one, and keys that it removes because another one has taken them: heard of
 * by standing in the way of methods of its parts, because the product tells nobody else.
 *
 * A removal is told as a move by elimination, whatever part of the product did it: a master removed the key although no
 * command asked for it, its time was not over, and its slot was not lost to another owner. What replicas and loading
 * nodes do is another one's decision, or an earlier one.
 */
import { digestOfEntry } from '../../commands/debug/digest.js';
import { keySlot } from '../../keyspace/key-slot.js';
import type { DataService } from '../../launch/data-server.js';
import type { Member } from '../world/member.js';
import type { Scene } from './scene.js';

export function hearOfKeyMoves(scene: Scene, member: Member, { server }: DataService): void {
  const { dispatcher, keyspace, persistenceStatus, slotDeletion } = server;
  const [database] = keyspace.databases;
  const { hash } = member.process;
  const decides = (): boolean => server.role === 'master' && persistenceStatus.loading === null;

  const notify = server.notify.bind(server);
  server.notify = (eventClass, event, key, databaseIndex) => {
    if (event === 'restore' && decides()) {
      scene.emit('key-taken', member, key, digestOfEntry(database.entries.get(key), hash));
    }
    notify(eventClass, event, key, databaseIndex);
  };

  /** A slot that comes back is rid of its former keys first. */
  let clearedSlot: number | null = null;
  const complete = slotDeletion.complete.bind(slotDeletion);
  slotDeletion.complete = (slot) => {
    clearedSlot = slot;
    complete(slot);
    clearedSlot = null;
  };
  const isSlotLost = (slot: number): boolean => slot === clearedSlot || slotDeletion.isPending(slot);
  // Clients never remove a numbered write, whatever is being executed.
  const isOrdered = (key: string): boolean => dispatcher.isExecuting && scene.writes.of(key) === null;

  const remove = database.remove.bind(database);
  database.remove = (entry) => {
    const { key } = entry;
    if (decides() && !isOrdered(key) && !database.isExpired(entry) && !isSlotLost(keySlot(key))) {
      scene.emit('key-moved', member, key, digestOfEntry(entry, hash));
    }
    remove(entry);
  };
}
