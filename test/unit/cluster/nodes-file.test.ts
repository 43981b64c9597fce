/** nodes.conf: what is written, what is read, and when it is written. */
import { describe, expect, it } from 'vitest';
import { CorruptNodesFile, formatNodesFile, parseNodesFile } from '../../../src/cluster/nodes-file/codec.js';
import { NodesLock } from '../../../src/cluster/nodes-file/lock.js';
import { NodesStore } from '../../../src/cluster/nodes-file/store.js';
import { VOTE_SUBJECT } from '../../../src/cluster/view/cluster-view.js';
import type { Slot } from '../../../src/cluster/view/slots.js';
import { toEpoch } from '../../../src/failover/epoch.js';
import { VirtualWorld } from '../../../src/platform/virtual/index.js';
import { ClusterWorld } from '../../support/cluster-world.js';

const A = '4da2a04d'.padEnd(40, '1');
const B = 'a3b44608'.padEnd(40, '2');
const C = 'c0ffee00'.padEnd(40, '3');
const SHARD = '4f590461'.padEnd(40, '4');
const NEW_SHARD = 'e'.repeat(40);
const context = { nowMs: 5000, newShardId: () => NEW_SHARD };

const TEXT_7_2 =
  `${A} 127.0.0.1:25010@35010,,tls-port=0,shard-id=${SHARD} myself,master - 0 1795385623000 3 connected 0-5460 7000 [5->-${B}] [9000-<-${B}]\n` +
  `${B} 127.0.0.1:25011@35011,node-one.example.com,tls-port=0,nodename=blue,shard-id=${NEW_SHARD} master,fail - 12 1795385623074 2 connected 9000\n` +
  `${C} ::1:25012@35012,,tls-port=0,shard-id=${SHARD} slave,nofailover ${A} 0 0 3 disconnected\n` +
  'vars currentEpoch 6 lastVoteEpoch 5\n';

describe('reading nodes.conf', () => {
  it('understands what Redis 7.2 writes', () => {
    const view = parseNodesFile(TEXT_7_2, context);
    expect(view.myself.id).toBe(A);
    expect(view.myself.slots.ranges()).toEqual([
      { first: 0, last: 5460 },
      { first: 7000, last: 7000 },
    ]);
    expect(view.currentEpoch).toBe(6n);
    expect(view.lastVoteEpoch).toBe(5n);
    expect(view.migratingTo.get(5 as Slot)?.id).toBe(B);
    expect(view.importingFrom.get(9000 as Slot)?.id).toBe(B);
    const [, b, c] = [...view.nodes];
    expect(b).toMatchObject({
      health: 'failed',
      failedAtMs: 5000,
      hostname: 'node-one.example.com',
      humanName: 'blue',
    });
    expect(b).toMatchObject({ pingSentMs: 5000, pongReceivedMs: 5000 });
    expect(c).toMatchObject({ host: '::1', role: 'replica', neverFailsOver: true, shardId: SHARD });
    expect(c.master).toBe(view.myself);
    expect(c.configEpoch).toBe(0n);
  });

  it('writes what it has read', () => {
    const view = parseNodesFile(TEXT_7_2, context);
    const again = parseNodesFile(formatNodesFile(view), context);
    expect(formatNodesFile(again)).toBe(formatNodesFile(view));
    expect(formatNodesFile(view)).toContain(
      `${B} 127.0.0.1:25011@35011,node-one.example.com,tls-port=0,nodename=blue,shard-id=${NEW_SHARD} master,fail - 5000 5000 2 disconnected 9000\n`,
    );
  });

  it('understands what Redis 7.0 and older ones write', () => {
    const view = parseNodesFile(
      `${A} 127.0.0.1:25010@35010 myself,master - 0 0 1 connected 0-5\n` +
        `${B} 127.0.0.1:25011 slave ${A} 0 0 1 connected\n` +
        'vars currentEpoch 1 lastVoteEpoch 0\n',
      context,
    );
    const [a, b] = [...view.nodes];
    expect(a.shardId).toBe(NEW_SHARD);
    expect(b.shardId).toBe(NEW_SHARD);
    expect(b.busPort).toBe(35011);
  });

  it('raises the current epoch to the greatest one it finds', () => {
    const view = parseNodesFile(`${A} :0@0 myself,master - 0 0 9 connected\nvars currentEpoch 6\n`, context);
    expect(view.currentEpoch).toBe(9n);
  });

  it.each([
    ['too few fields', `${A} 127.0.0.1:1@2 myself,master -`],
    ['no node of its own', `${A} 127.0.0.1:1@2 master - 0 0 1 connected`],
    ['an id that is none', 'XYZ 127.0.0.1:1@2 myself,master - 0 0 1 connected'],
    ['a slot beyond', `${A} 127.0.0.1:1@2 myself,master - 0 0 1 connected 16384`],
    ['a flag that nobody knows', `${A} 127.0.0.1:1@2 myself,master,odd - 0 0 1 connected`],
    ['an auxiliary field that nobody knows', `${A} 127.0.0.1:1@2,,odd=1 myself,master - 0 0 1 connected`],
    ['a port beyond', `${A} 127.0.0.1:70000@2 myself,master - 0 0 1 connected`],
    ['an epoch beyond', `${A} 127.0.0.1:1@2 myself,master - 0 0 9223372036854775808 connected`],
    ['a master that is not there', `${A} 127.0.0.1:1@2 myself,slave ${B} 0 0 1 connected`],
    ['a vote that is no number', `${A} 127.0.0.1:1@2 myself,master - 0 0 1 connected\nvars lastVoteEpoch x`],
  ])('refuses %s, and names the line', (_what, text) => {
    expect(() => parseNodesFile(`${text}\n`, context)).toThrow(CorruptNodesFile);
  });
});

