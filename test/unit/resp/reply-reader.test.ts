import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ReplyReader, type WireReply } from '../../../src/resp/reply-reader.js';

/** Reads everything there is, feeding the bytes cut at the given positions. */
function read(bytes: string, cuts: readonly number[] = []): { replies: WireReply[]; problem: string | null } {
  const reader = new ReplyReader();
  const replies: WireReply[] = [];
  const whole = Buffer.from(bytes, 'latin1');
  let from = 0;
  for (const cut of [...cuts, whole.length]) {
    const chunk = Buffer.from(whole.subarray(from, cut));
    reader.feed(chunk);
    chunk.fill(0x2a);
    from = cut;
    for (let reply = reader.next(); reply !== null; reply = reader.next()) replies.push(reply);
  }
  return { replies, problem: reader.problem };
}

/** The wire form of a reply. */
function encode(reply: WireReply): string {
  switch (reply.type) {
    case 'simple':
      return `+${reply.text}\r\n`;
    case 'error':
      return `!${reply.text.length}\r\n${reply.text}\r\n`;
    case 'bulk':
      return `$${reply.text.length}\r\n${reply.text}\r\n`;
    case 'double':
      return `,${reply.text}\r\n`;
    case 'integer':
      return `:${reply.digits}\r\n`;
    case 'bigNumber':
      return `(${reply.digits}\r\n`;
    case 'boolean':
      return `#${reply.value ? 't' : 'f'}\r\n`;
    case 'verbatim':
      return `=${reply.text.length + 4}\r\n${reply.format}:${reply.text}\r\n`;
    case 'null':
      return '_\r\n';
    case 'array':
      return `*${reply.items.length}\r\n${reply.items.map(encode).join('')}`;
    case 'set':
      return `~${reply.items.length}\r\n${reply.items.map(encode).join('')}`;
    case 'push':
      return `>${reply.items.length}\r\n${reply.items.map(encode).join('')}`;
    case 'map':
    case 'attribute':
      return `${reply.type === 'map' ? '%' : '|'}${reply.entries.length}\r\n${reply.entries.flat().map(encode).join('')}`;
  }
}

const bytes = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
});
const line = bytes.map((text) => text.replace(/[\r\n]/g, '.'));

const { reply: anyReply } = fc.letrec<{ reply: WireReply }>((tie) => ({
  reply: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.record({ type: fc.constantFrom('simple' as const, 'double' as const), text: line }),
    fc.record({ type: fc.constantFrom('bulk' as const, 'error' as const), text: bytes }),
    fc.record({
      type: fc.constantFrom('integer' as const, 'bigNumber' as const),
      digits: fc.bigInt().map(String),
    }),
    fc.record({ type: fc.constant('boolean' as const), value: fc.boolean() }),
    fc.record({ type: fc.constant('verbatim' as const), format: fc.constantFrom('txt', 'mkd'), text: bytes }),
    fc.constant({ type: 'null' as const }),
    fc.record({
      type: fc.constantFrom('array' as const, 'set' as const, 'push' as const),
      items: fc.array(tie('reply'), { maxLength: 4 }),
    }),
    fc.record({
      type: fc.constant('map' as const),
      entries: fc.array(fc.tuple(tie('reply'), tie('reply')), { maxLength: 3 }),
    }),
  ),
}));

describe('types', () => {
  test('RESP2', () => {
    expect(read('+OK\r\n-ERR no\r\n:-5\r\n$2\r\nhi\r\n$-1\r\n*-1\r\n*2\r\n$0\r\n\r\n*0\r\n').replies).toEqual(
      [
        { type: 'simple', text: 'OK' },
        { type: 'error', text: 'ERR no' },
        { type: 'integer', digits: '-5' },
        { type: 'bulk', text: 'hi' },
        { type: 'null' },
        { type: 'null' },
        {
          type: 'array',
          items: [
            { type: 'bulk', text: '' },
            { type: 'array', items: [] },
          ],
        },
      ],
    );
  });

  test('RESP3', () => {
    expect(
      read(
        '_\r\n#t\r\n,1.5\r\n,-inf\r\n(123456789012345678901\r\n!5\r\nERR x\r\n=6\r\ntxt:hi\r\n' +
          '~1\r\n:1\r\n>1\r\n+m\r\n%1\r\n+k\r\n%0\r\n',
      ).replies,
    ).toEqual([
      { type: 'null' },
      { type: 'boolean', value: true },
      { type: 'double', text: '1.5' },
      { type: 'double', text: '-inf' },
      { type: 'bigNumber', digits: '123456789012345678901' },
      { type: 'error', text: 'ERR x' },
      { type: 'verbatim', format: 'txt', text: 'hi' },
      { type: 'set', items: [{ type: 'integer', digits: '1' }] },
      { type: 'push', items: [{ type: 'simple', text: 'm' }] },
      {
        type: 'map',
        entries: [
          [
            { type: 'simple', text: 'k' },
            { type: 'map', entries: [] },
          ],
        ],
      },
    ]);
  });

  test('an attribute comes before the reply it describes and does not count as an element', () => {
    expect(read('|1\r\n+ttl\r\n:5\r\n*2\r\n:1\r\n|1\r\n+a\r\n+b\r\n:2\r\n').replies).toEqual([
      {
        type: 'attribute',
        entries: [
          [
            { type: 'simple', text: 'ttl' },
            { type: 'integer', digits: '5' },
          ],
        ],
      },
      {
        type: 'array',
        items: [
          { type: 'integer', digits: '1' },
          { type: 'integer', digits: '2' },
        ],
      },
    ]);
  });
});

