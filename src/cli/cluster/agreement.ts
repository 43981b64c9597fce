/** Whether the nodes agree who has which slots, and waiting until they do. */
import { NodeReplyError } from './errors.js';
import type { ClusterNode } from './node.js';
import { configurationSignature, type NodeEntry } from './node-table.js';
import { pause, type ClusterSession } from './session.js';

const POLL_INTERVAL_MS = 100;
/** One dot a second, as redis-cli prints them. */
const POLLS_PER_DOT = 10;
/** How long a join may take before it is said what may be wrong, plus some more for every node. */
const SUSPICION_AFTER_SECONDS = 20;
const SUSPICION_PER_NODE_SECONDS = 0.15;
/** A cluster that has just been changed agrees within a gossip round or two. */
const SETTLE_LIMIT_MS = 5000;
const SERVING_LIMIT_MS = 15_000;

export async function nodesAgree(nodes: readonly ClusterNode[]): Promise<boolean> {
  if (nodes.length <= 1) return true;
  const signatures = await Promise.all(
    nodes.map(async (node) => {
      try {
        return configurationSignature(await node.entries());
      } catch (error) {
        if (error instanceof NodeReplyError) return '';
        throw error;
      }
    }),
  );
  return signatures[0] !== '' && new Set(signatures).size === 1;
}

/** Waits, for ever if need be, printing a dot a second and now and then which nodes may be out of reach. */
export async function waitForJoin(session: ClusterSession, nodes: readonly ClusterNode[]): Promise<void> {
  const { report } = session;
  report.line('Waiting for the cluster to join');
  const suspicionAfterDots = SUSPICION_AFTER_SECONDS + Math.floor(nodes.length * SUSPICION_PER_NODE_SECONDS);
  for (let polls = 0, dots = 0; !(await nodesAgree(nodes)); polls++) {
    if (polls % POLLS_PER_DOT === 0) {
      report.text('.');
      if (++dots > suspicionAfterDots) {
        await reportBrokenLinks(session, nodes);
        dots = 0;
      }
    }
    await pause(session, POLL_INTERVAL_MS);
  }
  report.line();
}

/** After a change, so that whoever comes next finds the cluster of one mind. Gives up silently after a while. */
export function settle(session: ClusterSession, nodes: readonly ClusterNode[]): Promise<boolean> {
  return waitFor(session, SETTLE_LIMIT_MS, () => nodesAgree(nodes));
}

/**
 * Waits until every node serves keys. A master that has just joined does not for up to 5 seconds, although all agree: it
 * waits, as after a partition, in case a newer configuration is about to reach it. Gives up silently after a while.
 */
export function waitUntilServing(session: ClusterSession, nodes: readonly ClusterNode[]): Promise<boolean> {
  return waitFor(session, SERVING_LIMIT_MS, async () => {
    const states = await Promise.all(nodes.map((node) => node.call('CLUSTER', 'INFO')));
    return states.every((state) => String(state).includes('cluster_state:ok'));
  });
}

/** Waits until every node sees what it should in its CLUSTER NODES. @returns false when it gave up */
export function waitUntilAllSee(
  session: ClusterSession,
  nodes: readonly ClusterNode[],
  isSeen: (entries: readonly NodeEntry[]) => boolean,
): Promise<boolean> {
  return waitFor(session, SETTLE_LIMIT_MS, async () => {
    const views = await Promise.all(nodes.map((node) => node.entries()));
    return views.every(isSeen);
  });
}

async function waitFor(
  session: ClusterSession,
  limitMs: number,
  condition: () => Promise<boolean>,
): Promise<boolean> {
  const startMs = session.platform.clock.monotonicMs();
  while (!(await condition())) {
    if (session.platform.clock.monotonicMs() - startMs > limitMs) return false;
    await pause(session, POLL_INTERVAL_MS);
  }
  return true;
}

/** Usually a firewall lets the ports of clients through, and not those of the bus. */
async function reportBrokenLinks({ report }: ClusterSession, nodes: readonly ClusterNode[]): Promise<void> {
  const broken = new Map<string, { entry: NodeEntry; from: string[] }>();
  for (const node of nodes) {
    for (const entry of await node.entries()) {
      const isBroken = !entry.isConnected || entry.flags.includes('handshake');
      if (!isBroken || entry.flags.includes('myself')) continue;
      const key = `${entry.host}:${entry.port}@${entry.busPort}`;
      const record = broken.get(key) ?? { entry, from: [] };
      record.from.push(node.address);
      broken.set(key, record);
    }
  }
  if (broken.size === 0) return;
  report.line();
  report.error(`Warning: ${broken.size} node(s) may be unreachable`);
  for (const { entry, from } of broken.values()) {
    const what =
      entry.busPort > 0
        ? `The port ${entry.busPort} of node ${entry.host} may be unreachable from:`
        : `Node ${entry.host}:${entry.port} may be unreachable from:`;
    report.error(` - ${what}`);
    for (const address of from) report.error(`   ${address}`);
    report.error('Cluster bus ports must be reachable by every node.');
    report.error('Remember that cluster bus ports are different from standard instance ports.');
  }
}
