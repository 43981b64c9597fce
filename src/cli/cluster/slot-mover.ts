/**
 * Moves slots with their keys between nodes that go on serving clients.
 *
 * For each slot the order is: IMPORTING at the target, MIGRATING at the source, the keys, then the new owner: first
 * the target (if it dies before it knows, the slot still has its old owner), then the source, then all other masters.
 * A slot is given away only when its source has no key of it any more.
 *
 * Slots of one source follow one another without a gap: while the keys of one move, the next is being opened and the
 * one before is being assigned. Different sources work at the same time. On a failure nothing new is begun; what is
 * open stays open, for `fix`: closing it here could lose keys that clients have written at the target meanwhile.
 */
import type { Clock } from '../../platform/platform.js';
import { ClusterManagerError, NodeReplyError } from './errors.js';
import {
  KeyTransfer,
  keysToMove,
  type MovingNode,
  type SlotMove,
  type TransferSettings,
} from './key-transfer.js';
import type { MoveProgress } from './move-progress.js';
import type { Report } from './report.js';

/** A source that gave away its last slot may be the target's replica already. */
const NO_MASTER_ANY_MORE = 'ERR Please use SETSLOT only with masters.';

/** Some slots could not be moved. */
export class MoveFailed extends ClusterManagerError {
  override readonly name = 'MoveFailed';

  constructor(
    reason: ClusterManagerError,
    /** Migrating or importing somewhere, ascending. */
    readonly openSlots: readonly number[],
  ) {
    super(reason.message, reason.stream);
  }
}

export class SlotMover {
  private readonly transfer: KeyTransfer;
  private readonly openSlots = new Set<number>();
  private hasFailed = false;

  /** @param masters everybody who is told of new owners */
  constructor(
    private readonly masters: readonly MovingNode[],
    settings: TransferSettings,
    report: Report,
    clock: Clock,
  ) {
    this.transfer = new KeyTransfer(settings, report, clock);
  }

  /** Moves slots, and keeps the nodes' own `slots` up to date. @throws MoveFailed at the first that cannot be moved */
  async move(moves: readonly SlotMove[], progress: MoveProgress): Promise<void> {
    const lanes = new Map<MovingNode, SlotMove[]>();
    for (const move of moves) {
      const lane = lanes.get(move.source);
      if (lane === undefined) lanes.set(move.source, [move]);
      else lane.push(move);
    }
    const outcomes = await Promise.allSettled(
      [...lanes.values()].map((lane) => this.moveLane(lane, progress)),
    );
    progress.end();
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failure === undefined) return;
    const { reason } = failure as { reason: unknown };
    if (!(reason instanceof ClusterManagerError)) throw reason;
    throw new MoveFailed(
      reason,
      [...this.openSlots].sort((a, b) => a - b),
    );
  }

  /** Moves only the keys, between nodes whose idea of the slot's owner is right already, or does not matter. */
  async moveKeys(move: SlotMove, progress: MoveProgress): Promise<void> {
    progress.started(move);
    try {
      await this.transfer.moveAll(move, await keysToMove(move), (count) => progress.keysMoved(move, count));
      progress.finished(move);
    } finally {
      progress.end();
    }
  }

  private async moveLane(moves: readonly SlotMove[], progress: MoveProgress): Promise<void> {
    const underway: Promise<unknown>[] = [];
    const begin = <T>(step: Promise<T>): Promise<T> => {
      // It may fail while another is awaited; it is awaited in its turn.
      step.catch(() => undefined);
      underway.push(step);
      return step;
    };
    try {
      let opening = begin(this.open(moves[0]!));
      let assigning = Promise.resolve();
      for (const [index, move] of moves.entries()) {
        const keys = await opening;
        if (this.hasFailed) return;
        progress.started(move);
        const next = moves[index + 1];
        if (next !== undefined) opening = begin(this.open(next));
        await this.transfer.moveAll(move, keys, (count) => progress.keysMoved(move, count));
        await assigning;
        assigning = begin(this.assign(move, progress));
      }
      await assigning;
    } catch (error) {
      this.hasFailed = true;
      throw error;
    } finally {
      // Whatever was begun is answered before anybody looks at what is open.
      await Promise.allSettled(underway);
    }
  }

  /** @returns the first keys to be moved */
  private async open(move: SlotMove): Promise<string[]> {
    const { slot, source, target } = move;
    this.openSlots.add(slot);
    await target.setSlot(slot, 'IMPORTING', source);
    const [, keys] = await Promise.all([source.setSlot(slot, 'MIGRATING', target), keysToMove(move)]);
    return keys;
  }

  private async assign(move: SlotMove, progress: MoveProgress): Promise<void> {
    const { slot, source, target } = move;
    await target.setSlot(slot, 'NODE', target);
    await assignAt(source, move);
    this.openSlots.delete(slot);
    source.slots.delete(slot);
    target.slots.add(slot);
    const others = this.masters.filter((node) => node !== source && node !== target);
    await Promise.all(others.map((node) => assignAt(node, move)));
    progress.finished(move);
  }
}

async function assignAt(node: MovingNode, { slot, target }: SlotMove): Promise<void> {
  try {
    await node.setSlot(slot, 'NODE', target);
  } catch (error) {
    if (!(error instanceof NodeReplyError) || !error.reply.startsWith(NO_MASTER_ANY_MORE)) throw error;
  }
}
