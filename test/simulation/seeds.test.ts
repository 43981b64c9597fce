/**
 * Some fresh seeds in every run of the tests, whose numbers are printed, and seeds that once found something. A failure
 * replays with `npm run simulate -- --kind <kind> --seed <seed>`.
 */
import { describe, expect, it } from 'vitest';
import { drawPlan } from '../../src/simulator/plan/draw-plan.js';
import { RUN_KINDS, type RunKind } from '../../src/simulator/plan/plan.js';
import { outcomeReport } from '../../src/simulator/report/outcome-report.js';
import { run } from '../../src/simulator/run/run.js';

const FRESH_PER_KIND = 1;
const first = Date.now();

/** What each of them found when it was new. */
const HARD: readonly [RunKind, string, string][] = [
  ['sentinel', '25', 'a configuration was recorded during TILT, and the failover never went on'],
  [
    'sentinel',
    '22',
    'WAIT counted a replica that was still loading what was written before anybody followed',
  ],
  ['replication', '40', 'the same, after the master had lost power'],
];

function expectNothingBroken(kind: RunKind, seed: string): void {
  const outcome = run(drawPlan(kind, seed));
  expect(outcome.violations, outcomeReport(outcome)).toEqual([]);
  expect(outcome.coverage.get('writes acknowledged')).toBeGreaterThan(0);
}

describe.each(RUN_KINDS)('fresh %s seeds', (kind) => {
  for (let index = 0; index < FRESH_PER_KIND; index++) {
    const seed = String(first + index);
    it(`break nothing: ${seed}`, () => expectNothingBroken(kind, seed));
  }
});

describe('seeds that found something', () => {
  it.each(HARD)('%s %s: %s', (kind, seed) => expectNothingBroken(kind, seed));
});
