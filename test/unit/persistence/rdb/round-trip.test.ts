/** Whatever is written is read back the same; whatever bytes are read, the reader refuses them or reads them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_ENCODING_LIMITS } from '../../../../src/keyspace/values/encoding-limits.js';
import { parseStreamId, type StreamId } from '../../../../src/keyspace/values/stream-id.js';
import { StreamValue } from '../../../../src/keyspace/values/stream-value.js';
import type { EncodingLimits, Value } from '../../../../src/keyspace/values/value.js';
import {
  decodeDumpPayload,
  DumpDecoder,
  encodeDumpPayload,
} from '../../../../src/persistence/rdb/dump-payload.js';
import { RdbError } from '../../../../src/persistence/rdb/errors.js';
import { plainOf, valueOf, type Plain } from './plain.js';
import { readSnapshot, snapshotBytes } from './snapshot-bytes.js';

const byteString = fc.oneof(
  fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes).latin1Slice()),
  fc.integer().map(String),
  fc.maxSafeInteger().map(String),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  fc
    .tuple(fc.string({ minLength: 1, maxLength: 5 }), fc.nat(40))
    .map(([text, times]) => Buffer.from(text).latin1Slice().repeat(times)),
);
const score = fc.oneof(
  fc.double({ noNaN: true }).map((number) => number + 0),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, Infinity, -Infinity, 0.1, 1e20, 5e-324, 2 ** 53),
);
const count = { maxLength: 60, size: 'max' as const };

const collection: fc.Arbitrary<Exclude<Plain, { type: 'stream' }>> = fc.oneof(
  fc.record({ type: fc.constant('string' as const), value: byteString }),
  fc.record({ type: fc.constant('list' as const), value: fc.array(byteString, { ...count, minLength: 1 }) }),
  fc.record({
    type: fc.constant('set' as const),
    value: fc.uniqueArray(byteString, { ...count, minLength: 1 }),
  }),
  fc.record({
    type: fc.constant('zset' as const),
    value: fc.uniqueArray(fc.tuple(byteString, score), {
      ...count,
      minLength: 1,
      selector: ([member]) => member,
    }),
  }),
  fc.record({
    type: fc.constant('hash' as const),
    value: fc.uniqueArray(fc.tuple(byteString, byteString), {
      ...count,
      minLength: 1,
      selector: ([field]) => field,
    }),
  }),
);

/** Small borders, so that small values take the forms of large ones, too. */
const limits: fc.Arbitrary<EncodingLimits> = fc.record({
  hashSeed: fc.integer(),
  listMaxListpackSize: fc.constantFrom(-2, -1, 1, 3, 128),
  hashMaxListpackEntries: fc.constantFrom(0, 5, 512),
  hashMaxListpackValue: fc.constantFrom(8, 64),
  setMaxIntsetEntries: fc.constantFrom(0, 3, 512),
  setMaxListpackEntries: fc.constantFrom(0, 4, 128),
  setMaxListpackValue: fc.constantFrom(8, 64),
  zsetMaxListpackEntries: fc.constantFrom(0, 4, 128),
  zsetMaxListpackValue: fc.constantFrom(8, 64),
  streamNodeMaxBytes: fc.constantFrom(0, 100, 4096),
  streamNodeMaxEntries: fc.constantFrom(0, 3, 100),
});

const idPart = fc.oneof(fc.nat(5), fc.nat(), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
const streamId = fc
  .tuple(idPart, idPart)
  .map(([ms, sequence]) => parseStreamId(`${ms}-${sequence}`, 0) as StreamId);

const stream = fc
  .record({
    ids: fc.uniqueArray(streamId, { minLength: 0, maxLength: 40, size: 'max' }),
    bodies: fc.array(fc.array(fc.tuple(byteString, byteString), { minLength: 1, maxLength: 3 }), {
      minLength: 1,
    }),
    deletions: fc.array(fc.nat(40)),
    groups: fc.uniqueArray(byteString, { maxLength: 3 }),
    consumers: fc.uniqueArray(byteString, { minLength: 1, maxLength: 3 }),
    pending: fc.array(fc.tuple(fc.nat(40), fc.nat(2), fc.nat(), fc.nat(1000))),
    limits,
  })
  .map((recipe) => {
    const made = new StreamValue(recipe.limits);
    const ids = recipe.ids.filter((id) => id > made.lastId).sort();
    ids.forEach((id, i) => {
      const body = recipe.bodies[i % recipe.bodies.length];
      made.append(
        id,
        body.map(([field]) => field),
        body.map(([, value]) => value),
      );
    });
    for (const i of recipe.deletions) if (i < ids.length) made.delete(ids[i]);
    for (const name of recipe.groups) {
      const group = made.addGroup(name, made.lastId, null);
      for (const consumer of recipe.consumers) group?.addConsumer(consumer, 1000, 500);
      for (const [i, c, atMs, times] of recipe.pending) {
        const consumer = group?.consumer(recipe.consumers[c % recipe.consumers.length]);
        if (i < ids.length && consumer !== undefined) group?.assign(ids[i], consumer, atMs, times);
      }
    }
    return made;
  });

const value: fc.Arbitrary<Value> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(collection, limits).map(([plain, own]) => valueOf(plain, own)) },
  { weight: 1, arbitrary: stream },
);

