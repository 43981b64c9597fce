/** Trials of a failover, engines in turn under each fault, and the table of what they took. */
import { median } from './statistics.mjs';

/** What every benchmark of failovers can be told; for parseArgs. */
export const FAILOVER_OPTIONS = {
  trials: { type: 'string', default: '20' },
  engines: { type: 'string', default: 'vedette,stock' },
  faults: { type: 'string', default: 'kill,pause' },
  verbose: { type: 'boolean', default: false },
};

/** At any moment between two pings, and after some writes. Resolves with the time of the fault. */
export async function inflict(fault, master) {
  await new Promise((done) => setTimeout(done, 300 + Math.random() * 700));
  const faultAtMs = performance.now();
  if (fault === 'kill') await Promise.race([master.kill(), Promise.resolve()]);
  else master.pause();
  return faultAtMs;
}

/** How many of the acknowledged writes the promoted server does not have; one key is the probe's. */
export async function lostWrites({ acknowledged }, promoted) {
  return Math.max(0, acknowledged - (Number(await promoted.call('DBSIZE')) - 1));
}

/**
 * Runs the trials one after the other. `trial(engine, fault)` gives `{ firstMs, secondMs, lost }`; `secondName` says what
 * the second figure is. Resolves with the results by fault and engine, in words of equal length.
 */
export async function runTrials({ trials, engines, faults, verbose }, secondName, trial) {
  const results = new Map();
  for (const fault of faults.split(',')) {
    for (let number = 0; number < Number(trials); number++) {
      for (const engine of engines.split(',')) {
        const result = await trial(engine, fault);
        const name = `${fault.padEnd(8)} ${engine.padEnd(8)}`;
        results.set(name, [...(results.get(name) ?? []), result]);
        if (!verbose) continue;
        const { firstMs, secondMs, lost } = result;
        console.log(
          `${name} ${firstMs.toFixed(0)} ms, ${secondName} ${secondMs.toFixed(0)} ms, ${lost} lost`,
        );
      }
    }
  }
  return results;
}

/** Prints medians and worst cases of both figures, and the sum of the writes lost. */
export function printTrials(results) {
  const figures = (values) => [median(values).toFixed(0), Math.max(...values).toFixed(0)];
  console.log('fault    engine    trials  median   worst  |  median   worst  |  lost');
  for (const [name, trials] of results) {
    const columns = [
      trials.length,
      ...figures(trials.map(({ firstMs }) => firstMs)),
      '|',
      ...figures(trials.map(({ secondMs }) => secondMs)),
      '|',
      trials.reduce((sum, { lost }) => sum + lost, 0),
    ];
    console.log(
      `${name} ${columns.map((column) => String(column).padStart(column === '|' ? 2 : 7)).join(' ')}`,
    );
  }
}
