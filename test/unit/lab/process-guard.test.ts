import { expect, test } from 'vitest';
import { ProcessGuard } from '../../../src/lab/process-guard.js';
import type { ChildProcess, Processes } from '../../../src/platform/platform.js';

/** What a shell was told, one for each that was started. */
function scriptedShells() {
  const shells: { input: string; isEnded: boolean; end: () => void }[] = [];
  const spawn: Processes['spawn'] = (_path, _args, options, onExit) => {
    expect(options).toMatchObject({ detached: true, openInput: true });
    const shell = { input: '', isEnded: false, end: () => onExit(null, { code: 0, signal: null }) };
    shells.push(shell);
    const child: ChildProcess = {
      pid: 1,
      kill: () => undefined,
      write: (text) => (shell.input += text),
      endInput: () => (shell.isEnded = true),
      unref: () => undefined,
    };
    return child;
  };
  return { shells, guard: new ProcessGuard({ spawn }) };
}

test('the guard is told of each start and each end, and lets go when all is closed', () => {
  const { shells, guard } = scriptedShells();
  expect(shells).toHaveLength(0);
  guard.started(10);
  guard.started(11);
  guard.ended(10);
  expect(shells).toHaveLength(1);
  expect(shells[0]!.input).toBe('started 10\nstarted 11\nended 10\n');
  guard.ended(11);
  guard.close();
  expect(shells[0]!.isEnded).toBe(true);
});

test('after its end another one watches over what is started then', () => {
  const { shells, guard } = scriptedShells();
  guard.started(10);
  guard.close();
  guard.started(12);
  shells[0]!.end();
  guard.ended(12);
  expect(shells.map(({ input }) => input)).toEqual(['started 10\n', 'started 12\nended 12\n']);
});
