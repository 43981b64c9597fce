/** Payloads made by real servers (7.0.15, 7.2.6, 7.4), and hand-made ones of the historic types that they accept. */
import { describe, expect, it } from 'vitest';
import { DEFAULT_ENCODING_LIMITS } from '../../../../src/keyspace/values/encoding-limits.js';
import type { HashValue } from '../../../../src/keyspace/values/hash-value.js';
import type { SetValue } from '../../../../src/keyspace/values/set-value.js';
import { makeStreamId, type StreamId } from '../../../../src/keyspace/values/stream-id.js';
import { StreamValue } from '../../../../src/keyspace/values/stream-value.js';
import type { EncodingLimits, Value } from '../../../../src/keyspace/values/value.js';
import {
  decodeDumpPayload,
  decodeFunctionsPayload,
  encodeDumpPayload,
  encodeFunctionsPayload,
} from '../../../../src/persistence/rdb/dump-payload.js';
import { plainOf, valueOf, type Plain, type PlainStream } from './plain.js';

const limits = DEFAULT_ENCODING_LIMITS;

function decoded(hex: string): Value {
  const result = decodeDumpPayload(Buffer.from(hex, 'hex'), limits, true);
  if (!result.ok) throw new Error(`refused: ${result.problem}`);
  return result.content;
}

function encoded(value: Value, version: 10 | 11 = 10, own: Partial<EncodingLimits> = {}): string {
  const { listMaxListpackSize } = { ...limits, ...own };
  return encodeDumpPayload(value, { version, listMaxListpackSize, compression: true }).toString('hex');
}

type Collection = Exclude<Plain, { type: 'stream' }>;
const string = (value: string): Collection => ({ type: 'string', value });
const list = (...value: string[]): Collection => ({ type: 'list', value });
const set = (...value: string[]): Collection => ({ type: 'set', value });
const hash = (...value: [string, string][]): Collection => ({ type: 'hash', value });
const zset = (...value: [string, number][]): Collection => ({ type: 'zset', value });

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_';
const hyperLogLog =
  'HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x60\xf3\x80\x50\xb1\x84\x4b\xfb\x80\x42\x5a';