describe('saving', () => {
  function storeOn(world: VirtualWorld): { store: NodesStore; writes: () => number; failures: string[] } {
    const process = world.createProcess('node');
    const failures: string[] = [];
    let writes = 0;
    const store = new NodesStore({
      path: '/nodes.conf',
      content: () => `${++writes}`,
      disk: process.disk,
      timers: process.timers,
      log: { debug() {}, verbose() {}, notice() {}, warning() {}, isEnabled: () => true },
      onFailure: () => failures.push('exit'),
    });
    return { store, writes: () => writes, failures };
  }

  it('is done once for all changes of a turn, and once for all that come while it is under way', () => {
    const world = new VirtualWorld({ seed: 1, syncLatency: 5 });
    const { store, writes } = storeOn(world);
    for (let i = 0; i < 10; i++) store.save();
    world.advance(1);
    for (let i = 0; i < 10; i++) store.save();
    world.advance(100);
    expect(writes()).toBe(2);
  });

  it('holds back what tells of a binding change until that is durable, in order, and nothing else', () => {
    const world = new VirtualWorld({ seed: 1, syncLatency: 5 });
    const { store } = storeOn(world);
    const sent: string[] = [];
    store.save();
    store.whenBindingSaved(() => sent.push('before'));
    store.saveBinding();
    store.whenBindingSaved(() => sent.push('vote'));
    store.whenBindingSaved(() => sent.push('pong'));
    expect(sent).toEqual(['before']);
    world.advance(4);
    store.saveBinding();
    store.whenBindingSaved(() => sent.push('later'));
    expect(sent).toEqual(['before']);
    world.runUntil(() => sent.length === 3, 100);
    expect(sent).toEqual(['before', 'vote', 'pong']);
    world.advance(100);
    expect(sent).toEqual(['before', 'vote', 'pong', 'later']);
  });

  it('holds back replies to what is no binding change without holding back anything else', () => {
    const world = new VirtualWorld({ seed: 1, syncLatency: 5 });
    const { store } = storeOn(world);
    const told: string[] = [];
    store.saveForReply();
    store.whenPromisesSaved(() => told.push('reply'));
    store.whenBindingSaved(() => told.push('ping'));
    expect(told).toEqual(['ping']);
    store.saveBinding();
    store.saveForReply();
    store.whenPromisesSaved(() => told.push('later reply'));
    store.whenBindingSaved(() => told.push('vote'));
    world.advance(100);
    expect(told).toEqual(['ping', 'reply', 'later reply', 'vote']);
  });

  it('pauses between two writes, unless what the second is for cannot wait', () => {
    const world = new VirtualWorld({ seed: 1 });
    const { store, writes } = storeOn(world);
    store.save();
    world.advance(2);
    expect(writes()).toBe(1);
    store.save();
    let isSaved = false;
    store.saveBinding('paced');
    store.whenBindingSaved(() => (isSaved = true));
    world.advance(2);
    expect([writes(), isSaved]).toEqual([1, false]);
    store.saveBinding();
    world.advance(2);
    expect([writes(), isSaved]).toEqual([2, true]);
    store.saveBinding('paced');
    isSaved = false;
    store.whenBindingSaved(() => (isSaved = true));
    world.advance(20);
    expect([writes(), isSaved]).toEqual([3, true]);
  });

  it('that fails ends the node: it cannot keep its promises', () => {
    const world = new VirtualWorld({ seed: 1 });
    const { store, failures } = storeOn(world);
    const sent: string[] = [];
    world.host('node').disk.faults.add({ operation: 'write', code: 'ENOSPC' });
    store.saveBinding();
    store.whenBindingSaved(() => sent.push('vote'));
    world.advance(1000);
    expect(failures).toEqual(['exit']);
    expect(sent).toEqual([]);
  });
});

