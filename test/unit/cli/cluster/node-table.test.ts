/** CLUSTER NODES, taken apart. */
import { describe, expect, test } from 'vitest';
import {
  configurationSignature,
  parseClusterNodes,
  parseNodeAddress,
} from '../../../../src/cli/cluster/node-table.js';
import { formatSlots, SlotSet } from '../../../../src/cli/cluster/slot-set.js';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const C = 'c'.repeat(40);

describe('an address', () => {
  test.each([
    ['127.0.0.1:7000', { host: '127.0.0.1', port: 7000, busPort: 0 }],
    ['127.0.0.1:7000@17000', { host: '127.0.0.1', port: 7000, busPort: 17000 }],
    ['10.0.0.1:7000@17000,node-1.example', { host: '10.0.0.1', port: 7000, busPort: 17000 }],
    ['10.0.0.1:7000@17000,,shard-id=12', { host: '10.0.0.1', port: 7000, busPort: 17000 }],
    ['::1:7000@17000', { host: '::1', port: 7000, busPort: 17000 }],
    [':7000@17000', { host: '', port: 7000, busPort: 17000 }],
    ['localhost', null],
    ['localhost:', null],
    ['', null],
  ])('%j', (text, expected) => {
    expect(parseNodeAddress(text)).toEqual(expected);
  });
});

describe('the nodes', () => {
  const text =
    `${A} 127.0.0.1:7000@17000 myself,master - 0 0 7 connected 0-5460 7000 [93->-${B}] [77-<-${B}]\n` +
    `${B} 127.0.0.1:7001@17001,host-b master - 0 1700000000000 2 connected 5461-6999\n` +
    `${C} :0@0 slave,fail,noaddr ${B} 0 1700000000000 2 disconnected\n`;

  test('have ids, flags, masters, slots and open slots', () => {
    const [a, b, c] = parseClusterNodes(text)!;
    expect(a).toMatchObject({
      id: A,
      flags: ['myself', 'master'],
      masterId: null,
      configEpoch: '7',
      isConnected: true,
    });
    expect(formatSlots(a!.slots)).toBe('[0-5460],[7000]');
    expect([...a!.migrating]).toEqual([[93, B]]);
    expect([...a!.importing]).toEqual([[77, B]]);
    expect(b).toMatchObject({ host: '127.0.0.1', port: 7001, busPort: 17001 });
    expect(c).toMatchObject({ host: '', masterId: B, isConnected: false });
  });

  test.each(['x\n', `${A} nowhere master - 0 0 1 connected\n`, 'ERR unknown command\n'])(
    'are not %j',
    (other) => {
      expect(parseClusterNodes(other)).toBeNull();
    },
  );

  test('agree when the same nodes have the same slots, whatever the order and what is open', () => {
    const other =
      `${B} 127.0.0.1:7001@17001 myself,master - 0 0 2 connected 5461-6999 [5461->-${A}]\n` +
      `${A} 127.0.0.1:7000@17000 master - 0 0 7 connected 0-5460 7000\n`;
    const signature = configurationSignature(parseClusterNodes(text)!);
    expect(configurationSignature(parseClusterNodes(other)!)).toBe(signature);
    expect(configurationSignature(parseClusterNodes(other.replace('5461-6999', '5461-6998'))!)).not.toBe(
      signature,
    );
  });
});

describe('a set of slots', () => {
  test('counts each once and gives ranges', () => {
    const slots = SlotSet.of([3, 1, 2, 2, 9]);
    slots.delete(9);
    slots.delete(9);
    slots.add(16383);
    slots.add(16384);
    expect(slots.count).toBe(4);
    expect([...slots]).toEqual([1, 2, 3, 16383]);
    expect(formatSlots(slots)).toBe('[1-3],[16383]');
    expect(formatSlots(new SlotSet())).toBe('');
  });
});
