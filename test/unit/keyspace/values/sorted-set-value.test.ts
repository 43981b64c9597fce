import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_ENCODING_LIMITS } from '../../../../src/keyspace/values/encoding-limits.js';
import { SortedSetValue, type SortedSetView } from '../../../../src/keyspace/values/sorted-set-value.js';

const limits = DEFAULT_ENCODING_LIMITS;
type Pair = [string, number];

function contentsOf(set: SortedSetValue): Pair[] {
  const members: Pair[] = [];
  set.walk(0, 1, (member, score) => members.push([member, score]) > 0);
  return members;
}

function sorted(model: Map<string, number>): Pair[] {
  return [...model].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1));
}

function contentsOfView(view: SortedSetView): Map<string, number> {
  return new Map(Array.from({ length: view.size }, (_, i) => [view.at(i).key, view.at(i).score]));
}

const member = fc.nat(80).map((n) => `m${n}`);
/** Without -0, which only large sets keep. */
const score = fc
  .oneof(fc.integer({ min: -5, max: 5 }), fc.double({ noNaN: true, noDefaultInfinity: true }))
  .map((number) => number + 0);
const operation = fc.record({
  kind: fc.constantFrom('set', 'set', 'set', 'delete', 'score', 'freeze', 'removeRange'),
  member,
  score,
  at: fc.nat(80),
});

describe('SortedSetValue', () => {
  it('agrees with a sorted array in every answer, small and large, and a view of it never changes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(0, 20, 128),
        fc.array(operation, { maxLength: 250, size: 'max' }),
        (border, operations) => {
          const set = new SortedSetValue({ ...limits, zsetMaxListpackEntries: border });
          const model = new Map<string, number>();
          const views: [SortedSetView, Map<string, number>][] = [];
          for (const { kind, member: key, score: value, at } of operations) {
            const known = model.get(key);
            if (kind === 'set') {
              const change = known === undefined ? 'added' : known === value ? 'unchanged' : 'updated';
              expect(set.set(key, value)).toBe(change);
              if (change !== 'unchanged') model.set(key, value);
            } else if (kind === 'delete') {
              expect(set.delete(key)).toBe(model.delete(key));
            } else if (kind === 'score') {
              expect(set.score(key)).toBe(known);
            } else if (kind === 'freeze') {
              views.push([set.freeze(), new Map(model)]);
            } else {
              const doomed = sorted(model).slice(at, at + 3);
              const removed: Pair[] = [];
              set.removeRange(at, at + 3, (gone, itsScore) => removed.push([gone, itsScore]));
              expect(removed).toEqual(doomed);
              for (const [gone] of doomed) model.delete(gone);
            }
            expect(set.size).toBe(model.size);
          }
          const order = sorted(model);
          expect(contentsOf(set)).toEqual(order);
          expect(contentsOf(set.copy())).toEqual(order);
          order.forEach(([key, value], rank) => {
            expect(set.rank(key)).toBe(rank);
            expect(set.at(rank)?.key).toBe(key);
            expect(set.countBelowScore(value, false)).toBe(order.filter(([, other]) => other < value).length);
            expect(set.countBelowScore(value, true)).toBe(order.filter(([, other]) => other <= value).length);
          });
          expect(set.rank('missing')).toBe(-1);
          expect(set.at(order.length)).toBeUndefined();
          const backwards: string[] = [];
          set.walk(order.length - 1, -1, (key) => backwards.push(key) > 0);
          expect(backwards).toEqual(order.map(([key]) => key).reverse());
          for (const [view, then] of views) expect(contentsOfView(view)).toEqual(then);
        },
      ),
      { numRuns: 80 },
    );
  });

  it('finds ranges by member when all scores are equal', () => {
    for (const border of [0, 128]) {
      const set = new SortedSetValue({ ...limits, zsetMaxListpackEntries: border });
      for (const key of ['b', 'd', 'a', 'c']) set.set(key, 0);
      expect(set.countBelowMember('b', false)).toBe(1);
      expect(set.countBelowMember('b', true)).toBe(2);
      expect(set.countBelowMember('bb', false)).toBe(2);
      expect(set.countBelowMember('', true)).toBe(0);
      expect(set.countBelowMember('z', false)).toBe(4);
    }
  });

  it('holds infinite scores at its ends', () => {
    const set = new SortedSetValue({ ...limits, zsetMaxListpackEntries: 0 });
    set.set('top', Infinity);
    set.set('bottom', -Infinity);
    set.set('middle', 0);
    expect(contentsOf(set).map(([key]) => key)).toEqual(['bottom', 'middle', 'top']);
    expect(set.countBelowScore(-Infinity, true)).toBe(1);
    expect(set.countBelowScore(Infinity, false)).toBe(2);
  });

  it('becomes a skip list by number or length of its members, and a listpack again when told to settle', () => {
    const set = new SortedSetValue(limits);
    for (let i = 0; i < 128; i++) set.set(`m${i}`, i);
    expect(set.encoding).toBe('listpack');
    set.set('m5', 1000);
    expect(set.encoding).toBe('listpack');
    set.set('one more', 0);
    expect(set.encoding).toBe('skiplist');
    set.delete('one more');
    expect(set.encoding).toBe('skiplist');
    set.settleEncoding();
    expect(set.encoding).toBe('listpack');
    expect(set.at(127)?.key).toBe('m5');
    set.set('x'.repeat(65), 1);
    expect(set.encoding).toBe('skiplist');
    set.settleEncoding();
    expect(set.encoding).toBe('skiplist');
  });

  it('stays logarithmic with many members', () => {
    const set = new SortedSetValue(limits);
    const count = 50_000;
    for (let i = 0; i < count; i++) set.set(`member ${(i * 7919) % count}`, (i * 7919) % count);
    for (let i = 0; i < count; i += 1111) {
      expect(set.rank(`member ${i}`)).toBe(i);
      expect(set.at(i)?.key).toBe(`member ${i}`);
      expect(set.countBelowScore(i, false)).toBe(i);
    }
    for (let i = 0; i < count; i += 2) set.delete(`member ${i}`);
    expect(set.rank(`member ${count - 1}`)).toBe(count / 2 - 1);
    expect(set.at(100)?.key).toBe('member 201');
  });
});
