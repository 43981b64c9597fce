/** Why the columns differ, in plain words from their figures. Pure. */
import { expectsNewMaster, totalOf as totalOfBudget } from './budget.js';
import { firstOf, nameOfColumn, spreadOf, totalOf, unrecoveredIn } from './figures.js';
import type { ColumnResults, CompareResults } from './results.js';
import type { Fault } from './settings.js';
import { formatMs } from './table.js';

/** The fault in a few words. */
export const FAULT_TITLES: Readonly<Record<Fault, string>> = {
  kill: 'a master is killed',
  pause: 'a master hangs',
  restart: 'a master restarts empty',
  'partition-master': 'a master is cut off',
  'partition-client': 'clients are cut off from the master',
  jitter: 'packets are delayed at random',
  flap: 'a master is cut off again and again',
  'replica-kill': 'a replica is killed',
  'sentinel-kill': 'a sentinel and the master are killed',
  manual: 'a replica is told to take over',
};

/** What was done, for people. */
export const FAULT_TEXTS: Readonly<Record<Fault, string>> = {
  kill: 'the master is killed (SIGKILL) and started again after the failover',
  pause: 'the master is frozen (SIGSTOP) and goes on after the failover',
  restart: 'the master is killed and started again at once, with nothing on disk',
  'partition-master':
    'the master is cut off from all other members, together with half of the clients, until after the failover',
  'partition-client': 'half of the clients cannot reach the master; the members reach each other',
  jitter: 'all packets are delayed at random, some by up to 0.8 of the timeout',
  flap: 'the master is cut off five times, for 0.6 of the timeout each',
  'replica-kill': 'a replica is killed',
  'sentinel-kill': 'a sentinel and the master are killed at the same time',
  manual: 'a replica is told to take over (SENTINEL FAILOVER, CLUSTER FAILOVER)',
};

export function summarise(results: CompareResults): string[] {
  const { fault, downAfterMs } = results.settings;
  const tried = results.columns.filter(({ trials }) => trials.length > 0);
  const sentences = tried.flatMap((column) =>
    expectsNewMaster(fault) ? failoverOf(column, fault, downAfterMs) : steadinessOf(column),
  );
  for (const column of tried) sentences.push(...lossOf(column));
  if (expectsNewMaster(fault)) sentences.push(...reachOf(tried));
  for (const column of results.columns) {
    if (column.skipped !== null)
      sentences.push(`${capitalised(nameOfColumn(column))} was skipped: ${column.skipped}.`);
  }
  return sentences;
}

/** Where the time of the median trial went. */
function failoverOf(column: ColumnResults, fault: Fault, downAfterMs: number): string[] {
  const name = capitalised(nameOfColumn(column));
  const failed = unrecoveredIn(column) + column.trials.filter(({ promotions }) => promotions === 0).length;
  const sentences =
    failed === 0 ? [] : [`${name} did not fail over, or did not recover, in ${failed} trials.`];
  const window = spreadOf(column, ({ windowMs }) => windowMs);
  if (window === null) return sentences;
  const median = (phase: Parameters<typeof firstOf>[1]): number | null =>
    spreadOf(column, (trial) => firstOf(trial, phase))?.median ?? null;
  const steps = [
    part('noticing', 0, median('confirmed')),
    part('the wait before the election', median('confirmed'), median('election')),
    part('the election', median('election'), median('elected')),
    part('promotion and the way to the clients', median('elected'), median('first-write')),
  ].filter((step) => step !== null);
  const why = steps.length === 0 ? '' : `: ${steps.join(', ')}`;
  const beyond = fault === 'manual' ? '' : `, ${formatMs(window.median - downAfterMs)} ms beyond the timeout`;
  sentences.push(
    `${name}: writes were unavailable for ${formatMs(window.median)} ms (worst ${formatMs(window.worst)})${beyond}${why}.`,
  );
  const { fromMs, toMs } = totalOfBudget(column.budget);
  const stall = spreadOf(column, ({ stallMs }) => stallMs);
  if (window.worst > toMs && toMs > 0) {
    sentences.push(
      `That is more than the ${fromMs} to ${toMs} ms which the configuration implies: this machine was slow, or busy ` +
        `(the measuring itself stood still for up to ${formatMs(stall?.worst ?? 0)} ms).`,
    );
  }
  return sentences;
}

/** Faults for which nobody should fail over. */
function steadinessOf(column: ColumnResults): string[] {
  const name = capitalised(nameOfColumn(column));
  const promotions = totalOf(column, (trial) => trial.promotions);
  const attempts = totalOf(column, (trial) => trial.attempts);
  const window = spreadOf(column, ({ windowMs }) => windowMs);
  const pause =
    window === null
      ? 'writes were not possible again'
      : `the longest time without an acknowledged write was ${formatMs(window.median)} ms (worst ${formatMs(window.worst)})`;
  if (promotions > 0) return [`${name} failed over in vain ${times(promotions)}; ${pause}.`];
  if (attempts > 0) return [`${name} tried to fail over ${times(attempts)}, without a promotion; ${pause}.`];
  return [`${name} did not fail over, as it should; ${pause}.`];
}

function lossOf(column: ColumnResults): string[] {
  const name = capitalised(nameOfColumn(column));
  const lost = totalOf(column, ({ writes }) => writes.lost);
  const acknowledged = totalOf(column, ({ writes }) => writes.acknowledged);
  const onOldMaster = totalOf(column, ({ writes }) => writes.onOldMaster);
  const stale = totalOf(column, ({ reads }) => reads.stale);
  if (lost === 0 && stale === 0) return [`${name} lost none of ${acknowledged} acknowledged writes.`];
  const old =
    onOldMaster === 0 ? '' : ` ${onOldMaster} had been accepted by the old master after the promotion.`;
  const seen = stale === 0 ? '' : ` ${stale} reads did not see a write that had been acknowledged.`;
  return [`${name} lost ${lost} of ${acknowledged} acknowledged writes.${old}${seen}`];
}

/** What of the keys is concerned. */
function reachOf(columns: readonly ColumnResults[]): string[] {
  const cluster = columns.find(({ mode }) => mode === 'cluster');
  if (cluster === undefined) return [];
  const others = spreadOf(cluster, ({ otherKeysWindowMs }) => otherKeysWindowMs);
  if (others === null) return [];
  return [
    'With sentinels one master has all keys. In the cluster it has a third of them; ' +
      `keys of the other masters were unavailable for ${formatMs(others.median)} ms, as a cluster stops as a whole ` +
      'from FAIL to the promotion unless cluster-require-full-coverage is off.',
  ];
}

function part(what: string, fromMs: number | null, toMs: number | null): string | null {
  return fromMs === null || toMs === null ? null : `${what} ${formatMs(Math.max(0, toMs - fromMs))} ms`;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
