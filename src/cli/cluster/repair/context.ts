/** What every repair works with. */
import type { Cluster } from '../cluster.js';
import type { SlotMove } from '../key-transfer.js';
import type { ClusterSession } from '../session.js';

export interface RepairContext {
  readonly session: ClusterSession;
  readonly cluster: Cluster;
  /** Moves a slot with its keys. */
  moveSlot(move: SlotMove): Promise<void>;
  /** Moves the keys only. */
  moveKeys(move: SlotMove): Promise<void>;
}
