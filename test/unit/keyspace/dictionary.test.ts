import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Dictionary } from '../../../src/keyspace/dictionary.js';
import { hashKey } from '../../../src/keyspace/key-hash.js';
import type { Randomness } from '../../../src/platform/platform.js';

interface Entry {
  readonly key: string;
  value: number;
}

/** A small linear congruential generator: good enough to spread, and the same in every run. */
function seededRandom(seed: number): Randomness {
  let state = seed;
  const fraction = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
  return { fraction, integer: (bound) => Math.floor(fraction() * bound), hex: () => '' };
}

function filled(count: number): Dictionary<Entry> {
  const dictionary = new Dictionary<Entry>(7);
  for (let i = 0; i < count; i++) dictionary.add({ key: `key:${i}`, value: i });
  return dictionary;
}

function keysOf(dictionary: Dictionary<Entry>): string[] {
  const keys: string[] = [];
  dictionary.forEach((entry) => keys.push(entry.key));
  return keys;
}

describe('Dictionary', () => {
  it('behaves as a Map does, whatever is added and removed', () => {
    const operation = fc.record({
      kind: fc.constantFrom('add', 'remove', 'get'),
      key: fc.oneof(fc.string({ maxLength: 9 }), fc.nat(3000).map(String)),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 3000, size: 'max' }), (operations) => {
        const dictionary = new Dictionary<Entry>(1);
        const model = new Map<string, Entry>();
        for (const { kind, key } of operations) {
          if (kind === 'add') {
            const entry = { key, value: model.size };
            expect(dictionary.add(entry)).toBe(!model.has(key));
            if (!model.has(key)) model.set(key, entry);
          } else if (kind === 'remove') {
            expect(dictionary.remove(key)).toBe(model.get(key));
            model.delete(key);
          } else {
            expect(dictionary.get(key)).toBe(model.get(key));
          }
          expect(dictionary.size).toBe(model.size);
        }
        expect(keysOf(dictionary).sort()).toEqual([...model.keys()].sort());
      }),
      { numRuns: 30 },
    );
  });

  it('finds every entry after growing over many segments and shrinking again', () => {
    const count = 200_000;
    const dictionary = filled(count);
    for (let i = 0; i < count; i++) if (i % 7 !== 0) dictionary.remove(`key:${i}`);
    for (let i = 0; i < count; i++) {
      expect(dictionary.get(`key:${i}`)?.value === i).toBe(i % 7 === 0);
    }
    for (let i = 0; i < count; i += 7) dictionary.remove(`key:${i}`);
    expect(dictionary.size).toBe(0);
    expect(dictionary.overheadBytes).toBeLessThan(1000);
  });

  it('holds entries whose hashes collide', () => {
    const seed = 99;
    const byHash = new Map<number, string>();
    let pair: [string, string] | null = null;
    for (let i = 0; pair === null; i++) {
      const key = `k${i}`;
      const hash = hashKey(key, seed);
      const other = byHash.get(hash);
      if (other !== undefined) pair = [other, key];
      byHash.set(hash, key);
    }
    const dictionary = new Dictionary<Entry>(seed);
    dictionary.add({ key: pair[0], value: 0 });
    dictionary.add({ key: pair[1], value: 1 });
    expect(dictionary.get(pair[0])?.value).toBe(0);
    expect(dictionary.get(pair[1])?.value).toBe(1);
    dictionary.remove(pair[0]);
    expect(dictionary.get(pair[1])?.value).toBe(1);
    expect(dictionary.get(pair[0])).toBeUndefined();
  });

  it('distinguishes keys that differ only in zero bytes, length or the highest bit', () => {
    const keys = ['', '\0', '\0\0', '\0\0\0', '\0\0\0\0', 'abc', 'abc\0', 'ab\xff', 'ab\x7f'];
    expect(new Set(keys.map((key) => hashKey(key, 5))).size).toBe(keys.length);
  });
});

describe('Dictionary.scan', () => {
  it('returns every entry exactly once when nothing changes', () => {
    const dictionary = filled(10_000);
    const seen: string[] = [];
    let cursor = 0;
    do cursor = dictionary.scan(cursor, 17, (entry) => seen.push(entry.key));
    while (cursor !== 0);
    expect(seen.length).toBe(10_000);
    expect(new Set(seen).size).toBe(10_000);
  });

  it('never misses an entry that stays, whatever is added and removed between the calls', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 50 }), (seed, step) => {
        const random = seededRandom(seed);
        const dictionary = filled(300);
        const staying = new Set(keysOf(dictionary));
        const seen = new Set<string>();
        let added = 300;
        let cursor = 0;
        do {
          cursor = dictionary.scan(cursor, step, (entry) => seen.add(entry.key));
          for (let i = random.integer(60); i > 0; i--) {
            if (random.integer(3) === 0) {
              dictionary.add({ key: `key:${added++}`, value: 0 });
            } else {
              const victim = dictionary.randomEntry(random);
              if (victim === undefined) break;
              dictionary.remove(victim.key);
              staying.delete(victim.key);
            }
          }
        } while (cursor !== 0);
        for (const key of staying) expect(seen).toContain(key);
      }),
    );
  });

  it('accepts a cursor that lies beyond the end, as after a flush', () => {
    const dictionary = filled(10);
    const seen: string[] = [];
    expect(dictionary.scan(123_456, 100, (entry) => seen.push(entry.key))).toBe(0);
    expect(seen.length).toBe(10);
  });

  it('lets the visitor remove the entry it is given, and others', () => {
    const dictionary = filled(1000);
    dictionary.forEach((entry) => dictionary.remove(entry.key));
    expect(dictionary.size).toBe(0);
    const other = filled(1000);
    other.forEach((entry) => {
      other.remove(`key:${(entry.value + 500) % 1000}`);
      other.remove(`key:${(entry.value + 1) % 1000}`);
    });
    expect(other.size).toBeLessThan(1000);
  });
});

describe('Dictionary.randomEntry', () => {
  it('chooses every entry about equally often', () => {
    const dictionary = filled(100);
    const random = seededRandom(3);
    const counts = new Map<string, number>();
    for (let i = 0; i < 100_000; i++) {
      const key = dictionary.randomEntry(random)?.key ?? '';
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(100);
    expect(Math.min(...counts.values())).toBeGreaterThan(800);
    expect(Math.max(...counts.values())).toBeLessThan(1200);
  });

  it('is undefined when empty', () => {
    expect(new Dictionary<Entry>(1).randomEntry(seededRandom(1))).toBeUndefined();
  });
});
