/** Whatever the network and the disks do: one vote per epoch, and never two leaders in one. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ElectionGroup } from './election-group.js';

const history = fc.array(fc.tuple(fc.nat(99), fc.nat(1000)), { minLength: 50, maxLength: 400, size: 'max' });

function play(
  size: number,
  quorum: number,
  stock: number,
  seed: number,
  acts: readonly (readonly number[])[],
) {
  let state = seed;
  const randomInteger = (bound: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state % bound;
  };
  const group = new ElectionGroup(size, Math.min(quorum, size), Math.min(stock, size), randomInteger);
  for (const [what, which] of acts) group.act(what, which);
  return group;
}

it('never elects two leaders in an epoch and never gives two votes in one', () => {
  let won = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 5 }),
      fc.nat(2),
      fc.nat(),
      history,
      (size, quorum, stock, seed, acts) => {
        const group = play(size, quorum, stock, seed, acts);
        won += group.electionsWon;
        expect(group.contradictions).toEqual([]);
        for (const [epoch, leaders] of group.leaders) {
          expect([...leaders], `leaders of epoch ${epoch}`).toHaveLength(1);
        }
      },
    ),
    { numRuns: 1500 },
  );
  // The histories are no good as evidence unless elections are won in them.
  expect(won).toBeGreaterThan(1000);
});

it('elects a leader soon when messages and disks work, also when all become sure at once', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 7 }),
      fc.nat(),
      fc.array(fc.nat(1000), { minLength: 300 }),
      (size, seed, order) => {
        const deliveries = order.flatMap((which) => [
          [90, 4],
          [0, which],
          [60, which],
          [60, which + 1],
        ]);
        const group = play(size, 1, 0, seed, [...deliveries, ...deliveries]);
        expect(group.electionsWon).toBeGreaterThan(0);
      },
    ),
    { numRuns: 50 },
  );
});
