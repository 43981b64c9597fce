/** Runs of the simulator as tests: none may break a rule. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Plan } from '../../src/simulator/plan/plan.js';
import { outcomeReport } from '../../src/simulator/report/outcome-report.js';
import { run } from '../../src/simulator/run/run.js';

const SOURCES = new URL('../../src/', import.meta.url);

/** @param replay the words that run it again, behind `npm run simulate --` */
export function expectNothingBroken(plan: Plan, replay: string): void {
  const outcome = run(plan);
  const told = `npm run simulate -- ${replay}\n${outcomeReport(outcome)}`;
  expect(outcome.violations, told).toEqual([]);
  expect(outcome.coverage.get('writes acknowledged'), told).toBeGreaterThan(0);
}

/**
 * Seeds that follow from the sources: every change meets others, and the same sources meet the same again, on whatever
 * machine they are tested.
 */
export function seedsOfSources(count: number): string[] {
  const hash = createHash('sha256');
  for (const file of readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).sort()) {
    if (file.endsWith('.ts')) hash.update(readFileSync(new URL(file, SOURCES)));
  }
  const first = 1_000_000 + hash.digest().readUIntBE(0, 5);
  return Array.from({ length: count }, (_, index) => String(first + index));
}
