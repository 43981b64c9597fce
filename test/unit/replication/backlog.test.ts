import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Backlog, type BacklogCursor } from '../../../src/replication/backlog.js';
import { toOffset } from '../../../src/replication/identity.js';

const KIB = 1024;
const SIZE = 16 * KIB;

/** Bytes whose value follows from their offset, so that any piece can be checked. */
function streamBytes(fromOffset: number, length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (fromOffset + i) % 251));
}

function readAll(cursor: BacklogCursor, maxBytes = 1 << 30): Buffer {
  const pieces: Buffer[] = [];
  for (let piece = cursor.read(maxBytes); piece !== null; piece = cursor.read(maxBytes)) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe('Backlog', () => {
  it('begins empty, after the offset it is given', () => {
    const backlog = new Backlog(SIZE, toOffset(100));
    expect([backlog.first, backlog.length, backlog.offset]).toEqual([101, 0, 100]);
    expect(readAll(backlog.open(toOffset(101)))).toHaveLength(0);
  });

  it('is at least 16 KiB', () => {
    expect(new Backlog(1, toOffset(0)).sizeBytes).toBe(SIZE);
  });

  it('gives every reader the bytes from its offset on, whatever the pieces they came in', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 3000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (lengths, pieceBytes, fraction) => {
          const backlog = new Backlog(SIZE, toOffset(1000));
          let offset = 1000;
          for (const length of lengths) {
            backlog.append(streamBytes(offset + 1, length));
            offset += length;
          }
          expect(backlog.offset).toBe(offset);
          const from = backlog.first + Math.floor(fraction * backlog.length);
          const cursor = backlog.open(toOffset(from));
          expect(cursor.pendingBytes).toBe(offset + 1 - from);
          expect(readAll(cursor, pieceBytes).equals(streamBytes(from, offset + 1 - from))).toBe(true);
          expect(cursor.pendingBytes).toBe(0);
        },
      ),
    );
  });

  it('keeps at least the configured size and little more', () => {
    const backlog = new Backlog(SIZE, toOffset(0));
    for (let i = 0; i < 200; i++) backlog.append(streamBytes(backlog.offset + 1, 700));
    expect(backlog.length).toBeGreaterThanOrEqual(SIZE);
    expect(backlog.length).toBeLessThan(SIZE + SIZE / 8);
    expect(backlog.offset).toBe(140_000);
    expect(backlog.memoryBytes).toBeLessThan(SIZE + SIZE / 4);
  });

  it('grows beyond its size while a reader needs the bytes, and shrinks when it has them', () => {
    const backlog = new Backlog(SIZE, toOffset(0));
    const slow = backlog.open(toOffset(1));
    for (let i = 0; i < 100; i++) backlog.append(streamBytes(backlog.offset + 1, KIB));
    expect(backlog.first).toBe(1);
    expect(backlog.length).toBe(100 * KIB);
    const read = readAll(slow);
    expect(read.equals(streamBytes(1, 100 * KIB))).toBe(true);
    expect(backlog.length).toBeLessThan(2 * SIZE);
  });

  it('shrinks when a reader that was behind is closed', () => {
    const backlog = new Backlog(SIZE, toOffset(0));
    const slow = backlog.open(toOffset(1));
    const fork = slow.fork();
    backlog.append(streamBytes(1, 100 * KIB));
    backlog.append(streamBytes(backlog.offset + 1, 1));
    slow.close();
    expect(backlog.first).toBe(1);
    fork.close();
    fork.close();
    expect(backlog.length).toBeLessThan(2 * SIZE);
  });

  it('stores a huge command once, and keeps it only as long as it is within the window', () => {
    const backlog = new Backlog(SIZE, toOffset(0));
    backlog.append(streamBytes(1, 500 * KIB));
    expect(backlog.offset).toBe(500 * KIB);
    expect(backlog.length).toBeLessThan(2 * SIZE);
  });

  it('can be resized: smaller at once, larger from now on', () => {
    const backlog = new Backlog(64 * KIB, toOffset(0));
    for (let i = 0; i < 100; i++) backlog.append(streamBytes(backlog.offset + 1, KIB));
    backlog.resize(SIZE);
    expect(backlog.length).toBeLessThan(32 * KIB);
    backlog.resize(256 * KIB);
    for (let i = 0; i < 200; i++) backlog.append(streamBytes(backlog.offset + 1, KIB));
    expect(backlog.length).toBeGreaterThanOrEqual(200 * KIB);
  });

  it('refuses to open a reader outside of what it has', () => {
    const backlog = new Backlog(SIZE, toOffset(10));
    expect(() => backlog.open(toOffset(10))).toThrow(RangeError);
    expect(() => backlog.open(toOffset(12))).toThrow(RangeError);
  });
});
