/** From what was seen in a trial to its figures. Pure. */
import { build } from 'hdr-histogram-js';
import type { Observation } from './observation.js';
import type { Operation } from './operations.js';
import { attemptsIn, phasesOf, promotionsIn } from './phases.js';
import { rounded } from './statistics.js';
import type { LatencyPoint, PhaseMark, Throughput, TrialResult } from './results.js';

const BUCKET_MS = 50;
const PERCENTILES = [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.99, 100];
/** The histogram counts whole microseconds. */
const MICROSECONDS = 1000;

export function analyse(seen: Observation): TrialResult {
  const { operations, faultMs, faulted } = seen;
  const writes = operations.filter(({ kind }) => kind === 'write');
  const reads = operations.filter(({ kind }) => kind === 'read');
  const affected = writes.filter(({ number }) => seen.isAffected(number));
  const others = writes.filter(({ number }) => !seen.isAffected(number));
  const isMeasured = ({ client }: Operation): boolean => seen.isMeasured(client);
  const phases = [
    ...phasesOf(seen.mode, seen.events, faulted, faultMs),
    ...clientPhases(seen, affected.filter(isMeasured)),
  ];
  const promotedAtMs = phases.find(({ phase }) => phase === 'promoted')?.atMs ?? Infinity;
  const afterFault = seen.events.filter(({ atMs }) => atMs >= faultMs);
  return {
    windowMs: unavailableMs(affected.filter(isMeasured), seen),
    otherKeysWindowMs: others.length === 0 ? null : unavailableMs(others.filter(isMeasured), seen),
    writes: {
      acknowledged: writes.filter(isAcknowledged).length,
      failed: writes.filter((write) => !isAcknowledged(write)).length,
      lost: seen.lostWrites.length,
      onOldMaster: affected.filter(
        (write) =>
          serverOf(write) === faulted.address &&
          write.endMs - faultMs > promotedAtMs &&
          write.endMs < seen.repairMs,
      ).length,
    },
    reads: {
      answered: reads.filter(isAcknowledged).length,
      failed: reads.filter((read) => !isAcknowledged(read)).length,
      stale: reads.filter(({ outcome }) => outcome.kind === 'acknowledged' && outcome.isStale).length,
    },
    errors: countErrors(operations),
    latency: latencyOf(operations),
    phases,
    promotions: promotionsIn(seen.mode, afterFault),
    attempts: attemptsIn(seen.mode, afterFault),
    repairAtMs: rounded(seen.repairMs - faultMs),
    stallMs: rounded(seen.stallMs),
    throughput: throughputOf(operations, faultMs),
  };
}

/**
 * The longest time without an acknowledged write that ends after the fault. Null when there was none any more, not even
 * after the fault was taken back.
 */
export function unavailableMs(
  writes: readonly Operation[],
  { faultMs, repairMs }: Pick<Observation, 'faultMs' | 'repairMs'>,
): number | null {
  const times = writes
    .filter(isAcknowledged)
    .map(({ endMs }) => endMs)
    .sort((a, b) => a - b);
  const lastMs = times.at(-1);
  if (lastMs === undefined || lastMs < repairMs) return null;
  // Those at the end that failed count as well.
  times.push(Math.max(lastMs, maximumOf(writes.map(({ dueMs }) => dueMs))));
  let longestMs = 0;
  for (let i = 1; i < times.length; i++) {
    if (times[i]! >= faultMs) longestMs = Math.max(longestMs, times[i]! - times[i - 1]!);
  }
  return rounded(longestMs);
}

/** What clients notice: the first write on another server, the last client that got there, and the old order again. */
function clientPhases(seen: Observation, affected: readonly Operation[]): PhaseMark[] {
  const { faultMs, faulted, rejoinedMs } = seen;
  const firstByClient = new Map<number, number>();
  for (const write of affected) {
    const server = serverOf(write);
    if (write.endMs < faultMs || server === null || server === faulted.address) continue;
    const known = firstByClient.get(write.client) ?? Infinity;
    firstByClient.set(write.client, Math.min(known, write.endMs));
  }
  const marks: PhaseMark[] = [];
  if (firstByClient.size > 0) {
    const times = [...firstByClient.values()];
    marks.push({ phase: 'first-write', observer: 'clients', atMs: rounded(Math.min(...times) - faultMs) });
    if (firstByClient.size === new Set(affected.map(({ client }) => client)).size) {
      marks.push({
        phase: 'clients-moved',
        observer: 'clients',
        atMs: rounded(Math.max(...times) - faultMs),
      });
    }
  }
  if (rejoinedMs !== null)
    marks.push({ phase: 'rejoined', observer: 'all', atMs: rounded(rejoinedMs - faultMs) });
  return marks;
}

function latencyOf(operations: readonly Operation[]): LatencyPoint[] {
  const histogram = build({ highestTrackableValue: 3_600_000_000, numberOfSignificantValueDigits: 3 });
  for (const operation of operations) {
    if (!isAcknowledged(operation)) continue;
    histogram.recordValue(Math.max(1, Math.round((operation.endMs - operation.dueMs) * MICROSECONDS)));
  }
  return PERCENTILES.map((percentile) => ({
    percentile,
    ms:
      (percentile === 0 ? histogram.minNonZeroValue : histogram.getValueAtPercentile(percentile)) /
      MICROSECONDS,
  }));
}

function throughputOf(operations: readonly Operation[], faultMs: number): Throughput {
  const times = operations.map(({ endMs }) => endMs - faultMs);
  const fromMs = Math.floor(minimumOf(times) / BUCKET_MS) * BUCKET_MS;
  const count = Math.floor((maximumOf(times) - fromMs) / BUCKET_MS) + 1;
  const acknowledged = new Array<number>(count).fill(0);
  const failed = new Array<number>(count).fill(0);
  operations.forEach((operation, index) => {
    const bucket = Math.floor((times[index]! - fromMs) / BUCKET_MS);
    const counts = isAcknowledged(operation) ? acknowledged : failed;
    counts[bucket]!++;
  });
  return { bucketMs: BUCKET_MS, fromMs, acknowledged, failed };
}

function countErrors(operations: readonly Operation[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of operations) {
    if (outcome.kind === 'failed') counts[outcome.error] = (counts[outcome.error] ?? 0) + 1;
  }
  return counts;
}

function isAcknowledged({ outcome }: Operation): boolean {
  return outcome.kind === 'acknowledged';
}

function serverOf({ outcome }: Operation): string | null {
  return outcome.kind === 'acknowledged' ? outcome.server : null;
}

/** Of more numbers than a call may have arguments. */
function maximumOf(numbers: readonly number[]): number {
  return numbers.reduce((greatest, each) => Math.max(greatest, each), -Infinity);
}

function minimumOf(numbers: readonly number[]): number {
  return numbers.reduce((least, each) => Math.min(least, each), Infinity);
}
