/** The figures side by side, a column for each topology and engine. Pure. */
import {
  errorsOf,
  firstOf,
  nameOfColumn,
  percentileOf,
  spreadOf,
  totalOf,
  unrecoveredIn,
  type Spread,
} from './figures.js';
import { PHASES, type ColumnResults, type CompareResults, type Phase } from './results.js';

export interface TableRow {
  readonly label: string;
  readonly cells: readonly string[];
}

const PHASE_LABELS: Readonly<Record<Phase, string>> = {
  suspected: 'suspected by the first',
  confirmed: 'confirmed (ODOWN, FAIL)',
  scheduled: 'election scheduled',
  election: 'election begun',
  vote: 'first vote',
  elected: 'elected',
  promoted: 'promoted',
  announced: 'announced to clients',
  'first-write': 'first write on the new master',
  'clients-moved': 'all clients moved',
  rejoined: 'old master back in step',
};

export function headingsOf(results: CompareResults): string[] {
  return results.columns.map((column) => {
    const version = column.version === null ? '' : ` ${column.version}`;
    return `${nameOfColumn(column)}${version}`;
  });
}

/** Rows in which no column has anything are left out. */
export function tableOf(results: CompareResults): TableRow[] {
  const { columns } = results;
  const row = (label: string, cell: (column: ColumnResults) => string | null): TableRow | null => {
    const cells = columns.map((column) => (column.skipped === null ? cell(column) : null));
    return cells.every((each) => each === null) ? null : { label, cells: cells.map((each) => each ?? '–') };
  };
  const spread = (label: string, valueOf: Parameters<typeof spreadOf>[1]): TableRow | null =>
    row(label, (column) => formatSpread(spreadOf(column, valueOf)));
  const total = (label: string, valueOf: Parameters<typeof totalOf>[1]): TableRow | null =>
    row(label, (column) => String(totalOf(column, valueOf)));
  const rows = [
    spread('writes unavailable, ms', ({ windowMs }) => windowMs),
    spread('… for keys of other masters, ms', ({ otherKeysWindowMs }) => otherKeysWindowMs),
    row('trials without recovery', (column) => zeroIsNothing(unrecoveredIn(column))),
    ...PHASES.map((phase) => spread(`${PHASE_LABELS[phase]}, ms`, (trial) => firstOf(trial, phase))),
    total('acknowledged writes', ({ writes }) => writes.acknowledged),
    total('acknowledged writes lost', ({ writes }) => writes.lost),
    total('writes on the old master', ({ writes }) => writes.onOldMaster),
    total('stale reads', ({ reads }) => reads.stale),
    total('failed operations', ({ writes, reads }) => writes.failed + reads.failed),
    row('kinds of errors', describeErrors),
    total('promotions', ({ promotions }) => promotions),
    total('attempts at a failover', ({ attempts }) => attempts),
    spread('latency p50, ms', (trial) => percentileOf(trial, 50)),
    spread('latency p99, ms', (trial) => percentileOf(trial, 99)),
    spread('the measuring itself stood still, ms', ({ stallMs }) => stallMs),
  ];
  return rows.filter((each) => each !== null);
}

/** Plain text, in columns; words are aligned to the left, figures to the right. */
export function formatTable(
  headings: readonly string[],
  rows: readonly TableRow[],
  isText: (column: number) => boolean = () => false,
): string[] {
  const labelWidth = Math.max(0, ...rows.map(({ label }) => label.length));
  const widths = headings.map((heading, index) =>
    Math.max(heading.length, ...rows.map(({ cells }) => cells[index]!.length)),
  );
  const line = (label: string, cells: readonly string[]): string =>
    [
      label.padEnd(labelWidth),
      ...cells.map((cell, index) =>
        isText(index) ? cell.padEnd(widths[index]!) : cell.padStart(widths[index]!),
      ),
    ]
      .join('  ')
      .trimEnd();
  return [line('', headings), ...rows.map(({ label, cells }) => line(label, cells))];
}

/** `median (worst)`, in whole milliseconds from 10 on. */
export function formatSpread(spread: Spread | null): string | null {
  return spread === null ? null : `${formatMs(spread.median)} (${formatMs(spread.worst)})`;
}

export function formatMs(ms: number): string {
  return Math.abs(ms) < 9.95 ? ms.toFixed(1) : ms.toFixed(0);
}

function describeErrors(column: ColumnResults): string | null {
  const errors = errorsOf(column);
  return errors.length === 0
    ? null
    : errors
        .map(([name]) => name)
        .slice(0, 3)
        .join(' ');
}

function zeroIsNothing(count: number): string | null {
  return count === 0 ? null : String(count);
}
