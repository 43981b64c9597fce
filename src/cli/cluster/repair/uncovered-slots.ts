/** Gives slots that nobody has to masters: to one that has keys of them, or to any. A person must agree each time. */
import { countKeys } from '../check.js';
import type { ClusterNode } from '../node.js';
import { formatSlots, SlotSet } from '../slot-set.js';
import { takeSlot } from './ownership.js';
import type { RepairContext } from './context.js';

/** A slot that nobody has, and who has keys of it. */
interface UncoveredSlot {
  readonly slot: number;
  /** Most keys first. */
  readonly holders: readonly ClusterNode[];
}

/** @returns whether any was covered */
export async function repairUncoveredSlots(
  context: RepairContext,
  slots: readonly number[],
): Promise<boolean> {
  const { report } = context.session;
  report.info('>>> Fixing slots coverage...');
  const uncovered = await findHolders(context, slots);
  const byHolderCount = (isWanted: (count: number) => boolean): UncoveredSlot[] =>
    uncovered.filter(({ holders }) => isWanted(holders.length));
  let covered = 0;

  const nowhere = byHolderCount((count) => count === 0);
  const isRandomAllowed = await asks(
    context,
    nowhere,
    'The following uncovered slots have no keys across the cluster:',
    'Fix these slots by covering with a random node?',
  );
  for (const { slot } of isRandomAllowed ? nowhere : []) {
    const { masters } = context.cluster;
    await cover(context, slot, masters[context.session.platform.random.integer(masters.length)]!);
    covered++;
  }

  const inOnePlace = byHolderCount((count) => count === 1);
  const isHolderAllowed = await asks(
    context,
    inOnePlace,
    'The following uncovered slots have keys in just one node:',
    'Fix these slots by covering with those nodes?',
  );
  for (const { slot, holders } of isHolderAllowed ? inOnePlace : []) {
    await cover(context, slot, holders[0]!);
    covered++;
  }

  const inSeveral = byHolderCount((count) => count > 1);
  const isGatheringAllowed = await asks(
    context,
    inSeveral,
    'The following uncovered slots have keys in multiple nodes:',
    'Fix these slots by moving keys into a single node?',
  );
  for (const uncoveredSlot of isGatheringAllowed ? inSeveral : []) {
    await gather(context, uncoveredSlot);
    covered++;
  }
  return covered > 0;
}

async function findHolders({ cluster }: RepairContext, slots: readonly number[]): Promise<UncoveredSlot[]> {
  const { masters } = cluster;
  const counts = await Promise.all(masters.map((node) => countKeys(node, slots)));
  return slots.map((slot) => {
    const holders = masters
      .map((node, index) => ({ node, keyCount: counts[index]!.get(slot) ?? 0 }))
      .filter(({ keyCount }) => keyCount > 0)
      .sort((a, b) => b.keyCount - a.keyCount);
    return { slot, holders: holders.map(({ node }) => node) };
  });
}

/** Asks even when everything else is answered with yes: it decides about data. */
async function asks(
  { session }: RepairContext,
  slots: readonly UncoveredSlot[],
  statement: string,
  question: string,
): Promise<boolean> {
  if (slots.length === 0) return false;
  session.report.line(statement);
  session.report.line(formatSlots(SlotSet.of(slots.map(({ slot }) => slot))));
  return session.questions.confirm(question, true);
}

async function cover({ session }: RepairContext, slot: number, node: ClusterNode): Promise<void> {
  session.report.info(`>>> Covering slot ${slot} with ${node.address}`);
  await takeSlot(node, slot);
}

async function gather(context: RepairContext, { slot, holders }: UncoveredSlot): Promise<void> {
  const [target, ...sources] = holders;
  if (target === undefined) return;
  context.session.report.info(`>>> Covering slot ${slot} moving keys to ${target.address}`);
  await takeSlot(target, slot, true);
  for (const source of sources) {
    await source.setSlot(slot, 'NODE', target);
    // Keys leave it, in truth; but a node that is importing runs MIGRATE instead of sending it elsewhere.
    await source.setSlot(slot, 'IMPORTING', target);
    await context.moveKeys({ slot, source, target });
    await source.closeSlot(slot);
  }
}
