/** What clients draw their map of the cluster from: NODES, SLOTS, SHARDS, LINKS, INFO. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { ClusterNode } from '../../../../src/cluster/view/node.js';
import { ClusterTestNode, epoch, idOf } from '../../../support/cluster-node.js';
import { errorReply } from '../../../support/resp.js';
import type { TestClient } from '../../../support/test-server.js';

let node: ClusterTestNode;
let other: ClusterNode;
let replica: ClusterNode;
let client: TestClient;
const ME = idOf('me');

beforeEach(() => {
  node = new ClusterTestNode();
  other = node.addNode('other');
  replica = node.addNode('replica', other);
  client = node.connect();
  node.give(node.myself, 0, 1, 2, 9);
  node.give(other, 3, 4);
});

describe('CLUSTER NODES', () => {
  it('has a line for each node', () => {
    node.link(other);
    other.configEpoch = epoch(2);
    other.pingSentMs = 5;
    other.pongReceivedMs = 1795385623000;
    other.hostname = 'other.example.com';
    replica.health = 'suspected';
    expect(client.call('CLUSTER', 'NODES')).toBe(
      [
        `${ME} 127.0.0.1:7000@17000 myself,master - 0 0 0 connected 0-2 9`,
        `${other.id} 127.0.0.1:7001@17001,other.example.com master - 5 1795385623000 2 connected 3-4`,
        `${replica.id} 127.0.0.1:7002@17002 slave,fail? ${other.id} 0 0 2 disconnected`,
        '',
      ].join('\n'),
    );
  });

  it('shows what is on the move, and where nobody is', () => {
    node.migrate(9, other);
    node.import(3, other);
    replica.hasNoAddress = true;
    replica.host = '';
    replica.port = 0;
    replica.busPort = 0;
    replica.health = 'failed';
    replica.neverFailsOver = true;
    other.membership = 'handshake';
    expect(client.call('CLUSTER', 'NODES')).toBe(
      [
        `${ME} 127.0.0.1:7000@17000 myself,master - 0 0 0 connected 0-2 9 [3-<-${other.id}] [9->-${other.id}]`,
        `${other.id} 127.0.0.1:7001@17001 handshake - 0 0 0 disconnected 3-4`,
        `${replica.id} :0@0 slave,fail,noaddr,nofailover ${other.id} 0 0 0 disconnected`,
        '',
      ].join('\n'),
    );
  });

  it('is a verbatim string in the new protocol', () => {
    client.call('HELLO', 3);
    expect(client.callRaw('CLUSTER', 'NODES').latin1Slice(0, 1)).toBe('=');
    expect(client.callRaw('CLUSTER', 'INFO').latin1Slice(0, 1)).toBe('=');
  });

  it('has the lines of replicas in CLUSTER REPLICAS', () => {
    const lines = [`${replica.id} 127.0.0.1:7002@17002 slave ${other.id} 0 0 0 disconnected`];
    expect(client.call('CLUSTER', 'REPLICAS', other.id)).toEqual(lines);
    expect(client.call('CLUSTER', 'SLAVES', other.id)).toEqual(lines);
    expect(client.call('CLUSTER', 'REPLICAS', ME)).toEqual([]);
    expect(client.call('CLUSTER', 'REPLICAS', 'x')).toEqual(errorReply('ERR Unknown node x'));
    expect(client.call('CLUSTER', 'REPLICAS', replica.id)).toEqual(
      errorReply('ERR The specified node is not a master'),
    );
  });
});

describe('CLUSTER SLOTS', () => {
  it('has an entry for each run of slots, with the replicas that have a dataset', () => {
    const me = ['127.0.0.1', 7000, ME, []];
    const master = ['127.0.0.1', 7001, other.id, []];
    expect(client.call('CLUSTER', 'SLOTS')).toEqual([
      [0, 2, me],
      [3, 4, master],
      [9, 9, me],
    ]);
    replica.replicationOffset = 14;
    expect(client.call('CLUSTER', 'SLOTS')).toContainEqual([
      3,
      4,
      master,
      ['127.0.0.1', 7002, replica.id, []],
    ]);
    replica.health = 'failed';
    expect(client.call('CLUSTER', 'SLOTS')).toContainEqual([3, 4, master]);
  });

  it('shows nodes by the endpoint that is preferred, and what else is known of them', () => {
    other.hostname = 'other.example.com';
    const entry = (reply: unknown) => (reply as unknown[][])[1][2];
    expect(entry(client.call('CLUSTER', 'SLOTS'))).toEqual([
      '127.0.0.1',
      7001,
      other.id,
      ['hostname', 'other.example.com'],
    ]);
    client.call('CONFIG', 'SET', 'cluster-preferred-endpoint-type', 'hostname');
    const byName = client.call('CLUSTER', 'SLOTS');
    expect(entry(byName)).toEqual(['other.example.com', 7001, other.id, ['ip', '127.0.0.1']]);
    expect(byName).toContainEqual([9, 9, ['?', 7000, ME, ['ip', '127.0.0.1']]]);
    client.call('CONFIG', 'SET', 'cluster-preferred-endpoint-type', 'unknown-endpoint');
    expect(entry(client.call('CLUSTER', 'SLOTS'))).toEqual([
      null,
      7001,
      other.id,
      ['ip', '127.0.0.1', 'hostname', 'other.example.com'],
    ]);
  });
});

describe('CLUSTER SHARDS', () => {
  it('has a map for each shard, nodes without slots included', () => {
    replica.hostname = 'replica.example.com';
    const idle = node.addNode('idle');
    const nodeFields = (of: ClusterNode, ...rest: (string | number)[]) => [
      ...['id', of.id, 'port', of.port, 'ip', of.host, 'endpoint', of.host],
      ...rest,
    ];
    const online = (of: ClusterNode) =>
      nodeFields(of, 'role', 'master', 'replication-offset', 0, 'health', 'online');
    expect(client.call('CLUSTER', 'SHARDS')).toEqual([
      ['slots', [0, 2, 9, 9], 'nodes', [online(node.myself)]],
      [
        'slots',
        [3, 4],
        'nodes',
        [
          online(other),
          nodeFields(
            replica,
            ...['hostname', 'replica.example.com', 'role', 'replica', 'replication-offset', 0],
            ...['health', 'loading'],
          ),
        ],
      ],
      ['slots', [], 'nodes', [online(idle)]],
    ]);
  });

  it('tells the health of nodes', () => {
    replica.replicationOffset = 99;
    other.health = 'failed';
    const shard = (client.call('CLUSTER', 'SHARDS') as unknown[][])[1];
    const [master, follower] = shard[3] as unknown[][];
    expect(master.slice(-4)).toEqual(['replication-offset', 0, 'health', 'fail']);
    expect(follower.slice(-4)).toEqual(['replication-offset', 99, 'health', 'online']);
  });
});

describe('CLUSTER LINKS', () => {
  it('has a map for each connection', () => {
    expect(client.call('CLUSTER', 'LINKS')).toEqual([]);
    node.link(other);
    expect(client.call('CLUSTER', 'LINKS')).toEqual([
      [
        ...['direction', 'to', 'node', other.id, 'create-time', 17, 'events', 'rw'],
        ...['send-buffer-allocated', 512, 'send-buffer-used', 100],
      ],
    ]);
    expect(client.call('INFO', 'memory')).toContain('mem_cluster_links:512\r\n');
  });
});

describe('CLUSTER INFO', () => {
  it('counts slots, nodes and messages', () => {
    other.health = 'suspected';
    node.view.size = 2;
    expect(client.call('CLUSTER', 'INFO')).toBe(
      [
        'cluster_state:ok',
        'cluster_slots_assigned:6',
        'cluster_slots_ok:4',
        'cluster_slots_pfail:2',
        'cluster_slots_fail:0',
        'cluster_known_nodes:3',
        'cluster_size:2',
        'cluster_current_epoch:0',
        'cluster_my_epoch:0',
        'cluster_stats_messages_ping_sent:4',
        'cluster_stats_messages_auth-req_sent:1',
        'cluster_stats_messages_sent:5',
        'cluster_stats_messages_pong_received:3',
        'cluster_stats_messages_received:3',
        'total_cluster_links_buffer_limit_exceeded:0',
        '',
      ].join('\r\n'),
    );
  });

  it('says why a replica does not stand for election', () => {
    node.actions.reasonNotFailingOver = 'its data is too old';
    expect(client.call('CLUSTER', 'INFO')).toContain('its data is too old');
  });
});

describe('ids', () => {
  it('are told', () => {
    expect(client.call('CLUSTER', 'MYID')).toBe(ME);
    expect(client.call('CLUSTER', 'MYSHARDID')).toBe(idOf('shard1'));
  });
});
