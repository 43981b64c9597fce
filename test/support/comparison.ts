/** Trials that never ran, for tests of what is made of them. */
import type { Observation } from '../../src/lab/compare/observation.js';
import type { Operation } from '../../src/lab/compare/operations.js';
import {
  SCHEMA,
  type ColumnResults,
  type CompareResults,
  type TrialResult,
} from '../../src/lab/compare/results.js';
import { analyse } from '../../src/lab/compare/analysis.js';
import { budgetOf } from '../../src/lab/compare/budget.js';
import type { Fault, Mode } from '../../src/lab/compare/settings.js';

export const OLD = '127.0.0.1:7000';
export const NEW = '127.0.0.1:7001';
/** The fault is at this moment; an operation is due every 10 ms from 0 on. */
export const FAULT_MS = 1000;
const END_MS = 4000;

/** Writes by two clients that fail from the fault to `recoveredMs`, and go to the new master then. */
export function writesAround(recoveredMs: number): Operation[] {
  return Array.from({ length: END_MS / 10 }, (_, number): Operation => {
    const dueMs = number * 10;
    const isDown = dueMs >= FAULT_MS && dueMs < recoveredMs;
    return {
      kind: 'write',
      number,
      client: number % 2,
      dueMs,
      endMs: dueMs + 1,
      outcome: isDown
        ? { kind: 'failed', error: 'CLOSED' }
        : { kind: 'acknowledged', server: dueMs < FAULT_MS ? OLD : NEW, isStale: false },
    };
  });
}

export function observationOf(mode: Mode, changes: Partial<Observation> = {}): Observation {
  const at = (ms: number, observer: string, event: string, detail = '') => ({
    atMs: FAULT_MS + ms,
    observer,
    event,
    detail,
  });
  const sentinelEvents = [
    at(1010, 'sentinel-1', '+sdown', 'master mymaster 127.0.0.1 7000'),
    at(1020, 'sentinel-2', '+sdown', 'master mymaster 127.0.0.1 7000'),
    at(1005, 'sentinel-2', '+sdown', 'slave 127.0.0.1:7002 127.0.0.1 7002 @ mymaster 127.0.0.1 7000'),
    at(1030, 'sentinel-2', '+odown', 'master mymaster 127.0.0.1 7000 #quorum 2/2'),
    at(1031, 'sentinel-2', '+try-failover', 'master mymaster 127.0.0.1 7000'),
    at(1050, 'sentinel-2', '+elected-leader', 'master mymaster 127.0.0.1 7000'),
    at(1080, 'sentinel-2', '+promoted-slave', 'slave 127.0.0.1:7001'),
    at(1081, 'sentinel-2', '+switch-master', 'mymaster 127.0.0.1 7000 127.0.0.1 7001'),
    at(1090, 'sentinel-1', '+switch-master', 'mymaster 127.0.0.1 7000 127.0.0.1 7001'),
  ];
  const clusterEvents = [
    at(1010, 'node-2', 'pfail', 'node-1'),
    at(1015, 'node-3', 'pfail', 'node-1'),
    at(900, 'node-3', 'pfail', 'node-6'),
    at(1020, 'node-3', 'fail', 'node-1'),
    at(1021, 'node-4', 'election-scheduled', '700 milliseconds, rank #0'),
    at(1721, 'node-4', 'election-started', 'epoch 7'),
    at(1725, 'node-4', 'promoted'),
  ];
  return {
    mode,
    operations: writesAround(mode === 'sentinel' ? 2100 : 2740),
    lostWrites: [],
    isAffected: () => true,
    isMeasured: () => true,
    stallMs: 12,
    events: mode === 'sentinel' ? sentinelEvents : clusterEvents,
    faulted: { name: mode === 'sentinel' ? 'server-1' : 'node-1', address: OLD },
    faultMs: FAULT_MS,
    repairMs: FAULT_MS + 2000,
    rejoinedMs: FAULT_MS + 2500,
    ...changes,
  };
}

export function columnOf(mode: Mode, trials: readonly TrialResult[], fault: Fault = 'kill'): ColumnResults {
  return {
    mode,
    engine: 'vedette',
    version: '7.2.6',
    skipped: null,
    budget: budgetOf({ mode, engine: { name: 'vedette', engine: 'vedette' } }, fault, 1000),
    trials,
  };
}

export function resultsOf(columns: readonly ColumnResults[], fault: Fault = 'kill'): CompareResults {
  return {
    schema: SCHEMA,
    startedAt: '2026-11-23T03:00:00.000Z',
    settings: { fault, trials: 2, downAfterMs: 1000, rate: 100, clients: 2 },
    environment: { vedette: '0.1.0', operatingSystem: 'Linux' },
    columns,
  };
}

/** Two trials of each kind of topology. */
export function exampleResults(): CompareResults {
  return resultsOf(
    (['sentinel', 'cluster'] as const).map((mode) =>
      columnOf(mode, [analyse(observationOf(mode)), analyse(observationOf(mode, { lostWrites: [5, 6, 7] }))]),
    ),
  );
}