describe('values', () => {
  it('come back from DUMP payloads as they were', () => {
    fc.assert(
      fc.property(
        value,
        fc.boolean(),
        fc.constantFrom(-2, 3),
        (original, compression, listMaxListpackSize) => {
          const payload = encodeDumpPayload(original, { version: 11, compression, listMaxListpackSize });
          const decoded = decodeDumpPayload(payload, DEFAULT_ENCODING_LIMITS, true);
          expect(decoded.ok && plainOf(decoded.content)).toEqual(plainOf(original));
        },
      ),
      { numRuns: 400 },
    );
  });

  it('that one decoder has read, broken payloads among them, stay as they are while it reads others', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 2, maxLength: 5 }), fc.boolean(), (originals, compression) => {
        const decoder = new DumpDecoder();
        const contents = originals.map((original) => {
          const options = { version: 11, compression, listMaxListpackSize: -2 } as const;
          const payload = encodeDumpPayload(original, options).latin1Slice();
          const broken = payload.slice(0, 1) + payload.slice(2);
          expect(decoder.decodeText(broken, DEFAULT_ENCODING_LIMITS, true).ok).toBe(false);
          const decoded = decoder.decodeText(payload, DEFAULT_ENCODING_LIMITS, true);
          return decoded.ok && decoded.content;
        });
        expect(contents.map((content) => content !== false && plainOf(content!))).toEqual(
          originals.map((original) => plainOf(original)),
        );
      }),
      { numRuns: 100 },
    );
  });

  it('too large for the memory that a decoder keeps are read, too', () => {
    const decoder = new DumpDecoder();
    for (const original of ['x'.repeat(100_000), 'small', 'y'.repeat(5000)]) {
      const payload = encodeDumpPayload(original, { compression: true, listMaxListpackSize: -2 });
      expect(decoder.decodeText(payload.latin1Slice(), DEFAULT_ENCODING_LIMITS, true)).toEqual({
        ok: true,
        content: original,
      });
    }
  });

  it('keep the sizes of stream nodes, which decide how they are trimmed', () => {
    fc.assert(
      fc.property(stream, (original) => {
        const payload = encodeDumpPayload(original, { compression: false, listMaxListpackSize: -2 });
        const decoded = decodeDumpPayload(payload, DEFAULT_ENCODING_LIMITS, true);
        if (!decoded.ok) throw new Error(decoded.problem);
        const sizes = (decoded.content as StreamValue).freeze().nodes.map((node) => node.sizeBytes);
        const fresh = original.freeze().nodes;
        fresh.forEach((node, i) => {
          if (node.deletedCount === 0) expect(sizes[i]).toBe(node.sizeBytes);
        });
      }),
    );
  });
});

const entries = fc.uniqueArray(
  fc.record({
    key: byteString,
    value,
    expireAtMs: fc.option(
      fc.nat().map((ms) => ms + 1_600_000_000_000),
      { nil: undefined },
    ),
  }),
  { maxLength: 12, selector: ({ key }) => key },
);

describe('snapshots', () => {
  it('come back as they were, however they are cut', () => {
    fc.assert(
      fc.property(
        entries,
        fc.boolean(),
        fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 5 }),
        (written, compression, chunkSizes) => {
          const bytes = snapshotBytes({
            version: 11,
            compression,
            databases: [{ index: 3, entries: written }],
          });
          const read = readSnapshot(bytes, chunkSizes).filter(([what]) => what === 'entry');
          expect(read).toEqual(
            written.map(({ key, value, expireAtMs = -1 }) => [
              'entry',
              { key, value: plainOf(value), expireAtMs, idleSeconds: -1, frequency: -1 },
            ]),
          );
        },
      ),
      { numRuns: 200 },
    );
  });
});

