/** Whoever reads the reply to a command that changed the cluster relies on it: a crash takes nothing of it back. */
import { describe, expect, it } from 'vitest';
import { CommandLink } from '../../../src/client/command-link.js';
import type { Reply } from '../../../src/client/reply.js';
import type { Slot } from '../../../src/cluster/view/slots.js';
import { ClusterWorld, PORT } from '../../support/cluster-world.js';

const SYNC_MS = 20;

/** Sends commands at once, and tells the replies that have come. */
function pipeline(cluster: ClusterWorld, name: string, commands: readonly string[]): Reply[] {
  const replies: Reply[] = [];
  const link = new CommandLink(
    cluster.world.createProcess('operator-2').network,
    { host: cluster.world.host(name).address, port: PORT },
    {},
    { onConnect: () => undefined, onClose: () => undefined },
  );
  for (const command of commands) link.send(command.split(' '), (reply) => replies.push(reply));
  return replies;
}

describe('OK to a change of the cluster', () => {
  it('means that the power may fail', () => {
    const cluster = new ClusterWorld({ syncLatency: SYNC_MS });
    cluster.start('m1');
    cluster.advance(100);
    expect(cluster.call('m1', 'CLUSTER', 'ADDSLOTSRANGE', 0, 9)).toBe('OK');
    cluster.losePower('m1');
    cluster.restart('m1');
    cluster.advance(100);
    expect(cluster.call('m1', 'CLUSTER', 'DELSLOTS', 3)).toBe('OK');
    cluster.losePower('m1');
    cluster.restart('m1');
    cluster.advance(100);
    expect(cluster.call('m1', 'CLUSTER', 'SET-CONFIG-EPOCH', 7)).toBe('OK');
    cluster.losePower('m1');
    cluster.restart('m1');
    cluster.advance(100);
    const { view } = cluster.cluster('m1');
    expect([...view.myself.slots]).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9]);
    expect(view.myself.configEpoch).toBe(7n);
  });

  it('means so for a role, and for a slot that arrives', () => {
    const cluster = ClusterWorld.of(3, 0, [], { syncLatency: SYNC_MS });
    cluster.start('spare');
    cluster.meet('m1', 'spare');
    cluster.until(() => cluster.cluster('spare').view.nodeCount === 4);
    cluster.advance(1000);
    expect(cluster.call('spare', 'CLUSTER', 'REPLICATE', cluster.id('m3'))).toBe('OK');
    const [spare, target] = [cluster.id('spare'), cluster.id('m2')];
    cluster.losePower('spare');
    cluster.restart('spare');
    cluster.advance(100);
    expect(cluster.cluster('spare').view.myself.master?.id).toBe(cluster.id('m3'));
    expect(cluster.id('spare')).toBe(spare);
    expect(cluster.call('m2', 'CLUSTER', 'SETSLOT', 0, 'IMPORTING', cluster.id('m1'))).toBe('OK');
    expect(cluster.call('m2', 'CLUSTER', 'SETSLOT', 0, 'NODE', target)).toBe('OK');
    cluster.losePower('m2');
    cluster.restart('m2');
    cluster.advance(100);
    expect(cluster.cluster('m2').view.ownerOf(0 as Slot)?.id).toBe(target);
  });

  it('means so for a slot that is opened or closed, whatever else a node that moves slots has to say', () => {
    const cluster = ClusterWorld.of(2, 0, [], { syncLatency: SYNC_MS });
    const [source, target] = ['m1', 'm2'].map((name) => cluster.id(name));
    const moves: [string, string[], RegExp][] = [
      ['m2', ['IMPORTING', source], / \[0-<-/],
      ['m1', ['MIGRATING', target], / \[0->-/],
      ['m1', ['STABLE'], /connected 0-8191\n/],
    ];
    for (const [name, action, trace] of moves) {
      let reply: Reply | undefined;
      cluster.send(name, ['CLUSTER', 'SETSLOT', 0, ...action], (received) => (reply = received));
      const { store } = cluster.cluster(name);
      const { promises } = store;
      cluster.until(() => store.promises > promises);
      expect(store.isBindingSaved).toBe(true);
      cluster.until(() => reply !== undefined);
      expect(reply).toBe('OK');
      cluster.losePower(name);
      cluster.restart(name);
      expect(cluster.file(name)).toMatch(trace);
      cluster.untilReady();
    }
  });

  it('means so for what is saved while an older file is on its way to the disk', () => {
    const cluster = new ClusterWorld({ syncLatency: SYNC_MS });
    cluster.start('m1');
    cluster.advance(100);
    const replies = pipeline(cluster, 'm1', ['CLUSTER ADDSLOTS 5']);
    cluster.until(() => !cluster.cluster('m1').store.isBindingSaved);
    cluster.advance(1);
    cluster.cluster('m1').setMigrating(5 as Slot, cluster.cluster('m1').view.myself);
    expect(cluster.call('m1', 'CLUSTER', 'SAVECONFIG')).toBe('OK');
    expect(replies).toEqual(['OK']);
    expect(cluster.file('m1')).toContain('[5->-');
    cluster.advance(100);
    expect(cluster.file('m1')).toContain('[5->-');
  });

  it('waits for the disk in a transaction, too; what follows waits behind it, other clients do not', () => {
    const cluster = new ClusterWorld({ syncLatency: SYNC_MS });
    cluster.start('m1');
    cluster.advance(100);
    const replies = pipeline(cluster, 'm1', ['MULTI', 'CLUSTER ADDSLOTS 5', 'EXEC', 'PING']);
    cluster.until(() => cluster.cluster('m1').view.myself.slots.size === 1);
    expect(cluster.call('m1', 'PING')).toBe('PONG');
    expect(cluster.cluster('m1').store.isBindingSaved).toBe(false);
    expect(replies).toEqual([]);
    cluster.until(() => replies.length === 4);
    expect(cluster.cluster('m1').store.isBindingSaved).toBe(true);
    expect(replies).toEqual(['OK', 'QUEUED', ['OK'], 'PONG']);
  });
});
