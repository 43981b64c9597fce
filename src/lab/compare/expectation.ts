/** What the configuration led one to expect, beside what was measured, step by step. Pure. */
import { totalOf } from './budget.js';
import { firstOf, nameOfColumn, spreadOf, type Spread } from './figures.js';
import type { BudgetStep, ColumnResults, CompareResults, Phase, TrialResult } from './results.js';
import { formatSpread, type TableRow } from './table.js';

export const EXPECTATION_HEADINGS = ['expected, ms', 'measured, ms', 'why'] as const;

/** Which phases a step lies between; null is the fault. */
const BOUNDS: Readonly<Record<BudgetStep['step'], readonly [from: Phase | null, to: Phase]>> = {
  detection: [null, 'suspected'],
  agreement: ['suspected', 'confirmed'],
  election: ['confirmed', 'elected'],
  promotion: ['elected', 'promoted'],
  discovery: ['promoted', 'clients-moved'],
};

/** Of each column with a budget and trials: the whole, then each step. Empty where nobody should fail over. */
export function expectationOf({ columns }: CompareResults): TableRow[] {
  const expected = columns.filter(({ budget, trials }) => budget.length > 0 && trials.length > 0);
  return expected.flatMap((column) => [
    wholeOf(column),
    ...column.budget.map((step) => stepOf(column, step)),
  ]);
}

function wholeOf(column: ColumnResults): TableRow {
  const measured = spreadOf(column, (trial) => firstOf(trial, 'first-write'));
  return rowOf(
    `${nameOfColumn(column)}, all`,
    totalOf(column.budget),
    measured,
    'the first write on the new master',
  );
}

function stepOf(column: ColumnResults, budgeted: BudgetStep): TableRow {
  const [from, to] = BOUNDS[budgeted.step];
  const measured = spreadOf(column, (trial) => between(trial, from, to));
  return rowOf(`… ${budgeted.step}`, budgeted, measured, budgeted.why);
}

function between(trial: TrialResult, from: Phase | null, to: Phase): number | null {
  const fromMs = from === null ? 0 : firstOf(trial, from);
  const toMs = firstOf(trial, to);
  return fromMs === null || toMs === null ? null : Math.max(0, toMs - fromMs);
}

function rowOf(
  label: string,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  measured: Spread | null,
  why: string,
): TableRow {
  return { label, cells: [`${fromMs} to ${toMs}`, formatSpread(measured) ?? '–', why] };
}