describe('chunks', () => {
  test('what was encoded is read, wherever the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(anyReply, { maxLength: 5 }),
        fc.array(fc.nat(2000), { maxLength: 6 }),
        (replies, cuts) => {
          const wire = replies.map(encode).join('');
          const sorted = cuts.filter((cut) => cut < wire.length).sort((a, b) => a - b);
          expect(read(wire, sorted)).toEqual({ replies, problem: null });
        },
      ),
      { numRuns: 500 },
    );
  });

  test('byte by byte', () => {
    const wire = '%1\r\n$3\r\na\r\n\r\n~2\r\n#f\r\n=4\r\ntxt:\r\n+end\r\n';
    const cuts = Array.from({ length: wire.length - 1 }, (_, i) => i + 1);
    expect(read(wire, cuts)).toEqual(read(wire));
    expect(read(wire).replies).toHaveLength(2);
  });

  test('a long bulk in many small chunks is joined once', () => {
    const reader = new ReplyReader();
    const chunk = Buffer.alloc(1000, 'x');
    reader.feed(Buffer.from(`$${chunk.length * 20_000}\r\n`));
    const startedMs = performance.now();
    for (let i = 0; i < 20_000; i++) {
      reader.feed(chunk);
      expect(reader.next()).toBeNull();
    }
    reader.feed(Buffer.from('\r\n'));
    expect(reader.next()).toMatchObject({ type: 'bulk' });
    expect(performance.now() - startedMs).toBeLessThan(5000);
  });

  test('being in the middle of a reply is known', () => {
    const reader = new ReplyReader();
    expect(reader.isMidReply).toBe(false);
    reader.feed(Buffer.from('*1\r\n'));
    expect(reader.next()).toBeNull();
    expect(reader.isMidReply).toBe(true);
    reader.feed(Buffer.from(':1\r\n'));
    expect(reader.next()).not.toBeNull();
    expect(reader.isMidReply).toBe(false);
  });
});

describe('bad input', () => {
  test.each([
    ['an unknown type', '@5\r\n'],
    ['an integer without digits', ':\r\n'],
    ['an integer with letters', ':1a\r\n'],
    ['a length with letters', '$x\r\n'],
    ['a negative length', '*-2\r\n'],
    ['an absurd bulk length', '$999999999999\r\n'],
    ['an absurd count', '*999999999999999\r\n'],
    ['a bulk that does not end where it says', '$2\r\nabcd\r\n'],
    ['a boolean that is neither', '#x\r\n'],
    ['a verbatim string without a format', '=2\r\nab\r\n'],
    ['nesting without end', '*1\r\n'.repeat(5000)],
    ['a line without end', `+${'x'.repeat(70_000)}`],
  ])('%s is a problem, once and for all', (_, wire) => {
    const reader = new ReplyReader();
    reader.feed(Buffer.from(wire));
    expect(reader.next()).toBeNull();
    expect(reader.problem).toMatch(/^Protocol error/);
    reader.feed(Buffer.from('+OK\r\n'));
    expect(reader.next()).toBeNull();
  });

  test('replies before the problem are read', () => {
    expect(read('+a\r\n+b\r\n?').replies).toHaveLength(2);
  });

  test('no bytes whatever make it throw', () => {
    const piece = fc.oneof(
      fc.constantFrom('*', '$', '%', '|', '=', '>', '~', '!', '\r\n', '\r', '1', '-1', '3', '#t\r\n', 'abc'),
      fc.string({ unit: 'binary-ascii', maxLength: 4 }),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 30 }),
        fc.array(fc.nat(60), { maxLength: 5 }),
        (pieces, cuts) => {
          const wire = pieces.join('');
          const sorted = cuts.filter((cut) => cut < wire.length).sort((a, b) => a - b);
          const { replies, problem } = read(wire, sorted);
          const uncut = read(wire);
          expect(replies).toEqual(uncut.replies);
          expect(problem === null).toBe(uncut.problem === null);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
