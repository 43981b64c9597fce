/**
 * Making one cluster of empty nodes, by commands, as `--cluster create` does, but without its pauses: every node is
 * introduced to every other one, so that nothing waits for gossip. A node forgets whom it was introduced to when the
 * handshake takes longer than the node timeout, as it can on a busy machine: then it is introduced again.
 */
import { ReplyError } from '../client/reply.js';
import { SLOT_COUNT } from '../keyspace/key-slot.js';
import type { Platform } from '../platform/platform.js';
import { memberOf, viewOf } from './cluster-readiness.js';
import type { Member } from './member.js';
import { waitUntil } from './wait.js';

/** Between two introductions of the same nodes; a handshake takes no longer where there is time for it. */
const INTRODUCE_AGAIN_MS = 1000;

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
  await introduceAll(platform, nodes, leftMs);
  await Promise.all(
    replicas.map(async (replica, index) => {
      const masterId = String(await masters[index % masters.length]!.call('CLUSTER', 'MYID'));
      await waitUntil(platform, leftMs(), () => replicationRefusal(replica, masterId));
    }),
  );
}

/** Resolves when every node knows every other one. */
export async function introduceAll(
  platform: Pick<Platform, 'timers' | 'clock'>,
  nodes: readonly Member[],
  leftMs: () => number,
): Promise<void> {
  let introducedAtMs = -Infinity;
  await waitUntil(platform, leftMs(), async () => {
    const known = await Promise.all(nodes.map((node) => knownTo(node, nodes)));
    const strangers = nodes.flatMap((node, index) =>
      nodes
        .slice(index + 1)
        .filter((other) => !known[index]!.has(other) || !known[nodes.indexOf(other)]!.has(node))
        .map((other) => [node, other] as const),
    );
    const [first] = strangers;
    if (first === undefined) return null;
    const nowMs = platform.clock.monotonicMs();
    if (nowMs - introducedAtMs >= INTRODUCE_AGAIN_MS) {
      introducedAtMs = nowMs;
      await Promise.all(strangers.map(([node, other]) => meet(node, other)));
    }
    return `${first[0].name} and ${first[1].name} do not know each other`;
  });
}

/** Those with whom the handshake is over. */
async function knownTo(node: Member, nodes: readonly Member[]): Promise<ReadonlySet<Member>> {
  const view = await viewOf(node);
  const members = view.filter(({ flags }) => !flags.has('handshake'));
  return new Set(members.flatMap((seen) => memberOf(nodes, seen) ?? []));
}

async function meet(node: Member, other: Member): Promise<void> {
  const { host, port } = other.announced;
  await node.call('CLUSTER', 'MEET', host, String(port));
}

/** Null once it replicates; until it knows its master as one, it refuses. */
async function replicationRefusal(replica: Member, masterId: string): Promise<string | null> {
  try {
    await replica.call('CLUSTER', 'REPLICATE', masterId);
    return null;
  } catch (error) {
    if (error instanceof ReplyError) return `${replica.name}: ${error.message}`;
    throw error;
  }
}
