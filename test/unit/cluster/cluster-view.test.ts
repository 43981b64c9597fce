import { describe, expect, it } from 'vitest';
import { ClusterView } from '../../../src/cluster/view/cluster-view.js';
import { ClusterNode } from '../../../src/cluster/view/node.js';
import { rangeText, SlotSet, type Slot } from '../../../src/cluster/view/slots.js';
import { toNodeId } from '../../../src/failover/identity.js';

function node(name: string): ClusterNode {
  const id = toNodeId(name.padEnd(40, '0'));
  return new ClusterNode({ id, shardId: id, host: '127.0.0.1', port: 7000, busPort: 17000 }, 1);
}

describe('a set of slots', () => {
  it('has the bit order of the bus', () => {
    const slots = new SlotSet();
    for (const slot of [5461, 5462, 5463] as Slot[]) slots.add(slot);
    expect(slots.bitmap[682]).toBe(0xe0);
    expect(new SlotSet(slots.bitmap).size).toBe(3);
  });

  it('tells its ranges in order', () => {
    const slots = new SlotSet();
    for (const slot of [16383, 0, 1, 2, 7] as Slot[]) slots.add(slot);
    expect(slots.ranges().map(rangeText)).toEqual(['0-2', '7', '16383']);
  });
});

describe('the view of the cluster', () => {
  it('has one owner at most for a slot', () => {
    const view = new ClusterView(node('a'));
    const other = node('b');
    view.add(other);
    const slot = 5 as Slot;
    view.setOwner(slot, view.myself);
    view.unclaimed.add(slot);
    view.setOwner(slot, other);
    expect(view.myself.slots.size).toBe(0);
    expect([...other.slots]).toEqual([5]);
    expect(view.unclaimed.has(slot)).toBe(false);
  });

  it('leaves no trace of a node that is removed', () => {
    const view = new ClusterView(node('a'));
    const other = node('b');
    view.add(other);
    view.setOwner(5 as Slot, other);
    view.importingFrom.set(5 as Slot, other);
    view.myself.role = 'replica';
    view.setMaster(view.myself, other);
    view.remove(other);
    expect(view.find(other.id)).toBeUndefined();
    expect(view.ownerOf(5 as Slot)).toBeNull();
    expect(view.importingFrom.size).toBe(0);
    expect(view.myself.master).toBeNull();
  });
});
