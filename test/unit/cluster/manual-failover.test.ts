/** CLUSTER FAILOVER in its three forms, and replicas that move to masters without. */
import { describe, expect, it } from 'vitest';
import type { Slot } from '../../../src/cluster/view/slots.js';
import { ClusterWorld } from '../../support/cluster-world.js';

describe('a manual failover', () => {
  it('loses nothing: the replica takes over where the master stood still', () => {
    const cluster = ClusterWorld.of(3, 1);
    for (let i = 0; i < 20; i++) cluster.call('m3', 'SET', `{a}${i}`, i);
    const startedMs = cluster.nowMs;
    cluster.cluster('r3-1').failOver('coordinated');
    cluster.until(() => cluster.claimants(16_383).includes('r3-1'));
    expect(cluster.nowMs - startedMs).toBeLessThan(100);
    cluster.untilReady();
    expect(cluster.call('r3-1', 'DBSIZE')).toBe(20);
    expect(cluster.seen('m1', 'm3').role).toBe('replica');
    expect(cluster.cluster('r3-1').replication.history.identity.previous).not.toBeNull();
  });

  it('can be followed by another at once, and another: old votes do not count', () => {
    const cluster = ClusterWorld.of(3, 1);
    for (let round = 0; round < 4; round++) {
      const [from, to] = round % 2 === 0 ? ['m1', 'r1-1'] : ['r1-1', 'm1'];
      cluster.until(() => cluster.cluster(to).replication.role?.link.isUp === true);
      cluster.cluster(to).failOver('coordinated');
      cluster.until(() => cluster.claimants(0).includes(to), 1000);
      cluster.until(() => !cluster.cluster(from).view.myself.isMaster, 1000);
      // A master is voted about once in twice the timeout; the replica's last election is younger than its retry.
      cluster.advance(1100);
    }
    cluster.untilReady();
    expect(cluster.claimants(0)).toEqual(['m1']);
    expect([...cluster.winners().keys()].length).toBe(4);
  });

  it('is told once, and interrupts nothing, where the old master is heard before the new one', () => {
    const cluster = ClusterWorld.of(3, 2);
    cluster.world.network.partition('r1-1', 'm2');
    cluster.world.network.partition('r1-1', 'r1-2');
    const startedMs = cluster.nowMs;
    cluster.cluster('r1-1').failOver('coordinated');
    const { view } = cluster.cluster('m2');
    cluster.until(() => cluster.seen('m2', 'm1').role === 'replica', 1000);
    expect(view.ownerOf(0 as Slot)).toBe(cluster.seen('m2', 'r1-1'));
    expect(view.isServing).toBe(true);
    // The other replica goes along on the old master's word, too.
    cluster.until(() => cluster.cluster('r1-2').view.myself.master?.id === cluster.id('r1-1'), 1000);
    cluster.heal();
    cluster.untilReady();
    for (const name of cluster.names) {
      const told = cluster.eventsOf('switched', startedMs).filter(({ by }) => by === name);
      expect(told.length, name).toBe(1);
    }
    expect(cluster.hasLine('m2', 'Cluster state changed: fail')).toBe(false);
  });

  it('by force needs no word of the master, but a majority', () => {
    const cluster = ClusterWorld.of(3, 1);
    cluster.kill('m1');
    cluster.advance(50);
    cluster.cluster('r1-1').failOver('force');
    const tookMs = cluster.until(() => cluster.claimants(0).includes('r1-1'));
    expect(tookMs).toBeLessThan(100);
    const alone = ClusterWorld.of(3, 1);
    alone.isolate('r1-1');
    alone.cluster('r1-1').failOver('force');
    alone.advance(8000);
    expect(alone.claimants(0)).toEqual(['m1']);
    expect(alone.hasLine('r1-1', 'Manual failover timed out.')).toBe(true);
  });

  it('by takeover asks nobody', () => {
    const cluster = ClusterWorld.of(3, 1);
    for (const name of ['m1', 'm2', 'm3']) cluster.kill(name);
    cluster.cluster('r1-1').failOver('takeover');
    cluster.advance(10);
    expect(cluster.claimants(0)).toEqual(['r1-1']);
  });

  it('that leads nowhere lets the clients of the master go on', () => {
    const cluster = ClusterWorld.of(3, 1);
    cluster.isolate('r1-1', 'm1');
    cluster.cluster('r1-1').failOver('coordinated');
    cluster.until(() => cluster.service('m1').server.pause.isActive);
    const heldMs = cluster.until(() => !cluster.service('m1').server.pause.isActive);
    expect(heldMs).toBeLessThanOrEqual(5100);
    expect(cluster.hasLine('m1', 'Manual failover timed out.')).toBe(true);
  });

  it('leaves a master that does not answer its pings suspected all the same', () => {
    // The pings that show the pause must not move the one that is pending.
    const cluster = ClusterWorld.of(3, 1);
    cluster.cluster('r1-1').failOver('coordinated');
    cluster.until(() => cluster.cluster('m1').manualFailover.isPausing);
    cluster.pause('r1-1');
    cluster.until(() => cluster.seen('m1', 'r1-1').health !== 'alive', 1700);
  });
});

describe('a master that has lost its last replica', () => {
  it('is given one by a master that has several', () => {
    const cluster = ClusterWorld.of(3, 1);
    cluster.start('spare');
    cluster.meet('m1', 'spare');
    cluster.until(() => cluster.cluster('spare').view.nodeCount === 7);
    cluster.replicate('spare', 'm1');
    cluster.untilReady();
    cluster.kill('r2-1');
    cluster.until(() => cluster.cluster('m2').view.myself.replicas.size === 2, 20_000);
    cluster.untilReadyAfterLoss('r2-1');
    const [mover] = ['spare', 'r1-1'].filter(
      (name) => cluster.cluster(name).view.myself.master?.id === cluster.id('m2'),
    );
    expect(cluster.hasLine(mover, 'Migrating to orphaned master')).toBe(true);
  });

  it('is given none when replicas may not migrate', () => {
    const cluster = ClusterWorld.of(3, 1, ['cluster-allow-replica-migration no']);
    cluster.start('spare', ['cluster-allow-replica-migration no']);
    cluster.meet('m1', 'spare');
    cluster.until(() => cluster.cluster('spare').view.nodeCount === 7);
    cluster.replicate('spare', 'm1');
    cluster.untilReady();
    cluster.kill('r2-1');
    cluster.advance(15_000);
    expect(cluster.seen('m1', 'spare').master?.id).toBe(cluster.id('m1'));
  });
});
