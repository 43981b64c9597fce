/** The modes that look at every key: what they make of sizes, of uses, and of keys that vanish meanwhile. */
import { describe, expect, test } from 'vitest';
import { humanBytes, percentage, twoDecimals } from '../../../../src/cli/modes/figures.js';
import { HotKeyRanking } from '../../../../src/cli/modes/hot-keys.js';
import { ModeWorld } from './mode-world.js';

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
const array = (...items: string[]): string => `*${items.length}\r\n${items.join('')}`;

/** Three keys per SCAN; `size` answers whatever asks for one. */
function keyspace(keys: readonly string[], size: (key: string) => string) {
  return ([command, first, second]: readonly string[]): string => {
    switch (command) {
      case 'DBSIZE':
        return `:${keys.length}\r\n`;
      case 'SCAN': {
        const start = Number(first);
        const next = start + 3 >= keys.length ? 0 : start + 3;
        return array(bulk(String(next)), array(...keys.slice(start, start + 3).map(bulk)));
      }
      case 'TYPE':
        return `+${first!.split(':')[0]}\r\n`;
      case 'OBJECT':
      case 'MEMORY':
        return size(second === 'USAGE' ? first! : second!);
      default:
        return size(first!);
    }
  };
}

test('--bigkeys leaves out keys that are gone and counts types it has no command for', async () => {
  const keys = ['string:a', 'none:b', 'module:c', 'string:d', 'list:e'];
  const sizes: Record<string, string> = {
    'string:a': ':3\r\n',
    'string:d': ':5\r\n',
    'list:e': '-WRONGTYPE x\r\n',
  };
  const world = new ModeWorld(keyspace(keys, (key) => sizes[key]!)).start('--bigkeys');
  await world.pass(20);
  expect(world.terminal.errors).toBe("Warning:  LLEN on 'list:e' failed (may have changed type)\n");
  expect(world.terminal.output).toContain(
    '[00.00%] Biggest string found so far \'"string:a"\' with 3 bytes\n' +
      '[40.00%] Biggest string found so far \'"string:d"\' with 5 bytes\n\n-------- summary -------\n\n' +
      'Sampled 4 keys in the keyspace!\nTotal key length in bytes is 30 (avg len 7.50)\n\n' +
      'Biggest string found \'"string:d"\' has 5 bytes\n\n',
  );
  expect(world.terminal.output).toMatch(/\n1 modules with 0 \? \(25\.00% of keys, avg size 0\.00\)\n$/);
  expect(world.status).toBe(0);
});

test('Ctrl-C ends the walk, and what was found so far is summed up', async () => {
  const keys = Array.from({ length: 3000 }, (_, index) => `string:${index}`);
  const world = new ModeWorld(
    keyspace(keys, () => ':1\r\n'),
    { latency: 1 },
  ).start('--bigkeys');
  await world.pass(60);
  world.cli.signal('SIGINT');
  await world.pass(20);
  expect(world.terminal.output).toMatch(/summary -+\n\n\[0[0-9.]+%\] Sampled [0-9]+ keys in the keyspace!\n/);
  expect(world.status).toBe(0);
});

test('--hotkeys says that the server does not count uses', async () => {
  const refusal = '-ERR An LFU maxmemory policy is not selected\r\n';
  const world = new ModeWorld(keyspace(['string:a'], () => refusal)).start('--hotkeys');
  await world.pass(20);
  expect(world.terminal.errors).toBe('Error: ERR An LFU maxmemory policy is not selected\n');
  expect(world.status).toBe(1);
});

test('a walk that the server refuses is an error', async () => {
  const world = new ModeWorld(() => '-NOPERM no scan\r\n').start('--scan');
  await world.pass(20);
  expect(world.terminal.errors).toBe('SCAN error: NOPERM no scan\n');
  expect(world.status).toBe(1);
});

describe('the ranking of hot keys', () => {
  test('keeps sixteen, the hottest first; of equals those that came first are hotter', () => {
    const ranking = new HotKeyRanking();
    expect(ranking.offer('unused', 0)).toBe(false);
    for (let uses = 1; uses <= 16; uses++) expect(ranking.offer(`key ${uses}`, uses)).toBe(true);
    expect(ranking.offer('as cool as the coolest', 1)).toBe(false);
    expect(ranking.offer('second of eight', 8)).toBe(true);
    expect(ranking.hottestFirst.map(({ uses }) => uses)).toEqual([
      16, 15, 14, 13, 12, 11, 10, 9, 8, 8, 7, 6, 5, 4, 3, 2,
    ]);
    expect(ranking.hottestFirst[9]?.key).toBe('second of eight');
  });
});

test('figures are as C prints them', () => {
  expect([0.125, 0.375, 0.625, 2.875, 1 / 3, 100].map(twoDecimals)).toEqual([
    '0.12',
    '0.38',
    '0.62',
    '2.88',
    '0.33',
    '100.00',
  ]);
  expect([percentage(0, 7), percentage(1, 3), percentage(3, 3)]).toEqual(['00.00%', '33.33%', '100.00%']);
  expect([0, 1023, 1024, 1536, 1024 ** 2, 5 * 1024 ** 4].map(humanBytes)).toEqual([
    '0B',
    '1023B',
    '1.00K',
    '1.50K',
    '1.00M',
    '5120.00G',
  ]);
});
