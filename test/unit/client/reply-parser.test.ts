import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReplyError, type Reply } from '../../../src/client/reply.js';
import { ReplyParser } from '../../../src/client/reply-parser.js';

function fed(chunks: readonly string[]): Reply[] {
  const parser = new ReplyParser();
  return chunks.flatMap((chunk) => {
    const { replies, error } = parser.feed(Buffer.from(chunk, 'latin1'));
    expect(error).toBeNull();
    return [...replies];
  });
}

const REPLIES: readonly (readonly [encoded: string, reply: Reply])[] = [
  ['+OK\r\n', 'OK'],
  ['+PONG\r\n', 'PONG'],
  ['+\r\n', ''],
  [':42\r\n', 42],
  ['$7\r\n+OK\r\n!!\r\n', '+OK\r\n!!'],
  ['$5\r\n+OK\r\n\r\n', '+OK\r\n'],
  ['$-1\r\n', null],
  ['*2\r\n+OK\r\n+OK\r\n', ['OK', 'OK']],
  ['-ERR no\r\n', new ReplyError('ERR no')],
];

describe('reading replies', () => {
  it('gives the same ones wherever the bytes are divided', () => {
    const sequence = fc.array(fc.constantFrom(...REPLIES), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(sequence, fc.array(fc.nat({ max: 120 }), { maxLength: 8 }), (replies, cuts) => {
        const bytes = replies.map(([encoded]) => encoded).join('');
        const places = [0, ...cuts.filter((cut) => cut < bytes.length), bytes.length].sort((a, b) => a - b);
        const chunks = places.slice(1).map((end, index) => bytes.slice(places[index], end));
        expect(fed(chunks)).toEqual(replies.map(([, reply]) => reply));
      }),
    );
  });

  it('takes what looks like a status for a part of the reply that it belongs to', () => {
    expect(fed(['+a\r\n$5\r\n', '+OK\r\n', '\r\n'])).toEqual(['a', '+OK\r\n']);
    expect(fed(['*2\r\n:1\r\n', '+OK\r\n'])).toEqual([[1, 'OK']]);
  });

  it('takes a chunk without bytes for nothing, wherever it comes', () => {
    for (const [encoded, reply] of REPLIES) {
      for (let at = 0; at <= encoded.length; at++) {
        expect(fed([encoded.slice(0, at), '', '', encoded.slice(at)])).toEqual([reply]);
      }
    }
  });

  it('says what is wrong with bytes that are no reply', () => {
    const { error } = new ReplyParser().feed(Buffer.from('+OK\r\n?\r\n'));
    expect(error?.message).toContain('Malformed reply');
  });
});
