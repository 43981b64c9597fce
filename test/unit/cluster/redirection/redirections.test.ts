/** Slots of the keys used here: foo 12182, bar 5061, {t}1 and {t}2 15891. */
import { describe, expect, it } from 'vitest';
import { ClusterTestNode } from '../../../support/cluster-node.js';
import { errorReply } from '../../../support/resp.js';

const FOO = 12182;
const BAR = 5061;
const TAG = 15891;

function pair() {
  const node = new ClusterTestNode();
  const other = node.addNode('other');
  node.giveAll(node.myself);
  return { node, other, client: node.connect() };
}

describe('a node that has all slots', () => {
  it('serves what is in one slot', () => {
    const { client } = pair();
    expect(client.call('SET', 'foo', 'x')).toBe('OK');
    expect(client.call('MSET', '{t}1', 'a', '{t}2', 'b')).toBe('OK');
    expect(client.call('MGET', '{t}1', '{t}2')).toEqual(['a', 'b']);
  });

  it('refuses keys in different slots', () => {
    const { client } = pair();
    const crossSlot = errorReply("CROSSSLOT Keys in request don't hash to the same slot");
    expect(client.call('MSET', 'foo', '1', 'bar', '2')).toEqual(crossSlot);
    expect(client.call('DEL', 'foo', 'bar')).toEqual(crossSlot);
    expect(client.call('ZUNIONSTORE', 'foo', 1, 'bar')).toEqual(crossSlot);
    expect(client.call('SSUBSCRIBE', 'foo', 'bar')).toEqual(crossSlot);
  });

  it('serves commands without keys', () => {
    const { client } = pair();
    expect(client.call('PING')).toBe('PONG');
    expect(client.call('SUNSUBSCRIBE')).toEqual(['sunsubscribe', null, 0]);
    expect(client.call('XREAD', 'STREAMS')).toEqual(
      errorReply("ERR wrong number of arguments for 'xread' command"),
    );
    expect(client.call('ZUNION', 'x', 'foo')).toEqual(
      errorReply('ERR value is not an integer or out of range'),
    );
  });
});

describe('a slot of another node', () => {
  it('is redirected to its owner, whatever the command', () => {
    const { node, other, client } = pair();
    node.give(other, FOO);
    const moved = errorReply(`MOVED ${FOO} 127.0.0.1:7001`);
    expect(client.call('GET', 'foo')).toEqual(moved);
    expect(client.call('SET', 'foo', 'x')).toEqual(moved);
    expect(client.call('OBJECT', 'ENCODING', 'foo')).toEqual(moved);
    expect(client.call('EVAL_RO', 'return 1', 1, 'foo')).toBeInstanceOf(errorReply('').constructor);
    expect(client.call('SPUBLISH', 'foo', 'x')).toEqual(moved);
    expect(client.call('WATCH', 'foo')).toEqual(moved);
    expect(client.call('GET', 'bar')).toBeNull();
  });

  it('is found unserved before anything else when it has no owner', () => {
    const { node, client } = pair();
    node.give(null, FOO);
    expect(client.call('MGET', 'foo', 'bar')).toEqual(errorReply('CLUSTERDOWN Hash slot not served'));
    expect(client.call('MGET', 'bar', 'foo')).toEqual(
      errorReply("CROSSSLOT Keys in request don't hash to the same slot"),
    );
  });

  it('is named by the endpoint that is preferred', () => {
    const { node, other, client } = pair();
    node.give(other, FOO);
    client.call('CONFIG', 'SET', 'cluster-preferred-endpoint-type', 'hostname');
    expect(client.call('GET', 'foo')).toEqual(errorReply(`MOVED ${FOO} ?:7001`));
    other.hostname = 'other.example.com';
    expect(client.call('GET', 'foo')).toEqual(errorReply(`MOVED ${FOO} other.example.com:7001`));
    client.call('CONFIG', 'SET', 'cluster-preferred-endpoint-type', 'unknown-endpoint');
    expect(client.call('GET', 'foo')).toEqual(errorReply(`MOVED ${FOO} :7001`));
  });

  it('counts the refusals of a command', () => {
    const { node, other, client } = pair();
    node.give(other, FOO);
    client.call('GET', 'foo');
    expect(node.server.commands.find('get')?.rejectedCalls).toBe(1);
    expect(client.call('INFO', 'errorstats')).toContain('errorstat_MOVED:count=1');
  });
});

