/** Keys among arguments, and the range that COMMAND shows. */
import { describe, expect, test } from 'vitest';
import {
  keyAt,
  keyRange,
  keysCountedAt,
  type CommandSpec,
  type KeySpec,
} from '../../../src/server/command.js';
import { findKeys } from '../../../src/server/key-finding.js';
import { legacyKeyRange } from '../../../src/server/legacy-key-range.js';

const behindKeyword: KeySpec = {
  flags: ['RW'],
  begin: { keyword: 'STREAMS', startFrom: 1 },
  find: { lastKey: -1, step: 1, limit: 2 },
};

function keysOf(keys: readonly KeySpec[], ...args: string[]): string[] | null {
  const spec: CommandSpec = {
    name: 'x',
    summary: '',
    since: '',
    group: 'generic',
    arity: -1,
    flags: [],
    keys,
  };
  return findKeys(spec, args)?.map(({ position }) => args[position] ?? '') ?? null;
}

describe('keys are found', () => {
  test('at fixed places', () => {
    expect(keysOf([keyAt(1)], 'get', 'a')).toEqual(['a']);
    expect(keysOf([keyRange(1, -1, 2)], 'mset', 'a', '1', 'b', '2')).toEqual(['a', 'b']);
    expect(keysOf([keyRange(1, -2, 1)], 'blpop', 'a', 'b', '0')).toEqual(['a', 'b']);
  });

  test('behind a count', () => {
    const keys = [keyAt(1), keysCountedAt(2)];
    expect(keysOf(keys, 'zunionstore', 'to', '2', 'a', 'b', 'weights')).toEqual(['to', 'a', 'b']);
    expect(keysOf([keysCountedAt(2)], 'eval', 'x', '0', 'a')).toEqual([]);
    expect(keysOf([keysCountedAt(2)], 'eval', 'x', '3', 'a')).toBeNull();
    expect(keysOf([keysCountedAt(2)], 'eval', 'x', '-1', 'a')).toBeNull();
    expect(keysOf([keysCountedAt(2)], 'eval', 'x', '\xb2', 'a')).toBeNull();
  });

  test('behind a keyword in any case', () => {
    expect(keysOf([behindKeyword], 'xread', 'count', '1', 'streams', 'a', 'b', '0', '0')).toEqual(['a', 'b']);
    expect(keysOf([behindKeyword], 'xread', 'count', '1')).toEqual([]);
  });

  test('unless they are no keys', () => {
    expect(keysOf([keyAt(1, 'not_key')], 'spublish', 'channel')).toEqual([]);
  });
});

describe('the legacy range', () => {
  test.each([
    ['of one range', [keyRange(1, -1, 2)], { first: 1, last: -1, step: 2, isMovable: false }],
    ['of ranges in a row', [keyAt(1), keyAt(2)], { first: 1, last: 2, step: 1, isMovable: false }],
    ['of a range and a count', [keyAt(1), keysCountedAt(2)], { first: 1, last: 1, step: 1, isMovable: true }],
    ['of a count', [keysCountedAt(1)], { first: 0, last: 0, step: 0, isMovable: true }],
    ['of ranges apart', [keyAt(1), keyAt(3)], { first: 1, last: 1, step: 1, isMovable: true }],
    ['of nothing', [], { first: 0, last: 0, step: 0, isMovable: false }],
    ['of an incomplete range', [keyAt(3, 'incomplete')], { first: 3, last: 3, step: 1, isMovable: true }],
  ])('%s', (_what, keys, range) => {
    expect(legacyKeyRange(keys)).toEqual(range);
  });
});
