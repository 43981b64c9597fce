/**
 * How long the configuration lets a failover take, step by step, before it is tried: what the protocols and the
 * programs' own periods say, not what was measured. Pure.
 */
import type { BudgetStep } from './results.js';
import type { Column, Fault } from './settings.js';

/** Faults after which a new master is expected. */
export function expectsNewMaster(fault: Fault): boolean {
  switch (fault) {
    case 'kill':
    case 'pause':
    case 'partition-master':
    case 'sentinel-kill':
    case 'manual':
      return true;
    case 'restart':
    case 'partition-client':
    case 'jitter':
    case 'flap':
    case 'replica-kill':
      return false;
  }
}

type Span = readonly [fromMs: number, toMs: number, why: string];

export function budgetOf({ mode, engine }: Column, fault: Fault, downAfterMs: number): BudgetStep[] {
  if (!expectsNewMaster(fault)) return [];
  const steps =
    mode === 'sentinel' ? sentinelSteps(engine.name, downAfterMs) : clusterSteps(engine.name, downAfterMs);
  const names = ['detection', 'agreement', 'election', 'promotion', 'discovery'] as const;
  return names
    .map((step, index): BudgetStep => {
      const [fromMs, toMs, why] = steps[index]!;
      return { step, fromMs, toMs, why };
    })
    .filter(({ step }) => fault !== 'manual' || step === 'promotion' || step === 'discovery');
}

export function totalOf(budget: readonly BudgetStep[]): { readonly fromMs: number; readonly toMs: number } {
  return {
    fromMs: budget.reduce((sum, { fromMs }) => sum + fromMs, 0),
    toMs: budget.reduce((sum, { toMs }) => sum + toMs, 0),
  };
}

function sentinelSteps(engine: 'vedette' | 'stock', downAfterMs: number): readonly Span[] {
  if (engine === 'vedette') {
    const pingGapMs = Math.min(downAfterMs / 10, 100);
    return [
      [downAfterMs, downAfterMs + pingGapMs, 'down-after; for a frozen master up to the ping gap more'],
      [0, 10, 'sentinels ask each other at once'],
      [0, 60, 'they stand about 10 ms apart; epoch and vote are on disk first'],
      [0, 60, 'replicas are asked for INFO for at most 50 ms; then one order'],
      [0, 20, 'told by pub/sub; clients verify the role'],
    ];
  }
  return [
    [downAfterMs, downAfterMs + 1100, 'down-after; up to 1 s since the last ping, a tick of 100 ms'],
    [0, 1100, 'others are asked once a second'],
    [0, 200, 'a tick to stand, a tick to count the votes'],
    [0, 1300, 'one step a tick; INFO once a second shows the new role'],
    [0, 100, 'told by pub/sub'],
  ];
}

function clusterSteps(engine: 'vedette' | 'stock', nodeTimeoutMs: number): readonly Span[] {
  const half = nodeTimeoutMs / 2;
  const delay = 'the protocol: 500 ms and up to 500 ms at random';
  if (engine === 'vedette') {
    return [
      [nodeTimeoutMs, nodeTimeoutMs + half, 'node timeout; for a frozen master up to half of it more'],
      [0, 20, 'a suspicion is told to the masters at once'],
      [500, 1000, delay],
      [0, 30, 'votes, on disk first'],
      [0, 50, 'MOVED, or the table of slots'],
    ];
  }
  return [
    [
      nodeTimeoutMs,
      nodeTimeoutMs + half + 100,
      'node timeout, up to half of it since the last ping, a tick of 100 ms',
    ],
    [0, half, 'suspicions travel with the pings, one every half timeout'],
    [500, 1200, `${delay}; a tick before and after`],
    [0, 50, 'votes, on disk first'],
    [0, 50, 'MOVED, or the table of slots'],
  ];
}
