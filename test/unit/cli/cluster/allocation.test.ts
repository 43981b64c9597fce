/** Who becomes what in a new cluster; the expected allocations are redis-cli's own for the same nodes. */
import { describe, expect, test } from 'vitest';
import {
  allocate,
  countMasters,
  divideSlots,
  interleaveByHost,
} from '../../../../src/cli/cluster/plan/allocation.js';
import { SLOT_COUNT } from '../../../../src/keyspace/key-slot.js';

interface Node {
  readonly host: string;
  readonly name: string;
}

/** `a1` is node a1 on host a. */
function nodes(...names: string[]): Node[] {
  return names.map((name) => ({ host: name[0]!, name }));
}

function pairs(names: readonly string[], replicas: number): string[] {
  return allocate(nodes(...names), replicas).replicas.map(
    ({ node, master, isExtra }) => `${node.name}->${master.name}${isExtra ? ' extra' : ''}`,
  );
}

describe('how many masters', () => {
  test.each([
    [6, 1, 3],
    [3, 0, 3],
    [5, 1, 2],
    [9, 2, 3],
    [8, 1, 4],
  ])('%i nodes with %i replicas each have %i', (count, replicas, masters) => {
    expect(countMasters(count, replicas)).toBe(masters);
  });
});

describe('slots', () => {
  test.each([
    [3, ['0-5460', '5461-10922', '10923-16383']],
    [4, ['0-4095', '4096-8191', '8192-12287', '12288-16383']],
    [5, ['0-3276', '3277-6553', '6554-9829', '9830-13106', '13107-16383']],
  ])('are divided among %i masters as redis-cli divides them', (masters, expected) => {
    expect(divideSlots(masters).map(({ first, last }) => `${first}-${last}`)).toEqual(expected);
  });

  test.each([3, 6, 7, 11, 100, 1000])('are all given away once, to %i masters', (masters) => {
    const ranges = divideSlots(masters);
    expect(ranges[0]!.first).toBe(0);
    expect(ranges.at(-1)!.last).toBe(SLOT_COUNT - 1);
    for (const [index, { first }] of ranges.entries()) {
      if (index > 0) expect(first).toBe(ranges[index - 1]!.last + 1);
    }
  });
});

describe('nodes', () => {
  test('of different hosts take turns', () => {
    const order = interleaveByHost(nodes('a1', 'a2', 'a3', 'b1', 'c1', 'c2')).map(({ name }) => name);
    expect(order).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3']);
  });

  test('on one host become masters in the order given', () => {
    const { masters } = allocate(nodes('a1', 'a2', 'a3', 'a4', 'a5', 'a6'), 1);
    expect(masters.map(({ node }) => node.name)).toEqual(['a1', 'a2', 'a3']);
  });
});

describe('replicas', () => {
  test('on one host are handed out rotated by one', () => {
    expect(pairs(['a1', 'a2', 'a3', 'a4', 'a5', 'a6'], 1)).toEqual(['a5->a1', 'a6->a2', 'a4->a3']);
  });

  test('live on another host than their master where they can', () => {
    expect(pairs(['a1', 'b1', 'c1', 'a2', 'b2', 'c2'], 1)).toEqual(['b2->a1', 'c2->b1', 'a2->c1']);
  });

  test('beyond those asked for are used up one per master', () => {
    expect(pairs(['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7'], 1)).toEqual([
      'a5->a1',
      'a6->a2',
      'a7->a3',
      'a4->a1 extra',
    ]);
  });
});
