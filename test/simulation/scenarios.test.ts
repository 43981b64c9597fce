/** The named scenarios: stories of split brains and lost writes, each of which must end well. */
import { describe, expect, it, vi } from 'vitest';
import { outcomeReport } from '../../src/simulator/report/outcome-report.js';
import { run, type RunOutcome } from '../../src/simulator/run/run.js';
import { scenarios } from '../../src/simulator/scenarios/scenarios.js';

// A run is a second or two of pure computation; the limit is a safety net for machines that are busy otherwise.
vi.setConfig({ testTimeout: 600_000 });

function outcomeOf(name: string): RunOutcome {
  const scenario = scenarios.find((each) => each.name === name);
  if (scenario === undefined) throw new Error(`no scenario ${name}`);
  const outcome = run(scenario.plan);
  expect(outcome.violations, outcomeReport(outcome)).toEqual([]);
  return outcome;
}

/** What else a scenario must have shown: that it was what it says. */
const proofs: Readonly<Record<string, (coverage: RunOutcome['coverage']) => void>> = {
  'both sides restarted at once': (coverage) => expect(coverage.get('power losses')).toBe(6),
  'a master restarted within down-after keeps what it had acknowledged': (coverage) => {
    expect(coverage.get('promotions')).toBeUndefined();
    expect(coverage.get('writes lost that no replica had')).toBe(0);
  },
  'a master reborn empty within down-after': (coverage) => {
    expect(coverage.get('promotions')).toBeUndefined();
    expect(coverage.get('writes lost that no replica had')).toBeGreaterThan(0);
  },
  'an old master back with a higher offset': (coverage) => {
    expect(coverage.get('promotions')).toBe(1);
    expect(coverage.get('full resyncs')).toBeGreaterThan(0);
  },
  'a master cut off from its replicas alone': (coverage) =>
    expect(coverage.get('promotions')).toBeUndefined(),
  'forged and absurd epochs': (coverage) => expect(coverage.get('promotions')).toBe(1),
  'two masters failing together': (coverage) => expect(coverage.get('elections won')).toBe(2),
  'two failovers ordered on the two sides of a partition': (coverage) =>
    expect(coverage.get('manual failovers')).toBe(2),
  'a target that dies in the middle of a MIGRATE': (coverage) => {
    expect(coverage.get('MIGRATEs that failed')).toBe(1);
    expect(coverage.get('keys moved by MIGRATE')).toBeUndefined();
    expect(coverage.get('promotions')).toBe(1);
  },
  'a MIGRATE whose answers are lost, and another one': (coverage) => {
    expect(coverage.get('MIGRATEs that failed')).toBe(2);
    expect(coverage.get('MIGRATEs done')).toBeUndefined();
    expect(coverage.get('keys moved by MIGRATE')).toBeGreaterThan(0);
  },
  'a quick A-B-A-B manual failover': (coverage) => expect(coverage.get('manual failovers')).toBe(4),
};

describe('the scenario', () => {
  it.each(scenarios)('$name', ({ name }) => {
    const { coverage } = outcomeOf(name);
    proofs[name]?.(coverage);
  });
});
