/**
 * Who becomes master of which slots and whose replica in a new cluster: the allocation of redis-cli, so that the same
 * nodes in the same order make the same cluster. Pure.
 */
import { SLOT_COUNT } from '../../../keyspace/key-slot.js';
import type { SlotRange } from '../slot-set.js';

/** A cluster with fewer masters cannot elect when one of them dies. */
export const LEAST_MASTERS = 3;

export interface Located {
  /** Nodes with the same host are likely to die together. */
  readonly host: string;
}

export interface MasterAllocation<Node> {
  readonly node: Node;
  readonly slots: SlotRange;
}

export interface ReplicaAllocation<Node> {
  readonly node: Node;
  readonly master: Node;
  /** Assigned in the second round, to use up nodes that the first has left. */
  readonly isExtra: boolean;
}

export interface Allocation<Node> {
  readonly masters: readonly MasterAllocation<Node>[];
  /** In the order of assignment. */
  readonly replicas: readonly ReplicaAllocation<Node>[];
}

export function countMasters(nodes: number, replicasPerMaster: number): number {
  return Math.floor(nodes / (replicasPerMaster + 1));
}

/** @param nodes enough for three masters with their replicas; see {@link countMasters} */
export function allocate<Node extends Located>(
  nodes: readonly Node[],
  replicasPerMaster: number,
): Allocation<Node> {
  const masterCount = countMasters(nodes.length, replicasPerMaster);
  const interleaved = interleaveByHost(nodes);
  const masters = interleaved.slice(0, masterCount);
  const [first, ...rest] = interleaved.slice(masterCount);
  // Rotated by one: with as many hosts as masters this alone often puts each replica on another host.
  const available = first === undefined ? [] : [...rest, first];
  const slots = divideSlots(masterCount);
  return {
    masters: masters.map((node, index) => ({ node, slots: slots[index]! })),
    replicas: assignReplicas(masters, available, replicasPerMaster),
  };
}

/** One node of each host in turn, hosts in the order in which they appear. */
export function interleaveByHost<Node extends Located>(nodes: readonly Node[]): Node[] {
  const byHost = new Map<string, Node[]>();
  for (const node of nodes) {
    const group = byHost.get(node.host);
    if (group === undefined) byHost.set(node.host, [node]);
    else group.push(node);
  }
  const groups = [...byHost.values()];
  const rounds = Math.max(0, ...groups.map((group) => group.length));
  return Array.from({ length: rounds }, (_, round) => round).flatMap((round) =>
    groups.flatMap((group) => group.slice(round, round + 1)),
  );
}

/** All slots in ranges as equal as they can be. */
export function divideSlots(masterCount: number): SlotRange[] {
  // Single precision, as redis-cli computes: the borders depend on it.
  const perMaster = Math.fround(SLOT_COUNT / masterCount);
  const ranges: SlotRange[] = [];
  let first = 0;
  let cursor = 0;
  for (let index = 0; index < masterCount; index++) {
    const isLast = index === masterCount - 1;
    const last = isLast ? SLOT_COUNT - 1 : Math.round(Math.fround(cursor + perMaster) - 1);
    ranges.push({ first, last });
    first = last + 1;
    cursor = Math.fround(cursor + perMaster);
  }
  return ranges;
}

function assignReplicas<Node extends Located>(
  masters: readonly Node[],
  available: Node[],
  replicasPerMaster: number,
): ReplicaAllocation<Node>[] {
  const assigned: ReplicaAllocation<Node>[] = [];
  const assign = (master: Node, isExtra: boolean): void => {
    const elsewhere = available.findIndex(({ host }) => host !== master.host);
    const [node] = available.splice(Math.max(0, elsewhere), 1);
    if (node !== undefined) assigned.push({ node, master, isExtra });
  };
  for (const master of masters) {
    for (let count = 0; count < replicasPerMaster; count++) assign(master, false);
  }
  // What is left is less than one more round for every master, unless there are more replicas than masters.
  if (replicasPerMaster > 0) for (const master of masters) assign(master, true);
  return assigned;
}
