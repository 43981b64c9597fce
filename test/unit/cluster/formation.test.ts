import { describe, expect, it } from 'vitest';
import { typeNumberOf } from '../../../src/cluster/bus/message.js';
import { toNodeId } from '../../../src/failover/identity.js';
import { ClusterWorld } from '../../support/cluster-world.js';

describe('forming a cluster', () => {
  it('makes strangers known to each other through one node, and settles their epochs', () => {
    const cluster = new ClusterWorld();
    for (const name of ['a', 'b', 'c']) cluster.start(name);
    cluster.introduce();
    const epochs = cluster.names.map((name) => cluster.cluster(name).view.myself.configEpoch);
    expect(new Set(epochs).size).toBe(3);
    expect(cluster.seen('b', 'c').id).toBe(cluster.id('c'));
    const { shardId } = cluster.cluster('c').view.myself;
    cluster.until(() => cluster.seen('b', 'c').shardId === shardId, 2000);
  });

  it('has replicas that follow their masters, and works when all slots are covered', () => {
    const cluster = ClusterWorld.of(3, 1);
    expect(cluster.names.every((name) => cluster.cluster(name).view.isServing)).toBe(true);
    expect(cluster.call('m3', 'SET', 'a', '1')).toBe('OK');
    cluster.until(() => cluster.service('r3-1').server.keyspace.databases[0].size === 1);
  });

  it('learns of a node at once that was met by any member', () => {
    const cluster = ClusterWorld.of(3, 0);
    cluster.start('late');
    cluster.meet('m2', 'late');
    cluster.until(() => cluster.names.every((name) => cluster.cluster(name).view.nodeCount === 4), 5000);
  });

  it('is joined even when the one that was met loses its side of the handshake', () => {
    const cluster = new ClusterWorld();
    for (const name of ['member', 'newcomer']) cluster.start(name, ['cluster-node-timeout 1000']);
    cluster.meet('newcomer', 'member');
    const { view } = cluster.cluster('newcomer');
    const knowsMember = (): boolean => [...view.nodes].some(({ id }) => id === cluster.id('member'));
    cluster.until(knowsMember, 2000);
    cluster.isolate('member');
    cluster.until(() => cluster.cluster('member').view.nodeCount === 1, 5000);
    cluster.heal();
    cluster.until(() => cluster.seen('newcomer', 'member').health === 'alive', 5000);
    cluster.until(
      () => cluster.cluster('member').view.find(toNodeId(cluster.id('newcomer'))) !== undefined,
      5000,
    );
  });

  it('is joined even when the one that asked to meet gives up while the other side completes the handshake', () => {
    const cluster = new ClusterWorld();
    for (const name of ['member', 'newcomer']) cluster.start(name, ['cluster-node-timeout 1000']);
    const asker = cluster.cluster('member');
    asker.dropMessagesOfType(typeNumberOf('pong'));
    cluster.meet('member', 'newcomer');
    const [member, newcomer] = [cluster.id('member'), cluster.id('newcomer')].map(toNodeId);
    cluster.until(() => cluster.cluster('newcomer').view.find(member) !== undefined, 2000);
    cluster.until(() => asker.view.nodeCount === 1, 5000);
    asker.dropMessagesOfType(null);
    cluster.until(() => asker.view.find(newcomer)?.membership === 'member', 10_000);
    cluster.until(() => cluster.seen('newcomer', 'member').metAtMs === 0, 10_000);
  });

  it('does not come back once it was taken in and then forgotten', () => {
    const cluster = new ClusterWorld();
    for (const name of ['member', 'newcomer']) cluster.start(name, ['cluster-node-timeout 1000']);
    cluster.meet('newcomer', 'member');
    const newcomer = toNodeId(cluster.id('newcomer'));
    const { view } = cluster.cluster('member');
    cluster.until(() => view.find(newcomer)?.membership === 'member', 5000);
    cluster.until(() => cluster.seen('newcomer', 'member').metAtMs === 0, 5000);
    expect(cluster.call('member', 'CLUSTER', 'FORGET', newcomer)).toBe('OK');
    cluster.advance(50_000);
    expect(view.find(newcomer)).toBeUndefined();
  });

  it('is joined even when that happens after the one that was met has opened its link', () => {
    const cluster = new ClusterWorld();
    for (const name of ['member', 'newcomer']) cluster.start(name, ['cluster-node-timeout 1000']);
    cluster.meet('newcomer', 'member');
    const { bus, view } = cluster.cluster('newcomer');
    const member = toNodeId(cluster.id('member'));
    const linkFromMember = (): boolean => {
      const node = view.find(member);
      return node !== undefined && bus.linkFrom(node) !== null;
    };
    cluster.until(linkFromMember, 2000);
    // The answer to its PING comes too late.
    cluster.pause('newcomer');
    cluster.until(() => cluster.cluster('member').view.nodeCount === 1, 5000);
    cluster.resume('newcomer');
    const newcomer = toNodeId(cluster.id('newcomer'));
    cluster.until(() => cluster.cluster('member').view.find(newcomer) !== undefined, 10_000);
    cluster.advance(10_000);
    expect(view.find(member)?.metAtMs).toBe(0);
  });
});
