/** Who waits for something that has gone elsewhere is told at once. Slots: foo 12182, bar 5061. */
import { describe, expect, it } from 'vitest';
import { ClusterTestNode } from '../../../support/cluster-node.js';
import { errorReply } from '../../../support/resp.js';

const FOO = 12182;

function pair() {
  const node = new ClusterTestNode();
  const other = node.addNode('other');
  node.giveAll(node.myself);
  return { node, other, client: node.connect() };
}

describe('a blocked client', () => {
  it('is redirected when the slot of its key leaves', () => {
    const { node, other, client } = pair();
    const unconcerned = node.connect();
    client.send('BLPOP', 'foo', 0);
    unconcerned.send('BLPOP', 'bar', 0);
    node.give(other, FOO);
    expect(client.replies()).toEqual([errorReply(`MOVED ${FOO} 127.0.0.1:7001`)]);
    expect(unconcerned.replies()).toEqual([]);
    expect(client.call('PING')).toBe('PONG');
  });

  it('is told when nobody has the slot any more, and when the cluster is down', () => {
    const { node, client } = pair();
    client.send('BLPOP', 'foo', 0);
    node.give(null, FOO);
    expect(client.replies()).toEqual([errorReply('CLUSTERDOWN Hash slot not served')]);
    client.send('BZPOPMIN', 'bar', 0);
    node.setServing(false);
    expect(client.replies()).toEqual([errorReply('CLUSTERDOWN The cluster is down')]);
  });

  it('stays while the slot is being imported', () => {
    const { node, other, client } = pair();
    node.give(other, FOO);
    node.import(FOO, other);
    client.call('ASKING');
    client.send('BLPOP', 'foo', 0);
    node.give(other, 5061);
    node.endTurn();
    expect(client.replies()).toEqual([]);
  });

  it('stays on a replica of the owner if it only reads', () => {
    const node = new ClusterTestNode();
    const master = node.addNode('master');
    const other = node.addNode('other');
    node.giveAll(master);
    node.follow(master);
    const client = node.connect();
    client.call('READONLY');
    client.send('XREAD', 'BLOCK', 0, 'STREAMS', 'foo', '$');
    node.endTurn();
    expect(client.replies()).toEqual([]);
    node.give(other, FOO);
    expect(client.replies()).toEqual([errorReply(`MOVED ${FOO} 127.0.0.1:7002`)]);
  });
});

describe('a subscriber of shard channels', () => {
  it('is unsubscribed when the slot leaves', () => {
    const { node, other, client } = pair();
    client.call('SSUBSCRIBE', 'foo');
    client.call('SSUBSCRIBE', 'bar');
    node.give(other, FOO);
    expect(client.replies()).toEqual([['sunsubscribe', 'foo', 1]]);
    expect(node.connect().call('PUBSUB', 'SHARDCHANNELS')).toEqual(['bar']);
  });

  it('gets a push in the new protocol', () => {
    const { node, client } = pair();
    client.call('HELLO', 3);
    client.call('SSUBSCRIBE', 'foo');
    node.give(null, FOO);
    expect(client.replies()).toEqual([{ push: ['sunsubscribe', 'foo', 0] }]);
  });

  it('stays subscribed when the slot goes from the master to its replica', () => {
    const node = new ClusterTestNode();
    const master = node.addNode('master');
    node.giveAll(master);
    node.follow(master);
    const client = node.connect();
    client.call('SSUBSCRIBE', 'foo');
    node.myself.role = 'master';
    node.view.setMaster(node.myself, null);
    node.giveAll(node.myself);
    expect(client.replies()).toEqual([]);
    expect(client.call('PUBSUB', 'SHARDNUMSUB', 'foo')).toBeInstanceOf(Object);
  });
});

describe('messages', () => {
  it('go over the bus, and count the receivers here', () => {
    const { node, client } = pair();
    const listener = node.connect();
    listener.call('SUBSCRIBE', 'news');
    const propagated = node.propagatedBy(() => {
      expect(client.call('PUBLISH', 'news', 'x')).toBe(1);
      expect(client.call('SPUBLISH', 'foo', 'y')).toBe(0);
    });
    expect(node.actions.asked).toEqual(['publish news x', 'publish foo y to the shard']);
    expect(propagated).toEqual([]);
  });
});
