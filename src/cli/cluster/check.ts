/**
 * The health of a cluster, told step by step: do the nodes agree, are slots open, are all covered, does one have
 * several owners. `fix` is the same walk with repairs.
 */
import { nodesAgree } from './agreement.js';
import type { Cluster } from './cluster.js';
import type { ClusterNode } from './node.js';
import type { ClusterSession } from './session.js';
import { SLOT_COUNT } from '../../keyspace/key-slot.js';
import { SlotSet } from './slot-set.js';

/** How many questions about slots wait at one node at the same time. */
const QUESTIONS_IN_FLIGHT = 512;

/** Each resolves to whether it could be repaired. */
export interface Repairs {
  openSlot(slot: number): Promise<boolean>;
  uncoveredSlots(slots: readonly number[]): Promise<boolean>;
  multipleOwners(slot: number, owners: readonly ClusterNode[]): Promise<boolean>;
}

export interface CheckOutcome {
  /** All is well now, after repairs if there were any. */
  readonly isSound: boolean;
  /** What was wrong at first. */
  readonly problems: readonly string[];
}

export interface CheckOptions {
  /** Leaves out the list of nodes. */
  readonly isQuiet?: boolean;
  readonly repairs?: Repairs;
}

export async function checkCluster(
  session: ClusterSession,
  cluster: Cluster,
  { isQuiet = false, repairs }: CheckOptions = {},
): Promise<CheckOutcome> {
  const { report, options } = session;
  const problems: string[] = [];
  const problem = (text: string): void => {
    problems.push(text);
    report.error(text);
  };
  report.info(`>>> Performing Cluster Check (using node ${cluster.nodes[0]!.address})`);
  if (!isQuiet) for (const node of cluster.nodes) report.line(node.describe());

  const agree = await nodesAgree(cluster.nodes);
  let isSound = agree;
  if (agree) report.ok('[OK] All nodes agree about slots configuration.');
  else problem("[ERR] Nodes don't agree about configuration!");

  report.info('>>> Check for open slots...');
  const openSlots = findOpenSlots(cluster, problem);
  if (openSlots.length > 0) {
    report.error(`[WARNING] The following slots are open: ${openSlots}.`);
    isSound = repairs !== undefined;
    for (const slot of repairs === undefined ? [] : openSlots) {
      isSound = await repairs!.openSlot(slot);
      if (!isSound) break;
    }
  }

  report.info('>>> Check slots coverage...');
  const uncovered = findUncoveredSlots(cluster);
  if (uncovered.length === 0) {
    report.ok(`[OK] All ${SLOT_COUNT} slots covered.`);
  } else {
    problem(`[ERR] Not all ${SLOT_COUNT} slots are covered by nodes.\n`);
    isSound = repairs !== undefined && (await repairs.uncoveredSlots(uncovered));
  }

  if (options.searchMultipleOwners) {
    report.info('>>> Check for multiple slot owners...');
    const owned = await findMultipleOwners(cluster);
    let left = owned.size;
    for (const [slot, owners] of owned) {
      report.error(`[WARNING] Slot ${slot} has ${owners.length} owners:`);
      for (const owner of owners) report.error(`    ${owner.address}`);
      isSound = repairs !== undefined && (await repairs.multipleOwners(slot, owners));
      if (isSound) left--;
      else if (repairs !== undefined) {
        report.error(`Failed to fix multiple owners for slot ${slot}`);
        break;
      }
    }
    if (left === 0) report.ok('[OK] No multiple owners found.');
  }
  return { isSound, problems };
}

function findOpenSlots(cluster: Cluster, problem: (text: string) => void): number[] {
  const open = new SlotSet();
  for (const node of cluster.nodes) {
    for (const state of ['migrating', 'importing'] as const) {
      const slots = [...node[state].keys()];
      if (slots.length === 0) continue;
      problem(`[WARNING] Node ${node.address} has slots in ${state} state ${slots}.`);
      for (const slot of slots) open.add(slot);
    }
  }
  return [...open];
}

function findUncoveredSlots(cluster: Cluster): number[] {
  const slots: number[] = [];
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    if (!cluster.nodes.some((node) => node.slots.has(slot))) slots.push(slot);
  }
  return slots;
}

/** Whoever has keys of a slot counts as an owner, too. */
async function findMultipleOwners(cluster: Cluster): Promise<Map<number, ClusterNode[]>> {
  const { masters } = cluster;
  const all = Array.from({ length: SLOT_COUNT }, (_, slot) => slot);
  const counts = await Promise.all(masters.map((node) => countKeys(node, all)));
  const found = new Map<number, ClusterNode[]>();
  for (const slot of all) {
    const owners = masters.filter((node, index) => node.slots.has(slot) || counts[index]!.get(slot)! > 0);
    if (owners.length > 1) found.set(slot, owners);
  }
  return found;
}

/** How many keys of each of these slots a node has. */
export async function countKeys(node: ClusterNode, slots: readonly number[]): Promise<Map<number, number>> {
  const counts = new Map<number, number>();
  for (let start = 0; start < slots.length; start += QUESTIONS_IN_FLIGHT) {
    const some = slots.slice(start, start + QUESTIONS_IN_FLIGHT);
    const answers = await Promise.all(some.map((slot) => node.keyCountInSlot(slot)));
    for (const [index, slot] of some.entries()) counts.set(slot, answers[index]!);
  }
  return counts;
}
