/** What the table and the words say of a column: its trials in one figure each. Pure. */
import type { ColumnResults, Phase, TrialResult } from './results.js';
import { median, sum, worst } from './statistics.js';

export interface Spread {
  readonly median: number;
  readonly worst: number;
}

export function nameOfColumn({ mode, engine }: Pick<ColumnResults, 'mode' | 'engine'>): string {
  return `${mode} ${engine}`;
}

/** Null when no trial has a value. */
export function spreadOf(
  column: ColumnResults,
  valueOf: (trial: TrialResult) => number | null,
): Spread | null {
  const values = column.trials.map(valueOf).filter((value) => value !== null);
  const middle = median(values);
  const greatest = worst(values);
  return middle === null || greatest === null ? null : { median: middle, worst: greatest };
}

/** Trials in which writing did not become possible again. */
export function unrecoveredIn({ trials }: ColumnResults): number {
  return trials.filter(({ windowMs }) => windowMs === null).length;
}

/** When a trial first reached a phase; null when it did not. */
export function firstOf({ phases }: TrialResult, phase: Phase): number | null {
  const times = phases.filter((mark) => mark.phase === phase).map(({ atMs }) => atMs);
  return times.length === 0 ? null : Math.min(...times);
}

export function totalOf(column: ColumnResults, valueOf: (trial: TrialResult) => number): number {
  return sum(column.trials.map(valueOf));
}

export function percentileOf(trial: TrialResult, percentile: number): number | null {
  return trial.latency.find((point) => point.percentile === percentile)?.ms ?? null;
}

/** Every kind of error with its count, the most frequent first. */
export function errorsOf({ trials }: ColumnResults): (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const { errors } of trials) {
    for (const [name, count] of Object.entries(errors)) counts.set(name, (counts.get(name) ?? 0) + count);
  }
  return [...counts].sort(([, a], [, b]) => b - a);
}
