/** The line that says how far a comparison is. */
import { describe, expect, test } from 'vitest';
import { Progress, progressLine } from '../../../../src/lab/compare/progress.js';
import { VirtualWorld } from '../../../../src/platform/virtual/index.js';
import { ScriptedTerminal } from '../../../support/scripted-terminal.js';

describe('the line', () => {
  const first = { done: 0, total: 4, doneMs: 0, doing: 'trial 1' };
  const second = { done: 1, total: 4, doneMs: 30_000, doing: 'trial 2' };

  test('tells how long it has taken while nothing is known of the rest', () => {
    expect(progressLine({ ...first, currentMs: 5000 })).toBe(
      '[........................] 0/4  0:05 so far  trial 1',
    );
  });

  test('tells how long it still takes, and advances within a part', () => {
    expect(progressLine({ ...second, currentMs: 0 })).toBe(
      '[######..................] 1/4  1:30 left  trial 2',
    );
    expect(progressLine({ ...second, currentMs: 15_000 })).toBe(
      '[#########...............] 1/4  1:15 left  trial 2',
    );
  });

  test('does not promise the end of a part that takes longer than those before', () => {
    expect(progressLine({ ...second, currentMs: 45_000 })).toBe(
      '[############............] 1/4  1:00 left  trial 2',
    );
  });
});

function scene(isTerminal: boolean) {
  const world = new VirtualWorld({ seed: 1 });
  const terminal = new ScriptedTerminal(isTerminal);
  const progress = new Progress(terminal, world.createProcess('compare'), 2);
  /** The lines that were drawn since the last time. */
  const drawn = (): string[] => {
    const lines = terminal.errors.split(/\r\x1b\[K|\n/).filter((line) => line !== '');
    terminal.errors = '';
    return lines;
  };
  return { world, terminal, progress, drawn };
}

describe('on a terminal', () => {
  test('it is drawn again every second while a part is under way', () => {
    const { world, progress, drawn } = scene(true);
    progress.begin('one');
    world.advance(10_000);
    expect(drawn().map((line) => line.split('  ')[1])).toEqual(
      Array.from({ length: 11 }, (_, second) => `0:${String(second).padStart(2, '0')} so far`),
    );
    progress.finish();
    world.advance(5000);
    expect(drawn()).toEqual([]);
    progress.begin('two');
    world.advance(3000);
    expect(drawn()).toEqual([
      '[############............] 1/2  0:10 left  two',
      '[#############...........] 1/2  0:09 left  two',
      '[##############..........] 1/2  0:08 left  two',
      '[###############.........] 1/2  0:07 left  two',
    ]);
    progress.end();
  });

  test('its end takes the line away and leaves no timer', () => {
    const { world, terminal, progress } = scene(true);
    progress.begin('one');
    progress.end();
    expect(terminal.errors).toMatch(/\r\x1b\[K$/);
    expect(world.pendingEventCount).toBe(0);
  });
});

test('elsewhere there is a line for each part that begins', () => {
  const { world, progress, drawn } = scene(false);
  progress.begin('one');
  world.advance(10_000);
  progress.finish();
  progress.begin('two');
  world.advance(10_000);
  progress.end();
  expect(drawn()).toEqual([
    '[........................] 0/2  0:00 so far  one',
    '[############............] 1/2  0:10 left  two',
  ]);
});
