/** Minorities, late comers, claims that meet: who may serve and who wins. */
import { describe, expect, it } from 'vitest';
import type { Slot } from '../../../src/cluster/view/slots.js';
import { ClusterWorld } from '../../support/cluster-world.js';

const TIMEOUT_MS = 1000;

describe('a master cut off from the majority', () => {
  it('stops serving after the timeout, is replaced, and follows its successor when it is back', () => {
    const cluster = ClusterWorld.of(3, 1);
    const cutMs = cluster.nowMs;
    cluster.isolate('m1');
    const stoppedMs = cluster.until(() => !cluster.cluster('m1').view.isServing);
    expect(stoppedMs).toBeLessThanOrEqual(1.5 * TIMEOUT_MS + 50);
    cluster.until(() => cluster.claimants(0).includes('r1-1'));
    expect(cluster.nowMs - cutMs).toBeGreaterThan(stoppedMs);
    cluster.advance(5000);
    cluster.heal();
    cluster.untilReady();
    expect(cluster.claimants(0)).toEqual(['r1-1']);
    expect(cluster.seen('m2', 'm1').master?.id).toBe(cluster.id('r1-1'));
  });

  it('does not serve at once when it is back in the majority unreplaced', () => {
    const cluster = ClusterWorld.of(3, 0);
    cluster.isolate('m1');
    cluster.until(() => !cluster.cluster('m1').view.isServing);
    cluster.advance(3000);
    cluster.heal();
    cluster.until(
      () => cluster.seen('m1', 'm2').health === 'alive' && cluster.seen('m1', 'm3').health === 'alive',
    );
    const waitedMs = cluster.until(() => cluster.cluster('m1').view.isServing);
    expect(waitedMs).toBeGreaterThanOrEqual(TIMEOUT_MS - 50);
  });

  it('is taken back by the others when nobody wanted its slots for twice the timeout', () => {
    const cluster = ClusterWorld.of(3, 0);
    cluster.isolate('m1');
    cluster.until(() => cluster.seen('m2', 'm1').health === 'failed');
    cluster.until(() => !cluster.cluster('m2').view.isServing, 1);
    cluster.advance(3000);
    cluster.heal();
    cluster.untilReady();
    expect(cluster.claimants(0)).toEqual(['m1']);
  });
});

describe('a minority', () => {
  it('elects nobody: its replica asks in vain', () => {
    const cluster = ClusterWorld.of(3, 1);
    cluster.isolate('m3', 'r1-1');
    cluster.advance(20_000);
    expect(cluster.claimants(0)).toEqual(['m1']);
    expect(cluster.eventsOf('elected').filter(({ by }) => by === 'r1-1')).toEqual([]);
    expect(cluster.claimants(16_383)).toContain('r3-1');
    cluster.heal();
    cluster.untilReady();
  });
});

describe('how many masters a cluster needs', () => {
  it('with two, none can be replaced when one dies', () => {
    const cluster = ClusterWorld.of(2, 1);
    cluster.kill('m1');
    cluster.advance(30_000);
    expect(cluster.winners().size).toBe(0);
    expect(cluster.claimants(0)).toEqual([]);
    expect(cluster.cluster('m2').view.isServing).toBe(false);
  });

  it('with three, one can', () => {
    const cluster = ClusterWorld.of(3, 1);
    cluster.kill('m1');
    cluster.until(() => cluster.claimants(0).includes('r1-1'), 5000);
  });
});

describe('claims that meet', () => {
  it('of two masters with one epoch, the one with the smaller id takes another', () => {
    const cluster = new ClusterWorld();
    cluster.start('a');
    cluster.start('b');
    cluster.meet('a', 'b');
    const epochOf = (name: string): bigint => cluster.cluster(name).view.myself.configEpoch;
    cluster.until(() => epochOf('a') !== epochOf('b'));
    const [smaller, greater] = cluster.id('a') < cluster.id('b') ? ['a', 'b'] : ['b', 'a'];
    cluster.advance(3000);
    expect(epochOf(smaller)).toBeGreaterThan(epochOf(greater));
  });

  it('a master that missed a move is told by an UPDATE who has the slot', () => {
    const cluster = ClusterWorld.of(3, 0);
    const slot = 0 as Slot;
    cluster.isolate('m1');
    const taker = cluster.cluster('m2');
    taker.assignSlots([slot], taker.view.myself);
    taker.bumpEpoch();
    cluster.until(() => cluster.seen('m3', 'm2').slots.has(slot), 5000);
    // Only the third is in reach of the first: it has to speak for the second.
    cluster.heal();
    cluster.world.network.partition('m1', 'm2');
    cluster.until(() => !cluster.cluster('m1').view.myself.slots.has(slot), 10_000);
    expect(cluster.cluster('m1').view.ownerOf(slot)?.id).toBe(cluster.id('m2'));
    expect(cluster.cluster('m3').messageCounts.sent.get('update')).toBeGreaterThan(0);
  });

  it('a master that loses its last slot becomes a replica of who took it', () => {
    const cluster = ClusterWorld.of(3, 0);
    const taker = cluster.cluster('m2');
    taker.assignSlots([...cluster.cluster('m1').view.myself.slots], taker.view.myself);
    taker.bumpEpoch();
    cluster.until(() => cluster.cluster('m1').view.myself.master?.id === cluster.id('m2'), 5000);
  });
});
