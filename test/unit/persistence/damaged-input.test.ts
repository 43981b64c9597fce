/**
 * Damaged snapshots, logs and RESTORE payloads: whatever the bytes, the outcome is a dataset or one clear error. Nothing
 * is thrown that nobody expects, nothing hangs, and no memory is taken because a length promises content.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Keyspace } from '../../../src/keyspace/keyspace.js';
import { DEFAULT_ENCODING_LIMITS } from '../../../src/keyspace/values/encoding-limits.js';
import type { Logger } from '../../../src/log/logger.js';
import { KeyspaceLoader } from '../../../src/persistence/loading/keyspace-loader.js';
import { Crc64 } from '../../../src/persistence/rdb/crc64.js';
import { decodeDumpPayload } from '../../../src/persistence/rdb/dump-payload.js';
import { RdbError } from '../../../src/persistence/rdb/errors.js';
import { VirtualWorld } from '../../../src/platform/virtual/index.js';
import { ErrorReply } from '../../support/resp.js';
import { LOG_DIRECTORY, LoggedServer } from '../../support/logged-server.js';

const RUNS = Number(process.env.VEDETTE_FUZZ_RUNS ?? 300);
const SILENT: Logger = {
  debug: () => undefined,
  verbose: () => undefined,
  notice: () => undefined,
  warning: () => undefined,
  isEnabled: () => false,
};

/** What may happen to a file: bytes are changed, left out, put in, or the end is missing. */
type Damage =
  | { readonly kind: 'change'; readonly at: number; readonly byte: number }
  | { readonly kind: 'remove'; readonly at: number; readonly count: number }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'cut'; readonly at: number };

const place = fc.double({ min: 0, max: 1, noNaN: true });
const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({ kind: fc.constant('change' as const), at: place, byte: fc.nat(255) }),
  fc.record({ kind: fc.constant('remove' as const), at: place, count: fc.integer({ min: 1, max: 20 }) }),
  fc.record({
    kind: fc.constant('insert' as const),
    at: place,
    bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }),
  }),
  fc.record({ kind: fc.constant('cut' as const), at: place }),
);
const damages = fc.array(damage, { minLength: 1, maxLength: 4 });

function damaged(bytes: Buffer, list: readonly Damage[]): Buffer {
  let result = Buffer.from(bytes);
  for (const each of list) {
    const at = Math.floor(each.at * result.length);
    const [before, after] = [result.subarray(0, at), result.subarray(at)];
    switch (each.kind) {
      case 'change':
        if (at < result.length) result[at] = each.byte;
        break;
      case 'remove':
        result = Buffer.concat([before, after.subarray(each.count)]);
        break;
      case 'insert':
        result = Buffer.concat([before, each.bytes, after]);
        break;
      case 'cut':
        result = Buffer.from(before);
    }
  }
  return result;
}

/** A server with a key of every type, small and large. */
function filledServer(): LoggedServer {
  const server = LoggedServer.started(new VirtualWorld({ seed: 1 }));
  for (const [name, count] of [
    ['small', 3],
    ['large', 600],
  ] as const) {
    const items = Array.from({ length: count }, (_, i) => `item ${i}`);
    server.call('SET', `string ${name}`, items.join(' '));
    server.call('RPUSH', `list ${name}`, ...items);
    server.call('SADD', `set ${name}`, ...items);
    server.call('SADD', `integers ${name}`, ...items.map((_, i) => i * i));
    server.call('ZADD', `zset ${name}`, ...items.flatMap((item, i) => [i / 7, item]));
    server.call('HSET', `hash ${name}`, ...items.flatMap((item, i) => [item, i]));
    for (let i = 1; i <= Math.min(count, 120); i++) server.call('XADD', `stream ${name}`, `${i}-1`, 'f', i);
    server.call('XGROUP', 'CREATE', `stream ${name}`, 'group', '0');
    server.call('XREADGROUP', 'GROUP', 'group', 'alice', 'COUNT', 3, 'STREAMS', `stream ${name}`, '>');
    server.call('PEXPIREAT', `list ${name}`, 4_000_000_000_000);
  }
  return server;
}

