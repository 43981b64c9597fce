/** The commands of an append-only file, whatever the blocks they come in. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CommandReader } from '../../../../src/persistence/aof/command-reader.js';
import { encodeRequest } from '../../../support/resp.js';

/** Reads all there is; what it found, one word or command each. */
function readAll(reader: CommandReader): (string | string[])[] {
  const found: (string | string[])[] = [];
  for (;;) {
    const kind = reader.next();
    if (kind === 'command') found.push(reader.args);
    else if (kind === 'annotation') found.push(reader.annotation);
    else {
      if (kind === 'malformed') found.push('malformed');
      return found;
    }
  }
}

function read(text: string): { found: (string | string[])[]; reader: CommandReader } {
  const reader = new CommandReader();
  reader.feed(Buffer.from(text, 'latin1'));
  return { found: readAll(reader), reader };
}

describe('the reader of an append-only file', () => {
  it('finds commands and annotations in blocks of any size', () => {
    const bytes = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((c) => String.fromCharCode(c)) });
    const command = fc.array(bytes, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(command), fc.integer({ min: 1, max: 40 }), (commands, blockBytes) => {
        const whole = Buffer.concat([
          Buffer.from('#TS:1\r\n', 'latin1'),
          ...commands.map((args) => encodeRequest(args)),
        ]);
        const reader = new CommandReader();
        const found: (string | string[])[] = [];
        for (let at = 0; at < whole.length; at += blockBytes) {
          const block = Buffer.from(whole.subarray(at, at + blockBytes));
          reader.feed(block);
          block.fill(0x2a);
          found.push(...readAll(reader));
        }
        expect(found).toEqual(['#TS:1', ...commands]);
        expect(reader.wholeBytes).toBe(whole.length);
        expect(reader.isInsideItem).toBe(false);
      }),
    );
  });

  it('knows up to where a file that is cut off is whole', () => {
    const first = encodeRequest(['SET', 'a', '1']);
    const whole = Buffer.concat([first, encodeRequest(['SET', 'b', '2'])]);
    for (let length = first.length + 1; length < whole.length; length++) {
      const reader = new CommandReader();
      reader.feed(whole.subarray(0, length));
      expect(readAll(reader)).toEqual([['SET', 'a', '1']]);
      expect(reader.wholeBytes).toBe(first.length);
      expect(reader.isInsideItem).toBe(true);
    }
  });

  it.each([
    ['PING\r\n', 0],
    ['*0\r\n', 4],
    ['*-1\r\n', 5],
    ['*x\r\n', 0],
    ['*1\r\n+OK\r\n', 4],
    ['*1\r\n$-1\r\n', 9],
    ['*1\r\n$1\r\nab\r\n', 8],
    ['*1x\r\n$1\r\na\r\n', 0],
  ])('refuses %j at byte %i', (text, offset) => {
    const { found, reader } = read(text);
    expect(found).toEqual(['malformed']);
    expect(reader.malformation?.offset).toBe(offset);
  });

  it('refuses annotations and headers without an end', () => {
    expect(read(`#${'x'.repeat(2000)}`).found).toEqual(['malformed']);
    expect(read(`*${'1'.repeat(200)}`).found).toEqual(['malformed']);
  });

  it('takes no memory for what is only promised', () => {
    const { found, reader } = read('*1\r\n$500000000\r\nabc');
    expect(found).toEqual([]);
    expect(reader.missing).toEqual({ offset: 16, wanted: 500000002, got: 3 });
  });

  it('never fails otherwise, whatever the bytes', () => {
    const junk = fc.array(fc.constantFrom('*', '$', '1', '2', '-', '#', '\r\n', 'a', '\0'), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(junk, (parts) => {
        const { reader } = read(parts.join(''));
        expect(reader.wholeBytes).toBeLessThanOrEqual(parts.join('').length);
      }),
    );
  });
});