/** What is read back and, unless said otherwise, written byte for byte. */
const vectors: {
  content: Collection;
  hex: string;
  version?: 11;
  own?: Partial<EncodingLimits>;
  readOnly?: true;
}[] = [
  { content: string('hello'), hex: '000568656c6c6f0a006372df766534200a' },
  { content: string('hello'), version: 11, hex: '000568656c6c6f0b000aad620598abc983' },
  { content: string(''), hex: '00000a005d9b5c400f7fa2da' },
  { content: string('12'), hex: '00c00c0a003c2af8515c04bcd5' },
  { content: string('-128'), hex: '00c0800a009966326d2f0c5bd9' },
  { content: string('1000'), hex: '00c1e8030a0089d1478ebac4b764' },
  { content: string('-70000'), hex: '00c290eefeff0a002875de7b13eb2800' },
  { content: string('12345678901'), hex: '000b31323334353637383930310a00304e52d727176510' },
  { content: string('007'), hex: '00033030370a007258e27b4c69bad9' },
  {
    content: string(letters),
    hex: '0040406162636465666768696a6b6c6d6e6f707172737475767778797a303132333435363738394142434445464748494a4b4c4d4e4f505152535455565758595a2d5f0a00ee63b4ff9ad9d034',
  },
  { content: string('a'.repeat(40)), hex: '00c30928016161e01b000161610a00cf092faaae25831d' },
  {
    content: string('abcdefgh'.repeat(5)),
    hex: '00c3102808616263646566676861e014070167680a00039722be4eaa6ccf',
  },
  {
    content: string(hyperLogLog),
    // Stock's compressor gives up on strings as short as this one.
    readOnly: true,
    hex: '001b48594c4c01000000000000000000008060f38050b1844bfb80425a0a009f590c06b6497049',
  },
  {
    content: list('a', '1', '-1', '200', '5000', '-40000', '100000', '3000000000', 'hello'),
    hex: '120102313100000009008161020101dfff02c0c802f1881303f2c063ff04f2a0860104f4005ed0b200000000098568656c6c6f06ff0a00cfe29a13639de392',
  },
  {
    content: list('a', 'b', 'c'),
    own: { listMaxListpackSize: 2 },
    hex: '1202020d0d0000000200816102816202ff020a0a0000000100816302ff0a00a60192a8f736b5c0',
  },
  {
    content: list('xy', 'plain-node-element', 'zz'),
    readOnly: true,
    hex: '1203020b0b000000010082787903ff0112706c61696e2d6e6f64652d656c656d656e74020b0b0000000100827a7a03ff0a00677edd03274ecd6b',
  },
  { content: set('3', '1', '2'), hex: '0b0e02000000030000000100020003000a00a5025ce26d6e4d1b' },
  { content: set('1', '70000'), hex: '0b10040000000200000001000000701101000a002735436efd6656c4' },
  {
    content: set('-1', '5000000000'),
    hex: '0b180800000002000000ffffffffffffffff00f2052a010000000a007c5c26b46e56fe62',
  },
  { content: set('3', 'a', 'b'), hex: '0203c003016201610a00a0b8f5002f6a7c9e', readOnly: true },
  { content: set('a', 'b', '3'), version: 11, hex: '140f0f00000003008161028162020301ff0b0012019276c04c040e' },
  {
    content: zset(['c', -3], ['a', 1], ['b', 2.5]),
    hex: '111a1a0000000600816302dffd02816102010181620283322e3504ff0a00a68a1ab1a9f2dcc2',
  },
  {
    content: zset(['c', -Infinity], ['a', 1], ['b', 2.5], ['d', Infinity]),
    own: { zsetMaxListpackEntries: 0 },
    hex: '05040164000000000000f07f016200000000000004400161000000000000f03f0163000000000000f0ff0a00e520124218be26e8',
  },
  {
    content: zset(['b', -Infinity], ['c', 0.1], ['d', 1e20], ['a', Infinity]),
    // 7.0 writes 0.1 with 17 digits.
    readOnly: true,
    hex: '11c3313a163a0000000800816202842d696e660581630293302e3130e005000f31148164028531652b3230068161028320290104ff0a00f1afe54f19cfafaa',
  },
  {
    content: zset(['b', -Infinity], ['c', 0.1], ['d', 1e20], ['a', Infinity]),
    version: 11,
    hex: '112a2a0000000800816202842d696e660581630283302e31048164028531652b32300681610283696e6604ff0b004c5e3fc527593995',
  },
  {
    content: hash(['f1', 'v1'], ['n', '42']),
    hex: '10141400000004008266310382763103816e022a01ff0a003138f0c7327a23d3',
  },
  {
    content: hash(['f1', 'v1']),
    own: { hashMaxListpackEntries: 0 },
    hex: '04010266310276310a00fcf27c841f560a15',
  },
];

describe('DUMP payloads of real servers', () => {
  for (const { content, hex, version, own, readOnly } of vectors) {
    const name = `${content.type} ${JSON.stringify(content.value).slice(0, 60)}${version === 11 ? ' (7.2)' : ''}`;
    it(`reads ${name}`, () => {
      expect(plainOf(decoded(hex))).toEqual(plainOf(valueOf(content, limits)));
    });
    if (readOnly) continue;
    it(`writes ${name}`, () => {
      expect(encoded(valueOf(content, { ...limits, ...own }), version, own)).toBe(hex);
    });
  }

  it('keeps integers as numbers and other strings as text', () => {
    expect(decoded('00c1e8030a0089d1478ebac4b764')).toBe(1000);
    expect(decoded('000b31323334353637383930310a00304e52d727176510')).toBe(12345678901);
    expect(decoded('00033030370a007258e27b4c69bad9')).toBe('007');
  });
});

/** Ids as `ms-sequence`, entries as id and alternating fields and values. */
function streamOf(entries: [StreamId, ...string[]][]): StreamValue {
  const stream = new StreamValue(limits);
  for (const [id, ...pairs] of entries) {
    stream.append(
      id,
      pairs.filter((_, index) => index % 2 === 0),
      pairs.filter((_, index) => index % 2 === 1),
    );
  }
  return stream;
}

