/**
 * The mutation check: a simulator that finds nothing must be one that would have found something. With
 * VEDETTE_ALL_MUTATIONS=1 the slow ones, too.
 */
import { describe, expect, it, vi } from 'vitest';
import { run } from '../../src/simulator/run/run.js';
import { mutations, type Mutation } from './mutations.js';

// A run is a second or two of pure computation; the limit is a safety net for machines that are busy otherwise.
vi.setConfig({ testTimeout: 600_000 });

/** The rule that a run with one of the seeds shows to be broken first; null when none does. */
function firstBroken({ plan, seeds }: Mutation): string | null {
  for (let seed = 1; seed <= seeds; seed++) {
    const [violation] = run(plan(`mutation-${seed}`)).violations;
    if (violation !== undefined) return violation.rule;
  }
  return null;
}

const chosen = mutations.filter(
  ({ isSlow }) => isSlow !== true || process.env.VEDETTE_ALL_MUTATIONS !== undefined,
);

describe('the simulator finds that', () => {
  it.each(chosen)('$name', (mutation) => {
    const mend = mutation.apply();
    try {
      expect(mutation.rules).toContain(firstBroken(mutation));
    } finally {
      mend();
    }
  });
});

describe('without the mutation nothing is found where', () => {
  it.each(chosen)('$name', ({ plan }) => {
    expect(run(plan('mutation-1')).violations).toEqual([]);
  });
});
