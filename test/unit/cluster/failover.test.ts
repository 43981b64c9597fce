/** Failovers in virtual time: the rules hold, and nothing waits for a tick. */
import { describe, expect, it } from 'vitest';
import { ClusterWorld } from '../../support/cluster-world.js';

const TIMEOUT_MS = 1000;

/** The delay that a replica drew for its election, and when it was drawn. */
function drawnBy(cluster: ClusterWorld, name: string, sinceMs: number): number {
  const drawn = cluster.eventsOf('delayed', sinceMs).find(({ by }) => by === name);
  if (drawn?.event.kind !== 'delayed') throw new Error(`${name} has drawn no delay`);
  return drawn.event.forMs;
}

/** How long after `sinceMs` a write to slot 0 is taken by a node. */
function firstWriteAfter(cluster: ClusterWorld, name: string, sinceMs: number): number {
  const { view } = cluster.cluster(name);
  cluster.until(() => view.isServing && view.myself.isMaster && view.myself.slots.has(0 as never), 20_000);
  return cluster.nowMs - sinceMs;
}

describe('a master that is killed', () => {
  it('is replaced by its replica, within 50 ms of the timeout and the delay that was drawn', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const cluster = ClusterWorld.of(3, 1, [], { seed });
      cluster.advance(seed * 137);
      const killedMs = cluster.nowMs;
      cluster.kill('m1');
      const tookMs = firstWriteAfter(cluster, 'r1-1', killedMs);
      const drawnMs = drawnBy(cluster, 'r1-1', killedMs);
      expect(tookMs).toBeGreaterThan(TIMEOUT_MS + drawnMs);
      expect(tookMs - TIMEOUT_MS - drawnMs).toBeLessThanOrEqual(50);
    }
  });

  it('has one successor only, whom all follow', () => {
    const cluster = ClusterWorld.of(3, 2);
    cluster.kill('m2');
    cluster.until(() => cluster.claimants(8000).length === 1);
    cluster.untilReadyAfterLoss('m2');
    expect([...cluster.winners().values()].map((names) => names.size)).toEqual([1]);
    const [winner] = cluster.claimants(8000);
    const other = winner === 'r2-1' ? 'r2-2' : 'r2-1';
    expect(cluster.seen('m1', other).master?.id).toBe(cluster.id(winner));
  });

  it('follows its successor when it comes back', () => {
    const cluster = ClusterWorld.of(3, 1);
    cluster.kill('m1');
    cluster.until(() => cluster.claimants(0).length === 1);
    cluster.restart('m1');
    cluster.untilReady();
    expect(cluster.cluster('m1').view.myself.role).toBe('replica');
    expect(cluster.claimants(0)).toEqual(['r1-1']);
  });
});

describe('a master that hangs', () => {
  it('is replaced at most half a timeout later than one that is killed', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const cluster = ClusterWorld.of(3, 1, [], { seed });
      cluster.advance(seed * 173);
      const frozenMs = cluster.nowMs;
      cluster.pause('m1');
      const tookMs = firstWriteAfter(cluster, 'r1-1', frozenMs);
      const drawnMs = drawnBy(cluster, 'r1-1', frozenMs);
      expect(tookMs - TIMEOUT_MS - drawnMs).toBeLessThanOrEqual(TIMEOUT_MS / 2 + 50);
    }
  });

  it('turns into a replica when it goes on', () => {
    const cluster = ClusterWorld.of(3, 1);
    cluster.pause('m1');
    cluster.until(() => cluster.claimants(0).includes('r1-1'));
    cluster.resume('m1');
    cluster.until(() => !cluster.cluster('m1').view.myself.isMaster, 1000);
    cluster.untilReady();
  });
});