function plainEntries(...entries: [string, ...string[]][]): PlainStream['entries'] {
  return entries.map(([id, ...pairs]) => ({
    id,
    fields: pairs.filter((_, index) => index % 2 === 0),
    values: pairs.filter((_, index) => index % 2 === 1),
  }));
}

describe('DUMP payloads of streams', () => {
  const twoEntries = {
    entries: plainEntries(['1-1', 'a', '1', 'b', '2'], ['1-2', 'a', '3', 'b', '4']),
    lastId: '1-2',
    maxDeletedId: '0-0',
    entriesAdded: 2,
    groups: [],
  };
  const seventy =
    '130110000000000000000100000000000000012d2d00000012000201000102018161028162020001020100010001010102010501020100010101030104010501ff0201020101000002000a0082e088167d80f296';
  const seventyTwo =
    '150110000000000000000100000000000000012d2d00000012000201000102018161028162020001020100010001010102010501020100010101030104010501ff0201020101000002000b00faefed8a6200f66a';

  it('are read', () => {
    expect(plainOf(decoded(seventy))).toEqual({ type: 'stream', value: twoEntries });
    expect(plainOf(decoded(seventyTwo))).toEqual({ type: 'stream', value: twoEntries });
  });

  it('are written byte for byte', () => {
    const stream = streamOf([
      [makeStreamId(1, 1), 'a', '1', 'b', '2'],
      [makeStreamId(1, 2), 'a', '3', 'b', '4'],
    ]);
    expect(encoded(stream)).toBe(seventy);
    expect(encoded(stream, 11)).toBe(seventyTwo);
  });

  it('are read without their deleted entries, which still count for the size of the node', () => {
    const stream = decoded(
      '13011000000000000000050000000000000000383800000016000201010101018166020001020100010001817602040101010101000101018167028177020601020102010001817a020401ff0207000500060003000a0079b3f46b48c65c78',
    ) as StreamValue;
    expect(plainOf(stream)).toEqual({
      type: 'stream',
      value: {
        entries: plainEntries(['5-0', 'f', 'v'], ['7-0', 'f', 'z']),
        lastId: '7-0',
        maxDeletedId: '6-0',
        entriesAdded: 3,
        groups: [],
      },
    });
    const [node] = stream.freeze().nodes;
    expect(node?.deletedCount).toBe(1);
    expect(node?.sizeBytes).toBe(0x38);
  });

  it('are read when empty, with a group that has read an unknown number of entries', () => {
    const hex = '13000000000000000000010167000081ffffffffffffffff00000a00a01a953dfb9cddde';
    const stream = decoded(hex);
    expect(plainOf(stream)).toEqual({
      type: 'stream',
      value: {
        entries: [],
        lastId: '0-0',
        maxDeletedId: '0-0',
        entriesAdded: 0,
        groups: [{ name: 'g', lastDeliveredId: '0-0', entriesRead: null, pending: [], consumers: [] }],
      },
    });
    expect(encoded(stream)).toBe(hex);
  });

  it('keep groups, pending entries and consumers', () => {
    const hex70 =
      '1301100000000000000001000000000000000126260000000f0002010001010181610200010201000100010101040102010101000102010401ff020201010100000201016701010101000000000000000100000000000000010068e5cf8b010000030205616c69636523415205a2010000010000000000000001000000000000000103626f6223415205a2010000000a001a684390277a0e9c';
    const hex72 =
      '1501100000000000000001000000000000000126260000000f0002010001010181610200010201000100010101040102010101000102010401ff020201010100000201016701010101000000000000000100000000000000010068e5cf8b010000030205616c69636524415205a201000024415205a2010000010000000000000001000000000000000103626f6224415205a2010000ffffffffffffffff000b008a02c2432b119ee8';
    const old = decoded(hex70);
    const recent = decoded(hex72);
    const group = (seen: number, bobActive: number): PlainStream['groups'][number] => ({
      name: 'g',
      lastDeliveredId: '1-1',
      entriesRead: 1,
      pending: [{ id: '1-1', consumer: 'alice', deliveredAtMs: 1700000000000, deliveryCount: 3 }],
      consumers: [
        { name: 'alice', seenAtMs: seen, activeAtMs: seen, pending: ['1-1'] },
        { name: 'bob', seenAtMs: seen, activeAtMs: bobActive, pending: [] },
      ],
    });
    const plain = plainOf(old);
    const seen = Number(Buffer.from('23415205a2010000', 'hex').readBigInt64LE());
    expect(plain.type === 'stream' && plain.value.groups).toEqual([group(seen, seen)]);
    const recentPlain = plainOf(recent);
    expect(recentPlain.type === 'stream' && recentPlain.value.groups).toEqual([group(seen + 1, -1)]);
    expect(encoded(old)).toBe(hex70);
    expect(encoded(recent, 11)).toBe(hex72);
  });

  it('are read in their simplest form, without fields of the node', () => {
    expect(
      plainOf(
        decoded(
          '130110000000000000000500000000000000003535000000140002010001000100010001000100010101816602817602060100010401010102018166028176028167028177020801ff0209010500000002000a0060e745f0bec04548',
        ),
      ),
    ).toEqual({
      type: 'stream',
      value: {
        entries: plainEntries(['5-0', 'f', 'v'], ['9-1', 'f', 'v', 'g', 'w']),
        lastId: '9-1',
        maxDeletedId: '0-0',
        entriesAdded: 2,
        groups: [],
      },
    });
  });
});

