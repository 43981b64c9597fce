/** LATENCY GRAPH and LATENCY DOCTOR: samples of latency drawn and put in words. */
import type { LatencyEvent, LatencySample } from '../server/latency-monitor.js';

const GRAPH_WIDTH = 80;
const GRAPH_ROWS = 4;
/** What each step of a column looks like, from the lowest to the highest. */
const STEPS = ['_', 'o', '#'] as const;
const SLOW_MS = 100;

/** A column per sample, the highest filling all rows, with the age of each sample written below it. */
export function drawGraph(name: string, event: LatencyEvent, nowMs: number): string {
  const samples = event.samples.slice(-GRAPH_WIDTH);
  const high = Math.max(...samples.map(({ latencyMs }) => latencyMs));
  const low = Math.min(...samples.map(({ latencyMs }) => latencyMs));
  const ages = samples.map(({ atSeconds }) => formatAge(Math.max(0, Math.floor(nowMs / 1000) - atSeconds)));
  const rows = Array.from({ length: GRAPH_ROWS }, (_, index) =>
    samples.map((sample) => cellOf(sample, low, high, GRAPH_ROWS - 1 - index)).join(''),
  );
  const ageRows = Array.from({ length: Math.max(...ages.map((age) => age.length)) }, (_, index) =>
    ages.map((age) => age[index] ?? ' ').join(''),
  );
  const title = `${name} - high ${high} ms, low ${low} ms (all time high ${event.maxMs} ms)`;
  return [title, '-'.repeat(GRAPH_WIDTH), ...rows, '', ...ageRows, ''].join('\n');
}

/** What a column shows in a row, rows counted from the bottom. */
function cellOf(sample: LatencySample, low: number, high: number, row: number): string {
  const share = high === low ? 1 : (sample.latencyMs - low) / (high - low);
  const height = Math.round(share * (GRAPH_ROWS * STEPS.length - 1));
  const step = height - row * STEPS.length;
  if (step < 0) return ' ';
  return step >= STEPS.length ? '|' : (STEPS[step] ?? ' ');
}

function formatAge(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86400)}d`;
}

/** What there is to say about all events, and what to do about them. */
export function describeLatency(events: ReadonlyMap<string, LatencyEvent>, isEnabled: boolean): string {
  if (!isEnabled && events.size === 0) {
    return 'Latency monitoring is off. CONFIG SET latency-monitor-threshold <milliseconds> switches it on.\n';
  }
  if (events.size === 0) return 'No latency spike was observed since the last LATENCY RESET.\n';
  let text = 'Latency spikes were observed:\n\n';
  let number = 0;
  for (const [name, event] of events) text += `${++number}. ${describeEvent(name, event)}\n`;
  return `${text}\n${advice(events)}`;
}

function describeEvent(name: string, { samples, maxMs }: LatencyEvent): string {
  const times = samples.map(({ latencyMs }) => latencyMs);
  const mean = meanOf(times);
  const deviation = meanOf(times.map((time) => Math.abs(time - mean)));
  const spanSeconds = (samples.at(-1)?.atSeconds ?? 0) - (samples[0]?.atSeconds ?? 0);
  const period = spanSeconds / samples.length;
  return (
    `${name}: ${samples.length} latency spikes (average ${Math.round(mean)}ms, ` +
    `mean deviation ${Math.round(deviation)}ms, period ${period.toFixed(2)} sec). ` +
    `Worst all time event ${maxMs}ms.`
  );
}

function advice(events: ReadonlyMap<string, LatencyEvent>): string {
  const lines: string[] = [];
  if (events.has('command')) lines.push('- SLOWLOG GET shows which commands were slow.');
  if (events.has('fast-command')) {
    lines.push('- Commands that should be fast were not: the machine may be overloaded or short of memory.');
  }
  if (events.has('expire-cycle')) lines.push('- Many keys expire together: spread their times to live.');
  const worst = Math.max(...[...events.values()].map(({ maxMs }) => maxMs));
  if (worst >= SLOW_MS) {
    lines.push('- Large values take long to read, write and delete: several smaller ones do not.');
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function meanOf(numbers: readonly number[]): number {
  return numbers.length === 0 ? 0 : numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
