/** The output buffer: every kind of reply in both protocols, in whatever chunks, and what becomes of the chunks. */
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Connection } from '../../../src/platform/platform.js';
import { ChunkPool, OutputBuffer, writeHeader } from '../../../src/resp/output-buffer.js';

const CHUNK_BYTES = 16 * 1024;

/** Takes what is flushed; `keeps` holds on to the buffers, as a connection does whose peer does not read. */
class Sink {
  readonly kept: Buffer[] = [];
  readonly sizes: number[] = [];
  bytes = '';
  bufferedBytes = 0;

  constructor(private readonly keeps = false) {}

  write(bytes: Buffer): void {
    this.sizes.push(bytes.length);
    this.bytes += bytes.latin1Slice();
    if (!this.keeps) return;
    this.kept.push(bytes);
    this.bufferedBytes += bytes.length;
  }

  get keptBytes(): string {
    return Buffer.concat(this.kept).latin1Slice();
  }

  /** As the interface that an output buffer writes to, of which it uses these two members. */
  get connection(): Connection {
    return this as unknown as Connection;
  }
}

let pool: ChunkPool;
let output: OutputBuffer;
beforeEach(() => {
  pool = new ChunkPool();
  output = new OutputBuffer(pool);
});

function flushed(): string {
  const sink = new Sink();
  output.flush(sink.connection);
  return sink.bytes;
}

describe('replies', () => {
  test.each<[string, (reply: OutputBuffer) => void, string, string]>([
    ['ok', (reply) => reply.ok(), '+OK\r\n', '+OK\r\n'],
    ['simple', (reply) => reply.simple('PONG'), '+PONG\r\n', '+PONG\r\n'],
    ['error', (reply) => reply.error('ERR no\r\ngood\n'), '-ERR no  good \r\n', '-ERR no  good \r\n'],
    ['integer', (reply) => reply.integer(42), ':42\r\n', ':42\r\n'],
    [
      'bigInteger',
      (reply) => reply.bigInteger(-(2n ** 63n)),
      ':-9223372036854775808\r\n',
      ':-9223372036854775808\r\n',
    ],
    ['bulk', (reply) => reply.bulk('a\r\n\xff'), '$4\r\na\r\n\xff\r\n', '$4\r\na\r\n\xff\r\n'],
    ['empty bulk', (reply) => reply.bulk(''), '$0\r\n\r\n', '$0\r\n\r\n'],
    [
      'bulkBuffer',
      (reply) => reply.bulkBuffer(Buffer.from([0, 255])),
      '$2\r\n\0\xff\r\n',
      '$2\r\n\0\xff\r\n',
    ],
    ['bulkInteger', (reply) => reply.bulkInteger(-10), '$3\r\n-10\r\n', '$3\r\n-10\r\n'],
    ['nullBulk', (reply) => reply.nullBulk(), '$-1\r\n', '_\r\n'],
    ['nullArray', (reply) => reply.nullArray(), '*-1\r\n', '_\r\n'],
    ['true', (reply) => reply.boolean(true), ':1\r\n', '#t\r\n'],
    ['false', (reply) => reply.boolean(false), ':0\r\n', '#f\r\n'],
    ['double', (reply) => reply.double(1.5), '$3\r\n1.5\r\n', ',1.5\r\n'],
    ['infinity', (reply) => reply.double(-Infinity), '$4\r\n-inf\r\n', ',-inf\r\n'],
    ['bigNumber', (reply) => reply.bigNumber('12345'), '$5\r\n12345\r\n', '(12345\r\n'],
    ['verbatim', (reply) => reply.verbatim('txt', 'hello'), '$5\r\nhello\r\n', '=9\r\ntxt:hello\r\n'],
    ['arrayHeader', (reply) => reply.arrayHeader(3), '*3\r\n', '*3\r\n'],
    ['mapHeader', (reply) => reply.mapHeader(3), '*6\r\n', '%3\r\n'],
    ['setHeader', (reply) => reply.setHeader(3), '*3\r\n', '~3\r\n'],
    ['pushHeader', (reply) => reply.pushHeader(3), '*3\r\n', '>3\r\n'],
    ['raw', (reply) => reply.raw('+as it is\r\n'), '+as it is\r\n', '+as it is\r\n'],
  ])('%s', (_kind, write, version2, version3) => {
    write(output);
    expect(flushed()).toBe(version2);
    output.protocol = 3;
    write(output);
    expect(flushed()).toBe(version3);
  });

  test('have attributes in the new protocol', () => {
    output.protocol = 3;
    output.attributeHeader(1);
    expect(flushed()).toBe('|1\r\n');
  });

  test('count errors and remember the last', () => {
    output.error('ERR one');
    output.error('WRONGTYPE two');
    expect(output.errorCount).toBe(2);
    expect(output.lastError).toBe('WRONGTYPE two');
  });
});