describe('a slot that leaves', () => {
  it('sends clients on for what has left or is new', () => {
    const { node, other, client } = pair();
    client.call('MSET', '{t}1', 'a', '{t}2', 'b');
    node.migrate(TAG, other);
    const ask = errorReply(`ASK ${TAG} 127.0.0.1:7001`);
    expect(client.call('GET', '{t}1')).toBe('a');
    expect(client.call('MGET', '{t}1', '{t}2')).toEqual(['a', 'b']);
    expect(client.call('GET', '{t}3')).toEqual(ask);
    expect(client.call('SET', '{t}3', 'c')).toEqual(ask);
    expect(client.call('MGET', '{t}3', '{t}4')).toEqual(ask);
    expect(client.call('MGET', '{t}1', '{t}3')).toEqual(
      errorReply('TRYAGAIN Multiple keys request during rehashing of slot'),
    );
  });

  it('has no keys that have expired, even if they are still stored', () => {
    const { node, other, client } = pair();
    client.call('SET', 'foo', 'x', 'PX', 10);
    node.server.activeExpiry.enabled = false;
    node.migrate(FOO, other);
    node.advance(20);
    expect(client.call('GET', 'foo')).toEqual(errorReply(`ASK ${FOO} 127.0.0.1:7001`));
    expect(client.call('DBSIZE')).toBe(1);
  });

  it('is where its shard channels are until it has left', () => {
    const { node, other, client } = pair();
    node.migrate(FOO, other);
    expect(client.call('SPUBLISH', 'foo', 'x')).toBe(0);
  });
});

describe('a slot that comes', () => {
  function importing() {
    const { node, other, client } = pair();
    node.give(other, TAG, FOO);
    node.import(TAG, other);
    return { node, client, moved: errorReply(`MOVED ${TAG} 127.0.0.1:7001`) };
  }

  it('is served to who asks with ASKING, for one command', () => {
    const { client, moved } = importing();
    expect(client.call('SET', '{t}1', 'a')).toEqual(moved);
    expect(client.call('ASKING')).toBe('OK');
    expect(client.call('SET', '{t}1', 'a')).toBe('OK');
    expect(client.call('GET', '{t}1')).toEqual(moved);
    client.call('ASKING');
    client.call('PING');
    expect(client.call('GET', '{t}1')).toEqual(moved);
  });

  it('is served for a whole transaction when ASKING comes before MULTI', () => {
    const { client, moved } = importing();
    client.call('ASKING');
    expect(client.call('MULTI')).toBe('OK');
    expect(client.call('SET', '{t}1', 'a')).toBe('QUEUED');
    expect(client.call('GET', '{t}1')).toBe('QUEUED');
    expect(client.call('EXEC')).toEqual(['OK', 'a']);
    expect(client.call('GET', '{t}1')).toEqual(moved);
  });

  it('is not served for several keys of which some are still to come', () => {
    const { client } = importing();
    const tryAgain = errorReply('TRYAGAIN Multiple keys request during rehashing of slot');
    client.call('ASKING');
    expect(client.call('MSET', '{t}1', 'a', '{t}2', 'b')).toEqual(tryAgain);
    client.call('ASKING');
    expect(client.call('DEL', '{t}1', '{t}1')).toBe(0);
  });

  it('forgets ASKING with RESET', () => {
    const { client, moved } = importing();
    client.call('ASKING');
    client.call('RESET');
    expect(client.call('GET', '{t}1')).toEqual(moved);
  });

  it('keeps ASKING for a command that was put off', () => {
    const { node, client } = importing();
    const admin = node.connect();
    admin.call('CLIENT', 'PAUSE', 100, 'WRITE');
    client.call('ASKING');
    client.send('SET', '{t}1', 'a');
    expect(client.replies()).toEqual([]);
    node.advance(200);
    expect(client.replies()).toEqual(['OK']);
  });
});

