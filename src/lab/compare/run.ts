/** All trials, the columns in turn, so that what the machine does meanwhile falls on all of them alike. */
import { VEDETTE_VERSION } from '../../config/version.js';
import type { Platform } from '../../platform/platform.js';
import { analyse } from './analysis.js';
import { budgetOf } from './budget.js';
import { SCHEMA, type ColumnResults, type CompareResults, type TrialResult } from './results.js';
import { columnsOf, whySkipped, type Column, type CompareSettings } from './settings.js';
import { runTrial } from './trial.js';

export interface CompareEvents {
  /** A trial begins. */
  onTrial(column: Column, number: number): void;
  onTrialEnd(): void;
}

export async function runComparison(
  platform: Platform,
  settings: CompareSettings,
  events: CompareEvents,
): Promise<CompareResults> {
  const { fault, downAfterMs, rate, clients } = settings;
  const columns = columnsOf(settings);
  const startedAtMs = platform.clock.nowMs();
  const trials = columns.map((): TrialResult[] => []);
  const versions = columns.map((): string | null => null);
  for (let number = 1; number <= settings.trials; number++) {
    for (const [index, column] of columns.entries()) {
      if (whySkipped(fault, column.mode) !== null) continue;
      events.onTrial(column, number);
      const trial = await runTrial(platform, column, settings);
      versions[index] = trial.version;
      trials[index]!.push(analyse(trial.observation));
      events.onTrialEnd();
    }
  }
  return {
    schema: SCHEMA,
    startedAt: new Date(startedAtMs).toISOString(),
    settings: { fault, trials: settings.trials, downAfterMs, rate, clients },
    environment: { vedette: VEDETTE_VERSION, operatingSystem: platform.processes.operatingSystem },
    columns: columns.map((column, index): ColumnResults => ({
      mode: column.mode,
      engine: column.engine.name,
      version: versions[index]!,
      skipped: whySkipped(fault, column.mode),
      budget: budgetOf(column, fault, downAfterMs),
      trials: trials[index]!,
    })),
  };
}

/** How many trials there will be. */
export function trialCount(settings: CompareSettings): number {
  const tried = columnsOf(settings).filter(({ mode }) => whySkipped(settings.fault, mode) === null);
  return tried.length * settings.trials;
}