/** Payloads of older Redis versions: text scores, zipmap, ziplists, intset, quicklist of ziplists, stream. */
const HISTORIC_PAYLOADS = [
  '0303016103312e350162fe0163ff0900d624e41d4f566bfe',
  '09180203666f6f03006261720568656c6c6f0500776f726c64ff090061a9eeca284bdc97',
  '0a31310000002e00000009000002616204f302fe7f03c018fc04f0a0860105d0006cca8806e000f2052a010000000af102fdff0900be062b181e01db3a',
  '0b180800000002000000ffffffffffffffff00f2052a010000000a007c5c26b46e56fe62',
  '0c181800000012000000040000016103f20201620303322e35ff09008ca54c51c0e9cd06',
  '0d171700000013000000040000016603017603016e03fe2aff09002b728ac965635523',
  '0e0211110000000d0000000200000161030162ff0e0e0000000a0000000100000163ff0900a3d1643a21af14e9',
  '0f01100000000000000001000000000000000126260000000f0002010001010181610200010201000100010101040102010101000102010401ff020201010167010101000000000000000100000000000000010068e5cf8b010000030105616c6963650068e5cf8b01000001000000000000000100000000000000010900debdf03382c97332',
];

function outcomeOf(bytes: Buffer, verifyChecksum: boolean): 'loaded' | RdbError {
  const keyspace = new Keyspace(16, DEFAULT_ENCODING_LIMITS);
  const loader = new KeyspaceLoader(
    keyspace,
    {
      verifyChecksum,
      dropsExpired: false,
      nowMs: 0,
      replacesExisting: false,
      evictionPolicy: 'noeviction',
      keyDelayMicroseconds: 0,
    },
    SILENT,
  );
  try {
    loader.reader.push(bytes);
    loader.reader.end();
    return 'loaded';
  } catch (error) {
    if (error instanceof RdbError) return error;
    throw error;
  }
}

describe('a damaged snapshot', () => {
  const server = filledServer();
  server.call('SAVE');
  const whole = Buffer.from(server.disk.text('/server/dump.rdb') ?? '', 'latin1');

  it('is loaded when it is not damaged', () => {
    expect(outcomeOf(whole, true)).toBe('loaded');
  });

  it('is never taken for a good one while its checksum counts', () => {
    fc.assert(
      fc.property(damages, (list) => {
        const bytes = damaged(whole, list);
        // Bytes after the end of a snapshot are no part of it.
        if (bytes.subarray(0, whole.length).equals(whole)) return;
        const outcome = outcomeOf(bytes, true);
        expect(outcome).toBeInstanceOf(RdbError);
        if (outcome === 'loaded') return;
        expect(outcome.reason).not.toBe('');
        expect(outcome.offset).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: RUNS },
    );
  });

  it('is read as far as it goes without one', () => {
    fc.assert(
      fc.property(damages, (list) => {
        outcomeOf(damaged(whole, list), false);
      }),
      { numRuns: RUNS },
    );
  });

  it('takes no memory for what it only promises', () => {
    const header = Buffer.from('REDIS0010', 'latin1');
    const promises = [0, 1, 2, 4, 5, 11, 16, 17, 18, 19].map((type) =>
      Buffer.concat([header, Buffer.from([type, 1, 0x6b, 0x80, 0x1f, 0xff, 0xff, 0xff])]),
    );
    const before = process.memoryUsage().arrayBuffers;
    for (const bytes of promises) expect(outcomeOf(bytes, false)).toBeInstanceOf(RdbError);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50 * 1024 * 1024);
  });
});

