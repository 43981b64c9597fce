/** Clock, timers, chance, memory, processes and log output of the Node platform. */
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createNodePlatform } from '../../../src/platform/node/index.js';
import type { ChildExit, ChildOptions } from '../../../src/platform/platform.js';
import { until } from './recording-handler.js';

const platform = createNodePlatform();

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'node-platform-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe('timers', () => {
  test('never fire early, even when started late in a long turn', async () => {
    for (const delayMs of [0, 1, 2.5, 10]) {
      const busyUntilMs = platform.clock.monotonicMs() + 5;
      while (platform.clock.monotonicMs() < busyUntilMs);
      const startMs = platform.clock.monotonicMs();
      await new Promise<void>((resolve) => platform.timers.after(delayMs, resolve));
      expect(platform.clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(delayMs);
    }
  });

  test('do not fire once cancelled', async () => {
    let fired = 0;
    platform.timers.after(1, () => fired++).cancel();
    const repeating = platform.timers.every(1, () => {
      fired++;
      repeating.cancel();
    });
    await new Promise<void>((resolve) => platform.timers.after(10, resolve));
    expect(fired).toBe(1);
  });

  test('take delays beyond what Node can count', async () => {
    let fired = false;
    const timer = platform.timers.after(2 ** 40, () => (fired = true));
    await new Promise<void>((resolve) => platform.timers.after(10, resolve));
    timer.cancel();
    expect(fired).toBe(false);
  });

  test('endOfTurn comes after the microtasks and before later timers', async () => {
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      platform.timers.after(0, () => {
        platform.timers.after(1, () => {
          order.push('timer');
          resolve();
        });
        platform.timers.endOfTurn(() => order.push('end of turn'));
        queueMicrotask(() => order.push('microtask'));
      });
    });
    expect(order).toEqual(['microtask', 'end of turn', 'timer']);
  });
});

describe('randomness', () => {
  test('gives hexadecimal text of any length', () => {
    for (const length of [0, 1, 39, 40, 10_001]) {
      expect(platform.random.hex(length)).toMatch(new RegExp(`^[0-9a-f]{${length}}$`));
    }
    expect(platform.random.hex(40)).not.toBe(platform.random.hex(40));
  });

  test('spreads fractions and integers over their range', () => {
    const counts = new Array<number>(10).fill(0);
    let sum = 0;
    for (let draw = 0; draw < 10_000; draw++) {
      const integer = platform.random.integer(10);
      counts[integer] = (counts[integer] ?? 0) + 1;
      const fraction = platform.random.fraction();
      expect(fraction >= 0 && fraction < 1).toBe(true);
      sum += fraction;
    }
    expect(counts.length).toBe(10);
    for (const count of counts) expect(count).toBeGreaterThan(700);
    expect(sum / 10_000).toBeCloseTo(0.5, 1);
  });
});

test('memory readings are plausible', () => {
  const { memory } = platform;
  expect(memory.residentBytes()).toBeGreaterThan(10 * 1024 * 1024);
  expect(memory.heapUsedBytes()).toBeLessThan(memory.heapLimitBytes());
  expect(memory.machineBytes()).toBeGreaterThan(memory.residentBytes());
});

describe('processes', () => {
  function run(
    path: string,
    args: readonly string[],
    options: ChildOptions = {},
  ): Promise<{ error: Error | null; exit: ChildExit }> {
    return new Promise((resolve) => {
      platform.processes.spawn(path, args, options, (error, exit) => resolve({ error, exit }));
    });
  }

  test('are started without a shell, with arguments, environment and directory', async () => {
    let output = '';
    const { error, exit } = await run(
      platform.processes.executablePath,
      ['-e', 'console.log(process.argv[1], process.env.EXTRA, process.cwd()); process.exit(3)', '$HOME;ls'],
      {
        environment: { EXTRA: 'ü' },
        workingDirectory: directory,
        onOutput: (source, text) => (output += `${source}:${text}`),
      },
    );
    expect(error).toBeNull();
    expect(exit).toEqual({ code: 3, signal: null });
    expect(output).toBe(`stdout:$HOME;ls ü ${directory}\n`);
  });

  test('that cannot be started are reported once, later', async () => {
    const missing = join(directory, 'missing');
    expect((await run(missing, [])).error).toMatchObject({ code: 'ENOENT' });
    expect((await run('with\0nul', [])).error).toBeInstanceOf(Error);
    let calls = 0;
    expect(platform.processes.spawn(missing, [], {}, () => calls++)).toBeNull();
    expect(calls).toBe(0);
    await until(() => calls === 1);
  });

  test('can be killed', async () => {
    let exit: ChildExit | null = null;
    const child = platform.processes.spawn('/bin/sleep', ['60'], {}, (_error, how) => (exit = how));
    expect(child?.pid).toBeGreaterThan(0);
    child?.kill('SIGKILL');
    await until(() => exit !== null);
    expect(exit).toEqual({ code: null, signal: 'SIGKILL' });
  });

  test('hear signals until they unsubscribe', async () => {
    let heard = 0;
    const before = process.listenerCount('SIGUSR2');
    const unsubscribe = platform.processes.onSignal('SIGUSR2', () => heard++);
    process.kill(process.pid, 'SIGUSR2');
    await until(() => heard === 1);
    unsubscribe();
    expect(process.listenerCount('SIGUSR2')).toBe(before);
  });

  test('can stand still, without using the processor', () => {
    const startMs = platform.clock.monotonicMs();
    const before = platform.processes.cpuSeconds();
    platform.processes.blockingSleep(50);
    const after = platform.processes.cpuSeconds();
    expect(platform.clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(49);
    expect(after.user + after.system - before.user - before.system).toBeLessThan(0.04);
  });
});

describe('log output', () => {
  test('to a file is there when write returns, byte for byte, and survives rotation and a missing directory', () => {
    const path = join(directory, 'server.log');
    const sink = platform.logs.file(path);
    sink.write('one\xff\n');
    expect(readFileSync(path)).toEqual(Buffer.from('one\xff\n', 'latin1'));
    renameSync(path, `${path}.1`);
    sink.write('two\n');
    expect(readFileSync(path, 'latin1')).toBe('two\n');
    rmSync(directory, { recursive: true });
    expect(() => sink.write('lost\n')).not.toThrow();
  });
});
