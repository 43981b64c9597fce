import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_ENCODING_LIMITS } from '../../../../src/keyspace/values/encoding-limits.js';
import { HashValue, type HashView } from '../../../../src/keyspace/values/hash-value.js';

const limits = DEFAULT_ENCODING_LIMITS;

function contentsOf(hash: HashValue): Map<string, string> {
  const fields = new Map<string, string>();
  hash.forEach((field, value) => fields.set(field, value));
  return fields;
}

function contentsOfView(view: HashView): Map<string, string> {
  return new Map(Array.from({ length: view.size }, (_, i) => [view.field(i), view.value(i)]));
}

describe('HashValue', () => {
  it('behaves as a map does, small and large, and a view of it never changes', () => {
    const operation = fc.record({
      kind: fc.constantFrom('set', 'set', 'delete', 'get', 'freeze'),
      field: fc.nat(60).map((n) => `f${n}`),
      value: fc.nat().map(String),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(0, 10, 512),
        fc.array(operation, { maxLength: 300, size: 'max' }),
        (border, operations) => {
          const hash = new HashValue({ ...limits, hashMaxListpackEntries: border });
          const model = new Map<string, string>();
          const views: [HashView, Map<string, string>][] = [];
          for (const { kind, field, value } of operations) {
            if (kind === 'set') {
              expect(hash.set(field, value)).toBe(!model.has(field));
              model.set(field, value);
            } else if (kind === 'delete') {
              expect(hash.delete(field)).toBe(model.delete(field));
            } else if (kind === 'get') {
              expect(hash.get(field)).toBe(model.get(field));
              expect(hash.has(field)).toBe(model.has(field));
            } else {
              views.push([hash.freeze(), new Map(model)]);
            }
            expect(hash.size).toBe(model.size);
          }
          expect(contentsOf(hash)).toEqual(model);
          expect(contentsOf(hash.copy())).toEqual(model);
          for (const [view, then] of views) expect(contentsOfView(view)).toEqual(then);
          const byPosition = Array.from(
            { length: hash.size },
            (_, i) => [hash.fieldAt(i), hash.valueAt(i)] as const,
          );
          expect(new Map(byPosition)).toEqual(model);
          for (const field of [...model.keys()]) hash.delete(field);
          expect(hash.memoryBytes).toBeLessThan(1000);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keeps the order of insertion while it is small', () => {
    const hash = new HashValue(limits);
    for (const field of ['z', 'a', 'm']) hash.set(field, '1');
    hash.set('z', '2');
    expect([...contentsOf(hash)]).toEqual([
      ['z', '2'],
      ['a', '1'],
      ['m', '1'],
    ]);
  });

  it('becomes a hash table by number or length of its fields, for good', () => {
    const byCount = new HashValue(limits);
    for (let i = 0; i < 512; i++) byCount.set(`f${i}`, 'v');
    expect(byCount.encoding).toBe('listpack');
    byCount.set('one more', 'v');
    expect(byCount.encoding).toBe('hashtable');
    for (let i = 0; i < 512; i++) byCount.delete(`f${i}`);
    expect(byCount.encoding).toBe('hashtable');
    for (const [field, value] of [
      ['f'.repeat(65), 'v'],
      ['f', 'v'.repeat(65)],
    ]) {
      const hash = new HashValue(limits);
      hash.set('f'.repeat(64), 'v'.repeat(64));
      expect(hash.encoding).toBe('listpack');
      hash.set(field, value);
      expect(hash.encoding).toBe('hashtable');
    }
  });

  it('is scanned whole while small, by cursor when large', () => {
    const hash = new HashValue({ ...limits, hashMaxListpackEntries: 10 });
    const scanned = (): string[] => {
      const fields: string[] = [];
      let cursor = 0;
      do cursor = hash.scan(cursor, 3, (field) => fields.push(field));
      while (cursor !== 0);
      return fields;
    };
    for (let i = 0; i < 10; i++) hash.set(`f${i}`, 'v');
    expect(hash.scan(0, 1, () => undefined)).toBe(0);
    expect(scanned()).toHaveLength(10);
    for (let i = 10; i < 50; i++) hash.set(`f${i}`, 'v');
    expect(hash.scan(0, 1, () => undefined)).not.toBe(0);
    expect(new Set(scanned()).size).toBe(50);
  });
});
