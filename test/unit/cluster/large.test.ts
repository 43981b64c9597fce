/** Thirty nodes: they find each other, detect a failure, elect, and do not drown each other in gossip. */
import { expect, it } from 'vitest';
import { ClusterWorld } from '../../support/cluster-world.js';

it(
  'a cluster of thirty nodes forms, replaces a master, and each node sends few messages',
  { timeout: 120_000 },
  () => {
    const cluster = ClusterWorld.of(15, 1, ['cluster-node-timeout 2000']);
    const sentBy = (name: string): number =>
      [...cluster.cluster(name).messageCounts.sent.values()].reduce((sum, count) => sum + count, 0);
    const before = sentBy('m1');
    cluster.advance(5000);
    const perSecond = (sentBy('m1') - before) / 5;
    // A ping to each of 29 others every half timeout at most, and as many answers.
    expect(perSecond).toBeLessThanOrEqual(2 * 29 + 4);
    const killedMs = cluster.nowMs;
    cluster.kill('m7');
    cluster.until(() => cluster.claimants(Math.ceil((16384 * 6) / 15)).includes('r7-1'), 20_000);
    const [delayed] = cluster.eventsOf('delayed', killedMs);
    if (delayed?.event.kind !== 'delayed') throw new Error('no election');
    expect(cluster.nowMs - killedMs - 2000 - delayed.event.forMs).toBeLessThanOrEqual(50);
  },
);
