/** How moving slots looks, although several move at the same time. */
import { describe, expect, test } from 'vitest';
import { BatchSize } from '../../../../src/cli/cluster/batch-size.js';
import type { SlotMove } from '../../../../src/cli/cluster/key-transfer.js';
import { MoveBar, MoveLines } from '../../../../src/cli/cluster/move-progress.js';
import { Report } from '../../../../src/cli/cluster/report.js';
import { ScriptedTerminal } from '../../../support/scripted-terminal.js';

function moveOf(slot: number, source: string, target: string): SlotMove {
  return { slot, source: { address: source }, target: { address: target } } as SlotMove;
}

describe('lines', () => {
  const first = moveOf(1, 'a:1', 'c:3');
  const second = moveOf(9, 'b:2', 'c:3');

  test('come in the order of the plan, whichever slot is first', () => {
    const terminal = new ScriptedTerminal(false);
    const lines = new MoveLines(new Report(terminal, false), [first, second]);
    lines.started(second);
    lines.keysMoved(second, 2);
    lines.finished(second);
    expect(terminal.output).toBe('');
    lines.started(first);
    lines.keysMoved(first, 3);
    expect(terminal.output).toBe('Moving slot 1 from a:1 to c:3: ...');
    lines.finished(first);
    lines.end();
    expect(terminal.output).toBe('Moving slot 1 from a:1 to c:3: ...\nMoving slot 9 from b:2 to c:3: ..\n');
  });

  test('show what was begun when it stops half-way', () => {
    const terminal = new ScriptedTerminal(false);
    const lines = new MoveLines(new Report(terminal, false), [first, second]);
    lines.started(second);
    lines.finished(second);
    lines.started(first);
    lines.keysMoved(first, 1);
    lines.end();
    expect(terminal.output.split('\n').sort()).toEqual([
      '',
      'Moving slot 1 from a:1 to c:3: .',
      'Moving slot 9 from b:2 to c:3: ',
    ]);
  });
});

test('the bar counts slots and keys and ends with its line', () => {
  const terminal = new ScriptedTerminal(false, true);
  let nowMs = 0;
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, utcOffsetMs: () => 0 };
  const bar = new MoveBar(terminal, clock, 2);
  const move = moveOf(1, 'a:1', 'b:2');
  nowMs = 1500;
  bar.keysMoved(move, 40);
  bar.finished();
  bar.finished();
  bar.end();
  expect(terminal.output.split('\r\x1b[K').at(-1)).toBe(`[${'='.repeat(30)}] 2/2 slots, 40 keys, 1.5 s\n`);
});

describe('the number of keys in a MIGRATE', () => {
  test('grows while the source is quick, and shrinks when it is not, down to that of redis-cli', () => {
    const size = new BatchSize(null);
    expect(size.keys).toBe(10);
    size.learn(10, 0, 0.5);
    size.learn(20, 1, 1.5);
    expect(size.keys).toBe(40);
    size.learn(40, 2, 9);
    expect(size.keys).toBe(40);
    for (let i = 0; i < 5; i++) size.learn(size.keys, 10 + i * 20, 30 + i * 20);
    expect(size.keys).toBe(10);
  });

  test('does not count the time that a batch waited for the one before', () => {
    const size = new BatchSize(null);
    size.learn(10, 0, 10);
    size.learn(10, 1, 11);
    expect(size.keys).toBe(20);
  });

  test('learns nothing from a batch that was not full', () => {
    const size = new BatchSize(null);
    size.learn(3, 0, 0.1);
    expect(size.keys).toBe(10);
  });

  test('is what was asked for', () => {
    const size = new BatchSize(7);
    size.learn(7, 0, 0.1);
    size.learn(7, 1, 100);
    expect(size.keys).toBe(7);
  });
});
