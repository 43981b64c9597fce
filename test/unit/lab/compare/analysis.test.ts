import { describe, expect, test } from 'vitest';
import { analyse, unavailableMs } from '../../../../src/lab/compare/analysis.js';
import type { Operation } from '../../../../src/lab/compare/operations.js';
import type { PhaseMark } from '../../../../src/lab/compare/results.js';
import { FAULT_MS, NEW, observationOf, OLD, writesAround } from '../../../support/comparison.js';

const TIMES = { faultMs: FAULT_MS, repairMs: FAULT_MS + 2000 };

function phase(phases: readonly PhaseMark[], name: string): string[] {
  return phases.filter((mark) => mark.phase === name).map(({ observer, atMs }) => `${observer} ${atMs}`);
}

describe('the time without writes', () => {
  test('is the longest one between two acknowledged writes', () => {
    // The last write before the fault is acknowledged at 991, the first one after it at 2101.
    expect(unavailableMs(writesAround(2100), TIMES)).toBe(1110);
  });

  test('counts what ends after the fault only', () => {
    const operations = writesAround(FAULT_MS).filter(({ dueMs }) => dueMs < 200 || dueMs >= 800);
    expect(unavailableMs(operations, TIMES)).toBe(10);
  });

  test('is unknown when writing was not possible again', () => {
    expect(unavailableMs(writesAround(Infinity), TIMES)).toBeNull();
    expect(unavailableMs([], TIMES)).toBeNull();
  });

  test('includes what fails at the end, when writing was possible in between', () => {
    const relapsed = writesAround(2100).filter(({ dueMs }) => dueMs < 3200 || dueMs === 3990);
    const last = relapsed.pop()!;
    relapsed.push({ ...last, outcome: { kind: 'failed', error: 'TIMEOUT' } });
    expect(unavailableMs(relapsed, { ...TIMES, faultMs: 3100 })).toBe(3990 - 3191);
  });

  test('is that of the clients and keys that are measured', () => {
    const cutOff = (operation: Operation): Operation =>
      operation.client === 1
        ? { ...operation, outcome: { kind: 'acknowledged', server: OLD, isStale: false } }
        : operation;
    const operations = writesAround(2100).map(cutOff);
    const all = analyse(observationOf('sentinel', { operations }));
    const majority = analyse(observationOf('sentinel', { operations, isMeasured: (client) => client === 0 }));
    expect(all.windowMs).toBe(20);
    expect(majority.windowMs).toBe(1120);
    // Until the repair, and since the promotion 1080 ms after the fault.
    expect(majority.writes.onOldMaster).toBe(46);
    const halves = analyse(observationOf('cluster', { isAffected: (number) => number < 250 }));
    expect(halves.otherKeysWindowMs).toBe(10);
    expect(analyse(observationOf('cluster')).otherKeysWindowMs).toBeNull();
  });
});

describe('the phases', () => {
  test('with sentinels are what each publishes about the master', () => {
    const { phases, promotions, attempts } = analyse(observationOf('sentinel'));
    expect(phase(phases, 'suspected')).toEqual(['sentinel-1 1010', 'sentinel-2 1020']);
    expect(phase(phases, 'confirmed')).toEqual(['sentinel-2 1030']);
    expect(phase(phases, 'elected')).toEqual(['sentinel-2 1050']);
    expect(phase(phases, 'announced')).toEqual(['sentinel-2 1081', 'sentinel-1 1090']);
    expect({ promotions, attempts }).toEqual({ promotions: 1, attempts: 1 });
  });

  test('in a cluster are what the nodes tell about the faulted one', () => {
    const { phases, promotions } = analyse(observationOf('cluster'));
    expect(phase(phases, 'suspected')).toEqual(['node-2 1010', 'node-3 1015']);
    expect(phase(phases, 'scheduled')).toEqual(['node-4 1021']);
    expect(phase(phases, 'election')).toEqual(['node-4 1721']);
    expect(promotions).toBe(1);
  });

  test('end with what clients notice', () => {
    const { phases } = analyse(observationOf('sentinel'));
    expect(phase(phases, 'first-write')).toEqual(['clients 1101']);
    expect(phase(phases, 'clients-moved')).toEqual(['clients 1111']);
    expect(phase(phases, 'rejoined')).toEqual(['all 2500']);
  });

  test('leave out what was not reached', () => {
    const { phases } = analyse(
      observationOf('sentinel', { operations: writesAround(Infinity), events: [], rejoinedMs: null }),
    );
    expect(phases).toEqual([]);
  });
});

describe('the counts', () => {
  test('are of operations, errors, losses and stale reads', () => {
    const stale: Operation = {
      kind: 'read',
      number: 3,
      client: 0,
      dueMs: 3000,
      endMs: 3001,
      outcome: { kind: 'acknowledged', server: NEW, isStale: true },
    };
    const seen = observationOf('sentinel', {
      operations: [...writesAround(2100), stale],
      lostWrites: [97, 98],
    });
    const { writes, reads, errors } = analyse(seen);
    expect(writes).toEqual({ acknowledged: 290, failed: 110, lost: 2, onOldMaster: 0 });
    expect(reads).toEqual({ answered: 1, failed: 0, stale: 1 });
    expect(errors).toEqual({ CLOSED: 110 });
  });

  test('latency counts from the moment an operation was due', () => {
    const operations = writesAround(FAULT_MS).map((write, index) =>
      index === 0 ? { ...write, endMs: write.dueMs + 700 } : write,
    );
    const { latency } = analyse(observationOf('sentinel', { operations }));
    const at = (percentile: number) => latency.find((point) => point.percentile === percentile)!.ms;
    expect(at(50)).toBeCloseTo(1, 2);
    expect(at(100)).toBeCloseTo(700, -1);
  });

  test('throughput is by the moment of the outcome, from before the fault', () => {
    const { throughput } = analyse(observationOf('sentinel'));
    expect(throughput.fromMs).toBe(-1000);
    expect(throughput.acknowledged.slice(0, 2)).toEqual([5, 5]);
    const down = 1000 / throughput.bucketMs + 5;
    expect([throughput.acknowledged[down], throughput.failed[down]]).toEqual([0, 5]);
  });
});
