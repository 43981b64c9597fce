/** The charts of the report, as configurations of Chart.js without any code in them. Pure. */
import type { ChartConfiguration, ChartDataset } from 'chart.js';
import { firstOf, nameOfColumn } from './figures.js';
import type { ColumnResults, CompareResults, Phase, TrialResult } from './results.js';
import { median } from './statistics.js';

export interface ReportChart {
  readonly id: string;
  readonly title: string;
  /** What is to be seen, for people. */
  readonly caption: string;
  readonly heightPx: number;
  readonly config: ChartConfiguration<'bar' | 'line', unknown[]>;
}

/** Distinct also for those who do not see red and green, and visible on white and on black. */
export const COLUMN_COLORS = ['#2f81d6', '#d55e00', '#1a936f', '#b0579f'] as const;
const QUIET = 'rgba(128, 128, 128, 0.28)';
const ROW_HEIGHT_PX = 24;
const BEFORE_FAULT_MS = 1000;
const SINCE_FAULT = 'time since the fault (ms)';

/** A stretch of the timeline: from one phase to the next that was reached. Null is the fault itself. */
const STRETCHES: readonly (readonly [label: string, from: Phase | null, to: Phase, color: string])[] = [
  ['noticing', null, 'confirmed', '#e69f00'],
  ['waiting for the election', 'confirmed', 'election', '#a08fdc'],
  ['election', 'election', 'elected', '#56b4e9'],
  ['promotion, up to the first write', 'elected', 'first-write', '#2f6fb0'],
  ['until all clients have moved', 'first-write', 'clients-moved', '#1a936f'],
];

export function chartsOf(results: CompareResults): ReportChart[] {
  const tried = results.columns.filter(({ trials }) => trials.length > 0);
  return tried.length === 0 ? [] : [timeline(tried), throughput(tried), latency(tried)];
}

function timeline(columns: readonly ColumnResults[]): ReportChart {
  const rows = columns.flatMap((column) =>
    column.trials.map((trial, index) => ({ label: `${nameOfColumn(column)} ${index + 1}`, trial })),
  );
  const datasets: ChartDataset<'bar', unknown[]>[] = STRETCHES.map(([label, from, to, color]) => ({
    label,
    data: rows.map(({ trial }) => stretch(trial, from, to)),
    backgroundColor: color,
    grouped: false,
    barPercentage: 0.8,
  }));
  const whole = rows.map(({ trial }): [number, number] => [0, trial.repairAtMs]);
  datasets.push({
    label: 'the fault lasts',
    data: whole,
    backgroundColor: QUIET,
    grouped: false,
    barPercentage: 0.95,
  });
  return {
    id: 'timeline',
    title: 'Where the time went, trial by trial',
    caption:
      'A row for each trial, from the fault at 0. The grey bar behind lasts until the fault is taken back; ' +
      'a grey bar alone is a trial in which nobody took over.',
    heightPx: 110 + rows.length * ROW_HEIGHT_PX,
    config: {
      type: 'bar',
      data: { labels: rows.map(({ label }) => label), datasets },
      options: {
        ...common,
        indexAxis: 'y',
        scales: {
          x: { min: 0, title: { display: true, text: SINCE_FAULT } },
          y: { grid: { display: false }, ticks: { autoSkip: false } },
        },
      },
    },
  };
}

function stretch(trial: TrialResult, from: Phase | null, to: Phase): [number, number] | null {
  const fromMs = from === null ? 0 : firstOf(trial, from);
  const toMs = firstOf(trial, to);
  return fromMs === null || toMs === null || toMs < fromMs ? null : [fromMs, toMs];
}

function throughput(columns: readonly ColumnResults[]): ReportChart {
  const datasets = columns.map((column, index): ChartDataset<'line', unknown[]> => ({
    ...lineOf(column, index),
    data: medianThroughput(column.trials),
  }));
  datasets.push({
    label: 'the fault',
    data: [
      { x: 0, y: 0 },
      { x: 0, y: greatestRateOf(columns) },
    ],
    borderColor: '#808080',
    borderDash: [5, 4],
    borderWidth: 2,
    pointRadius: 0,
  });
  return {
    id: 'throughput',
    title: 'Throughput around the fault',
    caption:
      'Acknowledged operations a second, the median of all trials. Clients go on asking at the same rate throughout.',
    heightPx: 320,
    config: {
      type: 'line',
      data: { datasets },
      options: {
        ...common,
        interaction: { mode: 'nearest', axis: 'x', intersect: false },
        scales: {
          x: { type: 'linear', title: { display: true, text: SINCE_FAULT } },
          y: { min: 0, title: { display: true, text: 'acknowledged operations a second' } },
        },
      },
    },
  };
}

function greatestRateOf(columns: readonly ColumnResults[]): number {
  return Math.max(0, ...columns.flatMap(({ trials }) => medianThroughput(trials).map(({ y }) => y)));
}

/** Of each bucket of time that at least half of the trials have. */
export function medianThroughput(trials: readonly TrialResult[]): { x: number; y: number }[] {
  const byTime = new Map<number, number[]>();
  for (const { throughput } of trials) {
    throughput.acknowledged.forEach((count, index) => {
      const atMs = throughput.fromMs + index * throughput.bucketMs;
      if (atMs < -BEFORE_FAULT_MS) return;
      const rates = byTime.get(atMs) ?? [];
      rates.push((count * 1000) / throughput.bucketMs);
      byTime.set(atMs, rates);
    });
  }
  return [...byTime]
    .filter(([, rates]) => rates.length * 2 >= trials.length)
    .map(([x, rates]) => ({ x, y: median(rates) ?? 0 }))
    .sort((a, b) => a.x - b.x);
}

function latency(columns: readonly ColumnResults[]): ReportChart {
  const percentiles = columns[0]!.trials[0]!.latency.map(({ percentile }) => percentile);
  const datasets = columns.map((column, index): ChartDataset<'line', unknown[]> => ({
    ...lineOf(column, index),
    data: percentiles.map((_, at) => median(column.trials.map((trial) => trial.latency[at]!.ms))),
  }));
  return {
    id: 'latency',
    title: 'Latency',
    caption:
      'Of the operations that were answered, from the moment they were due: the median of all trials for each percentile.',
    heightPx: 320,
    config: {
      type: 'line',
      data: { labels: percentiles.map((percentile) => `p${percentile}`), datasets },
      options: {
        ...common,
        scales: {
          x: { title: { display: true, text: 'percentile of the operations' } },
          y: { type: 'logarithmic', title: { display: true, text: 'latency (ms, logarithmic)' } },
        },
      },
    },
  };
}

const common = {
  animation: false,
  responsive: true,
  maintainAspectRatio: false,
  plugins: { legend: { align: 'start', labels: { boxWidth: 14, boxHeight: 14 } } },
} as const;

function lineOf(column: ColumnResults, index: number) {
  const color = COLUMN_COLORS[index % COLUMN_COLORS.length]!;
  return {
    label: nameOfColumn(column),
    borderColor: color,
    backgroundColor: color,
    borderWidth: 2,
    pointRadius: 0,
    tension: 0,
  };
}