/** Reads bytes and expects a snapshot or an RdbError, within the bytes. */
function readOrRefuse(bytes: Buffer, chunkSizes: readonly number[]): void {
  try {
    readSnapshot(bytes, chunkSizes, false);
  } catch (error) {
    if (!(error instanceof RdbError)) throw error;
    expect(error.offset).toBeLessThanOrEqual(bytes.length);
    expect(error.reason).not.toBe('');
  }
}

describe('damaged snapshots', () => {
  const chunkSizes = fc.constantFrom([0], [1], [13]);

  it('made of random bytes are refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300, size: 'max' }), chunkSizes, (bytes, sizes) => {
        readOrRefuse(Buffer.concat([Buffer.from('REDIS0011'), bytes]), sizes);
      }),
      { numRuns: 800 },
    );
  });

  it('made of a type and random bytes are refused', () => {
    fc.assert(
      fc.property(
        fc.nat(26),
        fc.uint8Array({ maxLength: 120, size: 'max' }),
        chunkSizes,
        (type, bytes, sizes) => {
          readOrRefuse(Buffer.concat([Buffer.from('REDIS0011'), Buffer.from([type, 1, 107]), bytes]), sizes);
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('with changed, lost and added bytes are refused or read', () => {
    const damage = fc.array(
      fc.record({
        at: fc.nat(),
        kind: fc.constantFrom('change', 'cut', 'insert', 'flip'),
        byte: fc.nat(255),
      }),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(entries, fc.boolean(), damage, chunkSizes, (written, compression, damages, sizes) => {
        let bytes = snapshotBytes({ version: 11, compression, databases: [{ index: 0, entries: written }] });
        for (const { at, kind, byte } of damages) {
          const place = 9 + (at % Math.max(1, bytes.length - 9));
          if (kind === 'change') bytes[place] = byte;
          else if (kind === 'flip') bytes[place] ^= 1 << (byte & 7);
          else if (kind === 'cut')
            bytes = Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + (byte % 8))]);
          else bytes = Buffer.concat([bytes.subarray(0, place), Buffer.from([byte]), bytes.subarray(place)]);
        }
        readOrRefuse(bytes, sizes);
      }),
      { numRuns: 1500 },
    );
  });

  it('with a changed byte fail their checksum at the latest', () => {
    fc.assert(
      fc.property(entries, fc.nat(), fc.integer({ min: 1, max: 255 }), (written, at, change) => {
        const bytes = snapshotBytes({ databases: [{ index: 0, entries: written }] });
        bytes[at % bytes.length] ^= change;
        // A stored checksum of zeros counts as none; no single change makes one.
        expect(() => readSnapshot(bytes)).toThrow(RdbError);
      }),
      { numRuns: 300 },
    );
  });
});

describe('damaged DUMP payloads', () => {
  it('are refused or decoded, nothing else', () => {
    fc.assert(
      fc.property(value, fc.nat(), fc.nat(255), (original, at, byte) => {
        const payload = encodeDumpPayload(original, { compression: false, listMaxListpackSize: -2 });
        payload[at % payload.length] = byte;
        const decoded = decodeDumpPayload(payload, DEFAULT_ENCODING_LIMITS, false);
        expect(typeof decoded.ok).toBe('boolean');
      }),
      { numRuns: 1200 },
    );
  });

  it('do not make the decoder allocate what they only promise', () => {
    // A string, a list and a set that claim to be huge; the footer is not looked at.
    for (const body of [
      '00c3028080000000ffff',
      '0081000000007fffffff',
      '0181000fffffffffffff0161',
      '0280ffffffff0161',
    ]) {
      const payload = Buffer.concat([Buffer.from(body, 'hex'), Buffer.alloc(10)]);
      const before = process.memoryUsage();
      expect(decodeDumpPayload(payload, DEFAULT_ENCODING_LIMITS, false)).toMatchObject({
        ok: false,
        problem: 'format',
      });
      const after = process.memoryUsage();
      expect(after.arrayBuffers - before.arrayBuffers + after.heapUsed - before.heapUsed).toBeLessThan(
        5_000_000,
      );
    }
  });
});
