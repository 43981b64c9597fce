/** The repairs that `fix` makes, each in a file of its own. */
import type { Repairs } from '../check.js';
import type { Cluster } from '../cluster.js';
import { ClusterManagerError, InputEnded } from '../errors.js';
import { MoveLines } from '../move-progress.js';
import type { ClusterNode } from '../node.js';
import type { ClusterSession } from '../session.js';
import { SlotMover } from '../slot-mover.js';
import type { RepairContext } from './context.js';
import { repairMultipleOwners } from './multiple-owners.js';
import { repairOpenSlot } from './open-slot-repair.js';
import { repairUncoveredSlots } from './uncovered-slots.js';

export class SlotRepair implements Repairs {
  private readonly context: RepairContext;

  constructor(
    private readonly session: ClusterSession,
    private readonly cluster: Cluster,
  ) {
    const { report, options, credentials, platform } = session;
    const settings = { ...options, assignsUnservedSlot: true, credentials };
    const mover = new SlotMover(cluster.masters, settings, report, platform.clock);
    this.context = {
      session,
      cluster,
      moveSlot: (move) => mover.move([move], new MoveLines(report, [move])),
      moveKeys: (move) => mover.moveKeys(move, new MoveLines(report, [move])),
    };
  }

  async openSlot(slot: number): Promise<boolean> {
    this.requireAllMasters('open slots');
    return this.attempt(() => repairOpenSlot(this.context, slot));
  }

  async uncoveredSlots(slots: readonly number[]): Promise<boolean> {
    this.requireAllMasters('slots coverage');
    return this.attempt(() => repairUncoveredSlots(this.context, slots));
  }

  async multipleOwners(slot: number, owners: readonly ClusterNode[]): Promise<boolean> {
    return this.attempt(() => repairMultipleOwners(this.context, slot, owners));
  }

  /** What goes wrong is said, and the walk goes on: other things may be repaired all the same. */
  private async attempt(repair: () => Promise<boolean>): Promise<boolean> {
    try {
      return await repair();
    } catch (error) {
      // Nobody will answer the next question either.
      if (!(error instanceof ClusterManagerError) || error instanceof InputEnded) throw error;
      if (error.message !== '') this.session.report.error(error.message);
      return false;
    }
  }

  /** A master that cannot be asked may have the slots that look lost. */
  private requireAllMasters(what: string): void {
    const { unreachableMasters } = this.cluster;
    if (unreachableMasters === 0 || this.session.options.fixesWithUnreachableMasters) return;
    throw new ClusterManagerError(
      `*** Fixing ${what} with ${unreachableMasters} unreachable masters is dangerous: their slots would be taken for ` +
        'uncovered and given to masters that can be reached. This can lose data and is rarely what you want. ' +
        'If you really want to proceed use the --cluster-fix-with-unreachable-masters option.',
    );
  }
}
