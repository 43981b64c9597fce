import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PayloadFraming, type PayloadFrame } from '../../../src/replication/payload-framing.js';

const MARK = 'f00d'.repeat(10);

interface Outcome {
  frames: PayloadFrame[];
  payload: string;
  rest: string | null;
  error: string | null;
}

/** Pushes the text cut at the given positions. */
function receive(text: string, cuts: readonly number[] = []): Outcome {
  const outcome: Outcome = { frames: [], payload: '', rest: null, error: null };
  const framing = new PayloadFraming({
    onFrame: (frame) => outcome.frames.push(frame),
    onBytes: (bytes) => (outcome.payload += bytes.latin1Slice()),
    onEnd: (rest) => (outcome.rest = rest.latin1Slice()),
    onError: (reason) => (outcome.error = reason),
  });
  const borders = [0, ...[...cuts].map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length];
  for (let i = 1; i < borders.length; i++) {
    const piece = text.slice(borders[i - 1], borders[i]);
    if (outcome.rest === null) framing.push(Buffer.from(piece, 'latin1'));
    else outcome.rest += piece;
  }
  return outcome;
}

const anyCuts = fc.array(fc.nat(), { maxLength: 12 });
const anyPayload = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((c) => String.fromCharCode(c)),
  maxLength: 300,
});

describe('a payload of known length', () => {
  it('is told from the stream behind it wherever it is cut', () => {
    fc.assert(
      fc.property(anyPayload, anyPayload, anyCuts, (payload, stream, cuts) => {
        const outcome = receive(`\n\n$${payload.length}\r\n${payload}${stream}`, cuts);
        expect(outcome.frames).toEqual([{ kind: 'length', bytes: payload.length }]);
        expect(outcome.payload).toBe(payload);
        expect(outcome.rest).toBe(stream);
      }),
    );
  });

  it('may be empty', () => {
    expect(receive('$0\r\nrest')).toMatchObject({ payload: '', rest: 'rest' });
  });
});

describe('a payload with a mark at its end', () => {
  it('is received without the mark wherever it is cut', () => {
    fc.assert(
      fc.property(anyPayload, anyCuts, (payload, cuts) => {
        const outcome = receive(`\n$EOF:${MARK}\r\n${payload}${MARK}`, cuts);
        expect(outcome.frames).toEqual([{ kind: 'mark', mark: MARK }]);
        expect(outcome.payload).toBe(payload);
        expect(outcome.rest).toBe('');
        expect(outcome.error).toBeNull();
      }),
    );
  });

  it('is not over before the whole mark has come', () => {
    const outcome = receive(`$EOF:${MARK}\r\nbody${MARK.slice(0, 39)}`);
    expect(outcome.rest).toBeNull();
    expect(outcome.payload.length).toBeLessThanOrEqual(4);
  });
});

describe('what is no payload', () => {
  it('ends with the error of a master that refuses', () => {
    expect(receive("\n-ERR BGSAVE failed, replication can't continue\r\n").error).toBe(
      "MASTER aborted replication with an error: ERR BGSAVE failed, replication can't continue",
    );
  });

  it.each(['HTTP/1.1 400 Bad Request\r\n', '$abc\r\n', '$-1\r\n', '+OK\r\n', '$EOF:short\r\n'])(
    'is refused: %s',
    (text) => {
      expect(receive(text)).toMatchObject({ payload: '', rest: null });
      expect(receive(text).error).not.toBeNull();
    },
  );

  it('is refused when a line never ends', () => {
    expect(receive('x'.repeat(5000)).error).not.toBeNull();
  });

  it('never brings the framing down, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), anyCuts, (bytes, cuts) => {
        const outcome = receive(Buffer.from(bytes).latin1Slice(), cuts);
        expect(outcome.error === null || outcome.rest === null).toBe(true);
      }),
    );
  });
});