describe('a damaged payload', () => {
  const server = filledServer();
  const names = ['string', 'list', 'set', 'integers', 'zset', 'hash', 'stream'];
  const keys = names.flatMap((name) => [`${name} small`, `${name} large`]);
  const payloads = [
    ...keys.map((key) => server.test.connect().callRaw('DUMP', key)).map(bulkOf),
    ...HISTORIC_PAYLOADS.map((hex) => Buffer.from(hex, 'hex')),
  ];

  it('is refused by RESTORE, or makes a value that can be used', () => {
    fc.assert(
      fc.property(fc.constantFrom(...payloads), damages, (payload, list) => {
        // With a right checksum, so that the decoders see it.
        const bytes = signed(damaged(payload.subarray(0, -8), list));
        const decoded = decodeDumpPayload(bytes, DEFAULT_ENCODING_LIMITS, true);
        if (!decoded.ok) return;
        const reply = server.call('RESTORE', 'restored', 0, bytes.latin1Slice(), 'REPLACE');
        if (reply instanceof ErrorReply) return;
        expect(server.call('DUMP', 'restored')).not.toBeNull();
        expect(server.call('TYPE', 'restored')).not.toBe('none');
        expect(server.call('DEBUG', 'DIGEST')).toHaveLength(40);
        expect(server.process.isAlive).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('a damaged log', () => {
  const server = filledServer();
  server.call('CONFIG', 'SET', 'aof-use-rdb-preamble', 'no');
  server.rewrite();
  const whole = Buffer.from(server.file('2.base.aof'), 'latin1').subarray(0, 6000);

  it('ends the start with a reason, or is loaded up to where it is whole', () => {
    fc.assert(
      fc.property(damages, (list) => {
        const world = new VirtualWorld({ seed: 1 });
        const next = new LoggedServer(world, { 'propagation-error-behavior': 'ignore' });
        const manifest = 'file appendonly.aof.1.incr.aof seq 1 type i\n';
        next.disk.put(`${LOG_DIRECTORY}/appendonly.aof.manifest`, manifest);
        const bytes = damaged(whole, list);
        next.disk.put(`${LOG_DIRECTORY}/appendonly.aof.1.incr.aof`, bytes.latin1Slice());
        const problem = next.load();
        expect(next.process.isAlive).toBe(true);
        if (problem !== null) expect(problem).toMatch(/appendonly\.aof/);
        else expect(next.call('DBSIZE')).toBeTypeOf('number');
      }),
      { numRuns: Math.ceil(RUNS / 3) },
    );
  });
});

describe('a damaged log of several files', () => {
  const server = filledServer();
  server.rewrite();
  server.call('SET', 'after', '1');
  const names = ['appendonly.aof.manifest', 'appendonly.aof.2.base.rdb', 'appendonly.aof.2.incr.aof'];
  const files = names.map((name): [string, string] => [
    name,
    server.disk.text(`${LOG_DIRECTORY}/${name}`) ?? '',
  ]);

  it.each(names)('in %s: ends the start with a reason, or is loaded', (broken) => {
    fc.assert(
      fc.property(damages, (list) => {
        const next = new LoggedServer(new VirtualWorld({ seed: 1 }), {
          'propagation-error-behavior': 'ignore',
        });
        for (const [name, text] of files) {
          const bytes = name === broken ? damaged(Buffer.from(text, 'latin1'), list).latin1Slice() : text;
          next.disk.put(`${LOG_DIRECTORY}/${name}`, bytes);
        }
        const problem = next.load();
        expect(next.process.isAlive).toBe(true);
        if (problem === null) expect(next.call('DBSIZE')).toBeTypeOf('number');
        else expect(problem).not.toBe('');
      }),
      { numRuns: Math.ceil(RUNS / 6) },
    );
  });
});

/** The content of a bulk reply. */
function bulkOf(reply: Buffer): Buffer {
  const start = reply.indexOf('\n') + 1;
  return Buffer.from(reply.subarray(start, -2));
}

/** Puts the checksum of the bytes behind them. */
function signed(bytes: Buffer): Buffer {
  const checksum = Buffer.alloc(8);
  const crc = new Crc64();
  crc.update(bytes);
  crc.writeTo(checksum, 0);
  return Buffer.concat([bytes, checksum]);
}
