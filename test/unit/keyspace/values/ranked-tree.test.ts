import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RankedTree, type ScoredMember } from '../../../../src/keyspace/values/ranked-tree.js';

/** What the tree must equal: a plain sorted array. */
class SortedArray {
  readonly entries: ScoredMember[] = [];

  insert(entry: ScoredMember): void {
    this.entries.splice(this.placeOf(entry), 0, entry);
  }

  remove(position: number): ScoredMember {
    return this.entries.splice(position, 1)[0];
  }

  placeOf({ key, score }: ScoredMember): number {
    const place = this.entries.findIndex(
      (other) => other.score > score || (other.score === score && other.key > key),
    );
    return place === -1 ? this.entries.length : place;
  }
}

function walked(tree: RankedTree, from: number, step: 1 | -1): string[] {
  const members: string[] = [];
  tree.walk(from, step, (member) => members.push(member) > 0);
  return members;
}

function expectEqual(tree: RankedTree, model: SortedArray): void {
  const { entries } = model;
  const members = entries.map((entry) => entry.key);
  expect(tree.length).toBe(entries.length);
  expect(walked(tree, 0, 1)).toEqual(members);
  expect(walked(tree, entries.length - 1, -1)).toEqual(members.toReversed());
  for (let rank = 0; rank < entries.length; rank++) {
    expect(tree.at(rank)).toBe(entries[rank]);
    expect(tree.rankOf(entries[rank])).toBe(rank);
  }
  for (const score of [-1, 0, 3, 7, 1e9]) {
    const below = entries.filter((entry) => entry.score < score).length;
    expect(tree.countBefore((entry) => entry.score < score)).toBe(below);
  }
}

describe('a counted tree of scored members', () => {
  it('equals a sorted array after any inserts and removals, with few scores or many', () => {
    const steps = fc.array(
      fc.record({
        isInsert: fc.boolean(),
        times: fc.integer({ min: 1, max: 150 }),
        seed: fc.nat(),
        scores: fc.constantFrom(1, 10, 100_000),
      }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(steps, (all) => {
        const tree = new RankedTree();
        const model = new SortedArray();
        let members = 0;
        for (const { isInsert, times, seed, scores } of all) {
          for (let i = 0; i < times; i++) {
            const draw = Math.imul(seed + i, 0x9e3779b1) >>> 0;
            if (isInsert) {
              const entry = { key: `${draw % 7}:${members++}`, score: draw % scores };
              tree.insert(entry);
              model.insert(entry);
            } else if (model.entries.length > 0) {
              tree.remove(model.remove(draw % model.entries.length));
            }
          }
        }
        expectEqual(tree, model);
      }),
      { numRuns: 60 },
    );
  });

  for (const [order, scoreOf] of [
    ['ascending', (i: number) => i],
    ['descending', (i: number) => -i],
    ['from both ends', (i: number) => (i % 2 === 0 ? i : -i)],
  ] as const) {
    it(`holds what came in ${order}, and is empty once all of it left from either end`, () => {
      const tree = new RankedTree();
      const model = new SortedArray();
      for (let i = 0; i < 3000; i++) {
        const entry = { key: `m${i}`, score: scoreOf(i) };
        tree.insert(entry);
        model.insert(entry);
      }
      expectEqual(tree, model);
      for (let i = 0; i < 2990; i++) tree.remove(model.remove(i % 3 === 0 ? model.entries.length - 1 : 0));
      expectEqual(tree, model);
      while (model.entries.length > 0) tree.remove(model.remove(0));
      expectEqual(tree, model);
      expect(tree.at(0)).toBeUndefined();
    });
  }

  it('finds what was removed and came back, although a branch still knows it as a bound', () => {
    const tree = new RankedTree();
    const model = new SortedArray();
    const entries = Array.from({ length: 6000 }, (_, i) => ({ key: `m${i}`, score: i }));
    for (const entry of entries) {
      tree.insert(entry);
      model.insert(entry);
    }
    for (const entry of entries) {
      tree.remove(entry);
      const again = { ...entry };
      tree.insert(again);
      model.entries[entry.score] = again;
    }
    expectEqual(tree, model);
  });
});
