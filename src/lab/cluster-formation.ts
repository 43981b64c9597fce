/**
 * Making one cluster of empty nodes, by commands, as `--cluster create` does, but without its pauses: every node is
 * introduced to every other one, so that nothing waits for gossip.
 */
import { ReplyError } from '../client/reply.js';
import type { Platform } from '../platform/platform.js';
import { memberOf, viewOf } from './cluster-readiness.js';
import type { Member } from './member.js';
import { waitUntil } from './wait.js';

const SLOT_COUNT = 16_384;

export interface ClusterPlan {
  readonly masters: readonly Member[];
  /** Replica `i` follows master `i` modulo their number. */
  readonly replicas: readonly Member[];
}

/** The first and the last slot of each of so many masters. */
export function slotRanges(masterCount: number): (readonly [number, number])[] {
  const perMaster = SLOT_COUNT / masterCount;
  return Array.from({ length: masterCount }, (_, index) => [
    Math.round(perMaster * index),
    Math.round(perMaster * (index + 1)) - 1,
  ]);
}

export async function formCluster(
  platform: Platform,
  plan: ClusterPlan,
  leftMs: () => number,
): Promise<void> {
  const { masters, replicas } = plan;
  const nodes = [...masters, ...replicas];
  const ranges = slotRanges(masters.length);
  await Promise.all([
    ...masters.map((master, index) => master.call('CLUSTER', 'ADDSLOTSRANGE', ...ranges[index]!.map(String))),
    // Different from the start, so that no two masters have to settle which of them gets another one.
    ...nodes.map((node, index) => node.call('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))),
  ]);
  await Promise.all(nodes.flatMap((node, index) => nodes.slice(index + 1).map((other) => meet(node, other))));
  await waitUntil(platform, leftMs(), () => introductionProblem(nodes));
  await Promise.all(
    replicas.map(async (replica, index) => {
      const masterId = String(await masters[index % masters.length]!.call('CLUSTER', 'MYID'));
      await waitUntil(platform, leftMs(), () => replicationRefusal(replica, masterId));
    }),
  );
}

async function meet(node: Member, other: Member): Promise<void> {
  const { host, port } = other.announced;
  await node.call('CLUSTER', 'MEET', host, String(port));
}

/**
 * Null once everybody knows everybody. A handshake that takes longer than the node timeout, as it may on a busy machine, is
 * forgotten by the nodes, and must be begun again.
 */
async function introductionProblem(nodes: readonly Member[]): Promise<string | null> {
  const views = await Promise.all(nodes.map(viewOf));
  let problem: string | null = null;
  for (const [index, view] of views.entries()) {
    const node = nodes[index]!;
    for (const other of nodes) {
      const seen = view.find((candidate) => memberOf([other], candidate) !== undefined);
      if (seen === undefined) await meet(node, other);
      if (seen === undefined || seen.flags.has('handshake'))
        problem = `${node.name} does not know ${other.name}`;
    }
  }
  return problem;
}

/** Null once it replicates; until it has met its master, it refuses. */
async function replicationRefusal(replica: Member, masterId: string): Promise<string | null> {
  try {
    await replica.call('CLUSTER', 'REPLICATE', masterId);
    return null;
  } catch (error) {
    if (error instanceof ReplyError) return `${replica.name}: ${error.message}`;
    throw error;
  }
}
