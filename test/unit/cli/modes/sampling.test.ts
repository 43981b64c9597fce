/** The modes that sample over time, in virtual time: when they print, what they print, when they end. */
import { describe, expect, test } from 'vitest';
import { ModeWorld } from './mode-world.js';

const pong = (): string => '+PONG\r\n';

describe('--latency', () => {
  test('samples for a second and prints one line where nobody watches', async () => {
    const world = new ModeWorld(pong, { latency: 2 }).start('--latency', '--raw');
    await world.pass(900);
    expect(world.terminal.output).toBe('');
    await world.pass(200);
    expect(world.terminal.output).toMatch(/^4 4 4\.00 7[0-9]\n$/);
    expect(world.status).toBe(0);
  });

  test.each([
    ['--csv', /^0,0,0\.00,[0-9]+\n$/],
    ['--json', /^\{"min": 0, "max": 0, "avg": 0\.00, "count": [0-9]+\}\n$/],
  ])('prints %s, after the interval that -i gives', async (output, shape) => {
    const world = new ModeWorld(pong).start('--latency', output, '-i', '0.2');
    await world.pass(180);
    expect(world.status).toBeNull();
    await world.pass(60);
    expect(world.terminal.output).toMatch(shape);
    expect(world.status).toBe(0);
  });

  test('shows a person the figures so far, over and over in the same line', async () => {
    const world = new ModeWorld(pong, { isForPerson: true }).start('--latency');
    await world.pass(35);
    const line = (count: number): string => `\x1b[0G\x1b[2Kmin: 0, max: 0, avg: 0.00 (${count} samples)`;
    expect(world.terminal.output.startsWith(line(1) + line(2) + line(3))).toBe(true);
  });

  test('begins anew after each range of --latency-history', async () => {
    const world = new ModeWorld(pong, { isForPerson: true }).start('--latency-history', '-i', '0.1');
    await world.pass(250);
    const ranges = world.lines;
    expect(ranges).toHaveLength(3);
    for (const range of ranges.slice(0, 2)) expect(range).toMatch(/samples\) -- 0\.1[0-9] seconds range$/);
    expect(ranges[1]).toMatch(/^\x1b\[0G\x1b\[2K.*\(1 samples\)/);
  });

  test('connects again when the server is gone, and says how often it tried', async () => {
    const world = new ModeWorld(pong, { isForPerson: true }).start('--latency');
    await world.pass(30);
    world.killServer();
    await world.pass(2500);
    expect(world.terminal.output).toContain('\r\x1b[0KReconnecting... 1\r\r\x1b[0KReconnecting... 2\r');
    world.restartServer();
    const before = world.terminal.output.length;
    await world.pass(1500);
    expect(world.terminal.output.slice(before)).toMatch(/\r\x1b\[0K\x1b\[0G\x1b\[2Kmin: /);
    expect(world.status).toBeNull();
  });
});

describe('--latency-dist', () => {
  test('prints a legend and a line of 31 buckets every second, in colours by their share', async () => {
    const world = new ModeWorld(pong, { latency: 2 }).start('--latency-dist');
    await world.pass(2200);
    const [rule] = world.lines;
    expect(rule).toBe('-'.repeat(45));
    const spectra = world.lines.filter((line) => line.startsWith('\x1b[38;5;0m'));
    expect(spectra).toHaveLength(2);
    const cells = [...spectra[0]!.matchAll(/\x1b\[48;5;([0-9]+)m(.)/g)];
    expect(cells.map(([, , character]) => character).join('')).toBe('.-*#123456789ABCDEFGHIJKLMNOPQ?');
    expect(
      cells.filter(([, colour]) => colour !== '0').map(([, colour, character]) => [character, colour]),
    ).toEqual([['4', '196']]);
  });

  test('uses greys with --mono', async () => {
    const world = new ModeWorld(pong, { latency: 2 }).start('--latency-dist', '--mono', '-i', '0.1');
    await world.pass(200);
    expect(world.terminal.output).toContain('\x1b[48;5;253m4');
  });
});

describe('--stat', () => {
  const info = (requests: number, more = ''): string => {
    const text =
      `used_memory:1572864\r\nused_memory_human:x\r\nconnected_clients:3\r\nblocked_clients:1\r\n${more}` +
      `total_connections_received:9\r\ntotal_commands_processed:${requests}\r\n` +
      'db0:keys=5,expires=0\r\ndb12:keys=7,expires=0\r\n';
    return `$${text.length}\r\n${text}\r\n`;
  };

  test('prints a line every second, and the heads of the columns every twenty', async () => {
    let requests = 90;
    const world = new ModeWorld(() => info((requests += 10))).start('--stat');
    await world.pass(21_500, 10);
    const [head, columns, first, second] = world.lines;
    expect(head).toBe('------- data ------ --------------------- load -------------------- - child -');
    expect(columns).toMatch(/^keys {7}mem {6}clients blocked requests {12}connections {10}$/);
    expect(first).toBe('12         1.50M    3       1       100 (+0)            9           ');
    expect(second).toBe('12         1.50M    3       1       110 (+10)           9           ');
    expect(world.lines.filter((line) => line === head)).toHaveLength(2);
  });

  test.each([
    ['loading:1\r\n', 'LOAD'],
    ['rdb_bgsave_in_progress:1\r\naof_rewrite_in_progress:1\r\n', 'SAVE+AOF'],
    ['rdb_bgsave_in_progress:0\r\naof_rewrite_in_progress:1\r\n', 'AOF'],
  ])('tells what the server does besides: %j', async (fields, shown) => {
    const world = new ModeWorld(() => info(1, fields)).start('--stat');
    await world.pass(10);
    expect(world.lines[2]).toMatch(new RegExp(` ${shown.replace('+', '\\+')}$`));
  });

  test('ends with what the server says against it', async () => {
    const world = new ModeWorld(() => '-NOPERM no\r\n').start('--stat');
    await world.pass(10);
    expect(world.terminal.errors).toBe('ERROR: NOPERM no\n');
    expect(world.status).toBe(1);
  });
});

test('--lru-test counts hits and misses of a second', async () => {
  const known = new Set<string>();
  const answer = ([command, key]: readonly string[]): string => {
    if (command === 'GET') return known.has(key!) ? '$1\r\nx\r\n' : '$-1\r\n';
    known.add(key!);
    return '+OK\r\n';
  };
  const world = new ModeWorld(answer, { latency: 50 }).start('--lru-test', '1000');
  await world.pass(1400, 5);
  const [line] = world.lines;
  const figures =
    /^([0-9]+) Gets\/sec \| Hits: ([0-9]+) \(([0-9.]+)%\) \| Misses: ([0-9]+) \([0-9.]+%\)$/.exec(line!);
  const [, total, hits, share, misses] = figures!.map(Number);
  expect(total).toBe(hits! + misses!);
  expect(total! % 250).toBe(0);
  expect(share).toBeCloseTo((100 * hits!) / total!, 1);
  // Four fifths of the work is done on the first fifth of the keys.
  const numbers = [...known].map((key) => Number(key.slice('lru:'.length)));
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(1);
  expect(Math.max(...numbers)).toBeLessThanOrEqual(1000);
  expect(numbers.filter((number) => number <= 200).length / 200).toBeGreaterThan(
    numbers.filter((number) => number > 800).length / 200,
  );
});
