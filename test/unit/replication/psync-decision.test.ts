import { describe, expect, it } from 'vitest';
import {
  branchOff,
  continueSaved,
  newHistory,
  toOffset,
  type ReplicationId,
} from '../../../src/replication/identity.js';
import { decidePsync } from '../../../src/replication/psync-decision.js';

const OWN = 'a'.repeat(40) as ReplicationId;
const OLD = 'b'.repeat(40) as ReplicationId;
const FOREIGN = 'c'.repeat(40);

/** Followed OLD up to 500, is OWN since. */
const promoted = branchOff(newHistory(OLD), OWN, toOffset(500));
/** Offsets 101 to 600 are kept. */
const window = { first: 101, length: 500 };

describe('whether a replica may continue', () => {
  const cases = [
    { name: 'same history, inside the backlog', replid: OWN, offset: 300, expected: 'continue' },
    { name: 'same history, first byte kept', replid: OWN, offset: 101, expected: 'continue' },
    { name: 'same history, nothing missing', replid: OWN, offset: 601, expected: 'continue' },
    { name: 'same history, one byte too old', replid: OWN, offset: 100, expected: 'out-of-backlog' },
    { name: 'same history, ahead of us', replid: OWN, offset: 602, expected: 'ahead' },
    { name: 'ids compare without case', replid: OWN.toUpperCase(), offset: 300, expected: 'continue' },
    { name: 'previous history, shared part', replid: OLD, offset: 300, expected: 'continue' },
    { name: 'previous history, exactly to where it ends', replid: OLD, offset: 501, expected: 'continue' },
    { name: 'previous history, one byte we do not share', replid: OLD, offset: 502, expected: 'diverged' },
    { name: 'previous history, too old', replid: OLD, offset: 50, expected: 'out-of-backlog' },
    { name: 'another history', replid: FOREIGN, offset: 300, expected: 'unknown-history' },
    { name: 'asks for everything', replid: '?', offset: -1, expected: 'requested' },
  ];
  it.each(cases)('$name: $expected', ({ replid, offset, expected }) => {
    const decision = decidePsync({ replid, offset }, promoted, window);
    expect(decision.kind === 'continue' ? 'continue' : decision.reason).toBe(expected);
    if (decision.kind === 'continue') expect(decision.from).toBe(offset);
  });

  it('never continues without a backlog', () => {
    expect(decidePsync({ replid: OWN, offset: 1 }, newHistory(OWN), null)).toEqual({
      kind: 'full',
      reason: 'out-of-backlog',
    });
  });

  it('knows no previous history when there is none, whatever id is asked for', () => {
    const zeros = '0'.repeat(40);
    expect(decidePsync({ replid: zeros, offset: 1 }, newHistory(OWN), window).kind).toBe('full');
  });

  it('continues for replicas of a master that was restarted from its snapshot, up to the snapshot', () => {
    const restarted = continueSaved(OWN, OLD, toOffset(700));
    const empty = { first: 701, length: 0 };
    expect(decidePsync({ replid: OLD, offset: 701 }, restarted, empty).kind).toBe('continue');
    expect(decidePsync({ replid: OLD, offset: 702 }, restarted, empty).kind).toBe('full');
    expect(decidePsync({ replid: OLD, offset: 700 }, restarted, empty).kind).toBe('full');
  });
});

describe('offsets', () => {
  it('refuses what is no safe integer', () => {
    expect(() => toOffset(2 ** 53)).toThrow(RangeError);
    expect(() => toOffset(NaN)).toThrow(RangeError);
    expect(() => toOffset(1.5)).toThrow(RangeError);
  });
});
