/** What the report says first. */
import { expect, test } from 'vitest';
import { analyse } from '../../../../src/lab/compare/analysis.js';
import { cardsOf, headlineOf } from '../../../../src/lab/compare/headline.js';
import {
  columnOf,
  exampleResults,
  observationOf,
  resultsOf,
  writesAround,
} from '../../../support/comparison.js';

test('how long writes were unavailable, the shortest time first', () => {
  expect(headlineOf(exampleResults())).toBe(
    'Until a new master accepted them, writes were unavailable with sentinels (vedette) for 1.11 s and ' +
      'in a cluster (vedette) for 1.75 s (medians).',
  );
});

test('a card for each column, with what was lost', () => {
  const [sentinel, cluster] = cardsOf(exampleResults());
  expect(sentinel).toEqual({
    title: 'sentinel vedette 7.2.6',
    figure: '1110 ms',
    caption: 'without writes (worst 1110 ms)',
    remarks: [{ text: '3 of 580 acknowledged writes lost', isBad: true }],
  });
  expect(cluster!.title).toBe('cluster vedette 7.2.6');
});

test('who failed over in vain', () => {
  const vain = columnOf('sentinel', [analyse(observationOf('sentinel'))], 'flap');
  const steady = columnOf('cluster', [analyse(observationOf('cluster', { events: [] }))], 'flap');
  const results = resultsOf([vain, steady], 'flap');
  expect(headlineOf(results)).toMatch(/^At the longest, no write was acknowledged with sentinels/);
  expect(cardsOf(results).map(({ remarks }) => remarks.at(-1))).toEqual([
    { text: 'failed over in vain in 1 of 1 trials', isBad: true },
    { text: 'nobody failed over', isBad: false },
  ]);
});

test('what never recovered, and nothing of what was skipped', () => {
  const stuck = analyse(observationOf('sentinel', { operations: writesAround(Infinity), events: [] }));
  const skipped = { ...columnOf('cluster', []), skipped: 'a cluster has no sentinels' };
  const results = resultsOf([columnOf('sentinel', [stuck]), skipped]);
  expect(headlineOf(results)).toBe('Nothing could be measured.');
  expect(cardsOf(results)).toHaveLength(1);
  expect(cardsOf(results)[0]).toMatchObject({ figure: '–', caption: 'never recovered' });
  expect(cardsOf(results)[0]!.remarks).toContainEqual({ text: 'no recovery in 1 of 1 trials', isBad: true });
});
