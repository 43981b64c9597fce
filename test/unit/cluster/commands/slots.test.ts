/** CLUSTER's subcommands about slots: replies and error texts as stock Redis 7.2 has them. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { ClusterNode } from '../../../../src/cluster/view/node.js';
import { ClusterTestNode, idOf } from '../../../support/cluster-node.js';
import { errorReply } from '../../../support/resp.js';
import type { TestClient } from '../../../support/test-server.js';

const FOO = 12182;

let node: ClusterTestNode;
let other: ClusterNode;
let client: TestClient;

beforeEach(() => {
  node = new ClusterTestNode();
  other = node.addNode('other');
  client = node.connect();
});

function cluster(...args: (string | number)[]) {
  return client.call('CLUSTER', ...args);
}

const OUT_OF_RANGE = errorReply('ERR Invalid or out of range slot');

describe('ADDSLOTS and DELSLOTS', () => {
  it('give slots to this node, and make it forget who has them', () => {
    expect(cluster('ADDSLOTS', 1, 2, 16383)).toBe('OK');
    expect([...node.myself.slots]).toEqual([1, 2, 16383]);
    node.give(other, 5);
    expect(cluster('DELSLOTS', 2, 5)).toBe('OK');
    expect([...node.myself.slots]).toEqual([1, 16383]);
    expect(other.slots.size).toBe(0);
  });

  it('change nothing when one slot is wrong', () => {
    expect(cluster('ADDSLOTS', 1, 'x')).toEqual(OUT_OF_RANGE);
    expect(cluster('ADDSLOTS', 1, 16384)).toEqual(OUT_OF_RANGE);
    expect(cluster('ADDSLOTS', 1, -1)).toEqual(OUT_OF_RANGE);
    expect(cluster('ADDSLOTS', 1, 1)).toEqual(errorReply('ERR Slot 1 specified multiple times'));
    node.give(other, 7);
    expect(cluster('ADDSLOTS', 1, 7)).toEqual(errorReply('ERR Slot 7 is already busy'));
    expect(cluster('DELSLOTS', 7, 1)).toEqual(errorReply('ERR Slot 1 is already unassigned'));
    expect(cluster('DELSLOTS', 7, 7)).toEqual(errorReply('ERR Slot 7 specified multiple times'));
    expect([...node.myself.slots]).toEqual([]);
    expect(other.slots.size).toBe(1);
  });

  it('end the import of a slot', () => {
    node.import(3, other);
    cluster('ADDSLOTS', 3);
    expect(node.view.importingFrom.size).toBe(0);
  });

  it('take ranges', () => {
    expect(cluster('ADDSLOTSRANGE', 0, 3, 10, 10)).toBe('OK');
    expect([...node.myself.slots]).toEqual([0, 1, 2, 3, 10]);
    expect(cluster('DELSLOTSRANGE', 1, 2)).toBe('OK');
    expect([...node.myself.slots]).toEqual([0, 3, 10]);
    expect(cluster('ADDSLOTSRANGE', 1, 2, 3)).toEqual(
      errorReply("ERR wrong number of arguments for 'cluster|addslotsrange' command"),
    );
    expect(cluster('DELSLOTSRANGE', 1, 2, 3)).toEqual(
      errorReply("ERR wrong number of arguments for 'cluster|delslotsrange' command"),
    );
    expect(cluster('ADDSLOTSRANGE', 5, 4)).toEqual(
      errorReply('ERR start slot number 5 is greater than end slot number 4'),
    );
    expect(cluster('ADDSLOTSRANGE', 4, 6, 5, 7)).toEqual(errorReply('ERR Slot 5 specified multiple times'));
    expect(cluster('ADDSLOTSRANGE', 2, 3)).toEqual(errorReply('ERR Slot 3 is already busy'));
  });
});

describe('FLUSHSLOTS', () => {
  it('takes all slots from a node without keys', () => {
    cluster('ADDSLOTSRANGE', 0, 16383);
    client.call('SET', 'foo', 'x');
    expect(cluster('FLUSHSLOTS')).toEqual(errorReply('ERR DB must be empty to perform CLUSTER FLUSHSLOTS.'));
    client.call('DEL', 'foo');
    expect(cluster('FLUSHSLOTS')).toBe('OK');
    expect(node.myself.slots.size).toBe(0);
  });
});

describe('SETSLOT', () => {
  const INVALID = errorReply('ERR Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP');

  it('MIGRATING needs a slot of ours and another master', () => {
    node.give(node.myself, 1);
    expect(cluster('SETSLOT', 2, 'MIGRATING', other.id)).toEqual(
      errorReply("ERR I'm not the owner of hash slot 2"),
    );
    expect(cluster('SETSLOT', 1, 'MIGRATING', 'nobody')).toEqual(
      errorReply("ERR I don't know about node nobody"),
    );
    const replica = node.addNode('replica', other);
    expect(cluster('SETSLOT', 1, 'MIGRATING', replica.id)).toEqual(
      errorReply('ERR Target node is not a master'),
    );
    expect(cluster('SETSLOT', 1, 'migrating', other.id)).toBe('OK');
    expect([...node.view.migratingTo]).toEqual([[1, other]]);
  });

  it('IMPORTING needs a slot that is not ours', () => {
    node.give(node.myself, 1);
    expect(cluster('SETSLOT', 1, 'IMPORTING', other.id)).toEqual(
      errorReply("ERR I'm already the owner of hash slot 1"),
    );
    expect(cluster('SETSLOT', 2, 'IMPORTING', 'nobody')).toEqual(
      errorReply("ERR I don't know about node nobody"),
    );
    expect(cluster('SETSLOT', 2, 'IMPORTING', other.id)).toBe('OK');
    expect([...node.view.importingFrom]).toEqual([[2, other]]);
  });

  it('STABLE ends both', () => {
    node.give(node.myself, 1);
    node.migrate(1, other);
    node.import(2, other);
    expect(cluster('SETSLOT', 1, 'STABLE')).toBe('OK');
    expect(cluster('SETSLOT', 2, 'STABLE')).toBe('OK');
    expect(node.view.migratingTo.size + node.view.importingFrom.size).toBe(0);
  });

  it('NODE names the owner, unless keys would be left behind', () => {
    node.giveAll(node.myself);
    client.call('SET', 'foo', 'x');
    expect(cluster('SETSLOT', FOO, 'NODE', 'nobody')).toEqual(errorReply('ERR Unknown node nobody'));
    expect(cluster('SETSLOT', FOO, 'NODE', other.id)).toEqual(
      errorReply(
        `ERR Can't assign hashslot ${FOO} to a different node while I still hold keys for this hash slot.`,
      ),
    );
    client.call('DEL', 'foo');
    expect(cluster('SETSLOT', FOO, 'NODE', other.id)).toBe('OK');
    expect(client.call('GET', 'foo')).toEqual(errorReply(`MOVED ${FOO} 127.0.0.1:7001`));
  });

  it('wants to be told what, and to a master', () => {
    expect(cluster('SETSLOT', 'x', 'STABLE')).toEqual(OUT_OF_RANGE);
    expect(cluster('SETSLOT', 1, 'foo')).toEqual(INVALID);
    expect(cluster('SETSLOT', 1, 'STABLE', 'x')).toEqual(INVALID);
    expect(cluster('SETSLOT', 1, 'NODE')).toEqual(INVALID);
    expect(cluster('SETSLOT', 1)).toEqual(
      errorReply("ERR wrong number of arguments for 'cluster|setslot' command"),
    );
    node.follow(other);
    expect(cluster('SETSLOT', 'x', 'foo')).toEqual(errorReply('ERR Please use SETSLOT only with masters.'));
  });
});

describe('the keys of a slot', () => {
  beforeEach(() => node.giveAll(node.myself));

  it('are counted and listed, the newest first', () => {
    client.call('MSET', '{foo}1', 'a', '{foo}2', 'b', '{foo}3', 'c');
    expect(cluster('COUNTKEYSINSLOT', FOO)).toBe(3);
    expect(cluster('GETKEYSINSLOT', FOO, 2)).toEqual(['{foo}3', '{foo}2']);
    expect(cluster('GETKEYSINSLOT', FOO, 0)).toEqual([]);
    expect(cluster('COUNTKEYSINSLOT', 0)).toBe(0);
  });

  it('are asked for by numbers', () => {
    const notAnInteger = errorReply('ERR value is not an integer or out of range');
    expect(cluster('COUNTKEYSINSLOT', 'x')).toEqual(notAnInteger);
    expect(cluster('COUNTKEYSINSLOT', 16384)).toEqual(errorReply('ERR Invalid slot'));
    expect(cluster('GETKEYSINSLOT', 1, 'x')).toEqual(notAnInteger);
    expect(cluster('GETKEYSINSLOT', 1, -1)).toEqual(errorReply('ERR Invalid slot or number of keys'));
    expect(cluster('GETKEYSINSLOT', -1, 1)).toEqual(errorReply('ERR Invalid slot or number of keys'));
  });

  it('are hashed by what stands between the first braces', () => {
    expect(cluster('KEYSLOT', 'foo')).toBe(FOO);
    expect(cluster('KEYSLOT', 'x{foo}y')).toBe(FOO);
    expect(cluster('KEYSLOT', idOf(''))).toBeTypeOf('number');
  });
});
