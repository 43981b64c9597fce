/**
 * How an operator moves a slot with its keys, as `redis-cli --cluster` does: importing, migrating, the keys, the new owner.
 * He may leave it at any step, and does when a node refuses or does not answer.
 */
import type { Reply } from '../../client/reply.js';
import type { Slot } from '../../cluster/view/slots.js';
import { NODE_PORT, type SimulatedCluster } from '../world/simulated-cluster.js';

const MIGRATE_TIMEOUT_MS = 1000;
const KEYS_PER_MIGRATE = 1000;

export interface SlotMove {
  readonly slot: number;
  /** Name of the node that shall have it. */
  readonly target: string;
  /** So many of the four steps are taken. */
  readonly steps: number;
}

/** The slot was opened; a MIGRATE was answered well, or not; the slot has the new owner. */
export type SlotMoveStage = 'opened' | 'keys-moved' | 'keys-refused' | 'made';

type Words = readonly (string | number)[];

/** Begins the move; nothing when it makes no sense now. */
export function moveSlot(
  world: SimulatedCluster,
  { slot, target, steps }: SlotMove,
  onStage: (stage: SlotMoveStage) => void,
): void {
  const source = ownerOf(world, slot);
  const to = world.member(target).dataService?.cluster?.view.myself;
  if (source === null || source === target || to?.isMaster !== true) return;
  const order = (
    name: string,
    words: Words,
    then: (reply: Reply) => void,
    refused: () => void = () => undefined,
  ): void => {
    if (!world.member(name).isRunning) return;
    world.send(name, words, (reply) => {
      if (isRefusal(reply)) refused();
      else then(reply);
    });
  };
  const setSlot = (name: string, action: string, id: string | null, then: () => void): void =>
    order(name, ['CLUSTER', 'SETSLOT', slot, action, ...(id === null ? [] : [id])], then);
  const [fromId, toId] = [world.id(source), to.id];

  const settle = (): void => {
    if (steps < 4) return;
    setSlot(target, 'NODE', toId, () => {
      onStage('made');
      setSlot(source, 'NODE', toId, () => undefined);
    });
  };
  const moveKeys = (): void => {
    if (steps < 3) return;
    order(source, ['CLUSTER', 'GETKEYSINSLOT', slot, KEYS_PER_MIGRATE], (reply) => {
      const keys = Array.isArray(reply) ? reply.map(String) : [];
      if (keys.length === 0) {
        settle();
        return;
      }
      const head = ['MIGRATE', world.address(target), NODE_PORT, '', 0, MIGRATE_TIMEOUT_MS, 'KEYS'];
      const moved = (): void => {
        onStage('keys-moved');
        moveKeys();
      };
      order(source, [...head, ...keys], moved, () => onStage('keys-refused'));
    });
  };
  setSlot(target, 'IMPORTING', fromId, () => {
    onStage('opened');
    if (steps >= 2) setSlot(source, 'MIGRATING', toId, moveKeys);
  });
}

/** The node that says that it owns a slot; null: none. */
function ownerOf(world: SimulatedCluster, slot: number): string | null {
  const owner = world.members.find(({ dataService }) => {
    const myself = dataService?.cluster?.view.myself;
    return myself !== undefined && myself.isMaster && myself.slots.has(slot as Slot);
  });
  return owner?.name ?? null;
}

/** An error, or no reply at all, which {@link SimulatedCluster.send} tells in words. */
function isRefusal(reply: Reply): boolean {
  return reply instanceof Error || (typeof reply === 'string' && reply.startsWith('closed: '));
}