describe('RESTORE payloads of historic types', () => {
  const historic: [string, Collection, string][] = [
    ['list (1)', list('a', '5'), '01020161c005090097512645a449d826'],
    ['set (2)', set('5', 'a'), '02020161c00509005b9d971e9a49ff6e'],
    [
      'sorted set with scores as text (3)',
      zset(['c', -Infinity], ['a', 1.5], ['b', Infinity]),
      '0303016103312e350162fe0163ff0900d624e41d4f566bfe',
    ],
    [
      'zipmap hash (9)',
      hash(['foo', 'bar'], ['hello', 'world']),
      '09180203666f6f03006261720568656c6c6f0500776f726c64ff090061a9eeca284bdc97',
    ],
    [
      'ziplist list (10)',
      list('ab', '2', '127', '-1000', '100000', '-2000000000', '5000000000', '0', '12'),
      '0a31310000002e00000009000002616204f302fe7f03c018fc04f0a0860105d0006cca8806e000f2052a010000000af102fdff0900be062b181e01db3a',
    ],
    ['short ziplist list (10)', list('2', '5'), '0a0f0f0000000c000000020000f302f6ff09000596e2a2ae7804c7'],
    [
      'ziplist sorted set (12)',
      zset(['a', 1], ['b', 2.5]),
      '0c181800000012000000040000016103f20201620303322e35ff09008ca54c51c0e9cd06',
    ],
    [
      'ziplist hash (13)',
      hash(['f', 'v'], ['n', '42']),
      '0d171700000013000000040000016603017603016e03fe2aff09002b728ac965635523',
    ],
    [
      'quicklist of ziplists (14)',
      list('a', 'b', 'c'),
      '0e0211110000000d0000000200000161030162ff0e0e0000000a0000000100000163ff0900a3d1643a21af14e9',
    ],
    ['string with a 32-bit length', string('abc'), '00800000000361626309005b24928a72e57c5c'],
    ['string with a 64-bit length', string('abc'), '008100000000000000036162630900e3128d14184b85d6'],
  ];
  for (const [name, content, hex] of historic) {
    it(`reads a ${name}`, () => expect(plainOf(decoded(hex))).toEqual(content));
  }

  it('reads a stream of Redis 5 (15): counters that it did not have are worked out', () => {
    const plain = plainOf(
      decoded(
        '0f01100000000000000001000000000000000126260000000f0002010001010181610200010201000100010101040102010101000102010401ff020201010167010101000000000000000100000000000000010068e5cf8b010000030105616c6963650068e5cf8b01000001000000000000000100000000000000010900debdf03382c97332',
      ),
    );
    expect(plain).toEqual({
      type: 'stream',
      value: {
        entries: plainEntries(['1-1', 'a', '1'], ['2-1', 'a', '2']),
        lastId: '2-1',
        maxDeletedId: '0-0',
        entriesAdded: 2,
        groups: [
          {
            name: 'g',
            lastDeliveredId: '1-1',
            entriesRead: 1,
            pending: [{ id: '1-1', consumer: 'alice', deliveredAtMs: 1700000000000, deliveryCount: 3 }],
            consumers: [
              { name: 'alice', seenAtMs: 1700000000000, activeAtMs: 1700000000000, pending: ['1-1'] },
            ],
          },
        ],
      },
    });
  });
});

