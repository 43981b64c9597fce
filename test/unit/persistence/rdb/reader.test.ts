import { describe, expect, it } from 'vitest';
import { DEFAULT_ENCODING_LIMITS } from '../../../../src/keyspace/values/encoding-limits.js';
import { RdbError } from '../../../../src/persistence/rdb/errors.js';
import { RdbReader, type RdbEntry } from '../../../../src/persistence/rdb/reader.js';
import { readSnapshot, RecordingSink, snapshotBytes } from './snapshot-bytes.js';

/** SAVE of 7.0.15: three keys in db 0, one with an expiry, a hash in db 2, a function library. */
const realFile = Buffer.from(
  '524544495330303130' +
    'fa0972656469732d76657206372e302e3135' +
    'fa0a72656469732d62697473c040' +
    'fa056374696d65c2266a036b' +
    'fa08757365642d6d656dc2a03a1000' +
    'fa08616f662d62617365c000' +
    'f5404223216c7561206e616d653d6c0a72656469732e72656769737465725f66756e6374696f6e' +
    '282766272c66756e6374696f6e28292072657475726e203120656e64290a' +
    'fe00fb0301' +
    '0001730568656c6c6f' +
    '12016c01020d0d0000000200816102816202ff' +
    'fc00d8c32cbb03000000016ec1e803' +
    'fe02fb0100' +
    '1001680d0d0000000200816602817602ff' +
    'ff1a16fec4444d4cc8',
  'hex',
);

const realContents = [
  ['aux', 'redis-ver', '7.0.15'],
  ['aux', 'redis-bits', '64'],
  ['aux', 'ctime', '1795385894'],
  ['aux', 'used-mem', '1063584'],
  ['aux', 'aof-base', '0'],
  ['function', "#!lua name=l\nredis.register_function('f',function() return 1 end)\n"],
  ['database', 0],
  ['sizes', 3, 1],
  ['entry', entry('s', { type: 'string', value: 'hello' })],
  ['entry', entry('l', { type: 'list', value: ['a', 'b'] })],
  ['entry', { ...entry('n', { type: 'string', value: '1000' }), expireAtMs: 4102444800000 }],
  ['database', 2],
  ['sizes', 1, 0],
  ['entry', entry('h', { type: 'hash', value: [['f', 'v']] })],
  ['end'],
];

function entry(key: string, value: unknown): Record<string, unknown> {
  return { key, value, expireAtMs: -1, idleSeconds: -1, frequency: -1 };
}

function hex(text: string): Buffer {
  return Buffer.from(text.replace(/ /g, ''), 'hex');
}

/** A file of version 10 without checksum. */
function file(body: string): Buffer {
  return Buffer.concat([Buffer.from('REDIS0010'), hex(body), hex('ff 0000000000000000')]);
}

