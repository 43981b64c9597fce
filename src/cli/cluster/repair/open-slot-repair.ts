/** Closes a slot that an interrupted move has left open; which way is decided in plan/open-slot.ts. */
import type { ClusterNode } from '../node.js';
import {
  decideOpenSlot,
  findParties,
  withMostKeys,
  type OpenSlotParties,
  type SlotClaim,
} from '../plan/open-slot.js';
import { giveUpSlot, takeSlot } from './ownership.js';
import type { RepairContext } from './context.js';

/** What the decision needs, after it has been settled who the owner is. */
interface SettledSlot {
  readonly owner: ClusterNode;
  readonly migrating: readonly ClusterNode[];
  readonly importing: readonly ClusterNode[];
}

/** @returns false when it is not known what to do */
export async function repairOpenSlot(context: RepairContext, slot: number): Promise<boolean> {
  const { session, cluster } = context;
  const { report } = session;
  report.info(`>>> Fixing open slot ${slot}`);
  const claims = await Promise.all(cluster.masters.map((node) => claimOf(node, slot)));
  for (const { node, ownsSlot, keyCount } of claims) {
    if (!ownsSlot && keyCount > 0)
      report.warning(`*** Found keys about slot ${slot} in non-owner node ${node.address}!`);
  }
  const parties = findParties(claims);
  for (const node of parties.strays)
    report.warning(`*** Found keys about slot ${slot} in node ${node.address}!`);
  const shown = { migrating: addresses(parties.migrating), importing: addresses(parties.importing) };
  if (shown.migrating !== '') report.line(`Set as migrating in: ${shown.migrating}`);
  if (shown.importing !== '') report.line(`Set as importing in: ${shown.importing}`);

  const owner = parties.owner ?? (await selectOwner(context, slot, claims));
  if (owner === null) return false;
  const settled = await settleOwner(slot, owner, parties);
  return closeSlot(context, slot, settled, claims, shown);
}

async function claimOf(node: ClusterNode, slot: number): Promise<SlotClaim<ClusterNode>> {
  return {
    node,
    ownsSlot: node.slots.has(slot),
    keyCount: await node.keyCountInSlot(slot),
    isMigrating: node.migrating.has(slot),
    isImporting: node.importing.has(slot),
  };
}

async function selectOwner(
  { session }: RepairContext,
  slot: number,
  claims: readonly SlotClaim<ClusterNode>[],
): Promise<ClusterNode | null> {
  const { report } = session;
  report.info('>>> No single clear owner for the slot, selecting an owner by # of keys...');
  const owner = withMostKeys(claims);
  if (owner === null) {
    report.error("[ERR] Can't select a slot owner. Impossible to fix.");
    return null;
  }
  report.warning(`*** Configuring ${owner.address} as the slot owner`);
  await owner.closeSlot(slot);
  await takeSlot(owner, slot);
  return owner;
}

/** Where several claimed the slot, all but the owner become nodes that are importing it. */
async function settleOwner(
  slot: number,
  owner: ClusterNode,
  parties: OpenSlotParties<ClusterNode>,
): Promise<SettledSlot> {
  // Who has just been made the owner has the slot open no more.
  const isOpenAt = (node: ClusterNode): boolean => parties.owner !== null || node !== owner;
  const losers = parties.owners.length > 1 ? parties.owners.filter((node) => node !== owner) : [];
  for (const node of losers) {
    await giveUpSlot(node, slot);
    await node.setSlot(slot, 'NODE', owner);
    await node.setSlot(slot, 'IMPORTING', owner);
  }
  const keepsState = (node: ClusterNode): boolean => isOpenAt(node) && !losers.includes(node);
  return {
    owner,
    migrating: parties.migrating.filter(keepsState),
    importing: [...parties.importing.filter(keepsState), ...losers],
  };
}

async function closeSlot(
  context: RepairContext,
  slot: number,
  { owner, migrating, importing }: SettledSlot,
  claims: readonly SlotClaim<ClusterNode>[],
  shown: { readonly migrating: string; readonly importing: string },
): Promise<boolean> {
  const { session, cluster } = context;
  const { report } = session;
  const targetId = migrating[0]?.migrating.get(slot);
  const decision = decideOpenSlot({
    owner,
    migrating,
    importing,
    intendedTarget: targetId === undefined ? null : cluster.nodeById(targetId),
    keyCount: (node) => claims.find((claim) => claim.node === node)?.keyCount ?? 0,
  });
  switch (decision.kind) {
    case 'finish-move': {
      const { source, target } = decision;
      report.info(`>>> Case 1: Moving slot ${slot} from ${source.address} to ${target.address}`);
      await context.moveSlot({ slot, source, target });
      return true;
    }
    case 'gather-at-owner':
      report.info(`>>> Case 2: Moving all the ${slot} slot keys to its owner ${owner.address}`);
      for (const source of decision.from) {
        // One that has keys without having the slot open would send MIGRATE elsewhere.
        await source.setSlot(slot, 'IMPORTING', owner);
        await context.moveKeys({ slot, source, target: owner });
        report.info(`>>> Setting ${slot} as STABLE in ${source.address}`);
        await source.closeSlot(slot);
      }
      for (const node of cluster.masters) if (node !== owner) await node.setSlot(slot, 'NODE', owner);
      return true;
    case 'finish-move-and-close': {
      const { source, target } = decision;
      report.info(
        `>>> Case 3: Moving slot ${slot} from ${source.address} to ${target.address} and closing it on all the other ` +
          'importing nodes.',
      );
      await context.moveSlot({ slot, source, target });
      for (const node of decision.close) await node.closeSlot(slot);
      return true;
    }
    case 'close-everywhere':
      report.info(`>>> Case 3: Closing slot ${slot} on both migrating and importing nodes.`);
      for (const node of decision.nodes) await node.closeSlot(slot);
      return true;
    case 'close-at-source':
      report.info(`>>> Case 4: Closing slot ${slot} on ${decision.node.address}`);
      await decision.node.closeSlot(slot);
      return true;
    case 'done':
      return true;
    case 'unknown':
      report.error(
        `[ERR] Sorry, vedette-cli can't fix this slot yet (work in progress). Slot is set as migrating in ` +
          `${shown.migrating}, as importing in ${shown.importing}, owner is ${owner.address}`,
      );
      return false;
  }
}

function addresses(nodes: readonly ClusterNode[]): string {
  return nodes.map((node) => node.address).join(',');
}
