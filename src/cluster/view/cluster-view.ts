/**
 * The cluster as this node sees it: nodes, owners of slots, slots on the move, epochs, state.
 *
 * It holds invariants (a slot has one owner at most, and the owner's set says so; a replica is listed with its
 * master) and decides nothing: rules stand with who applies them. Whoever changes it tells the disk and the peers.
 * Reference: the bus of Redis Cluster 7.2.
 */
import type { Epoch } from '../../failover/epoch.js';
import type { NodeId } from '../../failover/identity.js';
import { VoteLedger } from '../../failover/vote-ledger.js';
import { SLOT_COUNT } from '../../keyspace/key-slot.js';
import type { ClusterNode } from './node.js';
import { SlotSet, type Slot } from './slots.js';

/** What is voted about: there is one vote per epoch for the whole cluster. */
export const VOTE_SUBJECT = 'cluster';

export class ClusterView {
  private readonly nodesById = new Map<NodeId, ClusterNode>();
  private readonly owners = new Array<ClusterNode | null>(SLOT_COUNT).fill(null);
  /** Slots of ours on their way to another node. */
  readonly migratingTo = new Map<Slot, ClusterNode>();
  /** Slots on their way to us. */
  readonly importingFrom = new Map<Slot, ClusterNode>();
  /** Slots whose owner no longer claims them: anyone may take them, and no UPDATE tells of them. */
  readonly unclaimed = new SlotSet();

  /** The current epoch and the last vote. Replaced when all of it is forgotten (hard reset). */
  ledger = new VoteLedger();
  /** Told of every change of an owner, a master or the state, in the middle of it: react at the end of the turn. */
  onChange: () => void = () => undefined;
  /** Masters with at least one slot, as of the last look at the state. */
  size = 0;

  private serving = false;

  constructor(readonly myself: ClusterNode) {
    this.nodesById.set(myself.id, myself);
  }

  /** `cluster_state`: keys are served. */
  get isServing(): boolean {
    return this.serving;
  }

  set isServing(serving: boolean) {
    if (serving === this.serving) return;
    this.serving = serving;
    this.onChange();
  }

  /** All known nodes: myself and those in handshake too. */
  get nodes(): IterableIterator<ClusterNode> {
    return this.nodesById.values();
  }

  get nodeCount(): number {
    return this.nodesById.size;
  }

  get currentEpoch(): Epoch {
    return this.ledger.currentEpoch;
  }

  get lastVoteEpoch(): Epoch {
    return this.ledger.voteOn(VOTE_SUBJECT).epoch;
  }

  find(id: NodeId): ClusterNode | undefined {
    return this.nodesById.get(id);
  }

  add(node: ClusterNode): void {
    this.nodesById.set(node.id, node);
  }

  /** Forgets a node: its slots are nobody's then, its replicas have no known master. */
  remove(node: ClusterNode): void {
    for (const slot of [...node.slots]) this.setOwner(slot, null);
    for (const [slot, target] of this.migratingTo) if (target === node) this.migratingTo.delete(slot);
    for (const [slot, source] of this.importingFrom) if (source === node) this.importingFrom.delete(slot);
    for (const replica of [...node.replicas]) this.setMaster(replica, null);
    this.setMaster(node, null);
    this.nodesById.delete(node.id);
  }

  /** Gives a node the id it turned out to have (end of a handshake), or a new one (hard reset). */
  rename(node: ClusterNode, id: NodeId): void {
    this.nodesById.delete(node.id);
    node.id = id;
    this.nodesById.set(id, node);
  }

  ownerOf(slot: Slot): ClusterNode | null {
    return this.owners[slot];
  }

  setOwner(slot: Slot, owner: ClusterNode | null): void {
    this.onChange();
    this.owners[slot]?.slots.delete(slot);
    this.owners[slot] = owner;
    this.unclaimed.delete(slot);
    if (owner === null) return;
    owner.slots.add(slot);
    if (owner.slots.size === 1 && this.hasReplicas) owner.acceptsMigration = true;
  }

  /** Some master has a replica: the cluster is one where replicas may migrate. */
  private get hasReplicas(): boolean {
    for (const node of this.nodesById.values()) if (node.replicas.size > 0) return true;
    return false;
  }

  /** Makes a node a replica of another one; null: its master is not known. The role stays as it is. */
  setMaster(node: ClusterNode, master: ClusterNode | null): void {
    this.onChange();
    if (node.master !== null) {
      node.master.replicas.delete(node);
      if (node.master.replicas.size === 0) node.master.acceptsMigration = false;
    }
    node.master = master;
    if (master === null) return;
    master.replicas.add(node);
    master.acceptsMigration = true;
  }

  /** The node whose slots this node serves: itself, or its master. */
  get myMaster(): ClusterNode | null {
    return this.myself.isMaster ? this.myself : this.myself.master;
  }
}
