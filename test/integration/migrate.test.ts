/** MIGRATE between real processes, ours and stock ones in both directions: every type arrives whole, under writes too. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Member } from '../../src/lab/member.js';
import type { Engine } from '../../src/lab/programs.js';
import { RealServers, until } from '../support/real-servers.js';

const servers = new RealServers();
const TIMEOUT_MS = '5000';

const sources: Record<string, Member> = {};
const targets: Record<string, Member> = {};

beforeAll(async () => {
  for (const [engine, role] of [
    ['vedette', sources],
    ['vedette', targets],
    ['stock', sources],
    ['stock', targets],
  ] as const) {
    role[engine] = await servers.start(engine);
  }
}, 60_000);
afterAll(() => servers.close());

const directions: readonly (readonly [Engine & string, Engine & string])[] = [
  ['vedette', 'vedette'],
  ['vedette', 'stock'],
  ['stock', 'vedette'],
];

function numbered(count: number, make: (index: number) => string): string[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** One key of every type in every encoding that a master can have, by the commands that make them. */
const DATASET: Readonly<Record<string, readonly (readonly string[])[]>> = {
  integer: [['SET', 'integer', '-1234567890123']],
  short: [['SET', 'short', 'embedded']],
  bytes: [['SET', 'bytes', '\x00\xff\r\n$5\r\n']],
  empty: [['SET', 'empty', '']],
  compressible: [['SET', 'compressible', 'abc'.repeat(5000)]],
  large: [['SET', 'large', numbered(60_000, String).join(',')]],
  changed: [
    ['SET', 'changed', 'x'.repeat(100)],
    ['SETRANGE', 'changed', '300', 'end'],
  ],
  'short list': [['RPUSH', 'short list', 'a', '1', '-70000', 'b'.repeat(300)]],
  'plain list': [['RPUSH', 'plain list', 'a', 'p'.repeat(20_000), 'z']],
  'long list': [['RPUSH', 'long list', ...numbered(5000, (i) => `element ${i}`)]],
  integers: [['SADD', 'integers', '1', '2', '70000', '-5000000000']],
  'small set': [['SADD', 'small set', 'a', 'b', '3']],
  'large set': [['SADD', 'large set', ...numbered(3000, (i) => `member ${i}`)]],
  'small hash': [['HSET', 'small hash', 'field', 'value', 'n', '12']],
  'large hash': [['HSET', 'large hash', ...numbered(4000, (i) => `word ${i}`)]],
  'small sorted set': [['ZADD', 'small sorted set', '1', 'a', '-2.5', 'b', '+inf', 'c']],
  'large sorted set': [
    ['ZADD', 'large sorted set', ...numbered(2000, (i) => (i % 2 === 0 ? `${i / 7}` : `m${i}`))],
  ],
  stream: [
    ...numbered(300, String).map((i) => ['XADD', 'stream', `${Number(i) + 1}-1`, 'field', `value ${i}`]),
    ['XGROUP', 'CREATE', 'stream', 'group', '0'],
    ['XREADGROUP', 'GROUP', 'group', 'reader', 'COUNT', '7', 'STREAMS', 'stream', '>'],
    ['XDEL', 'stream', '100-1'],
  ],
};

async function make(server: Member): Promise<void> {
  for (const commands of Object.values(DATASET))
    for (const command of commands) await server.call(...command);
}

async function migrate(source: Member, target: Member, ...rest: string[]): Promise<unknown> {
  const { host, port } = target.address;
  return source.call('MIGRATE', host, String(port), '', '0', TIMEOUT_MS, ...rest);
}

describe.each(directions)('from %s to %s', (from, to) => {
  const keys = Object.keys(DATASET);

  test('every type and encoding arrives as it was', async () => {
    const [source, target] = [sources[from], targets[to]];
    await Promise.all([source.call('FLUSHALL'), target.call('FLUSHALL')]);
    await make(source);
    const digests = await source.call('DEBUG', 'DIGEST-VALUE', ...keys);
    expect(await migrate(source, target, 'KEYS', ...keys)).toBe('OK');
    expect(await source.call('DBSIZE')).toBe(0);
    expect(await target.call('DEBUG', 'DIGEST-VALUE', ...keys)).toEqual(digests);
    const encodings = await Promise.all(keys.map((key) => target.call('OBJECT', 'ENCODING', key)));
    expect(encodings.filter((encoding) => typeof encoding !== 'string')).toEqual([]);
  });

  test('times to live go along', async () => {
    const [source, target] = [sources[from], targets[to]];
    await Promise.all([source.call('FLUSHALL'), target.call('FLUSHALL')]);
    await source.call('SET', 'mortal', 'x', 'PX', '100000');
    await source.call('SET', 'immortal', 'x');
    expect(await migrate(source, target, 'KEYS', 'mortal', 'immortal')).toBe('OK');
    const remainingMs = Number(await target.call('PTTL', 'mortal'));
    expect(remainingMs).toBeGreaterThan(90_000);
    expect(remainingMs).toBeLessThanOrEqual(100_000);
    expect(await target.call('PTTL', 'immortal')).toBe(-1);
  });

  test('writers hammer the keys that move: nothing is lost or doubled', async () => {
    const [source, target] = [sources[from], targets[to]];
    await Promise.all([source.call('FLUSHALL'), target.call('FLUSHALL')]);
    const names = numbered(4, (i) => `set:${i}`);
    let isOver = false;
    const writer = async (id: number): Promise<number> => {
      const connection = await source.openConnection();
      let acknowledged = 0;
      while (!isOver) {
        const added = await connection.call(
          'SADD',
          names[acknowledged % names.length],
          `${id}:${acknowledged}`,
        );
        expect(added).toBe(1);
        acknowledged++;
      }
      connection.close();
      return acknowledged;
    };
    const writers = numbered(4, String).map((id) => writer(Number(id)));
    for (let round = 0; round < 60; round++) {
      await migrate(source, target, 'KEYS', ...names);
      // The target puts aside what it got, so that the next round finds room.
      await target.call('SUNIONSTORE', 'all', 'all', ...names);
      await target.call('DEL', ...names);
    }
    isOver = true;
    const acknowledged = (await Promise.all(writers)).reduce((sum, count) => sum + count, 0);
    let found = Number(await target.call('SCARD', 'all'));
    for (const name of names) found += Number(await source.call('SCARD', name));
    expect(acknowledged).toBeGreaterThan(100);
    expect(found).toBe(acknowledged);
  }, 60_000);
});

test('the client that asked goes away in the middle: all its keys arrive', async () => {
  const [source, target] = [sources.vedette, targets.stock];
  await Promise.all([source.call('FLUSHALL'), target.call('FLUSHALL')]);
  const names = numbered(20_000, (i) => `key:${i}`);
  const connection = await source.openConnection();
  await connection.call('MSET', ...names.flatMap((name) => [name, name]));
  const { host, port } = target.address;
  void connection
    .call('MIGRATE', host, String(port), '', '0', TIMEOUT_MS, 'KEYS', ...names)
    .catch(() => undefined);
  await until(async () => Number(await target.call('DBSIZE')) > 0, target);
  connection.close();
  await until(async () => Number(await source.call('DBSIZE')) === 0, source);
  expect(await target.call('DBSIZE')).toBe(names.length);
});
