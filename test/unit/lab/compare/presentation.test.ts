import { describe, expect, test } from 'vitest';
import { analyse } from '../../../../src/lab/compare/analysis.js';
import { budgetOf, totalOf } from '../../../../src/lab/compare/budget.js';
import { chartsOf, medianThroughput } from '../../../../src/lab/compare/charts.js';
import { expectationOf } from '../../../../src/lab/compare/expectation.js';
import { parseResults, SCHEMA } from '../../../../src/lab/compare/results.js';
import { FAULTS, MODES, type Column } from '../../../../src/lab/compare/settings.js';
import { summarise } from '../../../../src/lab/compare/summary.js';
import { formatTable, headingsOf, tableOf } from '../../../../src/lab/compare/table.js';
import {
  columnOf,
  exampleResults,
  observationOf,
  resultsOf,
  writesAround,
} from '../../../support/comparison.js';

const results = exampleResults();

function column(mode: Column['mode'], name: 'vedette' | 'stock'): Column {
  return { mode, engine: { name, engine: name } };
}

describe('the budget', () => {
  test.each([
    ['sentinel', 'vedette', 1000, 1250],
    ['cluster', 'vedette', 1500, 2600],
    ['sentinel', 'stock', 1000, 4800],
    ['cluster', 'stock', 1500, 3400],
  ] as const)('of %s %s is the sum of its steps', (mode, engine, fromMs, toMs) => {
    expect(totalOf(budgetOf(column(mode, engine), 'kill', 1000))).toEqual({ fromMs, toMs });
  });

  test('has no detection where nothing has to be detected, and nothing where nobody should fail over', () => {
    const manual = budgetOf(column('cluster', 'vedette'), 'manual', 1000).map(({ step }) => step);
    expect(manual).toEqual(['promotion', 'discovery']);
    expect(budgetOf(column('sentinel', 'stock'), 'flap', 1000)).toEqual([]);
  });

  test('is known for every fault', () => {
    for (const fault of FAULTS) {
      for (const mode of MODES) {
        for (const { fromMs, toMs } of budgetOf(column(mode, 'stock'), fault, 1000)) {
          expect(fromMs).toBeLessThanOrEqual(toMs);
        }
      }
    }
  });
});

describe('the table', () => {
  const lines = formatTable(headingsOf(results), tableOf(results));

  test('has a column for each kind of topology, with medians and worst cases', () => {
    expect(lines[0]).toMatch(/^ +sentinel vedette 7\.2\.6 +cluster vedette 7\.2\.6$/);
    expect(lines.find((line) => line.startsWith('writes unavailable'))).toMatch(
      /1110 \(1110\) +1750 \(1750\)$/,
    );
    expect(lines.find((line) => line.startsWith('acknowledged writes lost'))).toMatch(/ 3 +3$/);
  });

  test('is aligned', () => {
    expect(new Set(lines.slice(1).map((line) => line.length)).size).toBe(1);
  });

  test('leaves out what nobody has, and dashes what one has not', () => {
    expect(lines.some((line) => line.startsWith('trials without recovery'))).toBe(false);
    expect(lines.find((line) => line.startsWith('election scheduled'))).toMatch(/– +1021 \(1021\)$/);
  });
});

describe('what was expected', () => {
  test('stands beside what was measured, the whole first and then each step', () => {
    const rows = expectationOf(results).map(({ label, cells }) => [label, ...cells.slice(0, 2)].join(' | '));
    expect(rows.slice(0, 3)).toEqual([
      'sentinel vedette, all | 1000 to 1250 | 1101 (1101)',
      '… detection | 1000 to 1100 | 1010 (1010)',
      '… agreement | 0 to 10 | 20 (20)',
    ]);
    expect(rows).toContain('… election | 500 to 1000 | 705 (705)');
  });

  test('is nothing where nobody should fail over', () => {
    const steady = columnOf('cluster', [analyse(observationOf('cluster', { events: [] }))], 'flap');
    expect(expectationOf(resultsOf([steady], 'flap'))).toEqual([]);
  });
});

describe('the summary', () => {
  test('says where the time went, beyond the timeout', () => {
    const [sentinel, cluster] = summarise(results);
    expect(sentinel).toBe(
      'Sentinel vedette: writes were unavailable for 1110 ms (worst 1110), 110 ms beyond the timeout: noticing 1030 ms, ' +
        'the wait before the election 1.0 ms, the election 19 ms, promotion and the way to the clients 51 ms.',
    );
    expect(cluster).toContain('the wait before the election 701 ms');
  });

  test('says what was lost', () => {
    expect(summarise(results).filter((sentence) => sentence.includes('lost'))).toEqual([
      'Sentinel vedette lost 3 of 580 acknowledged writes.',
      'Cluster vedette lost 3 of 452 acknowledged writes.',
    ]);
  });

  test('says who failed over in vain', () => {
    const vain = columnOf('sentinel', [analyse(observationOf('sentinel'))], 'flap');
    const steady = columnOf('cluster', [analyse(observationOf('cluster', { events: [] }))], 'flap');
    const [first, second] = summarise(resultsOf([vain, steady], 'flap'));
    expect(first).toContain('Sentinel vedette failed over in vain once');
    expect(second).toContain('Cluster vedette did not fail over, as it should');
  });

  test('says what did not recover, and what was skipped', () => {
    const stuck = analyse(observationOf('sentinel', { operations: writesAround(Infinity), events: [] }));
    const skipped = { ...columnOf('cluster', []), skipped: 'a cluster has no sentinels' };
    const text = summarise(resultsOf([columnOf('sentinel', [stuck]), skipped])).join('\n');
    expect(text).toContain('did not fail over, or did not recover');
    expect(text).toContain('Cluster vedette was skipped: a cluster has no sentinels.');
  });
});

describe('the charts', () => {
  const [timeline, throughput, latency] = chartsOf(results);

  test('hold no code, so that they can be written into a page', () => {
    for (const { config } of chartsOf(results)) expect(JSON.parse(JSON.stringify(config))).toEqual(config);
  });

  test('show every trial, each stretch from one phase to the next', () => {
    expect(timeline!.config.data.labels).toEqual([
      'sentinel vedette 1',
      'sentinel vedette 2',
      'cluster vedette 1',
      'cluster vedette 2',
    ]);
    expect(timeline!.config.data.datasets[0]!.data[0]).toEqual([0, 1030]);
    expect(timeline!.config.data.datasets[1]!.data[2]).toEqual([1020, 1721]);
  });

  test('show throughput from a second before the fault, and latency by percentile', () => {
    expect(throughput!.config.data.datasets[0]!.data[0]).toEqual({ x: -1000, y: 100 });
    expect(latency!.config.data.datasets).toHaveLength(2);
    expect(medianThroughput([])).toEqual([]);
  });
});

describe('results that were written', () => {
  test('are read again as they were', () => {
    expect(parseResults(JSON.stringify(results))).toEqual(JSON.parse(JSON.stringify(results)));
  });

  test.each(['', '{}', 'null', '[1]', '{"schema":"vedette-compare/99"}'])(
    'are refused when they are %j',
    (text) => {
      expect(() => parseResults(text)).toThrow(text === '' ? /no results/ : SCHEMA);
    },
  );
});
