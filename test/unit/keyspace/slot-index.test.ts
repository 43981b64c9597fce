/** The keys of each slot are always those that the database has, newest first, whatever happens to it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Keyspace } from '../../../src/keyspace/keyspace.js';
import { keySlot } from '../../../src/keyspace/key-slot.js';
import { DEFAULT_ENCODING_LIMITS } from '../../../src/keyspace/values/encoding-limits.js';

function slottedKeyspace(): Keyspace {
  return new Keyspace(1, DEFAULT_ENCODING_LIMITS, true);
}

/** The model: keys by slot in order of insertion. */
function expectSameAs(keyspace: Keyspace, model: ReadonlySet<string>): void {
  const index = keyspace.slotIndex!;
  const bySlot = new Map<number, string[]>();
  for (const key of model) {
    const slot = keySlot(key);
    bySlot.set(slot, [key, ...(bySlot.get(slot) ?? [])]);
  }
  expect(index.occupiedSlots()).toEqual([...bySlot.keys()].sort((a, b) => a - b));
  for (const [slot, keys] of bySlot) {
    expect(index.keysIn(slot)).toEqual(keys);
    expect(index.countIn(slot)).toBe(keys.length);
    expect(index.keysIn(slot, 2)).toEqual(keys.slice(0, 2));
  }
}

test('behaves as a list per slot, whatever is added, replaced, deleted, flushed and expires', () => {
  const operation = fc.record({
    kind: fc.constantFrom('set', 'set', 'set', 'delete', 'delete', 'expire', 'flush', 'install'),
    // Few slots with many keys, and many with few.
    key: fc.oneof(
      fc.nat(40).map((n) => `{a}${n}`),
      fc.nat(300).map(String),
      fc.string({ maxLength: 4 }),
    ),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 400, size: 'max' }), (operations) => {
      const keyspace = slottedKeyspace();
      const [database] = keyspace.databases;
      const model = new Set<string>();
      for (const { kind, key } of operations) {
        switch (kind) {
          case 'set':
            database.set(key, 'value');
            model.add(key);
            break;
          case 'delete':
            expect(database.delete(key)).toBe(model.delete(key));
            break;
          case 'expire': {
            const entry = database.entryForWrite(key);
            if (entry === undefined) break;
            database.setExpiry(entry, keyspace.nowMs + 1);
            keyspace.nowMs += 2;
            expect(database.exists(key)).toBe(false);
            model.delete(key);
            break;
          }
          case 'flush':
            // Rarely, or the database never fills.
            if (model.size < 100) break;
            database.flush();
            model.clear();
            break;
          case 'install': {
            const twin = keyspace.emptyTwin();
            for (const kept of model) twin.databases[0].set(kept, 'loaded');
            database.replaceContents(twin.databases[0].entries, twin.databases[0].expiries);
            break;
          }
        }
      }
      expectSameAs(keyspace, model);
    }),
    { numRuns: 100 },
  );
});

test('follows many keys over the borders of its chunks, up and down', () => {
  const keyspace = slottedKeyspace();
  const [database] = keyspace.databases;
  const model = new Set<string>();
  const count = 30_000;
  const emptyBytes = database.entries.overheadBytes;
  for (let i = 0; i < count; i++) {
    database.set(`key:${i}`, i);
    model.add(`key:${i}`);
  }
  for (let i = 0; i < count; i++) {
    if (i % 10 === 3) continue;
    database.delete(`key:${i}`);
    model.delete(`key:${i}`);
  }
  expectSameAs(keyspace, model);
  for (const key of model) database.delete(key);
  expectSameAs(keyspace, new Set());
  expect(database.entries.overheadBytes - emptyBytes).toBeLessThan(100_000);
});

test('a server without cluster mode has no index and no structures for it', () => {
  const keyspace = new Keyspace(16, DEFAULT_ENCODING_LIMITS);
  expect(keyspace.slotIndex).toBeNull();
  expect(keyspace.databases.every(({ entries }) => entries.follower === null)).toBe(true);
});
