import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_ENCODING_LIMITS } from '../../../../src/keyspace/values/encoding-limits.js';
import { SetValue, type SetView } from '../../../../src/keyspace/values/set-value.js';

const limits = DEFAULT_ENCODING_LIMITS;

function contentsOf(set: SetValue): string[] {
  const members: string[] = [];
  set.forEach((member) => members.push(member));
  return members;
}

function contentsOfView(view: SetView): string[] {
  return Array.from({ length: view.size }, (_, i) => view.member(i));
}

describe('SetValue', () => {
  it('behaves as a set does in every form, and a view of it never changes', () => {
    const member = fc.oneof(
      fc.integer({ min: -30, max: 30 }).map(String),
      fc.constantFrom('9007199254740991', '9007199254740992', '9223372036854775807', '-9223372036854775808'),
      fc.constantFrom('9223372036854775808', '007', '-0', '+1', '', 'word', 'x'.repeat(65)),
      fc.nat(30).map((n) => `m${n}`),
    );
    const operation = fc.record({ kind: fc.constantFrom('add', 'add', 'delete', 'has', 'freeze'), member });
    const own = fc.record({
      setMaxIntsetEntries: fc.constantFrom(0, 8, 512),
      setMaxListpackEntries: fc.constantFrom(0, 8, 128),
    });
    fc.assert(
      fc.property(own, fc.array(operation, { maxLength: 200, size: 'max' }), (borders, operations) => {
        const set = new SetValue({ ...limits, ...borders });
        const model = new Set<string>();
        const views: [SetView, string[]][] = [];
        for (const { kind, member: text } of operations) {
          if (kind === 'add') {
            expect(set.add(text)).toBe(!model.has(text));
            model.add(text);
          } else if (kind === 'delete') {
            expect(set.delete(text)).toBe(model.delete(text));
          } else if (kind === 'has') {
            expect(set.has(text)).toBe(model.has(text));
          } else {
            views.push([set.freeze(), [...model].sort()]);
          }
          expect(set.size).toBe(model.size);
        }
        expect(contentsOf(set).sort()).toEqual([...model].sort());
        expect(contentsOf(set.copy()).sort()).toEqual([...model].sort());
        for (const [view, then] of views) expect(contentsOfView(view).sort()).toEqual(then);
        for (const text of model) set.delete(text);
        expect(set.memoryBytes).toBeLessThan(1000);
      }),
      { numRuns: 80 },
    );
  });

  it('shows integers in ascending order, other members in order of insertion', () => {
    const integers = new SetValue(limits);
    for (const member of ['3', '-1', '9223372036854775807', '5000000000', '9007199254740993'])
      integers.add(member);
    expect(contentsOf(integers)).toEqual([
      '-1',
      '3',
      '5000000000',
      '9007199254740993',
      '9223372036854775807',
    ]);
    integers.add('word');
    integers.add('0');
    expect(integers.encoding).toBe('listpack');
    expect(contentsOf(integers).slice(-2)).toEqual(['word', '0']);
  });

  it('grows from integers to a listpack to a hash table', () => {
    const set = new SetValue(limits);
    for (let i = 0; i < 512; i++) set.add(String(i));
    expect(set.encoding).toBe('intset');
    set.add('512');
    expect(set.encoding).toBe('hashtable');

    const few = new SetValue(limits);
    for (let i = 0; i < 127; i++) few.add(String(i));
    few.add('word');
    expect(few.encoding).toBe('listpack');
    few.add('one more');
    expect(few.encoding).toBe('hashtable');

    const many = new SetValue(limits);
    for (let i = 0; i < 128; i++) many.add(String(i));
    many.add('word');
    expect(many.encoding).toBe('hashtable');

    const long = new SetValue(limits);
    long.add('1');
    long.add('x'.repeat(65));
    expect(long.encoding).toBe('hashtable');
  });

  it('begins in the form that suits the first member and the size to come', () => {
    expect(SetValue.expecting('1', 1, limits).encoding).toBe('intset');
    expect(SetValue.expecting('1', 513, limits).encoding).toBe('hashtable');
    expect(SetValue.expecting('a', 1, limits).encoding).toBe('listpack');
    expect(SetValue.expecting('a', 129, limits).encoding).toBe('hashtable');
  });
});
