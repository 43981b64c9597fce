/** A run is a pure function of its plan: it replays event by event, and observing it changes nothing. */
import { describe, expect, it, vi } from 'vitest';
import { drawPlan } from '../../src/simulator/plan/draw-plan.js';
import { RUN_KINDS, type Plan } from '../../src/simulator/plan/plan.js';
import { run } from '../../src/simulator/run/run.js';

// A run is a second or two of pure computation; the limit is a safety net for machines that are busy otherwise.
vi.setConfig({ testTimeout: 600_000 });

/** Short, so that it can be run several times. */
function shortPlan(kind: Plan['kind'], seed: string): Plan {
  return { ...drawPlan(kind, seed), chaosMs: 4000 };
}

describe.each(RUN_KINDS)('a %s run', (kind) => {
  it('takes the same course again, whether or not its members log', () => {
    const plan = shortPlan(kind, 'replay');
    const first = run(plan);
    const lines: string[] = [];
    const second = run(plan, { logLevel: 'debug', onLogLine: (_atMs, _member, line) => lines.push(line) });
    expect(second.traceHash).toBe(first.traceHash);
    expect(second.eventCount).toBe(first.eventCount);
    expect(second.timeline).toEqual(first.timeline);
    expect(lines.length).toBeGreaterThan(0);
  });

  it('takes another course with another seed', () => {
    expect(drawPlan(kind, 'replay')).toEqual(drawPlan(kind, 'replay'));
    expect(drawPlan(kind, 'another')).not.toEqual(drawPlan(kind, 'replay'));
  });
});
