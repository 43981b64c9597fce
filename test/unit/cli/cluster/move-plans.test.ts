/** Which slots move: resharding and rebalancing, as redis-cli plans them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planRebalance } from '../../../../src/cli/cluster/plan/rebalance-plan.js';
import { planReshard } from '../../../../src/cli/cluster/plan/reshard-plan.js';
import { SlotSet } from '../../../../src/cli/cluster/slot-set.js';
import { SLOT_COUNT } from '../../../../src/keyspace/key-slot.js';

/** A master with so many slots, from `first` on. */
function master(name: string, count: number, first = 0) {
  return { name, slots: SlotSet.ofRange({ first, last: first + count - 1 }) };
}

describe('resharding', () => {
  test('takes from each in proportion, its lowest slots first, the largest making up for rounding', () => {
    const sources = [master('a', 5461), master('b', 5462, 5461), master('c', 5461, 10_923)];
    expect(planReshard(sources, 10).map(({ source, slot }) => `${source.name}${slot}`)).toEqual([
      ...['b5461', 'b5462', 'b5463', 'b5464'],
      ...['a0', 'a1', 'a2'],
      ...['c10923', 'c10924', 'c10925'],
    ]);
  });

  test.each([
    ['one slot of equals', [100, 100], 1, [1, 0]],
    ['all there is', [10, 20], 30, [10, 20]],
    ['more than there is', [10, 20], 1000, [10, 20]],
    ['nothing from one without slots', [0, 50], 5, [0, 5]],
    ['nothing from nobody', [0, 0], 5, [0, 0]],
  ])('%s', (_, counts, wanted, expected) => {
    const sources = counts.map((count, index) => master(String(index), count, index * 1000));
    const planned = planReshard(sources, wanted);
    expect(sources.map((source) => planned.filter((slot) => slot.source === source).length)).toEqual(
      expected,
    );
  });

  test('never plans a slot twice, nor more than asked for, nor one that the source has not', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: SLOT_COUNT }),
        (counts, wanted) => {
          const sources = counts.map((count, index) => master(String(index), count, index * 2000));
          const planned = planReshard(sources, wanted);
          expect(planned.length).toBeLessThanOrEqual(wanted);
          expect(new Set(planned.map(({ slot }) => slot)).size).toBe(planned.length);
          expect(planned.every(({ source, slot }) => source.slots.has(slot))).toBe(true);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('rebalancing', () => {
  function plan(
    masters: readonly (readonly [count: number, weight: number])[],
    threshold = 2,
  ): string[] | null {
    let first = 0;
    const { transfers } = planRebalance(
      masters.map(([count, weight], index) => {
        const { slots } = master('', count, first);
        first += count;
        return { node: index, slots, weight };
      }),
      threshold,
    );
    return transfers?.map(({ source, target, slotCount }) => `${slotCount}: ${source}->${target}`) ?? null;
  }

  test.each([
    [
      'masters with equal shares',
      [
        [5461, 1],
        [5462, 1],
        [5461, 1],
      ],
      null,
    ],
    [
      'masters within the threshold',
      [
        [5451, 1],
        [5482, 1],
        [5451, 1],
      ],
      null,
    ],
    [
      'an empty master that joins',
      [
        [5461, 1],
        [5462, 1],
        [5461, 1],
        [0, 1],
      ],
      ['1366: 1->3', '1365: 0->3', '1365: 2->3'],
    ],
    [
      'a master that is to have half more',
      [
        [5451, 1.5],
        [5482, 1],
        [5451, 1],
      ],
      ['801: 1->0', '770: 2->0'],
    ],
    [
      'a master that is emptied',
      [
        [5461, 0],
        [5462, 1],
        [5461, 1],
      ],
      ['2731: 0->2', '2730: 0->1'],
    ],
  ] as const)('%s', (_, masters, expected) => {
    expect(plan(masters)?.sort()).toEqual(expected === null ? undefined : [...expected].sort());
  });

  test('leaves everyone with its share, to as many slots as there are masters, for rounding', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 2, maxLength: 6 }), (parts) => {
        const used = parts.reduce((sum, part) => sum + part, 0);
        const counts = [...parts.slice(0, -1), parts.at(-1)! + SLOT_COUNT - used];
        fc.pre(counts.every((count) => count >= 0));
        let first = 0;
        const masters = counts.map((count, node) => {
          const { slots } = master('', count, first);
          first += count;
          return { node, slots, weight: 1 };
        });
        const result = [...counts];
        for (const { source, target, slotCount } of planRebalance(masters, 0.0001).transfers ?? []) {
          result[source]! -= slotCount;
          result[target]! += slotCount;
        }
        const share = SLOT_COUNT / counts.length;
        for (const count of result) expect(Math.abs(count - share)).toBeLessThanOrEqual(counts.length);
      }),
      { numRuns: 50 },
    );
  });
});
