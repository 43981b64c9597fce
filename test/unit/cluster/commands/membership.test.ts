/** CLUSTER's subcommands about nodes and epochs: replies and error texts as stock Redis 7.2 has them. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { ClusterNode } from '../../../../src/cluster/view/node.js';
import { ClusterTestNode, epoch, idOf } from '../../../support/cluster-node.js';
import { errorReply } from '../../../support/resp.js';
import type { TestClient } from '../../../support/test-server.js';
import { TestServer } from '../../../support/test-server.js';
import { registerCommandsWithoutCluster } from '../../../../src/cluster/register-commands.js';

let node: ClusterTestNode;
let other: ClusterNode;
let client: TestClient;

beforeEach(() => {
  node = new ClusterTestNode({ 'enable-debug-command': 'yes' });
  other = node.addNode('other');
  client = node.connect();
});

function cluster(...args: (string | number)[]) {
  return client.call('CLUSTER', ...args);
}

describe('MEET', () => {
  it('begins a handshake; the bus port follows from the port', () => {
    expect(cluster('MEET', '127.0.0.1', 7005)).toBe('OK');
    expect(cluster('MEET', '::1', 7005, 9000)).toBe('OK');
    expect(node.actions.asked).toEqual(['meet 127.0.0.1 7005 17005', 'meet ::1 7005 9000']);
  });

  it('wants an address, not a name', () => {
    const invalid = (host: string, port: string | number) =>
      errorReply(`ERR Invalid node address specified: ${host}:${port}`);
    expect(cluster('MEET', 'localhost', 7005)).toEqual(invalid('localhost', 7005));
    expect(cluster('MEET', '127.0.0.1', 0)).toEqual(invalid('127.0.0.1', 0));
    expect(cluster('MEET', '127.0.0.1', 60000)).toEqual(invalid('127.0.0.1', 60000));
    expect(cluster('MEET', '127.0.0.1', 7005, 70000)).toEqual(invalid('127.0.0.1', 7005));
    expect(cluster('MEET', '127.0.0.1', 'x')).toEqual(errorReply('ERR Invalid base port specified: x'));
    expect(cluster('MEET', '127.0.0.1', 7005, 'x')).toEqual(errorReply('ERR Invalid bus port specified: x'));
    expect(cluster('MEET', '127.0.0.1', 7005, 17005, 1)).toEqual(
      errorReply("ERR unknown subcommand or wrong number of arguments for 'MEET'. Try CLUSTER HELP."),
    );
    expect(node.actions.asked).toEqual([]);
  });
});

describe('FORGET', () => {
  it('removes a node, and is content when that was done already', () => {
    expect(cluster('FORGET', other.id)).toBe('OK');
    expect(cluster('FORGET', other.id)).toBe('OK');
    expect(node.actions.asked).toEqual([`forget ${other.id}`]);
  });

  it('keeps the node itself and its master', () => {
    expect(cluster('FORGET', 'nobody')).toEqual(errorReply('ERR Unknown node nobody'));
    expect(cluster('FORGET', node.myself.id)).toEqual(
      errorReply("ERR I tried hard but I can't forget myself..."),
    );
    node.follow(other);
    expect(cluster('FORGET', other.id)).toEqual(errorReply("ERR Can't forget my master!"));
  });
});

describe('REPLICATE', () => {
  it('makes an empty node a replica of a master', () => {
    expect(cluster('REPLICATE', other.id)).toBe('OK');
    expect(node.actions.asked).toEqual([`replicate ${other.id}`]);
  });

  it('loses no slots and no keys', () => {
    const notEmpty = errorReply('ERR To set a master the node must be empty and without assigned slots.');
    node.give(node.myself, 1);
    expect(cluster('REPLICATE', other.id)).toEqual(notEmpty);
    node.giveAll(node.myself);
    client.call('SET', 'foo', 'x');
    node.giveAll(other);
    expect(cluster('REPLICATE', other.id)).toEqual(notEmpty);
  });

  it('wants another node that is a master', () => {
    const replica = node.addNode('replica', other);
    expect(cluster('REPLICATE', 'nobody')).toEqual(errorReply('ERR Unknown node nobody'));
    expect(cluster('REPLICATE', node.myself.id)).toEqual(errorReply("ERR Can't replicate myself"));
    expect(cluster('REPLICATE', replica.id)).toEqual(
      errorReply('ERR I can only replicate a master, not a replica.'),
    );
  });
});

describe('FAILOVER', () => {
  it('is for replicas that know their master', () => {
    expect(cluster('FAILOVER')).toEqual(errorReply('ERR You should send CLUSTER FAILOVER to a replica'));
    node.myself.role = 'replica';
    expect(cluster('FAILOVER', 'FORCE')).toEqual(
      errorReply("ERR I'm a replica but my master is unknown to me"),
    );
    expect(cluster('FAILOVER', 'foo')).toEqual(errorReply('ERR syntax error'));
    expect(cluster('FAILOVER', 'FORCE', 'x')).toEqual(
      errorReply("ERR unknown subcommand or wrong number of arguments for 'FAILOVER'. Try CLUSTER HELP."),
    );
  });

  it('asks a master that can be reached, and others not', () => {
    node.follow(other);
    const down = errorReply('ERR Master is down or failed, please use CLUSTER FAILOVER FORCE');
    expect(cluster('FAILOVER')).toEqual(down);
    node.link(other);
    expect(cluster('FAILOVER')).toBe('OK');
    other.health = 'failed';
    expect(cluster('FAILOVER')).toEqual(down);
    expect(cluster('FAILOVER', 'force')).toBe('OK');
    expect(cluster('FAILOVER', 'TAKEOVER')).toBe('OK');
    expect(node.actions.asked).toEqual(['fail over: coordinated', 'fail over: force', 'fail over: takeover']);
  });
});

describe('RESET', () => {
  it('is soft unless it is to be hard', () => {
    expect(cluster('RESET')).toBe('OK');
    expect(cluster('RESET', 'SOFT')).toBe('OK');
    expect(cluster('RESET', 'hard')).toBe('OK');
    expect(cluster('RESET', 'foo')).toEqual(errorReply('ERR syntax error'));
    expect(node.actions.asked).toEqual(['soft reset', 'soft reset', 'hard reset']);
  });

  it('drops the dataset of a replica, never that of a master', () => {
    node.giveAll(node.myself);
    client.call('SET', 'foo', 'x');
    expect(cluster('RESET')).toEqual(
      errorReply("ERR CLUSTER RESET can't be called with master nodes containing keys"),
    );
    node.follow(other);
    expect(cluster('RESET')).toBe('OK');
    expect(client.call('DBSIZE')).toBe(0);
  });
});

describe('epochs', () => {
  it('are bumped when another one is greater', () => {
    node.myself.configEpoch = epoch(3);
    expect(cluster('BUMPEPOCH')).toBe('STILL 3');
    node.actions.nextEpoch = epoch(4);
    expect(cluster('BUMPEPOCH')).toBe('BUMPED 4');
  });

  it('are set once, on a node that is alone', () => {
    expect(cluster('SET-CONFIG-EPOCH', 'x')).toEqual(
      errorReply('ERR value is not an integer or out of range'),
    );
    expect(cluster('SET-CONFIG-EPOCH', -1)).toEqual(errorReply('ERR Invalid config epoch specified: -1'));
    expect(cluster('SET-CONFIG-EPOCH', 1)).toEqual(
      errorReply('ERR The user can assign a config epoch only when the node does not know any other node.'),
    );
    node.view.remove(other);
    expect(cluster('SET-CONFIG-EPOCH', '9007199254740993')).toBe('OK');
    expect(node.myself.configEpoch).toBe(9007199254740993n);
    expect(cluster('SET-CONFIG-EPOCH', 1)).toEqual(errorReply('ERR Node config epoch is already non-zero'));
  });
});

describe('SAVECONFIG', () => {
  it('says what went wrong', () => {
    expect(cluster('SAVECONFIG')).toBe('OK');
    node.actions.saveProblem = 'No space left on device';
    expect(cluster('SAVECONFIG')).toEqual(
      errorReply('ERR error saving the cluster node config: No space left on device'),
    );
  });
});

describe('COUNT-FAILURE-REPORTS', () => {
  it('counts', () => {
    node.actions.failureReports = 2;
    expect(cluster('COUNT-FAILURE-REPORTS', other.id)).toBe(2);
    expect(cluster('COUNT-FAILURE-REPORTS', 'x')).toEqual(errorReply('ERR Unknown node x'));
  });
});

describe('DEBUG', () => {
  it('kills connections of the bus', () => {
    expect(client.call('DEBUG', 'CLUSTERLINK', 'KILL', 'to', other.id)).toBe('OK');
    expect(client.call('DEBUG', 'CLUSTERLINK', 'KILL', 'foo', other.id)).toEqual(
      errorReply('ERR Unknown direction foo'),
    );
    expect(client.call('DEBUG', 'CLUSTERLINK', 'KILL', 'all', 'x')).toEqual(errorReply('ERR Unknown node x'));
    expect(client.call('DEBUG', 'CLUSTERLINK')).toEqual(
      errorReply("ERR unknown subcommand or wrong number of arguments for 'CLUSTERLINK'. Try DEBUG HELP."),
    );
    expect(node.actions.asked).toEqual([`kill links to ${other.id}`]);
  });

  it('drops messages of the bus', () => {
    expect(client.call('DEBUG', 'DROP-CLUSTER-PACKET-FILTER', 3)).toBe('OK');
    expect(client.call('DEBUG', 'DROP-CLUSTER-PACKET-FILTER', -1)).toBe('OK');
    expect(node.actions.asked).toEqual(['drop messages of type 3', 'drop messages of type null']);
  });
});

describe('a container', () => {
  it('names what it does not know', () => {
    expect(cluster()).toEqual(errorReply("ERR wrong number of arguments for 'cluster' command"));
    expect(cluster('foo')).toEqual(errorReply("ERR unknown subcommand 'foo'. Try CLUSTER HELP."));
    expect(cluster('KEYSLOT')).toEqual(
      errorReply("ERR wrong number of arguments for 'cluster|keyslot' command"),
    );
  });

  it('helps', () => {
    const help = cluster('HELP');
    expect(help).toContain('CLUSTER <subcommand> [<arg> [value] [opt] ...]. Subcommands are:');
    expect(help).toContain('SETSLOT <slot> (IMPORTING <node-id>|MIGRATING <node-id>|STABLE|NODE <node-id>)');
  });
});

describe('a server that is in no cluster', () => {
  it('says so', () => {
    const server = new TestServer({ 'enable-debug-command': 'yes' });
    registerCommandsWithoutCluster(server.server);
    const standalone = server.connect();
    const disabled = errorReply('ERR This instance has cluster support disabled');
    expect(standalone.call('CLUSTER', 'INFO')).toEqual(disabled);
    expect(standalone.call('CLUSTER', 'HELP')).toEqual(disabled);
    expect(standalone.call('ASKING')).toEqual(disabled);
    expect(standalone.call('READONLY')).toEqual(disabled);
    expect(standalone.call('READWRITE')).toEqual(disabled);
    expect(standalone.call('CLUSTER', 'FOO')).toEqual(
      errorReply("ERR unknown subcommand 'FOO'. Try CLUSTER HELP."),
    );
    expect(standalone.call('DEBUG', 'CLUSTERLINK', 'KILL', 'to', idOf('x'))).toEqual(
      errorReply('ERR Debug option only available for cluster mode enabled setup!'),
    );
    expect(server.server.gates.isEmpty).toBe(true);
  });
});

describe('other commands in a cluster', () => {
  beforeEach(() => node.giveAll(node.myself));

  it('know one database', () => {
    expect(client.call('SELECT', 0)).toBe('OK');
    expect(client.call('SELECT', 1)).toEqual(errorReply('ERR SELECT is not allowed in cluster mode'));
    expect(client.call('SWAPDB', 0, 1)).toEqual(errorReply('ERR SWAPDB is not allowed in cluster mode'));
    expect(client.call('MOVE', 'a', 1)).toEqual(errorReply('ERR MOVE is not allowed in cluster mode'));
    expect(client.call('COPY', '{a}1', '{a}2', 'DB', 1)).toEqual(errorReply('ERR DB index is out of range'));
  });

  it('read no other keys', () => {
    expect(client.call('SORT', 'a', 'BY', 'x*')).toEqual(
      errorReply('ERR BY option of SORT denied in Cluster mode.'),
    );
    expect(client.call('SORT', 'a', 'GET', '#')).toEqual(
      errorReply('ERR GET option of SORT denied in Cluster mode.'),
    );
  });

  it('tell of the cluster', () => {
    expect(client.call('INFO', 'clients')).toContain('cluster_connections:2\r\n');
    expect(client.call('INFO', 'cluster')).toContain('cluster_enabled:1\r\n');
    expect(client.call('INFO', 'server')).toContain('redis_mode:cluster\r\n');
    expect(client.call('HELLO')).toContain('cluster');
  });

  it('leave room for the connections of the bus', () => {
    client.call('CONFIG', 'SET', 'maxclients', 3);
    const late = node.connect();
    expect(late.takeBytes()).toBe('-ERR max number of clients + cluster connections reached\r\n');
  });
});
