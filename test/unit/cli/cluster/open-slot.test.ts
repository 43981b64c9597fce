/** What `fix` does about a slot that is open, case by case. */
import { describe, expect, test } from 'vitest';
import {
  decideOpenSlot,
  findParties,
  withMostKeys,
  type SlotClaim,
} from '../../../../src/cli/cluster/plan/open-slot.js';

interface Case {
  readonly owner: string;
  readonly migrating?: readonly string[];
  readonly importing?: readonly string[];
  readonly intendedTarget?: string;
  readonly keys?: Readonly<Record<string, number>>;
}

function decide({ owner, migrating = [], importing = [], intendedTarget, keys = {} }: Case) {
  return decideOpenSlot({
    owner,
    migrating,
    importing,
    intendedTarget: intendedTarget ?? null,
    keyCount: (node) => keys[node] ?? 0,
  });
}

describe('an open slot', () => {
  test.each<[string, Case, object]>([
    [
      'migrating at one and importing at one: the move is finished',
      { owner: 'a', migrating: ['a'], importing: ['b'], keys: { a: 3, b: 2 } },
      { kind: 'finish-move', source: 'a', target: 'b' },
    ],
    [
      'importing only: all keys go to the owner',
      { owner: 'a', importing: ['b', 'c'], keys: { b: 1 } },
      { kind: 'gather-at-owner', from: ['b', 'c'] },
    ],
    [
      'importing at the owner itself: nothing is brought to it from itself',
      { owner: 'a', importing: ['a', 'b'] },
      { kind: 'gather-at-owner', from: ['b'] },
    ],
    [
      'importing at several without keys: the move goes to the one that was meant',
      { owner: 'a', migrating: ['a'], importing: ['b', 'c'], intendedTarget: 'c' },
      { kind: 'finish-move-and-close', source: 'a', target: 'c', close: ['b'] },
    ],
    [
      'importing at several, none of which was meant: it is closed everywhere',
      { owner: 'a', migrating: ['a'], importing: ['b', 'c'], intendedTarget: 'd' },
      { kind: 'close-everywhere', nodes: ['a', 'b', 'c'] },
    ],
    [
      'importing at several, one of which has keys: nobody can know which are right',
      { owner: 'a', migrating: ['a'], importing: ['b', 'c'], intendedTarget: 'c', keys: { b: 1 } },
      { kind: 'unknown' },
    ],
    [
      'migrating at its owner only: it stays there',
      { owner: 'a', migrating: ['a'], keys: { a: 7 } },
      { kind: 'close-at-source', node: 'a' },
    ],
    [
      'migrating at a node that is not the owner and has no keys: it is closed',
      { owner: 'b', migrating: ['a'] },
      { kind: 'close-at-source', node: 'a' },
    ],
    [
      'migrating at a node that is not the owner and has keys',
      { owner: 'b', migrating: ['a'], keys: { a: 1 } },
      { kind: 'unknown' },
    ],
    ['migrating at two', { owner: 'a', migrating: ['a', 'b'] }, { kind: 'unknown' }],
    ['open at its new owner only: it was closed there', { owner: 'a' }, { kind: 'done' }],
  ])('%s', (_, facts, expected) => {
    expect(decide(facts)).toEqual(expected);
  });
});

function claim(node: string, facts: Partial<SlotClaim<string>> = {}): SlotClaim<string> {
  return { node, ownsSlot: false, keyCount: 0, isMigrating: false, isImporting: false, ...facts };
}

describe('the parties of an open slot', () => {
  test('a node that claims it is the owner when nobody else claims it or has keys', () => {
    const parties = findParties([
      claim('a', { ownsSlot: true, isMigrating: true, keyCount: 5 }),
      claim('b', { isImporting: true }),
      claim('c'),
    ]);
    expect(parties).toEqual({ owners: ['a'], owner: 'a', migrating: ['a'], importing: ['b'], strays: [] });
  });

  test('with keys at two there is no clear owner', () => {
    const parties = findParties([
      claim('a', { ownsSlot: true }),
      claim('b', { isImporting: true, keyCount: 1 }),
    ]);
    expect(parties).toMatchObject({ owners: ['a', 'b'], owner: null, importing: ['b'] });
  });

  test('a node that has keys without having it open counts as importing', () => {
    const parties = findParties([
      claim('a', { ownsSlot: true, isMigrating: true }),
      claim('b', { keyCount: 2 }),
    ]);
    expect(parties).toMatchObject({ owner: null, importing: ['b'], strays: ['b'] });
  });

  test('the one with most keys, or the first of equals, is chosen as the owner', () => {
    expect(
      withMostKeys([claim('a', { keyCount: 1 }), claim('b', { keyCount: 4 }), claim('c', { keyCount: 4 })]),
    ).toBe('b');
    expect(withMostKeys([claim('a'), claim('b')])).toBe('a');
    expect(withMostKeys([])).toBeNull();
  });
});
