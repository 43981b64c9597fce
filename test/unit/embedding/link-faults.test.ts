import { expect, it } from 'vitest';
import { LinkFaults } from '../../../src/embedding/link-faults.js';
import { OPEN_LINKS, type LinkRule } from '../../../src/platform/embedded/index.js';

function withRules(): { readonly faults: LinkFaults; readonly rules: LinkRule[] } {
  const rules: LinkRule[] = [];
  return { faults: new LinkFaults({ apply: (rule) => rules.push(rule) }), rules };
}

it('cuts links from side to side, both ways, and none within a side', () => {
  const { faults } = withRules();
  faults.partition(['a', 'b'], ['c']);
  expect([faults.isCut('a', 'c'), faults.isCut('c', 'b')]).toEqual([true, true]);
  expect([faults.isCut('a', 'b'), faults.isCut('c', 'd'), faults.isCut('a', 'd')]).toEqual([
    false,
    false,
    false,
  ]);
  faults.partition(['a'], ['b']);
  expect([faults.isCut('b', 'a'), faults.isCut('a', 'c')]).toEqual([true, true]);
});

it('adds the delays of both ends', () => {
  const { faults } = withRules();
  faults.slow('a', 10);
  faults.slow('b', 5);
  expect([faults.delayMs('a', 'b'), faults.delayMs('c', 'a'), faults.delayMs('c', 'd')]).toEqual([15, 10, 0]);
  faults.slow('a', 0);
  expect(faults.delayMs('a', 'b')).toBe(5);
});

it('tells its network of every change, and forgets everything when it is healed', () => {
  const { faults, rules } = withRules();
  faults.partition(['a'], ['b']);
  faults.slow('a', 1);
  faults.dropReplies('b');
  expect([faults.losesReplies('b'), faults.losesReplies('a')]).toEqual([true, false]);
  faults.heal();
  expect(rules).toEqual([faults, faults, faults, OPEN_LINKS]);
  expect([faults.isCut('a', 'b'), faults.delayMs('a', 'b'), faults.losesReplies('b')]).toEqual([
    false,
    0,
    false,
  ]);
});
