/** `--pipe`: what is counted, what is an error, and when it gives up. */
import { expect, test } from 'vitest';
import { ModeWorld } from './mode-world.js';

const INPUT = '*1\r\n$4\r\nPING\r\n*1\r\n$5\r\nWRONG\r\n*1\r\n$4\r\nPING\r\n';

const answer = ([command, mark]: readonly string[]): string | null => {
  if (command === 'ECHO') return `$${mark!.length}\r\n${mark!}\r\n`;
  // The empty line before the last command.
  if (command === undefined) return null;
  return command === 'PING' ? '+PONG\r\n' : '-ERR unknown command\r\n';
};

test('replies are counted, errors shown and told by the exit status', async () => {
  const world = new ModeWorld(answer, { input: INPUT }).start('--pipe');
  await world.pass(20);
  expect(world.terminal.output).toBe(
    'All data transferred. Waiting for the last reply...\nLast reply received from server.\nerrors: 1, replies: 3\n',
  );
  expect(world.terminal.errors).toBe('ERR unknown command\n');
  expect(world.status).toBe(1);
});

test('without an error the exit status is 0', async () => {
  const world = new ModeWorld(answer, { input: 'PING\r\nPING\r\n' }).start('--pipe');
  await world.pass(20);
  expect(world.terminal.output).toMatch(/errors: 0, replies: 2\n$/);
  expect(world.status).toBe(0);
});

test.each([
  [[], 30],
  [['--pipe-timeout', '5'], 5],
])('it gives up on a server that is silent: %j', async (options, limitSeconds) => {
  const world = new ModeWorld(() => null, { input: INPUT }).start('--pipe', ...options);
  await world.pass((limitSeconds - 1) * 1000, 100);
  expect(world.status).toBeNull();
  await world.pass(3000, 100);
  expect(world.terminal.errors).toBe(`No replies for ${limitSeconds} seconds: exiting.\n`);
  expect(world.terminal.output).toMatch(/errors: 1, replies: 0\n$/);
  expect(world.status).toBe(1);
});

test('with --pipe-timeout 0 it waits for ever', async () => {
  const world = new ModeWorld(() => null, { input: INPUT }).start('--pipe', '--pipe-timeout', '0');
  await world.pass(3_600_000, 60_000);
  expect(world.status).toBeNull();
});

test('a server that goes away is an error', async () => {
  const world = new ModeWorld(() => null, { input: INPUT }).start('--pipe');
  await world.pass(10);
  world.killServer();
  await world.pass(100);
  expect(world.terminal.errors).toBe('Error reading replies from server\n');
  expect(world.status).toBe(1);
});
