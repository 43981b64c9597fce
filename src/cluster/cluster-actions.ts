/**
 * What commands may ask of the cluster: the seam between CLUSTER's subcommands and the machinery behind them (bus,
 * elections, nodes.conf). Whoever calls has checked the request; what is done here is remembered on disk before any peer
 * or client is told.
 */
import type { Epoch } from '../failover/epoch.js';
import type { ClusterNode } from './view/node.js';
import type { ClusterView } from './view/cluster-view.js';
import type { Slot } from './view/slots.js';

export type ManualFailover = 'coordinated' | 'force' | 'takeover';

/** One connection of the bus that belongs to a known node (CLUSTER LINKS). */
export interface LinkReport {
  readonly direction: 'to' | 'from';
  readonly node: ClusterNode;
  readonly createdAtMs: number;
  readonly canWrite: boolean;
  readonly sendBufferAllocatedBytes: number;
  readonly sendBufferUsedBytes: number;
}

/** Messages of the bus by type name (`ping`, `auth-req`, ...), in the order of their type numbers. */
export interface MessageCounts {
  readonly sent: ReadonlyMap<string, number>;
  readonly received: ReadonlyMap<string, number>;
}

export interface ClusterActions {
  readonly view: ClusterView;

  /** How many things have been decided that others may rely on. */
  readonly decisions: number;
  /** Calls back when everything that has been decided is on disk. */
  whenKept(run: () => void): void;

  /** Begins a handshake; nothing when one with that address is under way. */
  meet(host: string, port: number, busPort: number): void;
  /** Removes a node and keeps gossip from bringing it back for a minute. */
  forget(node: ClusterNode): void;
  isForgotten(id: string): boolean;
  /** Makes this node a replica of another one. */
  replicate(master: ClusterNode): void;
  failOver(kind: ManualFailover): void;
  /** Forgets the cluster; `hard`: takes a new identity and epoch 0 as well. The dataset has been dealt with. */
  reset(hard: boolean): void;

  /** Takes slots from nobody or whoever has them. */
  assignSlots(slots: readonly Slot[], owner: ClusterNode): void;
  unassignSlots(slots: readonly Slot[]): void;
  setMigrating(slot: Slot, target: ClusterNode): void;
  setImporting(slot: Slot, source: ClusterNode): void;
  /** Ends the move of a slot without deciding its owner. */
  setStable(slot: Slot): void;
  /** SETSLOT NODE, with what follows from it: epochs, a role that changes, the peers told. */
  settleSlot(slot: Slot, owner: ClusterNode): void;

  /** Takes a greater configuration epoch without asking; null when ours is the greatest already. */
  bumpEpoch(): Epoch | null;
  setConfigEpoch(epoch: Epoch): void;
  /** Writes nodes.conf now; the problem's text, or null. */
  saveConfiguration(): string | null;
  /** How many masters have lately said that this node is down. */
  failureReportsAbout(node: ClusterNode): number;

  /** Hands a message to the other nodes; `sharded`: to those of this shard only. */
  publish(channel: string, message: string, sharded: boolean): void;

  readonly links: Iterable<LinkReport>;
  readonly messageCounts: MessageCounts;
  /** How often a link was closed because its send queue passed cluster-link-sendbuf-limit. */
  readonly linksOverLimit: number;
  /** DEBUG CLUSTERLINK KILL. */
  killLinks(direction: 'to' | 'from' | 'all', node: ClusterNode): void;
  /** DEBUG DROP-CLUSTER-PACKET-FILTER: the type number to drop, or null. */
  dropMessagesOfType(type: number | null): void;
  /** Why this replica does not stand for election, in words; null: nothing keeps it from it. */
  readonly reasonNotFailingOver: string | null;
}
