/** The request decoder: whatever way the bytes are cut, the same commands come out, and nothing throws. */
import { constants } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decoded, LONGEST_STRING_BYTES, RequestDecoder } from '../../../src/resp/request-decoder.js';

interface Outcome {
  readonly commands: string[][];
  /** `consumedBytes` after each command. */
  readonly offsets: number[];
  readonly errorText: string | null;
}

/** Takes everything the decoder has now. */
function drain(decoder: RequestDecoder): Outcome {
  const commands: string[][] = [];
  const offsets: number[] = [];
  for (;;) {
    switch (decoder.next()) {
      case Decoded.Command:
        commands.push(decoder.args);
        offsets.push(decoder.consumedBytes);
        break;
      case Decoded.Incomplete:
        return { commands, offsets, errorText: null };
      case Decoded.Error:
        return { commands, offsets, errorText: decoder.errorText };
    }
  }
}

/** Feeds the bytes in chunks that end at the cuts; every chunk is spoilt after use, as a platform's buffer is. */
function decode(
  bytes: string | Buffer,
  cuts: readonly number[] = [],
  decoder = new RequestDecoder(),
): Outcome {
  const whole = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
  const outcome: Outcome = { commands: [], offsets: [], errorText: null };
  let from = 0;
  for (const cut of [...cuts, whole.length]) {
    const chunk = Buffer.from(whole.subarray(from, cut));
    from = cut;
    decoder.feed(chunk);
    const { commands, offsets, errorText } = drain(decoder);
    decoder.retain();
    chunk.fill(0x2a);
    outcome.commands.push(...commands);
    outcome.offsets.push(...offsets);
    if (errorText !== null) return { ...outcome, errorText };
  }
  return outcome;
}

