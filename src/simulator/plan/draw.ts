/** Small ways to draw from a seeded generator. */
import type { Randomness } from '../../platform/platform.js';
import type { SeededRandom } from '../../platform/virtual/index.js';

/** Both bounds included. */
export function between(random: Randomness, least: number, most: number): number {
  return least + random.integer(most - least + 1);
}

export function oneOf<T>(random: Randomness, choices: readonly T[]): T {
  return choices[random.integer(choices.length)];
}

/** At least one, and never all unless there is only one. */
export function someOf<T>(random: SeededRandom, choices: readonly T[]): T[] {
  const some = choices.filter(() => random.chance(0.5));
  if (some.length === 0) return [oneOf(random, choices)];
  return some.length === choices.length && choices.length > 1 ? some.slice(1) : some;
}

/** How long a fault lasts: a moment, about as long as detection takes, or long. */
export function faultDurationMs(random: SeededRandom): number {
  const [least, most] = oneOf(random, [
    [20, 300],
    [300, 3000],
    [3000, 20_000],
  ] as const);
  return between(random, least, most);
}