describe('a transaction', () => {
  it('is not executed after one of its commands was redirected', () => {
    const { node, other, client } = pair();
    node.give(other, FOO);
    client.call('MULTI');
    expect(client.call('SET', 'foo', 'x')).toEqual(errorReply(`MOVED ${FOO} 127.0.0.1:7001`));
    expect(client.call('EXEC')).toEqual(
      errorReply('EXECABORT Transaction discarded because of previous errors.'),
    );
  });

  it('is redirected as a whole, and over, when its slot has left before EXEC', () => {
    const { node, other, client } = pair();
    client.call('MULTI');
    client.call('SET', 'foo', 'x');
    node.give(other, FOO);
    expect(client.call('EXEC')).toEqual(errorReply(`MOVED ${FOO} 127.0.0.1:7001`));
    expect(client.call('EXEC')).toEqual(errorReply('ERR EXEC without MULTI'));
  });

  it('has all its keys in one slot', () => {
    const { client } = pair();
    client.call('MULTI');
    client.call('SET', 'foo', '1');
    client.call('SET', 'bar', '2');
    expect(client.call('EXEC')).toEqual(errorReply("CROSSSLOT Keys in request don't hash to the same slot"));
    expect(client.call('EXISTS', 'foo')).toBe(0);
  });

  it('may have no keys at all', () => {
    const { node, client } = pair();
    node.setServing(false);
    client.call('MULTI');
    client.call('PING');
    expect(client.call('EXEC')).toEqual(['PONG']);
  });
});

describe('a cluster that is down', () => {
  const down = errorReply('CLUSTERDOWN The cluster is down');

  it('serves no keys, but what has none', () => {
    const { node, client } = pair();
    node.setServing(false);
    expect(client.call('GET', 'foo')).toEqual(down);
    expect(client.call('MGET', 'foo', 'bar')).toEqual(
      errorReply("CROSSSLOT Keys in request don't hash to the same slot"),
    );
    expect(client.call('DBSIZE')).toBe(0);
    expect(client.call('FLUSHALL')).toBe('OK');
  });

  it('serves reads if that is allowed, and redirects them', () => {
    const { node, other, client } = pair();
    client.call('CONFIG', 'SET', 'cluster-allow-reads-when-down', 'yes');
    node.give(other, BAR);
    node.setServing(false);
    expect(client.call('GET', 'foo')).toBeNull();
    expect(client.call('GET', 'bar')).toEqual(errorReply(`MOVED ${BAR} 127.0.0.1:7001`));
    expect(client.call('SET', 'foo', 'x')).toEqual(
      errorReply('CLUSTERDOWN The cluster is down and only accepts read commands'),
    );
  });

  it('delivers messages of shard channels unless that is forbidden', () => {
    const { node, client } = pair();
    node.setServing(false);
    expect(client.call('SPUBLISH', 'foo', 'x')).toBe(0);
    client.call('CONFIG', 'SET', 'cluster-allow-pubsubshard-when-down', 'no');
    expect(client.call('SPUBLISH', 'foo', 'x')).toEqual(down);
  });
});

