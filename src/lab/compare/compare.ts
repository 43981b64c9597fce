/** `vedette compare`: says what to expect, tries it, and says what happened, on the terminal and in a report. */
import type { Platform } from '../../platform/platform.js';
import type { Terminal } from '../../platform/terminal.js';
import { LabError } from '../errors.js';
import type { Screen } from '../screen.js';
import { budgetOf, totalOf } from './budget.js';
import { EXPECTATION_HEADINGS, expectationOf } from './expectation.js';
import { Progress } from './progress.js';
import { renderReport } from './report.js';
import { parseResults, type CompareResults } from './results.js';
import { runComparison, trialCount } from './run.js';
import { columnsOf, whySkipped, type CompareSettings } from './settings.js';
import { FAULT_TEXTS, summarise } from './summary.js';
import { formatTable, headingsOf, tableOf } from './table.js';

export interface CompareOutputs {
  /** Where the HTML report goes. */
  readonly reportFile: string | undefined;
  /** Where the results go, for programs. */
  readonly resultsFile: string | undefined;
}

export async function compare(
  platform: Platform,
  terminal: Terminal,
  screen: Screen,
  settings: CompareSettings,
  outputs: CompareOutputs,
): Promise<number> {
  requireWritable(platform, outputs);
  announce(screen, settings);
  const progress = new Progress(terminal, platform, trialCount(settings));
  const results = await runComparison(platform, settings, {
    onTrial: ({ mode, engine }, number) => progress.begin(`trial ${number}: ${mode} ${engine.name}`),
    onTrialEnd: () => progress.finish(),
  }).finally(() => progress.end());
  return conclude(platform, screen, results, outputs);
}

/** Draws again what an earlier run wrote with --json. @throws LabError BAD_RESULTS */
export function redraw(
  platform: Platform,
  screen: Screen,
  fromFile: string,
  outputs: CompareOutputs,
): number {
  requireWritable(platform, outputs);
  if (platform.disk.statusSync(fromFile)?.isFile !== true) {
    throw new LabError('BAD_RESULTS', `There is no file ${fromFile}`);
  }
  const text = platform.disk.readFileSync(fromFile).toString('utf8');
  return conclude(platform, screen, parseResults(text), outputs);
}

/** Better now than after all trials. */
function requireWritable({ disk }: Platform, { reportFile, resultsFile }: CompareOutputs): void {
  for (const file of [reportFile, resultsFile]) {
    if (file === undefined) continue;
    const directory = disk.absolutePath(`${file}/..`);
    const isThere = disk.statusSync(directory)?.isDirectory === true;
    if (!isThere || !disk.isWritableSync(directory)) {
      throw new LabError('NOT_WRITABLE', `${file} cannot be written`);
    }
  }
}

/** What will be done, and how long the configuration lets it take. */
function announce(screen: Screen, settings: CompareSettings): void {
  const { fault, downAfterMs, rate, clients } = settings;
  const { bold, dim } = screen.colors;
  screen.line(bold(`Fault: ${FAULT_TEXTS[fault]}`));
  screen.line(
    `${settings.trials} trials of each, ${rate} operations a second by ${clients} clients; ` +
      `down-after-milliseconds and cluster-node-timeout ${downAfterMs}`,
  );
  for (const column of columnsOf(settings)) {
    const name = `${column.mode} ${column.engine.name}`;
    const skipped = whySkipped(fault, column.mode);
    screen.line();
    if (skipped !== null) {
      screen.line(`${name}: skipped, ${skipped}`);
      continue;
    }
    const budget = budgetOf(column, fault, downAfterMs);
    if (budget.length === 0) {
      screen.line(`${name}: nobody should fail over`);
      continue;
    }
    const { fromMs, toMs } = totalOf(budget);
    screen.line(`${name}: the configuration implies ${fromMs} to ${toMs} ms without writes`);
    for (const step of budget) {
      screen.line(
        `  ${step.step.padEnd(10)} ${`${step.fromMs} to ${step.toMs} ms`.padStart(15)}  ${dim(step.why)}`,
      );
    }
  }
  screen.line();
}

function conclude(
  platform: Platform,
  screen: Screen,
  results: CompareResults,
  outputs: CompareOutputs,
): number {
  screen.line(screen.colors.bold('median (worst)'));
  for (const line of formatTable(headingsOf(results), tableOf(results))) screen.line(line);
  screen.line();
  const expectation = expectationOf(results);
  if (expectation.length > 0) {
    const isWhy = (column: number): boolean => column === EXPECTATION_HEADINGS.length - 1;
    for (const line of formatTable(EXPECTATION_HEADINGS, expectation, isWhy)) screen.line(line);
    screen.line();
  }
  for (const sentence of summarise(results)) screen.line(sentence);
  const { reportFile, resultsFile } = outputs;
  if (resultsFile !== undefined) {
    platform.disk.writeFileSync(resultsFile, Buffer.from(`${JSON.stringify(results, null, 1)}\n`));
    screen.line(`Results: ${resultsFile}`);
  }
  if (reportFile !== undefined) {
    platform.disk.writeFileSync(reportFile, Buffer.from(renderReport(platform, results)));
    screen.line(`Report: ${reportFile}`);
  }
  const isWhole = results.columns.every(({ skipped, trials }) => skipped !== null || trials.length > 0);
  return isWhole ? 0 : 1;
}
