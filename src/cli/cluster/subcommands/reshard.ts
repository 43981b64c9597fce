/** `reshard`: moves so many slots from some masters, or all, to one. What was not said on the command line is asked. */
import { settle, waitUntilServing } from '../agreement.js';
import { checkCluster } from '../check.js';
import { Cluster } from '../cluster.js';
import { ClusterManagerError } from '../errors.js';
import type { SlotMove } from '../key-transfer.js';
import { MoveBar, MoveLines, type MoveProgress } from '../move-progress.js';
import { sameId, type ClusterNode } from '../node.js';
import { planReshard } from '../plan/reshard-plan.js';
import type { ClusterSession } from '../session.js';
import { SlotMover } from '../slot-mover.js';
import { SLOT_COUNT } from '../../../keyspace/key-slot.js';
import { ANY_NODE, readAddress, type Subcommand } from './subcommand.js';

export const reshard: Subcommand = {
  name: 'reshard',
  arity: -1,
  synopsis: ANY_NODE,
  options: ['from <arg>', 'to <arg>', 'slots <arg>', 'yes', 'timeout <arg>', 'pipeline <arg>', 'replace'],
  async run(session, words) {
    const { report, options, credentials, platform } = session;
    const cluster = await Cluster.load(session, readAddress(words));
    const { problems } = await checkCluster(session, cluster);
    if (problems.length > 0) {
      report.complaint('*** Please fix your cluster problems before resharding');
      return false;
    }
    const slotCount = await readSlotCount(session);
    const target = await readTarget(session, cluster);
    const sources = await readSources(session, cluster, target);
    const moves = planReshard(sources, slotCount).map((planned): SlotMove => ({ ...planned, target }));
    showPlan(session, slotCount, sources, target, moves);
    if (!(await confirmPlan(session))) return false;
    const settings = { ...options, assignsUnservedSlot: false, credentials };
    const mover = new SlotMover(cluster.masters, settings, report, platform.clock);
    await waitUntilServing(session, [target, ...sources]);
    await mover.move(moves, progressOf(session, moves));
    await settle(session, cluster.nodes);
    return true;
  },
};

async function readSlotCount({ options, questions }: ClusterSession): Promise<number> {
  if (options.slots > 0) return options.slots;
  for (;;) {
    const answer = await questions.ask(`How many slots do you want to move (from 1 to ${SLOT_COUNT})? `);
    const count = /^[0-9]{1,5}$/.test(answer) ? Number(answer) : 0;
    if (count >= 1 && count <= SLOT_COUNT) return count;
  }
}

async function readTarget({ options, questions }: ClusterSession, cluster: Cluster): Promise<ClusterNode> {
  let id = options.to ?? '';
  while (id === '') id = await questions.ask('What is the receiving node ID? ');
  return masterNamed(cluster, id);
}

async function readSources(
  session: ClusterSession,
  cluster: Cluster,
  target: ClusterNode,
): Promise<readonly ClusterNode[]> {
  const { report, options } = session;
  const sources: ClusterNode[] = [];
  for await (const id of options.from === null ? askForSources(session, sources) : options.from.split(',')) {
    if (id === '') continue;
    if (id === 'all') return cluster.masters.filter((node) => node !== target);
    const source = masterNamed(cluster, id);
    if (source === target) report.error('*** It is not possible to use the target node as source node.');
    else if (!sources.includes(source)) sources.push(source);
  }
  if (sources.length === 0)
    throw new ClusterManagerError('*** No source nodes given, operation aborted.', 'errors');
  return sources;
}

/** @param sources those that were accepted so far, for the number in the question */
async function* askForSources(
  { report, questions }: ClusterSession,
  sources: readonly ClusterNode[],
): AsyncGenerator<string> {
  report.line('Please enter all the source node IDs.');
  report.line("  Type 'all' to use all the nodes as source nodes for the hash slots.");
  report.line("  Type 'done' once you entered all the source nodes IDs.");
  for (;;) {
    const answer = await questions.ask(`Source node #${sources.length + 1}: `);
    if (answer === 'done') return;
    yield answer;
  }
}

function masterNamed(cluster: Cluster, id: string): ClusterNode {
  const node = cluster.masters.find((master) => sameId(master.id, id));
  if (node !== undefined) return node;
  throw new ClusterManagerError(`*** The specified node (${id}) is not known or not a master, please retry.`);
}

function showPlan(
  { report }: ClusterSession,
  slotCount: number,
  sources: readonly ClusterNode[],
  target: ClusterNode,
  moves: readonly SlotMove[],
): void {
  report.line(`\nReady to move ${slotCount} slots.`);
  report.line('  Source nodes:');
  for (const source of sources) report.line(source.describe(4));
  report.line('  Destination node:');
  report.line(target.describe(4));
  report.line('  Resharding plan:');
  for (const { slot, source } of moves) report.line(`    Moving slot ${slot} from ${source.id}`);
}

async function confirmPlan({ options, questions }: ClusterSession): Promise<boolean> {
  if (options.alwaysYes) return true;
  return (await questions.ask('Do you want to proceed with the proposed reshard plan (yes/no)? ')) === 'yes';
}

function progressOf(
  { terminal, platform, report }: ClusterSession,
  moves: readonly SlotMove[],
): MoveProgress {
  return terminal.isOutputTerminal
    ? new MoveBar(terminal, platform.clock, moves.length)
    : new MoveLines(report, moves);
}
