/** The report in one sentence, and in one card for each column: what a reader in a hurry takes away. Pure. */
import { expectsNewMaster } from './budget.js';
import { nameOfColumn, spreadOf, totalOf, unrecoveredIn } from './figures.js';
import type { ColumnResults, CompareResults } from './results.js';
import { formatMs } from './table.js';

export interface Card {
  readonly title: string;
  readonly figure: string;
  readonly caption: string;
  /** Further sentences; a bad one is something that a user loses, or a failover in vain. */
  readonly remarks: readonly { readonly text: string; readonly isBad: boolean }[];
}

/** The columns that were tried, the one that is back first at the front. */
export function headlineOf(results: CompareResults): string {
  const measured = triedOf(results)
    .map((column) => ({ column, window: spreadOf(column, ({ windowMs }) => windowMs)?.median ?? null }))
    .filter(({ window }) => window !== null)
    .sort((a, b) => a.window! - b.window!);
  if (measured.length === 0) return 'Nothing could be measured.';
  const times = measured.map(({ column, window }) => `${placeOf(column)} for ${formatSeconds(window!)}`);
  const what = expectsNewMaster(results.settings.fault)
    ? 'Until a new master accepted them, writes were unavailable'
    : 'At the longest, no write was acknowledged';
  return `${what} ${listed(times)} (medians).`;
}

export function cardsOf(results: CompareResults): Card[] {
  return triedOf(results).map((column) => {
    const window = spreadOf(column, ({ windowMs }) => windowMs);
    const remarks = [lossOf(column)];
    const unrecovered = unrecoveredIn(column);
    if (unrecovered > 0)
      remarks.push({ text: `no recovery in ${trialsOf(unrecovered, column)}`, isBad: true });
    if (!expectsNewMaster(results.settings.fault)) remarks.push(steadinessOf(column));
    const version = column.version === null ? '' : ` ${column.version}`;
    return {
      title: `${nameOfColumn(column)}${version}`,
      figure: window === null ? '–' : `${formatMs(window.median)} ms`,
      caption: window === null ? 'never recovered' : `without writes (worst ${formatMs(window.worst)} ms)`,
      remarks,
    };
  });
}

function triedOf({ columns }: CompareResults): ColumnResults[] {
  return columns.filter(({ trials }) => trials.length > 0);
}

function lossOf(column: ColumnResults): Card['remarks'][number] {
  const lost = totalOf(column, ({ writes }) => writes.lost);
  const acknowledged = totalOf(column, ({ writes }) => writes.acknowledged);
  return lost === 0
    ? { text: 'no acknowledged write lost', isBad: false }
    : { text: `${lost} of ${acknowledged} acknowledged writes lost`, isBad: true };
}

function steadinessOf(column: ColumnResults): Card['remarks'][number] {
  const vain = column.trials.filter(({ promotions }) => promotions > 0).length;
  return vain === 0
    ? { text: 'nobody failed over', isBad: false }
    : { text: `failed over in vain in ${trialsOf(vain, column)}`, isBad: true };
}

function trialsOf(count: number, { trials }: ColumnResults): string {
  return `${count} of ${trials.length} trials`;
}

function placeOf({ mode, engine }: ColumnResults): string {
  return `${mode === 'sentinel' ? 'with sentinels' : 'in a cluster'} (${engine})`;
}

function formatSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function listed(texts: readonly string[]): string {
  return texts.length < 2 ? texts.join('') : `${texts.slice(0, -1).join(', ')} and ${texts.at(-1)}`;
}
