import { describe, expect, test } from 'vitest';
import {
  formatForTerminal,
  formatInvalidation,
  formatReply,
  type OutputMode,
} from '../../../src/cli/reply-format.js';
import type { WireReply } from '../../../src/resp/reply-reader.js';

const bulk = (text: string): WireReply => ({ type: 'bulk', text });
const integer = (value: number): WireReply => ({ type: 'integer', digits: String(value) });

function format(reply: WireReply, mode: OutputMode): string {
  return formatReply(reply, { mode, elementDelimiter: '\n', replyDelimiter: '\n' });
}

describe('on a terminal', () => {
  test('maps in maps begin on lines of their own', () => {
    const inner: WireReply = {
      type: 'map',
      entries: [
        [bulk('a'), integer(1)],
        [bulk('b'), { type: 'array', items: [] }],
      ],
    };
    const outer: WireReply = {
      type: 'map',
      entries: [
        [bulk('flat'), { type: 'boolean', value: true }],
        [bulk('deep'), inner],
        [bulk('list'), { type: 'array', items: [bulk('x'), bulk('y')] }],
        [bulk('single'), { type: 'set', items: [bulk('x')] }],
      ],
    };
    expect(formatForTerminal(outer)).toBe(
      [
        '1# "flat" => (true)',
        '2# "deep" => ',
        '   1# "a" => (integer) 1',
        '   2# "b" => (empty array)',
        '3# "list" => ',
        '   1) "x"',
        '   2) "y"',
        '4# "single" => 1~ "x"',
        '',
      ].join('\n'),
    );
  });

  test('numbers are aligned to the longest', () => {
    const lines = formatForTerminal({
      type: 'array',
      items: Array.from({ length: 10 }, (_, i) => integer(i)),
    });
    expect(lines.split('\n')[0]).toBe(' 1) (integer) 0');
    expect(lines.split('\n')[9]).toBe('10) (integer) 9');
  });

  test('empty aggregates, big numbers and attributes', () => {
    expect(formatForTerminal({ type: 'push', items: [] })).toBe('(empty push)\n');
    expect(formatForTerminal({ type: 'map', entries: [] })).toBe('(empty hash)\n');
    expect(formatForTerminal({ type: 'bigNumber', digits: '123' })).toBe('(big number) 123\n');
    expect(formatForTerminal({ type: 'attribute', entries: [[bulk('ttl'), integer(5)]] })).toBe(
      '1| "ttl" => (integer) 5\n',
    );
  });

  test('invalidated keys are named; other pushes are not taken for such', () => {
    const keys: WireReply = { type: 'array', items: [bulk('a'), bulk('b')] };
    expect(formatInvalidation({ type: 'push', items: [bulk('invalidate'), keys] })).toBe(
      "-> invalidate: 'a', 'b'\n",
    );
    expect(formatInvalidation({ type: 'push', items: [bulk('message'), keys] })).toBeNull();
    expect(formatInvalidation({ type: 'array', items: [bulk('invalidate'), keys] })).toBeNull();
  });
});

test('JSON keys are strings whatever they were', () => {
  const reply: WireReply = {
    type: 'map',
    entries: [
      [integer(1), bulk('a"b\\\u0001')],
      [{ type: 'array', items: [bulk('x')] }, { type: 'null' }],
      [
        { type: 'bigNumber', digits: '12' },
        { type: 'double', text: '1.5' },
      ],
    ],
  };
  expect(format(reply, 'json')).toBe('{"1":"a\\"b\\\\\\u0001","["x"]":null,"12":1.5}\n');
});

test('delimiters stand between elements and after replies, in raw mode only', () => {
  const reply: WireReply = {
    type: 'array',
    items: [integer(1), { type: 'array', items: [integer(2), bulk('x')] }],
  };
  const options = { elementDelimiter: '|', replyDelimiter: ';' };
  expect(formatReply(reply, { mode: 'raw', ...options })).toBe('1|2|x;');
  expect(formatReply(reply, { mode: 'csv', ...options })).toBe('1,2,"x"\n');
});

test('text made to be read is printed as it is', () => {
  const options = { mode: 'terminal', elementDelimiter: '\n', replyDelimiter: '\n' } as const;
  expect(formatReply(bulk('# Server\r\na:1\r\n'), options, true)).toBe('# Server\r\na:1\r\n');
});
