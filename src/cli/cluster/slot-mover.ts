/**
 * Moves slots with their keys between nodes that go on serving clients.
 *
 * For each slot the order is: IMPORTING at the target, MIGRATING at the source, the keys, then the new owner: first
 * the target (if it dies before it knows, the slot still has its old owner), then the source, then all other masters.
 * A slot is given away only when its source has no key of it any more.
 *
 * Slots of each source are on their way at the same time, so that it has the next keys to send while others are opened
 * or given to their new owner, which may wait for the nodes' disks; different sources work side by side. On a failure no
 * slot is begun; what stays open is left to `fix`: closing it here could lose keys that clients have written at the
 * target meanwhile.
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

/**
 * MIGRATEs of one source. One is being sent while another is taken in; more would only make those wait longer who write
 * to keys on their way.
 */
const MIGRATES_AT_ONCE = 3;
/** Of one source that serves everybody meanwhile. An owner's answer takes as long as its disk, which many slots share. */
const SLOTS_AT_ONCE = 16;

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
    const bySource = new Map<MovingNode, SlotMove[]>();
    for (const move of moves) {
      const same = bySource.get(move.source);
      if (same === undefined) bySource.set(move.source, [move]);
      else same.push(move);
    }
    const lanes = await Promise.all(
      [...bySource].map(async ([source, same]) => {
        const queue = same.values();
        const ways = new Ways(await source.ways(MIGRATES_AT_ONCE));
        const count = source.servesDuringMigrate ? SLOTS_AT_ONCE : MIGRATES_AT_ONCE;
        return Array.from({ length: count }, () => ({ queue, ways }));
      }),
    );
    const outcomes = await Promise.allSettled(
      lanes.flat().map(({ queue, ways }) => this.moveInTurn(queue, ways, progress)),
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

  /** Takes slot after slot of one source until there is none left or something has failed. */
  private async moveInTurn(queue: Iterator<SlotMove>, ways: Ways, progress: MoveProgress): Promise<void> {
    try {
      for (let next = queue.next(); next.done !== true && !this.hasFailed; next = queue.next()) {
        const move = next.value;
        const keys = await this.open(move);
        progress.started(move);
        if (keys.length > 0) {
          await ways.use((way) =>
            this.transfer.moveAll({ ...move, source: way }, keys, (count) => progress.keysMoved(move, count)),
          );
        }
        await this.assign(move);
        progress.finished(move);
      }
    } catch (error) {
      this.hasFailed = true;
      throw error;
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

  private async assign(move: SlotMove): Promise<void> {
    const { slot, source, target } = move;
    await target.setSlot(slot, 'NODE', target);
    await assignAt(source, move);
    this.openSlots.delete(slot);
    source.slots.delete(slot);
    target.slots.add(slot);
    const others = this.masters.filter(({ id }) => id !== source.id && id !== target.id);
    await Promise.all(others.map((node) => assignAt(node, move)));
  }
}

/** The ways to one source, each of which somebody uses or nobody. */
class Ways {
  private readonly free: MovingNode[];
  private readonly waiting: ((way: MovingNode) => void)[] = [];

  constructor(ways: readonly MovingNode[]) {
    this.free = [...ways];
  }

  /** Waits for a way, which is free again when `work` has ended. */
  async use(work: (way: MovingNode) => Promise<void>): Promise<void> {
    const way = this.free.pop() ?? (await new Promise<MovingNode>((resolve) => this.waiting.push(resolve)));
    try {
      await work(way);
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.free.push(way);
      else next(way);
    }
  }
}

async function assignAt(node: MovingNode, { slot, target }: SlotMove): Promise<void> {
  try {
    await node.setSlot(slot, 'NODE', target);
  } catch (error) {
    if (!(error instanceof NodeReplyError) || !error.reply.startsWith(NO_MASTER_ANY_MORE)) throw error;
  }
}