function encode(args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`;
}

const ALL_BYTES = String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code));

describe('arrays of bulk strings', () => {
  test('become commands, whatever bytes the arguments hold', () => {
    const commands = [['PING'], ['SET', 'key', ALL_BYTES], ['SET', '', '\r\n*1\r\n$4\r\nPING\r\n']];
    expect(decode(commands.map(encode).join('')).commands).toEqual(commands);
  });

  test('come out the same when the input is cut at any byte', () => {
    const commands = [
      ['GET', 'k'],
      ['SET', 'key:000000000001', 'x'.repeat(120)],
      ['MSET', '', '', 'a', 'b'],
    ];
    const bytes = commands.map(encode).join('') + 'inline "a b"\r\n*0\r\n\r\n' + encode(['PING']);
    const whole = decode(bytes);
    expect(whole.commands).toEqual([...commands, ['inline', 'a b'], [], [], ['PING']]);
    for (let cut = 0; cut <= bytes.length; cut++) expect(decode(bytes, [cut])).toEqual(whole);
    const everywhere = Array.from({ length: bytes.length }, (_, cut) => cut);
    expect(decode(bytes, everywhere)).toEqual(whole);
  });

  test('count their bytes exactly as received, and only once they are whole', () => {
    const bytes = encode(['SET', 'a', '1']) + '*0\r\n' + ' ping  x \n' + encode(['GET', 'a']);
    const ends = [encode(['SET', 'a', '1']).length, 4, 10, encode(['GET', 'a']).length];
    const offsets = ends.map((_, i) => ends.slice(0, i + 1).reduce((sum, length) => sum + length, 0));
    expect(decode(bytes).offsets).toEqual(offsets);

    const decoder = new RequestDecoder();
    for (let cut = 0; cut < bytes.length; cut++) {
      decode(bytes.slice(cut, cut + 1), [], decoder);
      const complete = offsets.filter((offset) => offset <= cut + 1);
      expect(decoder.consumedBytes).toBe(complete.at(-1) ?? 0);
      expect(decoder.unreturnedBytes).toBe(cut + 1 - decoder.consumedBytes);
    }
  });

  test('without elements are empty commands', () => {
    expect(decode('*0\r\n*-1\r\n*-10\r\nPING\r\n').commands).toEqual([[], [], [], ['PING']]);
  });

  test('give every command an array of its own', () => {
    const [first, second] = decode(encode(['GET', 'a']) + encode(['GET', 'a'])).commands;
    expect(first).toEqual(second);
    expect(first).not.toBe(second);
  });

  test('are read under the name that was sent, also when it is like the one before', () => {
    const names = ['get', 'GET', 'Get', 'set', 'getx', 'get', 'x'.repeat(30), 'x'.repeat(30)];
    expect(decode(names.map((name) => encode([name])).join('')).commands).toEqual(
      names.map((name) => [name]),
    );
  });
});

describe('large bulks', () => {
  test('arrive in many chunks, several in one command, with small ones between', () => {
    const value = (seed: number, length: number): string =>
      Array.from({ length }, (_, i) => String.fromCharCode((i * seed) & 255)).join('');
    const command = [
      'MSET',
      'a',
      value(7, 100_000),
      'b',
      '',
      'c',
      value(13, 32 * 1024),
      'd',
      value(3, 32 * 1024 - 1),
    ];
    const bytes = encode(command) + encode(['PING']);
    for (const step of [1000, 4096, 16_384, 65_536, 99_999]) {
      const cuts = Array.from({ length: Math.floor(bytes.length / step) }, (_, i) => (i + 1) * step);
      const outcome = decode(bytes, cuts);
      expect(outcome.commands).toEqual([command, ['PING']]);
      expect(outcome.offsets).toEqual([encode(command).length, bytes.length]);
    }
  });

  test('of several megabytes are put together', () => {
    const value = Buffer.alloc(5_000_000, 'vedette').latin1Slice();
    const bytes = encode(['SET', 'k', value]) + encode(['PING']);
    const cuts = Array.from({ length: Math.floor(bytes.length / 65_536) }, (_, i) => (i + 1) * 65_536);
    const { commands } = decode(bytes, cuts);
    expect(commands[0]![2] === value).toBe(true);
    expect(commands[1]).toEqual(['PING']);
  });

  test('hold no memory before their bytes have come', () => {
    const decoder = new RequestDecoder();
    const before = process.memoryUsage().arrayBuffers;
    decode('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$500000000\r\nabc', [], decoder);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4_000_000);
    expect(decoder.unreturnedBytes).toBe(35);
  });

  test('are bounded by proto-max-bulk-len, and by what a string can hold', () => {
    expect(LONGEST_STRING_BYTES).toBe(constants.MAX_STRING_LENGTH);
    const decoder = new RequestDecoder();
    decoder.maxBulkBytes = 1_000_000;
    expect(decode('*1\r\n$1000000\r\n', [], decoder).errorText).toBeNull();
    const refusing = new RequestDecoder();
    refusing.maxBulkBytes = 1_000_000;
    expect(decode('*1\r\n$1000001\r\n', [], refusing).errorText).toBe(
      'ERR Protocol error: invalid bulk length',
    );
    const unbounded = new RequestDecoder();
    unbounded.maxBulkBytes = Number.MAX_SAFE_INTEGER;
    expect(decode(`*1\r\n$${LONGEST_STRING_BYTES + 1}\r\n`, [], unbounded).errorText).toBe(
      'ERR Protocol error: invalid bulk length',
    );
  });
});

describe('inline commands', () => {
  test.each<[string, string[]]>([
    ['PING\r\n', ['PING']],
    ['PING\n', ['PING']],
    ['  set   key\tvalue  \r\n', ['set', 'key', 'value']],
    ['set "a b" \'c d\'\r\n', ['set', 'a b', 'c d']],
    ['set "\\x00\\xff\\n\\"" \'\\\'\'\r\n', ['set', '\0\xff\n"', "'"]],
    ['set a"b c"\r\n', ['set', 'ab c']],
    ['\r\n', []],
    ['\n', []],
    ['   \r\n', []],
    ['set \xa0\xb5 \xdf\r\n', ['set', '\xa0\xb5', '\xdf']],
  ])('%j', (line, words) => {
    expect(decode(line)).toEqual({ commands: [words], offsets: [line.length], errorText: null });
  });

  test.each(['set "a\r\n', "set 'a\r\n", 'set "a"b\r\n', "set 'a'b\r\n", 'set "a\\\r\n'])(
    '%j is refused',
    (line) => {
      expect(decode(line).errorText).toBe('ERR Protocol error: unbalanced quotes in request');
    },
  );

  test('may be 64 KB long', () => {
    const word = 'x'.repeat(64 * 1024 - 1);
    expect(decode(`${word}\n`, [10, 40_000]).commands).toEqual([[word]]);
    expect(decode('x'.repeat(64 * 1024 + 1)).errorText).toBe('ERR Protocol error: too big inline request');
    expect(decode(`${'x'.repeat(64 * 1024 + 1)}\n`).errorText).toBe(
      'ERR Protocol error: too big inline request',
    );
  });
});

describe('input that breaks the protocol', () => {
  const expectProblem = (bytes: string, problem: string): void => {
    const expected = { commands: [], offsets: [], errorText: `ERR Protocol error: ${problem}` };
    expect(decode(bytes)).toEqual(expected);
    expect(decode(bytes, [1, 2, Math.floor(bytes.length / 2), bytes.length - 1])).toEqual(expected);
  };

  test.each([
    ['*3000000000\r\n', 'invalid multibulk length'],
    ['*9223372036854775808\r\n', 'invalid multibulk length'],
    ['*\r\n', 'invalid multibulk length'],
    ['*1x\r\n', 'invalid multibulk length'],
    ['* 1\r\n', 'invalid multibulk length'],
    ['*01\r\n', 'invalid multibulk length'],
    ['*+1\r\n', 'invalid multibulk length'],
    ['*-0\r\n', 'invalid multibulk length'],
    ['*1\r\n:1\r\n', "expected '$', got ':'"],
    ['*1\r\nfooz\r\n', "expected '$', got 'f'"],
    ['*2\r\n$4\r\nPING\r\n\xff\r\n', "expected '$', got '\xff'"],
    ['*1\r\n$-1\r\n', 'invalid bulk length'],
    ['*1\r\n$-10\r\n', 'invalid bulk length'],
    ['*1\r\n$2000000000\r\n', 'invalid bulk length'],
    ['*1\r\n$blabla\r\n', 'invalid bulk length'],
    ['*1\r\n$\r\n', 'invalid bulk length'],
    ['*1\r\n$05\r\n', 'invalid bulk length'],
  ])('%j: %s', (bytes, problem) => expectProblem(bytes, problem));

  test('is also a length without end', () => {
    expectProblem(`*${'1'.repeat(64 * 1024)}`, 'too big mbulk count string');
    expectProblem(`*1\r\n$${'1'.repeat(64 * 1024)}`, 'too big bulk count string');
  });

  test('is told after the commands before it', () => {
    const { commands, errorText } = decode(encode(['SET', 'a', '1']) + '*x\r\n');
    expect(commands).toEqual([['SET', 'a', '1']]);
    expect(errorText).toBe('ERR Protocol error: invalid multibulk length');
  });
});

describe('before authentication', () => {
  const decodeUnauthenticated = (bytes: string): Outcome => {
    const decoder = new RequestDecoder();
    decoder.authenticated = false;
    return decode(bytes, [], decoder);
  };

  test('a request has at most 10 arguments of 16 KB', () => {
    const largest = ['AUTH', ...Array.from({ length: 8 }, () => 'x'), 'y'.repeat(16_384)];
    expect(decodeUnauthenticated(encode(largest)).commands).toEqual([largest]);
    expect(decodeUnauthenticated('*11\r\n').errorText).toBe(
      'ERR Protocol error: unauthenticated multibulk length',
    );
    expect(decodeUnauthenticated('*1\r\n$16385\r\n').errorText).toBe(
      'ERR Protocol error: unauthenticated bulk length',
    );
  });

  test('the limits end with authentication, in the middle of a pipeline', () => {
    const decoder = new RequestDecoder();
    decoder.authenticated = false;
    decoder.feed(
      Buffer.from(encode(['AUTH', 'p']) + encode(Array.from({ length: 20 }, () => 'x')), 'latin1'),
    );
    expect(decoder.next()).toBe(Decoded.Command);
    decoder.authenticated = true;
    expect(decoder.next()).toBe(Decoded.Command);
    expect(decoder.args).toHaveLength(20);
  });
});

test('input that waits undecoded costs no more than its size to collect', () => {
  const decoder = new RequestDecoder();
  const piece = Buffer.from(encode(['SET', 'key', 'x'.repeat(1000)]).repeat(60), 'latin1');
  const began = process.cpuUsage();
  // As a blocked client does: 60 MB arrive while nothing is taken.
  for (let i = 0; i < 1000; i++) {
    decoder.feed(piece);
    decoder.retain();
  }
  expect(drain(decoder).commands).toHaveLength(60_000);
  expect(process.cpuUsage(began).user / 1e6).toBeLessThan(5);
});

describe('whatever comes in', () => {
  const anyByte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
  const argument = fc.oneof(
    fc.string({ unit: anyByte, maxLength: 120 }),
    fc.constantFrom('GET', 'set', '', '\r\n', '$1'),
  );
  const command = fc.array(argument, { minLength: 1, maxLength: 6 });
  const fractions = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });
  const cutsIn = (length: number, at: readonly number[]): number[] =>
    at.map((fraction) => Math.floor(fraction * length)).sort((a, b) => a - b);

  test('valid commands come out the same in any chunks', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 8 }), fractions, (commands, at) => {
        const bytes = commands.map(encode).join('');
        const outcome = decode(bytes, cutsIn(bytes.length, at));
        expect(outcome.commands).toEqual(commands);
        expect(outcome.errorText).toBeNull();
        expect(outcome.offsets.at(-1) ?? 0).toBe(bytes.length);
      }),
      { numRuns: 500 },
    );
  });

  test('garbage ends in commands, in a wait or in an error, never in an exception, in any chunks alike', () => {
    const fragment = fc.oneof(
      fc.string({ unit: anyByte, maxLength: 60 }),
      fc.constantFrom(
        '*',
        '$',
        '\r\n',
        '\n',
        '\r',
        '*1\r\n',
        '*2\r\n$1\r\na\r\n',
        '$-1\r\n',
        '"',
        "'",
        '\\x',
        '\0',
        '1',
        '99999',
      ),
      command.map(encode),
    );
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 12 }), fractions, (fragments, at) => {
        const bytes = fragments.join('');
        expect(decode(bytes, cutsIn(bytes.length, at))).toEqual(decode(bytes));
      }),
      { numRuns: 1000 },
    );
  });
});
