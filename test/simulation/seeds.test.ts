/** Some seeds of each kind, and seeds that once found something. A failure tells how to replay it. */
import { describe, it, vi } from 'vitest';
import { drawPlainPlan, drawPlan } from '../../src/simulator/plan/draw-plan.js';
import { RUN_KINDS, type RunKind } from '../../src/simulator/plan/plan.js';
import { expectNothingBroken } from '../support/seeds.js';

// A run is a second or two of pure computation; the limit is a safety net for machines that are busy otherwise.
vi.setConfig({ testTimeout: 600_000 });

const SEEDS = ['201', '202'];

/**
 * What each of them found when it was new. They are of the time when clients wrote fresh keys only and snapshots were
 * quick.
 */
const HARD: readonly [RunKind, string, string][] = [
  ['sentinel', '25', 'a configuration was recorded during TILT, and the failover never went on'],
  [
    'sentinel',
    '22',
    'WAIT counted a replica that was still loading what was written before anybody followed',
  ],
  ['replication', '40', 'the same, after the master had lost power'],
  ['sentinel', '1132', 'a newer configuration that went back to the old master did not end a failover'],
  ['sentinel', '1653', 'a late answer about the old master counted for the new one'],
  [
    'sentinel',
    '1957',
    'a sentinel that was slow to save its file took its own silence for that of the master',
  ],
  ['replication', '1333', 'a replica whose clock was set back never noticed that its master was silent'],
  ['replication', '44206', 'a clock that was set back kept a server from saving, and from taking writes'],
  [
    'replication',
    '200198',
    'a server that could not save refused writes for ever, and replicas, although its disk was well',
  ],
  [
    'sentinel',
    '201532',
    "a save that began while a replica stored its master's snapshot put the old dataset over it",
  ],
  ['replication', '200214', 'a clock that was set back made CLIENT PAUSE last for as long'],
  [
    'sentinel',
    '200536',
    'the books of the simulator missed what a replica took in before it ended itself in the same turn',
  ],
  [
    'replication',
    '301687',
    'the books of the simulator forgot what a server had loaded with a snapshot, once it had lost power',
  ],
  [
    'cluster',
    '301005',
    'a link that a restarted machine had forgotten was kept for ever, as that machine wrote on its own one',
  ],
  ['cluster', '700431', 'the operator of the simulator introduced a node before it served, and only once'],
  ['cluster', '1207', 'a replica that was elected voted for another one in the same epoch'],
  ['cluster', '1147', 'a node that was met was ignored for ever: who had asked to meet it gave up first'],
  [
    'cluster',
    '62181',
    'a handshake ended while the disk of the one that had asked still kept the question back',
  ],
  ['cluster', '1835', 'the books of the simulator knew only the first of the keys that a slot took along'],
];

describe.each(RUN_KINDS)('%s seeds break nothing:', (kind) => {
  it.each(SEEDS)('%s', (seed) => expectNothingBroken(drawPlan(kind, seed), `--kind ${kind} --seed ${seed}`));
});

describe('seeds that found something', () => {
  it.each(HARD)('%s %s: %s', (kind, seed) =>
    expectNothingBroken(drawPlainPlan(kind, seed), `--kind ${kind} --seed ${seed} --plain`),
  );
});