describe('Payloads that are refused', () => {
  const problemOf = (hex: string): string => {
    const result = decodeDumpPayload(Buffer.from(hex, 'hex'), limits, true);
    return result.ok ? 'none' : result.problem;
  };

  it('an empty collection', () => expect(problemOf('010009008b0a7400389120e7')).toBe('format'));

  it('hashes with fields that expire, listpack (25) and hash table (24)', () => {
    expect(
      problemOf(
        '1900d8c32cbb0300001f1f0000000600816602817602f400d8c32cbb030000098167028177020001ff0c008436d9888806ec99',
      ),
    ).toBe('format');
    expect(problemOf('1800d8c32cbb03000002010166017600016701770c006fca9f112bd7ba07')).toBe('format');
  });

  it('a wrong checksum, a zero checksum, a version from the future, too few bytes', () => {
    expect(problemOf('000568656c6c6f0a006372df766534200b')).toBe('footer');
    expect(problemOf('000568656c6c6f0a000000000000000000')).toBe('footer');
    expect(problemOf('000568656c6c6f0d006372df766534200a')).toBe('footer');
    expect(problemOf('0a006372df76653420')).toBe('footer');
    expect(problemOf('')).toBe('footer');
  });

  it('reads a payload with a wrong checksum when told not to verify', () => {
    const payload = Buffer.from('000568656c6c6f0a000000000000000000', 'hex');
    expect(decodeDumpPayload(payload, limits, false)).toEqual({ ok: true, content: 'hello' });
  });
});

describe('hashes from 7.4 whose fields do not expire', () => {
  it('are read', () => {
    // type 24, minExpire, one field without time; type 25 with a triple whose time is 0
    const table = Buffer.from('18' + '0000000000000000' + '01' + '00' + '0166' + '0176', 'hex');
    const packed = Buffer.from('19' + '0000000000000000' + '0f' + '0f00000003008166028176020001ff', 'hex');
    for (const body of [table, packed]) {
      const payload = Buffer.concat([body, Buffer.alloc(10)]);
      const result = decodeDumpPayload(payload, limits, false);
      expect(result.ok && plainOf(result.content)).toEqual({ type: 'hash', value: [['f', 'v']] });
    }
  });
});

describe('FUNCTION DUMP', () => {
  const source = "#!lua name=l1\nredis.register_function('f1',function(k,a) return 1 end)\n";
  const hex =
    'f5404723216c7561206e616d653d6c310a72656469732e72656769737465725f66756e6374696f6e28276631272c66756e6374696f6e286b2c61292072657475726e203120656e64290a0a00a6a3e58e5224d712';

  it('is read and written', () => {
    expect(decodeFunctionsPayload(Buffer.from(hex, 'hex'), true)).toEqual({ ok: true, content: [source] });
    expect(encodeFunctionsPayload([source]).toString('hex')).toBe(hex);
  });
});

describe('encodings after reading', () => {
  it('follow the thresholds of this server, not the type that was sent', () => {
    const hashTable = decoded('04010266310276310a00fcf27c841f560a15') as HashValue;
    expect(hashTable.encoding).toBe('listpack');
    expect((decoded('02020161c00509005b9d971e9a49ff6e') as SetValue).encoding).toBe('listpack');
  });
});
