/** Replies in chunks of any kind, with a short way for those that consist of nothing but OKs. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ReplyError, type Reply } from '../../../src/client/reply.js';
import { ReplyParser } from '../../../src/client/reply-parser.js';

function feedAll(parser: ReplyParser, ...chunks: readonly string[]): Reply[] {
  return chunks.flatMap((chunk) => {
    const { replies, error } = parser.feed(Buffer.from(chunk, 'latin1'));
    expect(error).toBeNull();
    return [...replies];
  });
}

test('many OKs are as many replies', () => {
  expect(feedAll(new ReplyParser(), '+OK\r\n'.repeat(300))).toEqual(new Array(300).fill('OK'));
});

test('what looks like OKs in the middle of a string belongs to it', () => {
  const text = '+OK\r\n+OK\r\n';
  expect(feedAll(new ReplyParser(), `$${text.length}\r\n`, text, '\r\n', '+OK\r\n')).toEqual([text, 'OK']);
});

test('OKs among other replies come in order, wherever the bytes are cut', () => {
  const words: readonly (readonly [bytes: string, reply: Reply])[] = [
    ['+OK\r\n', 'OK'],
    ['+OK\r\n', 'OK'],
    ['-ERR no\r\n', new ReplyError('ERR no')],
    [':7\r\n', 7],
    ['$5\r\n+OK\r\n\r\n', '+OK\r\n'],
    ['*2\r\n+OK\r\n$-1\r\n', ['OK', null]],
  ];
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...words), { maxLength: 30 }),
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 }),
      (sent, sizes) => {
        const bytes = sent.map(([text]) => text).join('');
        const chunks: string[] = [];
        for (let at = 0; at < bytes.length;) {
          const size = sizes[chunks.length % sizes.length]!;
          chunks.push(bytes.slice(at, at + size));
          at += size;
        }
        expect(feedAll(new ReplyParser(), ...chunks)).toEqual(sent.map(([, reply]) => reply));
      },
    ),
  );
});