function errorOf(bytes: Buffer, chunkSizes?: readonly number[]): RdbError {
  try {
    readSnapshot(bytes, chunkSizes);
  } catch (error) {
    if (error instanceof RdbError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('RdbReader', () => {
  it('reads a file of a real server', () => {
    expect(readSnapshot(realFile)).toEqual(realContents);
  });

  it('can stop and go on at any byte', () => {
    for (const sizes of [[1], [2], [3, 1], [7], [64], [1, 100]]) {
      expect(readSnapshot(realFile, sizes)).toEqual(realContents);
    }
  });

  it('reads the smallest file', () => {
    expect(readSnapshot(hex('524544495330303130ffa9fd37fe89a77eeb'))).toEqual([['end']]);
  });

  it('leaves the bytes that follow the snapshot to its owner', () => {
    const reader = new RdbReader(new RecordingSink(), {
      limits: DEFAULT_ENCODING_LIMITS,
      verifyChecksum: true,
    });
    reader.push(realFile.subarray(0, 100));
    reader.push(Buffer.concat([realFile.subarray(100), Buffer.from('*1\r\n$4\r\nping\r\n')]));
    expect(reader.isComplete).toBe(true);
    expect(reader.takeRest().toString()).toBe('*1\r\n$4\r\nping\r\n');
  });

  it('reads idle times and frequencies, and forgets them after the key', () => {
    const heard = readSnapshot(file('fe00 f905 00 016b 0176 f8 4100 00 016c 0176 00 016d 0176'));
    expect(heard).toEqual([
      ['database', 0],
      ['entry', { ...entry('k', { type: 'string', value: 'v' }), frequency: 5 }],
      ['entry', { ...entry('l', { type: 'string', value: 'v' }), idleSeconds: 256 }],
      ['entry', entry('m', { type: 'string', value: 'v' })],
      ['end'],
    ]);
  });

  it('reads expiry in seconds, as old files have it', () => {
    const heard = readSnapshot(file('fd 00e1f505 00 016b 0176'));
    expect(heard[0]).toEqual([
      'entry',
      { ...entry('k', { type: 'string', value: 'v' }), expireAtMs: 100000000000 },
    ]);
  });

  it('reads files before version 5, which have no checksum', () => {
    expect(readSnapshot(Buffer.concat([Buffer.from('REDIS0004'), hex('fe00 00 016b 0176 ff')]))).toEqual([
      ['database', 0],
      ['entry', entry('k', { type: 'string', value: 'v' })],
      ['end'],
    ]);
  });

  it('accepts opcodes in any order and slot hints of cluster nodes', () => {
    const heard = readSnapshot(file('fe00 f4 05 01 00 00 016b 0176 fa 0178 0179 f5 0166'));
    expect(heard.map(([what]) => what)).toEqual(['database', 'entry', 'aux', 'function', 'end']);
  });

  it('skips collections without elements', () => {
    expect(readSnapshot(file('01 016b 00'))).toEqual([['empty key', 'k'], ['end']]);
  });

  it('passes over module data that belongs to no key, and says whose it was', () => {
    // The id of ReJSON-RL: nine characters of six bits, then the encoding version.
    const id = '81 45e25238df912c03';
    const heard = readSnapshot(
      file(`f7 ${id} 02 01 01 05 02 40ff 03 00000000 04 0000000000000000 05 03616263 00`),
    );
    expect(heard).toEqual([['module aux', 'ReJSON-RL'], ['end']]);
  });

  it('stops after the entry at which its sink pauses it, and goes on later', () => {
    const sink = new RecordingSink();
    const reader = new RdbReader(
      Object.assign(Object.create(sink) as RecordingSink, {
        onEntry: (read: RdbEntry) => {
          sink.onEntry(read);
          reader.pause();
        },
      }),
      { limits: DEFAULT_ENCODING_LIMITS, verifyChecksum: true },
    );
    const chunk = Buffer.from(realFile);
    reader.push(chunk);
    chunk.fill(0);
    const counts: number[] = [];
    while (!reader.isComplete) {
      counts.push(sink.heard.filter(([what]) => what === 'entry').length);
      reader.resume();
    }
    expect(counts).toEqual([1, 2, 3, 4]);
    expect(sink.heard).toEqual(realContents);
  });
});

describe('what RdbReader refuses', () => {
  const cases: [string, Buffer, string, RegExp, number?][] = [
    [
      'another magic',
      Buffer.from('VALKEY080\xff'),
      'signature',
      /^Wrong signature trying to load DB from file/,
      9,
    ],
    [
      'a version from the future',
      Buffer.from('REDIS0013\xff'),
      'signature',
      /Can't handle RDB format version 13/,
    ],
    ['version 0', Buffer.from('REDIS0000\xff'), 'signature', /format version 0/],
    ['an unknown type', file('08 016b 00'), 'corrupt', /Unknown RDB encoding type 8/, 10],
    ['a string encoding where a length belongs', file('fe c0 00'), 'corrupt', /length/],
    ['an unknown length form', file('00 82 00'), 'corrupt', /Unknown length encoding/],
    ['an unknown string form', file('00 c4 00'), 'corrupt', /Unknown RDB string encoding/],
    [
      'a string longer than any may be',
      file('00 016b 81 00000000ffffffff'),
      'corrupt',
      /A string of 4294967295 bytes/,
    ],
    [
      'a compressed string that promises too much',
      file('00 016b c3 03 80 10000000 000000'),
      'corrupt',
      /LZF/,
    ],
    ['a set with a member twice', file('02 016b 02 0161 0161'), 'corrupt', /Duplicate set members.*key 'k'/],
    ['a hash with a field twice', file('04 016b 02 0161 0162 0161 0163'), 'corrupt', /Duplicate hash fields/],
    [
      'a sorted set with a member twice',
      file('05 016b 02 0161 0000000000000000 0161 0000000000000000'),
      'corrupt',
      /Duplicate zset fields/,
    ],
    ['a score that is no number', file('05 016b 01 0161 000000000000f87f'), 'corrupt', /NAN score/],
    ['an old score that is no number', file('03 016b 01 0161 fd'), 'corrupt', /NAN score/],
    [
      'a listpack of the wrong size',
      file('10 016b 07 08000000 0000 ff'),
      'corrupt',
      /Hash listpack integrity/,
    ],
    [
      'a listpack that cannot be read backwards',
      file('10 016b 0d 0d000000 0200 816602 817603 ff'),
      'corrupt',
      /Hash listpack/,
    ],
    [
      'a ziplist that cannot be read backwards',
      file('0d 016b 11 11000000 0d000000 0200 00 0166 04 0176 ff'),
      'corrupt',
      /Hash ziplist integrity/,
    ],
    [
      'a ziplist with a wrong tail',
      file('0d 016b 11 11000000 0a000000 0200 00 0166 03 0176 ff'),
      'corrupt',
      /Hash ziplist/,
    ],
    [
      'a listpack with a field twice',
      file('10 016b 13 13000000 0400 816102 817602 816102 817702 ff'),
      'corrupt',
      /Hash listpack integrity check failed: listpack with dup elements/,
    ],
    ['a zipmap with nothing in it', file('09 016b 02 00 ff'), 'corrupt', /Zipmap integrity/],
    ['a list node of one element that is empty', file('12 016b 01 01 00'), 'corrupt', /Quicklist integrity/],
    ['a field without a value', file('10 016b 0a 0a000000 0100 816102 ff'), 'corrupt', /without a value/],
    ['an intset out of order', file('0b 016b 0c 02000000 02000000 0200 0100'), 'corrupt', /Intset integrity/],
    [
      'a pending entry that no consumer has',
      file(`13 016b 00 00 0000 0000 0000 00 01 0167 0000 00 01 ${'00'.repeat(24)} 01 00`),
      'corrupt',
      /without consumer/,
    ],
    [
      'a field that expires',
      file('19 016b 0000000000000000 0f 0f000000 0300 816602 817602 0101 ff'),
      'unsupported',
      /expires/,
    ],
    [
      'a module value',
      file('07 016b 81 45e25238df912c03 00'),
      'unsupported',
      /no matching module type 'ReJSON-RL' .key 'k'/,
    ],
    ['functions of a pre-release', file('f6 00'), 'unsupported', /Pre-release function format/],
  ];
  for (const [name, bytes, code, reason, offset] of cases) {
    it(name, () => {
      for (const sizes of [[0], [1]]) {
        const error = errorOf(bytes, sizes);
        expect(error.code).toBe(code);
        expect(error.message).toMatch(reason);
        expect(error.message).toMatch(/\(at byte \d+\)$/);
        if (offset !== undefined) expect(error.offset).toBe(offset);
      }
    });
  }

  it('a wrong checksum, unless told not to look', () => {
    const damaged = Buffer.from(realFile);
    damaged[realFile.length - 1] = 0xc9;
    expect(errorOf(damaged).code).toBe('checksum');
    expect(errorOf(damaged, [5]).code).toBe('checksum');
    expect(readSnapshot(damaged, [0], false)).toEqual(realContents);
  });

  it('a file that ends early, wherever that is', () => {
    for (let length = 0; length < realFile.length; length++) {
      expect(errorOf(realFile.subarray(0, length)).code).toBe('truncated');
    }
  });

  it('what its sink does not want', () => {
    const sink = new RecordingSink();
    const reader = new RdbReader(
      Object.assign(Object.create(sink) as RecordingSink, {
        onSelectDatabase: () => reader.fail('corrupt', 'too many databases'),
      }),
      { limits: DEFAULT_ENCODING_LIMITS, verifyChecksum: true },
    );
    expect(() => reader.push(realFile)).toThrow(/too many databases \(at byte \d+\)/);
  });
});

describe('RdbWriter', () => {
  it('writes what the reader reads', () => {
    const bytes = snapshotBytes({
      aux: [['redis-bits', '64']],
      functions: ['#!lua name=x'],
      databases: [
        { index: 0, entries: [{ key: 'a', value: 1, expireAtMs: 1_700_000_000_123 }] },
        {
          index: 300,
          entries: [
            { key: 'b', value: Buffer.from('bytes'), idleSeconds: 7 },
            { key: 'c', value: 'x', frequency: 255 },
          ],
        },
      ],
    });
    expect(readSnapshot(bytes, [3])).toEqual([
      ['aux', 'redis-bits', '64'],
      ['function', '#!lua name=x'],
      ['database', 0],
      ['sizes', 1, 1],
      ['entry', { ...entry('a', { type: 'string', value: '1' }), expireAtMs: 1_700_000_000_123 }],
      ['database', 300],
      ['sizes', 2, 0],
      ['entry', { ...entry('b', { type: 'string', value: 'bytes' }), idleSeconds: 7 }],
      ['entry', { ...entry('c', { type: 'string', value: 'x' }), frequency: 255 }],
      ['end'],
    ]);
  });
});
