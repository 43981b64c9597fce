/** One run as text: what was run, what happened, what was broken. */
import { describeFault } from '../faults/fault.js';
import type { Plan } from '../plan/plan.js';
import type { RunOutcome } from '../run/run.js';
import { timelineLine } from './timeline.js';

export function outcomeReport({
  plan,
  violations,
  traceHash,
  eventCount,
  virtualMs,
  timeline,
}: RunOutcome): string {
  const lines = [
    `${plan.kind} seed ${plan.seed}: ${violations.length === 0 ? 'nothing broken' : `${violations.length} broken`}`,
    describePlan(plan),
    'Faults:',
    ...plan.faults.map(
      (fault) => `  ${(fault.atMs / 1000).toFixed(3).padStart(9)} s  ${describeFault(fault)}`,
    ),
    'Timeline:',
    ...timeline.map((entry) => `  ${timelineLine(entry)}`),
    ...violations.map(({ atMs, rule, text }) => `BROKEN at ${(atMs / 1000).toFixed(3)} s: ${rule}: ${text}`),
    `Trace ${traceHash}: ${eventCount} events in ${(virtualMs / 1000).toFixed(1)} virtual seconds`,
  ];
  return `${lines.join('\n')}\n`;
}

function describePlan(plan: Plan): string {
  const { topology, workload, latency, syncLatency, keySaveDelayMicroseconds, splitsChunks, chaosMs } = plan;
  return [
    JSON.stringify(topology),
    JSON.stringify(workload),
    `latency ${JSON.stringify(latency)}, fsync ${JSON.stringify(syncLatency)}, ${keySaveDelayMicroseconds} us a key saved, chunks ${splitsChunks ? 'split' : 'whole'}, ${chaosMs} ms`,
  ].join('\n');
}
