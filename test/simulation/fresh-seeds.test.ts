/**
 * Seeds that nobody has run before, of each kind. In CI there are so many that they take a few minutes of one core; their
 * numbers follow from the sources. VEDETTE_FRESH_SEEDS=n runs n others instead. A failure tells how to replay it.
 */
import { describe, it, vi } from 'vitest';
import { drawPlan } from '../../src/simulator/plan/draw-plan.js';
import type { RunKind } from '../../src/simulator/plan/plan.js';
import { expectNothingBroken, seedsOfSources } from '../support/seeds.js';

// A run is a second or two of pure computation; the limit is a safety net for machines that are busy otherwise.
vi.setConfig({ testTimeout: 600_000 });

/** What CI runs of each: those of replication alone are much the cheapest. */
const IN_CI: readonly [RunKind, number][] = [
  ['sentinel', 120],
  ['cluster', 120],
  ['replication', 240],
];
const WITHOUT_CI = 3;

const wanted = process.env.VEDETTE_FRESH_SEEDS;
const firstOther = Date.now();

function freshSeeds(countInCi: number): string[] {
  if (wanted === undefined) return seedsOfSources(process.env.CI === undefined ? WITHOUT_CI : countInCi);
  return Array.from({ length: Number(wanted) }, (_, index) => String(firstOther + index));
}

describe.each(IN_CI)('fresh %s seeds break nothing:', (kind, countInCi) => {
  it.each(freshSeeds(countInCi))('%s', (seed) =>
    expectNothingBroken(drawPlan(kind, seed), `--kind ${kind} --seed ${seed}`),
  );
});