describe('a replica', () => {
  function replica() {
    const node = new ClusterTestNode();
    const master = node.addNode('master');
    node.giveAll(master);
    node.follow(master);
    return { node, client: node.connect(), moved: errorReply(`MOVED ${FOO} 127.0.0.1:7001`) };
  }

  it('sends clients to its master', () => {
    const { client, moved } = replica();
    expect(client.call('GET', 'foo')).toEqual(moved);
    expect(client.call('SET', 'foo', 'x')).toEqual(moved);
  });

  it('serves reads after READONLY, until READWRITE', () => {
    const { client, moved } = replica();
    expect(client.call('READONLY')).toBe('OK');
    expect(client.call('GET', 'foo')).toBeNull();
    expect(client.call('SET', 'foo', 'x')).toEqual(moved);
    expect(client.call('READWRITE')).toBe('OK');
    expect(client.call('GET', 'foo')).toEqual(moved);
  });

  it('serves transactions that only read', () => {
    const { client, moved } = replica();
    client.call('READONLY');
    client.call('MULTI');
    expect(client.call('GET', 'foo')).toBe('QUEUED');
    expect(client.call('EXEC')).toEqual([null]);
    client.call('MULTI');
    expect(client.call('SET', 'foo', 'x')).toEqual(moved);
    expect(client.call('EXEC')).toEqual(
      errorReply('EXECABORT Transaction discarded because of previous errors.'),
    );
  });

  it('serves shard channels to everybody', () => {
    const { client } = replica();
    expect(client.call('SPUBLISH', 'foo', 'x')).toBe(0);
  });

  it('does not serve what another master has', () => {
    const { node, client } = replica();
    const other = node.addNode('other');
    node.give(other, FOO);
    client.call('READONLY');
    expect(client.call('GET', 'foo')).toEqual(errorReply(`MOVED ${FOO} 127.0.0.1:7002`));
  });
});

describe('a command inside a script', () => {
  function scripted() {
    const { node, other, client } = pair();
    const { server } = node;
    const caller = client.client;
    const refusal = (words: readonly string[], script = { allowsCrossSlotKeys: true, slot: -1 }) => {
      const command = server.commands.find(words[0])!;
      return server.slotRules!.scriptRefusal(caller, command, words, script);
    };
    return { node, other, client, refusal };
  }

  it('may use what is served here, in several slots only if the script says so', () => {
    const { refusal } = scripted();
    const strict = { allowsCrossSlotKeys: false, slot: -1 };
    const severalSlots = 'ERR Script attempted to access keys that do not hash to the same slot';
    expect(refusal(['GET', 'foo'])).toBeNull();
    expect(refusal(['GET', 'foo'], strict)).toBeNull();
    expect(strict.slot).toBe(FOO);
    expect(refusal(['PING'], strict)).toBeNull();
    expect(refusal(['GET', 'bar'], strict)).toBe(severalSlots);
    expect(refusal(['MGET', 'foo', 'bar'])).toBe(severalSlots);
  });

  it('is held to the keys that the script was called with', () => {
    const { client, refusal } = scripted();
    client.call('GET', 'bar');
    const strict = { allowsCrossSlotKeys: false, slot: -1 };
    expect(refusal(['GET', 'foo'], strict)).toBe(
      'ERR Script attempted to access keys that do not hash to the same slot',
    );
  });

  it('is told what is not here, and that the cluster is down', () => {
    const { node, other, client, refusal } = scripted();
    const notLocal = 'ERR Script attempted to access a non local key in a cluster node';
    node.give(other, FOO);
    expect(refusal(['GET', 'foo'])).toBe(notLocal);
    node.give(null, FOO);
    expect(refusal(['GET', 'foo'])).toBe(notLocal);
    node.setServing(false);
    expect(refusal(['GET', 'bar'])).toBe(
      'ERR Script attempted to execute a command while the cluster is down',
    );
    client.call('CONFIG', 'SET', 'cluster-allow-reads-when-down', 'yes');
    expect(refusal(['SET', 'bar', 'x'])).toBe(
      'ERR Script attempted to execute a write command while the cluster is down and readonly',
    );
  });
});
