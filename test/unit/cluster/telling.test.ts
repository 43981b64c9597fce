/** What a node tells of failovers and of its role, and how soon others hear of a suspicion. */
import { describe, expect, it } from 'vitest';
import { CommandLink } from '../../../src/client/command-link.js';
import { ClusterWorld, PORT } from '../../support/cluster-world.js';

const TIMEOUT_MS = 1000;

describe('a suspicion', () => {
  it('arises a timeout after the connection broke, not earlier, and is agreed on at once', () => {
    const cluster = ClusterWorld.of(3, 1);
    const killedMs = cluster.nowMs;
    cluster.kill('m1');
    cluster.until(() => cluster.eventsOf('confirmed').length > 0);
    const suspectedMs = cluster.eventsOf('suspected', killedMs).map(({ atMs }) => atMs - killedMs);
    expect(Math.min(...suspectedMs)).toBeGreaterThan(TIMEOUT_MS);
    expect(Math.max(...suspectedMs)).toBeLessThanOrEqual(TIMEOUT_MS + 5);
    expect(cluster.nowMs - killedMs).toBeLessThanOrEqual(TIMEOUT_MS + 10);
  });

  it('of one master alone comes to nothing, and is taken back', () => {
    const cluster = ClusterWorld.of(3, 0);
    cluster.world.network.partition('m1', 'm2');
    cluster.until(() => cluster.seen('m1', 'm2').health === 'suspected');
    cluster.advance(5000);
    expect(cluster.seen('m3', 'm2').health).toBe('alive');
    expect(cluster.eventsOf('confirmed')).toEqual([]);
    expect(cluster.cluster('m3').failureReportsAbout(cluster.seen('m3', 'm2'))).toBe(1);
    cluster.heal();
    cluster.until(() => cluster.seen('m1', 'm2').health === 'alive', 3000);
  });

  it('does not arise while a node that was held up itself catches up', () => {
    const cluster = ClusterWorld.of(3, 0);
    cluster.pause('m1');
    cluster.advance(700);
    cluster.resume('m1');
    cluster.advance(3000);
    expect(cluster.eventsOf('suspected')).toEqual([]);
  });
});

describe('a node that an operator makes a replica', () => {
  it('tells everybody at once, so that its master counts it into the shard', () => {
    const cluster = ClusterWorld.of(3, 0);
    const others = ['m2', 'm3'].map((name) => () => cluster.seen(name, 'm1'));
    cluster.call('m1', 'CLUSTER', 'FLUSHSLOTS');
    cluster.cluster('m1').replicate(cluster.seen('m1', 'm2'));
    cluster.advance(20);
    for (const seen of others) expect(seen().master?.id).toBe(cluster.id('m2'));
  });
});

describe('a timeout of a millisecond', () => {
  it('means a tenth of a second: nodes that answer are not suspected, and the pings stay few', () => {
    const cluster = ClusterWorld.of(3, 0, ['cluster-node-timeout 1'], { latency: 10 });
    const sentBefore = cluster.cluster('m1').messageCounts.sent.get('ping') ?? 0;
    const startedMs = cluster.nowMs;
    cluster.advance(5000);
    expect(cluster.eventsOf('suspected', startedMs)).toEqual([]);
    const sent = (cluster.cluster('m1').messageCounts.sent.get('ping') ?? 0) - sentBefore;
    expect(sent).toBeLessThanOrEqual(2 * (5000 / 50) + 10);
    const killedMs = cluster.nowMs;
    cluster.kill('m3');
    cluster.until(() => cluster.eventsOf('confirmed', killedMs).length > 0, 1000);
  });
});

describe('who subscribes to __vedette__:failover', () => {
  it('hears at any node who replaced whom', () => {
    const cluster = ClusterWorld.of(3, 1);
    const heard: string[] = [];
    const operator = cluster.world.createProcess('listener');
    const address = { host: cluster.world.host('m2').address, port: PORT };
    const link = new CommandLink(
      operator.network,
      address,
      {},
      {
        onConnect: () => undefined,
        onClose: () => undefined,
        onMessage: (reply) => heard.push(String(reply)),
      },
    );
    link.subscribe(['__vedette__:failover']);
    cluster.advance(50);
    const from = cluster.world.host('m1').address;
    const to = cluster.world.host('r1-1').address;
    const id = cluster.id('m1');
    cluster.kill('m1');
    cluster.until(() => cluster.claimants(0).length === 1);
    cluster.advance(50);
    expect(cluster.eventsOf('switched').map(({ by }) => by)).toContain('m2');
    expect(heard.some((text) => text.includes(`+switch-master ${id} ${from} ${PORT} ${to} ${PORT}`))).toBe(
      true,
    );
  });
});
