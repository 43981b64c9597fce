/** `rebalance`: gives every master its share of the slots, by weight. */
import { settle, waitUntilServing } from '../agreement.js';
import { checkCluster } from '../check.js';
import { Cluster } from '../cluster.js';
import { ClusterManagerError } from '../errors.js';
import { leadingFraction } from '../../leading-number.js';
import { MoveBar, MoveHashes } from '../move-progress.js';
import { toLowerAscii } from '../../../resp/ascii.js';
import type { ClusterNode } from '../node.js';
import { planRebalance, type Transfer } from '../plan/rebalance-plan.js';
import { planReshard } from '../plan/reshard-plan.js';
import type { ClusterSession } from '../session.js';
import { SlotMover } from '../slot-mover.js';
import { ANY_NODE, readAddress, type Subcommand } from './subcommand.js';

export const rebalance: Subcommand = {
  name: 'rebalance',
  arity: -1,
  synopsis: ANY_NODE,
  options: [
    'weight <node1=w1...nodeN=wN>',
    'use-empty-masters',
    'timeout <arg>',
    'simulate',
    'pipeline <arg>',
    'threshold <arg>',
    'replace',
  ],
  async run(session, words) {
    const { report, options } = session;
    const cluster = await Cluster.load(session, readAddress(words));
    const weights = readWeights(cluster, options.weights);
    const involved = cluster.masters.filter((node) => options.usesEmptyMasters || node.slots.count > 0);
    const { problems } = await checkCluster(session, cluster, { isQuiet: true });
    if (problems.length > 0) {
      report.error('*** Please fix your cluster problems before rebalancing');
      return false;
    }
    const { totalWeight, transfers } = planRebalance(
      involved.map((node) => ({ node, slots: node.slots, weight: weights.get(node) ?? 1 })),
      options.thresholdPercent,
    );
    if (transfers === null) {
      const threshold = options.thresholdPercent.toFixed(2);
      report.warning(`*** No rebalancing needed! All nodes are within the ${threshold}% threshold.`);
      return true;
    }
    report.info(`>>> Rebalancing across ${involved.length} nodes. Total weight = ${totalWeight.toFixed(2)}`);
    if (!options.simulates) await waitUntilServing(session, involved);
    for (const transfer of transfers) await carryOut(session, cluster, transfer);
    if (!options.simulates) await settle(session, cluster.nodes);
    return true;
  },
};

async function carryOut(
  { report, options, credentials, terminal, platform }: ClusterSession,
  cluster: Cluster,
  { source, target, slotCount }: Transfer<ClusterNode>,
): Promise<void> {
  report.line(`Moving ${slotCount} slots from ${source.address} to ${target.address}`);
  const moves = planReshard([source], slotCount).map((planned) => ({ ...planned, target }));
  if (options.simulates) {
    report.line('#'.repeat(moves.length));
    // So that what follows is planned from where this would have led.
    for (const { slot } of moves) {
      source.slots.delete(slot);
      target.slots.add(slot);
    }
    return;
  }
  const progress = terminal.isOutputTerminal
    ? new MoveBar(terminal, platform.clock, moves.length)
    : new MoveHashes(report);
  const settings = { ...options, assignsUnservedSlot: false, credentials };
  await new SlotMover(cluster.masters, settings, report, platform.clock).move(moves, progress);
}

/**
 * `<id>=<weight>`; the id may be cut short as long as it is one node's only. It may be a replica's, and then has no effect: a
 * master that has lost its last slot may have become one.
 */
function readWeights(cluster: Cluster, words: readonly string[]): Map<ClusterNode, number> {
  const weights = new Map<ClusterNode, number>();
  for (const word of words) {
    const separator = word.indexOf('=');
    if (separator < 0) throw new ClusterManagerError(`*** invalid input ${word}`);
    const prefix = toLowerAscii(word.slice(0, separator));
    const [node, ...others] = cluster.nodes.filter(({ id }) => id.startsWith(prefix));
    if (node === undefined || others.length > 0)
      throw new ClusterManagerError(`*** No such master node ${word.slice(0, separator)}`);
    weights.set(node, leadingFraction(word.slice(separator + 1)));
  }
  return weights;
}
