import { describe, expect, test } from 'vitest';
import { slotRanges } from '../../../src/lab/cluster-formation.js';
import { parseClusterNodes } from '../../../src/client/cluster-nodes.js';
import { agreedConfiguration, coversSlot } from '../../../src/lab/cluster-view.js';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const C = 'c'.repeat(40);
const REPLY = [
  `${A} 127.0.0.1:7000@17000 myself,master - 0 1795401913000 1 connected 0-5460 7000 [7001->-${C}]`,
  `${B} 127.0.0.1:7003@17003,host-b slave ${A} 0 1795401913000 1 connected`,
  `${C} :0@0 master,fail?,noaddr - 1795401912000 1795401911000 3 disconnected 10923-16383`,
  '',
].join('\n');

describe('the reply of CLUSTER NODES', () => {
  const [first, second, third] = parseClusterNodes(REPLY);

  test('tells of every node who it is, where, and whom it follows', () => {
    expect(first).toMatchObject({ id: A, address: { host: '127.0.0.1', port: 7000 }, masterId: null });
    expect(first!.flags).toEqual(new Set(['myself', 'master']));
    expect(second).toMatchObject({ masterId: A, isConnected: true, configEpoch: 1, slots: [] });
    expect(third).toMatchObject({ address: null, isConnected: false });
  });

  test('tells the slots, without those that are on the move', () => {
    expect(first!.slots).toEqual(['0-5460', '7000']);
    expect([0, 5460, 7000].every((slot) => coversSlot(first!, slot))).toBe(true);
    expect([5461, 7001, 16383].some((slot) => coversSlot(first!, slot))).toBe(false);
  });

  test('views agree whatever their order and what each sees as itself', () => {
    const other = [
      `${B} 127.0.0.1:7003@17003 myself,slave ${A} 0 0 0 connected`,
      `${C} 127.0.0.1:7002@17002 master - 0 0 3 connected 10923-16383`,
      `${A} 127.0.0.1:7000@17000 master - 0 0 1 connected 0-5460 7000`,
    ].join('\n');
    expect(agreedConfiguration(parseClusterNodes(other))).toBe(agreedConfiguration(parseClusterNodes(REPLY)));
    const newer = other.replace('0 0 1 connected 0-5460', '0 0 4 connected 0-5460');
    expect(agreedConfiguration(parseClusterNodes(newer))).not.toBe(
      agreedConfiguration(parseClusterNodes(REPLY)),
    );
  });
});

test.each([1, 2, 3, 5, 7])('the slots of %d masters cover everything once', (count) => {
  const ranges = slotRanges(count);
  expect(ranges[0]![0]).toBe(0);
  expect(ranges.at(-1)![1]).toBe(16383);
  for (const [index, [first]] of ranges.slice(1).entries()) expect(first).toBe(ranges[index]![1] + 1);
});

test('three masters have the slots that every guide shows', () => {
  expect(slotRanges(3)).toEqual([
    [0, 5460],
    [5461, 10922],
    [10923, 16383],
  ]);
});