describe('a node that starts again', () => {
  it('is who it was, with its slots, its epochs and its vote', () => {
    const cluster = ClusterWorld.of(3, 1);
    const { view } = cluster.cluster('m2');
    view.ledger.restore(VOTE_SUBJECT, toEpoch(view.currentEpoch));
    expect(cluster.cluster('m2').saveConfiguration()).toBeNull();
    const before = [view.myself.id, view.currentEpoch, view.lastVoteEpoch, view.myself.slots.size];
    cluster.kill('m2');
    cluster.restart('m2');
    const after = cluster.cluster('m2').view;
    expect([after.myself.id, after.currentEpoch, after.lastVoteEpoch, after.myself.slots.size]).toEqual(
      before,
    );
    cluster.untilReady();
  });

  it('is a replica again, and takes up the stream', () => {
    const cluster = ClusterWorld.of(3, 1);
    cluster.kill('r1-1');
    cluster.restart('r1-1');
    cluster.untilReady();
    expect(cluster.seen('m2', 'r1-1').master?.id).toBe(cluster.id('m1'));
  });

  it('does not start on a damaged file, and leaves it as it is', () => {
    const cluster = new ClusterWorld();
    cluster.start('a');
    const path = '/a/nodes.conf';
    const damaged = Buffer.from('nonsense\n');
    cluster.kill('a');
    const { disk } = cluster.world.createProcess('a');
    disk.replaceFileSync(path, damaged, 0o644);
    cluster.processOf('a').kill();
    expect(() => cluster.restart('a')).toThrow('corrupted cluster config file "nonsense"');
    const reader = cluster.world.createProcess('reader', { host: 'a' });
    expect(reader.disk.readFileSync(path)).toEqual(damaged);
  });
});

describe('two nodes with one file', () => {
  it('cannot be: the second one does not start', () => {
    const cluster = new ClusterWorld();
    cluster.start('a');
    cluster.advance(10);
    const process = cluster.world.createProcess('second', { host: 'a' });
    const warnings: string[] = [];
    const log = {
      debug() {},
      verbose() {},
      notice() {},
      warning: (text: string) => warnings.push(text),
      isEnabled: () => true,
    };
    const problems: (string | null)[] = [];
    const lock = new NodesLock(process.network, '/a/nodes.conf', log);
    lock.take((problem) => problems.push(problem));
    cluster.advance(10);
    expect(problems).toEqual([expect.stringContaining('is already used by a different Redis Cluster node')]);
    cluster.kill('a');
    lock.take((problem) => problems.push(problem));
    cluster.advance(10);
    expect(problems[1]).toBeNull();
    expect(warnings).toEqual([]);
  });
});
