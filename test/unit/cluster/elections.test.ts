/** Votes, ranks and restarts: what keeps an election safe. */
import { describe, expect, it } from 'vitest';
import type { ClusterNode } from '../../../src/cluster/view/node.js';
import { ClusterWorld } from '../../support/cluster-world.js';

describe('votes', () => {
  it('are given once per epoch, also by a master that dies and comes back in between', () => {
    for (let seed = 1; seed <= 3; seed++) {
      const cluster = ClusterWorld.of(3, 2, [], { seed });
      cluster.kill('m1');
      cluster.until(() => cluster.eventsOf('attempt-started').length > 0);
      // The voters lose power somewhere between the request and the vote's being told.
      cluster.advance(seed * 0.8);
      cluster.losePower('m2');
      cluster.restart('m2');
      cluster.until(() => cluster.claimants(0).length === 1, 30_000);
      cluster.advance(3000);
      expect(cluster.claimants(0).length).toBe(1);
      for (const winners of cluster.winners().values()) expect(winners.size).toBe(1);
      expectOneVotePerEpoch(cluster);
    }
  });

  it('are none left for the one who was elected: as a master it may not give another one in that epoch', () => {
    const cluster = ClusterWorld.of(3, 1);
    cluster.kill('m1');
    cluster.until(() => cluster.claimants(0).includes('r1-1'), 30_000);
    const { view } = cluster.cluster('r1-1');
    expect(view.lastVoteEpoch).toBe(view.myself.configEpoch);
    expect(cluster.file('r1-1')).toContain(`lastVoteEpoch ${view.myself.configEpoch}`);
  });

  it('are on disk before they are told', () => {
    const cluster = ClusterWorld.of(3, 1);
    cluster.kill('m1');
    cluster.until(() => cluster.eventsOf('vote-cast').length > 0);
    const [{ by, event }] = cluster.eventsOf('vote-cast');
    if (event.kind !== 'vote-cast') throw new Error('no vote');
    expect(cluster.file(by)).toContain(`lastVoteEpoch ${event.votedEpoch}`);
    expect(cluster.eventsOf('elected').length).toBe(0);
  });
});

function expectOneVotePerEpoch(cluster: ClusterWorld): void {
  const given = new Map<string, Set<string>>();
  for (const { event } of cluster.told) {
    if (event.kind !== 'vote-received') continue;
    const key = `${event.voter} ${event.votedEpoch}`;
    given.set(key, (given.get(key) ?? new Set()).add(event.candidate));
  }
  for (const candidates of given.values()) expect(candidates.size).toBe(1);
}

describe('several replicas of a dead master', () => {
  it('have one winner in every schedule', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const cluster = ClusterWorld.of(3, 3, [], {
        seed,
        shuffleTies: true,
        latency: { minMs: 0, maxMs: 30 },
      });
      cluster.kill('m3');
      cluster.until(() => cluster.claimants(16_383).length === 1, 30_000);
      cluster.advance(2000);
      expect(cluster.claimants(16_383).length).toBe(1);
      expect(cluster.winners().size).toBe(1);
      expectOneVotePerEpoch(cluster);
    }
  });

  it('let the one with most data go first', () => {
    const cluster = ClusterWorld.of(3, 2);
    cluster.world.network.partition('r3-1', 'm3');
    cluster.call('m3', 'SET', 'a', '1');
    cluster.until(
      () =>
        cluster.cluster('r3-2').replication.processedOffset >
        cluster.cluster('r3-1').replication.processedOffset,
    );
    cluster.advance(1500);
    cluster.kill('m3');
    cluster.until(() => cluster.claimants(16_383).length === 1, 20_000);
    expect(cluster.claimants(16_383)).toEqual(['r3-2']);
  });

  it('wait for the retry when their votes are split, and win then', () => {
    const cluster = ClusterWorld.of(3, 1);
    cluster.kill('m1');
    cluster.until(() => cluster.eventsOf('delayed').length > 0);
    // Nobody hears the first request.
    cluster.isolate('r1-1');
    cluster.advance(1200);
    cluster.heal();
    cluster.until(() => cluster.claimants(0).includes('r1-1'), 20_000);
    expect(cluster.eventsOf('elected').length).toBe(1);
  });
});

describe('a replica that does not stand', () => {
  it('because it must not: says so once', () => {
    const cluster = ClusterWorld.of(3, 1, ['cluster-replica-no-failover yes']);
    cluster.kill('m1');
    cluster.advance(15_000);
    expect(cluster.winners().size).toBe(0);
    const said = cluster.linesOf('r1-1').filter((line) => line.includes('Currently unable to failover'));
    expect(said.length).toBe(1);
    expect(cluster.cluster('r1-1').reasonNotFailingOver).toContain('cluster-replica-no-failover');
    expect(cluster.eventsOf('held-back').map(({ by }) => by)).toEqual(['r1-1']);
  });

  it('because its data is too old: says how old', () => {
    const cluster = ClusterWorld.of(3, 1, [
      'cluster-replica-validity-factor 1',
      'repl-ping-replica-period 1',
    ]);
    cluster.world.network.cut('r1-1', 'm1');
    cluster.world.network.partition('r1-1', 'm1');
    cluster.advance(10_000);
    cluster.kill('m1');
    cluster.advance(10_000);
    expect(cluster.winners().size).toBe(0);
    expect(cluster.cluster('r1-1').reasonNotFailingOver).toContain('longer than allowed');
  });

  it('because it never had any: a cluster without its data is not served', () => {
    const cluster = ClusterWorld.of(3, 0);
    cluster.start('late');
    cluster.meet('m1', 'late');
    const { view } = cluster.cluster('late');
    const isKnown = ({ membership, id }: ClusterNode): boolean =>
      id === view.myself.id || membership === 'member';
    cluster.until(() => view.nodeCount === 4 && [...view.nodes].every(isKnown));
    cluster.world.network.partition('late', 'm1');
    cluster.replicate('late', 'm1');
    cluster.advance(500);
    cluster.kill('m1');
    cluster.advance(10_000);
    expect(cluster.winners().size).toBe(0);
    expect(cluster.cluster('late').reasonNotFailingOver).toContain('never synchronised');
  });
});
