import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_ENCODING_LIMITS } from '../../../../src/keyspace/values/encoding-limits.js';
import { OrderedEntries, type OrderedView } from '../../../../src/keyspace/values/ordered-entries.js';
import {
  formatStreamId,
  makeStreamId,
  MAX_STREAM_ID,
  MIN_STREAM_ID,
  nextStreamId,
  parseStreamId,
  previousStreamId,
  streamIdMs,
  streamIdSequence,
} from '../../../../src/keyspace/values/stream-id.js';
import { StreamValue, type TrimOptions } from '../../../../src/keyspace/values/stream-value.js';

const limits = DEFAULT_ENCODING_LIMITS;
const exact: TrimOptions = { approximate: false, limit: 0 };
const roughly: TrimOptions = { approximate: true, limit: 0 };

function streamOf(count: number, own = limits): StreamValue {
  const stream = new StreamValue(own);
  for (let i = 1; i <= count; i++) stream.append(makeStreamId(i, 0), ['field'], [String(i)]);
  return stream;
}

function idsOf(stream: StreamValue): number[] {
  const ids: number[] = [];
  stream.walk(MIN_STREAM_ID, MAX_STREAM_ID, ({ id }) => ids.push(Number(streamIdMs(id))) > 0);
  return ids;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

describe('stream ids', () => {
  const part = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

  it('compare as pairs of 64-bit numbers', () => {
    fc.assert(
      fc.property(part, part, part, part, (a, b, c, d) => {
        const first = makeStreamId(a, b);
        const second = makeStreamId(c, d);
        expect(first < second).toBe(a < c || (a === c && b < d));
      }),
    );
  });

  it('are parsed and printed exactly, over the whole range', () => {
    fc.assert(
      fc.property(part, part, (ms, sequence) => {
        const id = parseStreamId(`${ms}-${sequence}`, 0);
        expect(id).toBe(makeStreamId(ms, sequence));
        expect(id !== null && formatStreamId(id)).toBe(`${ms}-${sequence}`);
        expect(id !== null && BigInt(streamIdSequence(id))).toBe(sequence);
      }),
    );
    expect(parseStreamId('5', 7)).toBe(makeStreamId(5, 7));
    for (const text of ['', '-', '1-', '-1', 'a-1', '1-1-1', '1.5', '18446744073709551616', '01-1', ' 1-1']) {
      expect(parseStreamId(text, 0)).toBeNull();
    }
  });

  it('have neighbours, except at the ends', () => {
    const last = 2n ** 64n - 1n;
    expect(nextStreamId(makeStreamId(1, 1))).toBe(makeStreamId(1, 2));
    expect(nextStreamId(makeStreamId(1, last))).toBe(makeStreamId(2, 0));
    expect(nextStreamId(MAX_STREAM_ID)).toBeNull();
    expect(previousStreamId(makeStreamId(2, 0))).toBe(makeStreamId(1, last));
    expect(previousStreamId(MIN_STREAM_ID)).toBeNull();
  });
});

describe('OrderedEntries', () => {
  interface Entry {
    key: string;
    version: number;
  }

  it('behaves as a sorted map does, and a view of it never changes', () => {
    const operation = fc.record({
      kind: fc.constantFrom('set', 'set', 'set', 'delete', 'freeze'),
      key: fc.nat(600).map((n) => String(n).padStart(4, '0')),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 800, size: 'max' }), (operations) => {
        const entries = new OrderedEntries<Entry>();
        const model = new Map<string, Entry>();
        const views: [OrderedView<Entry>, Entry[]][] = [];
        const inOrder = (): Entry[] => [...model.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
        operations.forEach(({ kind, key }, version) => {
          if (kind === 'set') {
            const entry = { key, version };
            entries.set(entry);
            model.set(key, entry);
          } else if (kind === 'delete') {
            expect(entries.delete(key)).toBe(model.get(key));
            model.delete(key);
          } else if (version % 10 === 0) {
            views.push([entries.freeze(), inOrder()]);
          }
          expect(entries.size).toBe(model.size);
          expect(entries.get(key)).toBe(model.get(key));
        });
        const walked: Entry[] = [];
        entries.walk('0300', (entry) => walked.push(entry) > 0);
        expect(walked).toEqual(inOrder().filter(({ key }) => key >= '0300'));
        expect(entries.first).toBe(inOrder()[0]);
        expect(entries.last).toBe(inOrder().at(-1));
        for (const [view, then] of views) {
          expect(view.pieces.flat()).toEqual(then);
          expect(view.size).toBe(then.length);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('may be changed by who walks it', () => {
    const entries = new OrderedEntries<Entry>();
    for (let i = 0; i < 1000; i++) entries.set({ key: String(i).padStart(4, '0'), version: 0 });
    const seen: string[] = [];
    entries.walk('', ({ key }) => {
      seen.push(key);
      entries.delete(key);
      return true;
    });
    expect(seen).toHaveLength(1000);
    expect(entries.size).toBe(0);
  });
});

describe('StreamValue', () => {
  it('walks ranges in both directions', () => {
    const stream = streamOf(1000);
    const ids: number[] = [];
    stream.walk(
      makeStreamId(250, 0),
      makeStreamId(260, 5),
      ({ id }) => ids.push(Number(streamIdMs(id))) < 100,
    );
    expect(ids).toEqual(range(250, 260));
    const backwards: number[] = [];
    stream.walkBackwards(makeStreamId(5, 0), makeStreamId(510, 0), ({ id }) => {
      backwards.push(Number(streamIdMs(id)));
      return backwards.length < 3;
    });
    expect(backwards).toEqual([510, 509, 508]);
    expect(stream.get(makeStreamId(77, 0))?.values).toEqual(['77']);
    expect(stream.get(makeStreamId(77, 1))).toBeUndefined();
  });

  it('forgets deleted entries but remembers how far it was', () => {
    const stream = streamOf(5);
    expect(stream.delete(makeStreamId(5, 0))).toBe(true);
    expect(stream.delete(makeStreamId(5, 0))).toBe(false);
    expect(idsOf(stream)).toEqual([1, 2, 3, 4]);
    expect(formatStreamId(stream.lastId)).toBe('5-0');
    expect(formatStreamId(stream.maxDeletedId)).toBe('5-0');
    expect(stream.entriesAdded).toBe(5);
    expect(() => stream.append(makeStreamId(5, 0), ['f'], ['v'])).toThrow();
  });

  it('begins a new node after a hundred entries, deleted ones included, or 4 KiB', () => {
    expect(streamOf(100).nodeCount).toBe(1);
    expect(streamOf(101).nodeCount).toBe(2);
    const stream = streamOf(100);
    stream.delete(makeStreamId(50, 0));
    stream.append(makeStreamId(200, 0), ['field'], ['x']);
    expect(stream.nodeCount).toBe(2);
    const wide = new StreamValue(limits);
    for (let i = 1; i <= 5; i++) wide.append(makeStreamId(i, 0), ['f'], ['x'.repeat(1000)]);
    expect(wide.nodeCount).toBe(2);
    expect(streamOf(5000, { ...limits, streamNodeMaxBytes: 0, streamNodeMaxEntries: 0 }).nodeCount).toBe(1);
  });

  it('is trimmed to a length: exactly, or by whole nodes', () => {
    const stream = streamOf(1000);
    expect(stream.trimToLength(555, exact)).toBe(445);
    expect(idsOf(stream)).toEqual(range(446, 1000));
    const other = streamOf(1000);
    expect(other.trimToLength(555, roughly)).toBe(400);
    expect(other.length).toBe(600);
    expect(other.trimToLength(0, { approximate: true, limit: 250 })).toBe(200);
    expect(other.trimToLength(0, exact)).toBe(400);
    expect(other.firstId).toBe(MIN_STREAM_ID);
    expect(other.trimToLength(0, exact)).toBe(0);
  });

  it('is trimmed to a smallest id: exactly, or by whole nodes', () => {
    const stream = streamOf(1000);
    expect(stream.trimToMinId(makeStreamId(445, 1), exact)).toBe(445);
    expect(formatStreamId(stream.firstId)).toBe('446-0');
    const other = streamOf(1000);
    expect(other.trimToMinId(makeStreamId(445, 1), roughly)).toBe(400);
    expect(other.trimToMinId(makeStreamId(1, 0), exact)).toBe(0);
  });

  it('knows how many entries were added up to an id, unless deletions hide it', () => {
    const stream = streamOf(10);
    expect(stream.entriesAddedUpTo(makeStreamId(0, 5))).toBe(0);
    expect(stream.entriesAddedUpTo(makeStreamId(1, 0))).toBe(1);
    expect(stream.entriesAddedUpTo(makeStreamId(10, 0))).toBe(10);
    expect(stream.entriesAddedUpTo(makeStreamId(5, 0))).toBeNull();
    stream.trimToLength(4, exact);
    expect(stream.entriesAddedUpTo(makeStreamId(3, 0))).toBe(6);
    stream.delete(makeStreamId(8, 0));
    expect(stream.entriesAddedUpTo(makeStreamId(7, 0))).toBeNull();
  });

  it('does not show later changes in a view', () => {
    const stream = streamOf(250);
    const group = stream.addGroup('g', makeStreamId(100, 0), 100);
    const consumer = group?.addConsumer('c', 1);
    if (group === undefined || consumer === undefined) throw new Error('no group');
    for (let i = 1; i <= 100; i++) group.assign(makeStreamId(i, 0), consumer, 5, 1);
    const view = stream.freeze();
    stream.delete(makeStreamId(1, 0));
    stream.trimToLength(10, exact);
    stream.append(makeStreamId(900, 0), ['f'], ['v']);
    group.acknowledge(makeStreamId(1, 0));
    group.assign(makeStreamId(2, 0), consumer, 9, 9);
    group.removeConsumer('c');
    stream.removeGroup('g');
    const ids = view.nodes.flatMap((node) => node.entries.map(({ id }) => Number(streamIdMs(id))));
    expect(ids).toEqual(range(1, 250));
    expect(view.groups[0].pending.size).toBe(100);
    expect(view.groups[0].pending.pieces.flat()[1]).toMatchObject({ deliveredAtMs: 5, deliveryCount: 1 });
    expect(view.groups[0].consumers[0].pending.size).toBe(100);
  });

  it('copies entries and groups, so that the copy lives on its own', () => {
    const stream = streamOf(10);
    const group = stream.addGroup('g', makeStreamId(3, 0), 3);
    const consumer = group?.addConsumer('c', 7, 8);
    if (group === undefined || consumer === undefined) throw new Error('no group');
    group.assign(makeStreamId(1, 0), consumer, 5, 2);
    const copy = stream.copy();
    group.acknowledge(makeStreamId(1, 0));
    stream.trimToLength(0, exact);
    expect(copy.length).toBe(10);
    const copied = copy.group('g');
    expect(copied?.pending.first).toMatchObject({ deliveredAtMs: 5, deliveryCount: 2 });
    expect(copied?.consumer('c')).toMatchObject({ seenAtMs: 7, activeAtMs: 8 });
    expect(copied?.pending.first?.consumer).toBe(copied?.consumer('c'));
  });
});

describe('StreamGroup', () => {
  it('moves pending entries between consumers, and drops those of a removed one', () => {
    const stream = streamOf(10);
    const group = stream.addGroup('g', MIN_STREAM_ID, null);
    const alice = group?.addConsumer('alice', 1);
    const bob = group?.addConsumer('bob', 1);
    if (group === undefined || alice === undefined || bob === undefined) throw new Error('no group');
    for (let i = 1; i <= 4; i++) group.assign(makeStreamId(i, 0), alice, 1, 1);
    group.assign(makeStreamId(2, 0), bob, 2, 2);
    expect([alice.pending.size, bob.pending.size, group.pending.size]).toEqual([3, 1, 4]);
    expect(group.acknowledge(makeStreamId(1, 0))).toBe(true);
    expect(group.acknowledge(makeStreamId(1, 0))).toBe(false);
    expect(group.removeConsumer('alice')).toBe(2);
    expect(group.removeConsumer('alice')).toBe(-1);
    expect(group.pending.size).toBe(1);
    expect(group.pending.first?.consumer).toBe(bob);
    expect(stream.addGroup('g', MIN_STREAM_ID, null)).toBeUndefined();
    expect(group.addConsumer('bob', 1)).toBeUndefined();
  });
});
