/**
 * Cuts a failing plan down: fewer faults, less time, fewer clients, as long as the same rule is still broken. What is
 * left is what matters.
 */
import type { Fault } from '../faults/fault.js';
import type { Plan } from '../plan/plan.js';
import { run, type RunOutcome } from '../run/run.js';

/** @param budget so many runs at most */
export function shrink(failure: RunOutcome, budget = 60): RunOutcome {
  const rule = failure.violations[0].rule;
  let best = failure;
  let runsLeft = budget;
  const tryPlan = (plan: Plan): boolean => {
    if (runsLeft-- <= 0) return false;
    const outcome = run(plan);
    if (outcome.violations[0]?.rule !== rule) return false;
    best = outcome;
    return true;
  };
  // Halves first, then one by one.
  for (let size = Math.ceil(failure.plan.faults.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < best.plan.faults.length && runsLeft > 0;) {
      const faults = best.plan.faults.filter((_, index) => index < start || index >= start + size);
      if (!tryPlan(withFaults(best.plan, faults))) start += size;
    }
  }
  const lastEndMs = Math.max(0, ...best.plan.faults.map(({ atMs, forMs }) => atMs + forMs));
  if (lastEndMs + 1000 < best.plan.chaosMs) tryPlan({ ...best.plan, chaosMs: lastEndMs + 1000 });
  if (best.plan.workload.clients > 1)
    tryPlan({ ...best.plan, workload: { ...best.plan.workload, clients: 1 } });
  if (best.plan.workload.mixShare > 0)
    tryPlan({ ...best.plan, workload: { ...best.plan.workload, mixShare: 0 } });
  tryPlan({ ...best.plan, keySaveDelayMicroseconds: 0 });
  tryPlan({ ...best.plan, clocks: new Map() });
  tryPlan({ ...best.plan, splitsChunks: false });
  return best;
}

function withFaults(plan: Plan, faults: readonly Fault[]): Plan {
  return { ...plan, faults };
}