describe('numbers', () => {
  const header = (value: number): string => {
    const target = Buffer.alloc(24);
    return target.latin1Slice(0, writeHeader(target, 0, 58, value));
  };

  test.each([
    0,
    9,
    10,
    11,
    99,
    100,
    999_999_999,
    1_000_000_000,
    2_147_483_647,
    2_147_483_648,
    4_294_967_296,
    Number.MAX_SAFE_INTEGER,
    -1,
    -10,
    -2_147_483_648,
    Number.MIN_SAFE_INTEGER,
  ])('%d', (value) => expect(header(value)).toBe(`:${value}\r\n`));

  test('of any size', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        expect(header(value)).toBe(`:${value}\r\n`);
      }),
    );
  });
});

describe('output of any size', () => {
  test('comes out in order, across chunks', () => {
    const lengths = fc.oneof(
      fc.integer({ min: 0, max: 100 }),
      fc.integer({ min: 7000, max: 9000 }),
      fc.integer({ min: CHUNK_BYTES - 40, max: CHUNK_BYTES + 40 }),
    );
    const kinds = fc.constantFrom('bulk', 'bulkBuffer', 'simple', 'raw', 'integer', 'ok', 'verbatim');
    fc.assert(
      fc.property(fc.array(fc.tuple(kinds, lengths), { maxLength: 30 }), (writes) => {
        const buffer = new OutputBuffer(pool);
        buffer.protocol = 3;
        let expected = '';
        for (const [kind, length] of writes) {
          const text = 'abcdefghij'.repeat(Math.ceil(length / 10)).slice(0, length);
          switch (kind) {
            case 'bulk':
              buffer.bulk(text);
              expected += `$${length}\r\n${text}\r\n`;
              break;
            case 'bulkBuffer':
              buffer.bulkBuffer(Buffer.from(text));
              expected += `$${length}\r\n${text}\r\n`;
              break;
            case 'simple':
              buffer.simple(text);
              expected += `+${text}\r\n`;
              break;
            case 'raw':
              buffer.raw(text);
              expected += text;
              break;
            case 'integer':
              buffer.integer(length);
              expected += `:${length}\r\n`;
              break;
            case 'ok':
              buffer.ok();
              expected += '+OK\r\n';
              break;
            case 'verbatim':
              buffer.verbatim('txt', text);
              expected += `=${length + 4}\r\ntxt:${text}\r\n`;
              break;
          }
          expect(buffer.pendingBytes).toBe(expected.length);
        }
        const sink = new Sink();
        buffer.flush(sink.connection);
        expect(sink.bytes === expected).toBe(true);
        expect(buffer.pendingBytes).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  test('of small replies is written in pieces of a chunk', () => {
    for (let i = 0; i < 10_000; i++) output.ok();
    const sink = new Sink();
    output.flush(sink.connection);
    expect(sink.bytes).toHaveLength(50_000);
    expect(sink.sizes.length).toBe(Math.ceil(50_000 / CHUNK_BYTES));
  });

  test('of an empty buffer writes nothing', () => {
    const sink = new Sink();
    output.flush(sink.connection);
    output.raw('');
    output.flush(sink.connection);
    expect(sink.sizes).toEqual([]);
  });
});

describe('chunks', () => {
  test('are used again once they are written', () => {
    output.ok();
    flushed();
    const chunk = pool.take();
    pool.give(chunk);
    output.ok();
    expect(pool.take()).not.toBe(chunk);
  });

  test('are left to a connection that still has to send them', () => {
    const sink = new Sink(true);
    output.bulk('first');
    output.flush(sink.connection);
    output.bulk('x'.repeat(5000));
    output.flush(sink.connection);
    new OutputBuffer(pool).bulk('y'.repeat(5000));
    expect(sink.keptBytes).toBe(`$5\r\nfirst\r\n$5000\r\n${'x'.repeat(5000)}\r\n`);
  });

  test('hold a copy of a value that may change before it is sent', () => {
    const sink = new Sink(true);
    for (const length of [10, 20_000]) {
      const value = Buffer.alloc(length, 'a');
      output.bulkBuffer(value);
      value.fill('b');
    }
    output.flush(sink.connection);
    expect(sink.keptBytes).toBe(`$10\r\n${'a'.repeat(10)}\r\n$20000\r\n${'a'.repeat(20_000)}\r\n`);
  });

  test('of what is cleared are free, and nothing of it is sent', () => {
    output.bulk('x'.repeat(100));
    output.raw('y'.repeat(20_000));
    output.ok();
    output.clear();
    expect(output.pendingBytes).toBe(0);
    output.simple('next');
    expect(flushed()).toBe('+next\r\n');
  });
});

test('a muted buffer drops everything but the count of errors', () => {
  output.simple('before');
  output.isMuted = true;
  output.ok();
  output.simple('x');
  output.integer(1);
  output.bigInteger(1n);
  output.bulk('x'.repeat(10_000));
  output.bulkBuffer(Buffer.alloc(10_000));
  output.verbatim('txt', 'x');
  output.arrayHeader(1);
  output.raw('x'.repeat(10_000));
  output.append(Buffer.from('x'));
  output.error('ERR dropped');
  output.isMuted = false;
  output.simple('after');
  expect(output.errorCount).toBe(1);
  expect(flushed()).toBe('+before\r\n+after\r\n');
});
