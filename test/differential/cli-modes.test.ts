/**
 * The modes of vedette-cli against redis-cli's on the same server. What holds times, or sizes that a clock has a part in, is
 * compared by its shape: digits are all the same.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Member } from '../../src/lab/member.js';
import { createNodePlatform } from '../../src/platform/node/index.js';
import {
  compareClis,
  runOurs,
  runStock,
  type CliResult,
  type CliSurroundings,
} from '../support/cli-comparison.js';
import { RealServers } from '../support/real-servers.js';

const platform = createNodePlatform();
const servers = new RealServers();
let server: Member;

beforeAll(async () => {
  server = await servers.start('stock', ['maxmemory-policy allkeys-lfu']);
  // Of all types, and enough keys for several SCANs.
  for (let i = 0; i < 30; i++) await server.call('SET', `string:${i}`, 'x'.repeat(i * 10));
  for (let i = 0; i < 5; i++) {
    await server.call('RPUSH', `list:${i}`, ...Array.from({ length: i * 3 + 1 }, String));
    await server.call('SADD', `set:${i}`, 'a', `b${i}`);
    await server.call('HSET', `hash:${i}`, 'field', 'value');
    await server.call('ZADD', `zset:${i}`, '1', 'a');
    await server.call('XADD', `stream:${i}`, '1-1', 'a', 'b');
  }
  await server.call('SET', 'bytes "\xff\n', 'x');
  await server.call(
    'FUNCTION',
    'LOAD',
    "#!lua name=lib\nredis.register_function('f', function() return 1 end)",
  );
});

afterAll(async () => {
  await servers.close();
});

function withPort(args: readonly string[]): string[] {
  return ['-p', String(server.address.port), ...args];
}

function compare(args: readonly string[], surroundings: CliSurroundings = {}): Promise<void> {
  return compareClis(server.address.port, args, surroundings);
}

/** Every number becomes 0, and a line that is written over and over is there once. */
function shape({ output, errors, status }: CliResult): CliResult {
  return {
    output: output
      .replace(/[0-9]+(\.[0-9]+)?/g, '0')
      .replace(/(\x1b\[0G\x1b\[0K[^\x1b]*\(0 samples\))+/g, '$1'),
    errors: errors.replace(/[0-9]+/g, '0'),
    status,
  };
}

/** Runs both and expects the same but for numbers; returns both for a closer look. */
async function compareShapes(
  args: readonly string[],
  surroundings: CliSurroundings = {},
): Promise<CliResult[]> {
  const results = [await runStock(withPort(args), surroundings), await runOurs(withPort(args), surroundings)];
  expect(shape(results[1]!)).toEqual(shape(results[0]!));
  return results;
}

describe('looking at all keys', () => {
  test.each([
    [['--scan']],
    [['--scan', '--pattern', 'list:*']],
    [['--scan', '--quoted-pattern', '"byte\\x73*"']],
    [['--scan', '--quoted-pattern', '"open']],
    [['--scan', '-i', '0.001']],
    [['--scan', '-n', '3']],
    [['--bigkeys']],
    [['--bigkeys', '-i', '0.001']],
    [['--memkeys']],
    [['--memkeys-samples', '1']],
  ])('%j', async (args) => {
    await compare(args);
    await compare(args, { isForPerson: true });
  });

  // Looking at a key may make it hotter.
  test('--hotkeys', async () => {
    await compareShapes(['--hotkeys', '--pattern', 'string:1']);
  });

  test('--hotkeys of a server that does not count uses', async () => {
    await server.call('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    await compare(['--hotkeys']);
    await server.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
  });
});

describe('sampling', () => {
  test.each(['--raw', '--csv', '--no-raw'])('--latency %s', async (output) => {
    const until = output === '--no-raw' ? /samples\)/ : undefined;
    await compareShapes(['--latency', output, '-i', '0.05'], { until });
  });

  test('--latency-history', async () => {
    await compareShapes(['--latency-history', '--no-raw', '-i', '0.03'], { until: /seconds range\n/ });
  });

  test('--latency-dist', async () => {
    const results = [
      await runStock(withPort(['--latency-dist', '-i', '0.03']), { until: /\?\x1b\[0m\n/ }),
      await runOurs(withPort(['--latency-dist', '-i', '0.03']), { until: /\?\x1b\[0m\n/ }),
    ];
    const [stock, ours] = results.map(({ output }) => output.slice(0, output.indexOf('?\x1b[0m\n')));
    expect(ours!.split('\n').slice(0, 8)).toEqual(stock!.split('\n').slice(0, 8));
    const withoutColours = (text: string): string => text.replace(/48;5;[0-9]+m/g, '');
    expect(withoutColours(ours!)).toBe(withoutColours(stock!));
  });

  test('--stat', async () => {
    // The columns are as wide as their numbers let them.
    const columns = (text: string): string =>
      text
        .split('\n')
        .slice(0, 3)
        .join('\n')
        .replace(/[0-9.]+ */g, '0 ');
    const until = /(\n.*){4}/;
    const stock = await runStock(withPort(['--stat', '-i', '0.02']), { until, isForPerson: true });
    const ours = await runOurs(withPort(['--stat', '-i', '0.02']), { until, isForPerson: true });
    expect(columns(ours.output)).toBe(columns(stock.output));
  });

  test('--intrinsic-latency', async () => {
    const last = ({ output }: CliResult): string[] =>
      output
        .replace(/[0-9.]+/g, '0')
        .split('\n')
        .slice(-4);
    const stock = await runStock(['--intrinsic-latency', '1']);
    const ours = await runOurs(['--intrinsic-latency', '1']);
    expect(last(ours)).toEqual(last(stock));
    expect(ours.output).toMatch(/^(Max latency so far: [0-9]+ microseconds\.\n)+\n[0-9]+ total runs/);
    expect(ours.status).toBe(stock.status);
  });
});

describe('--pipe', () => {
  const command = (...args: string[]): string =>
    `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`;

  test.each([
    [
      'commands',
      command('SELECT', '4') + command('SET', 'k', '\xff\r\n').repeat(500) + command('LRANGE', 'l', '0', '1'),
    ],
    ['inline commands', 'SELECT 4\nSET k v\nGET k\n'],
    ['errors', command('NOSUCH') + command('LPUSH', 'string:1', 'x') + command('PING')],
    ['nothing', ''],
  ])('%s', async (_, input) => {
    await compare(['--pipe'], { input });
  });

  test('more than fits into the buffers on the way', async () => {
    const input = command('SELECT', '4') + command('SET', 'large', 'x'.repeat(200_000)).repeat(40);
    await compare(['--pipe'], { input });
  });
});

describe.each([
  ['with a file', 'no'],
  ['without one', 'yes'],
])('a snapshot that the master makes %s', (_, diskless) => {
  beforeEach(async () => {
    await server.call('CONFIG', 'SET', 'repl-diskless-sync', diskless);
  });

  test.each(['--rdb', '--functions-rdb'])('%s', async (option) => {
    const path = `${server.directory}/snapshot.rdb`;
    const contents: Buffer[] = [];
    const results: CliResult[] = [];
    for (const run of [runStock, runOurs]) {
      results.push(await run(withPort([option, path])));
      contents.push(readFileSync(path));
      platform.disk.unlinkSync(path);
    }
    const [stock, ours] = results.map(shape);
    expect(ours).toEqual(stock);
    // They differ in the time and in how much memory the server used.
    const withoutHead = contents.map((content) =>
      content.subarray(content.indexOf('repl-id')).subarray(0, -8),
    );
    expect(withoutHead[1]!.length).toBeGreaterThan(0);
    expect(withoutHead[1]).toEqual(withoutHead[0]);
  });

  test('--rdb to standard output', async () => {
    const { output, status } = await runOurs(withPort(['--rdb', '-']));
    expect(output).toMatch(/^REDIS0010/);
    expect(status).toBe(0);
  });
});

describe('the stream of a replica', () => {
  afterEach(async () => {
    await server.call('CLIENT', 'KILL', 'TYPE', 'replica');
  });

  test.each(['no', 'yes'])('--replica, with repl-diskless-sync %s', async (diskless) => {
    await server.call('CONFIG', 'SET', 'repl-diskless-sync', diskless);
    const results: CliResult[] = [];
    for (const run of [runStock, runOurs]) {
      const running = run(withPort(['--replica']), { until: /PUBLISH.*\n/ });
      await replicaIsServed();
      await server.call('SET', 'mark', 'first "one"');
      await server.call('PUBLISH', 'channel', 'second');
      results.push(await running);
      await server.call('CLIENT', 'KILL', 'TYPE', 'replica');
    }
    for (const { output } of results) {
      expect(output).toContain('"SET","mark","first \\"one\\""\n"PUBLISH","channel","second"\n');
    }
    const [stock, ours] = results.map(shape);
    expect(ours!.errors).toBe(stock!.errors);
  });

  async function replicaIsServed(): Promise<void> {
    const startedAtMs = platform.clock.monotonicMs();
    while (!String(await server.call('INFO', 'replication')).includes('state=online')) {
      if (platform.clock.monotonicMs() - startedAtMs > 30_000) throw new Error('the replica is not served');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
});

describe('--eval', () => {
  const path = `${servers.directory}/script.lua`;

  test.each([
    ['return {KEYS[1], ARGV[1], #KEYS, #ARGV}', ['k1', 'k2', ',', 'a1', 'a2', ',']],
    ['return {#KEYS, #ARGV}', []],
    ['return {#KEYS, #ARGV}', [',', 'a']],
    ['return redis.call("GET", KEYS[1])', ['string:3']],
    ['this is no Lua', []],
  ])('%j %j', async (script, args) => {
    writeFileSync(path, script);
    await compare(['--eval', path, ...args]);
    await compare(['-e', '--eval', path, ...args], { isForPerson: true });
  });

  test('a file that is not there', async () => {
    await compare(['--eval', '/nonexistent/script.lua']);
  });
});

describe('help', () => {
  test.each([
    [['help', 'get']],
    [['help', 'CONFIG']],
    [['help', 'config', 'get']],
    [['help', 'nosuch']],
    [['help', '@string']],
    [['HELP', '@sorted-set']],
    [['?', '@server']],
    [['help', '@nosuch']],
  ])('%j', async (args) => {
    await compare(args);
  });

  test('at the prompt', async () => {
    await compare([], { input: 'help set\n:set nohints\nPING\n', isForPerson: true });
  });
});

const MODES = [
  ['--scan'],
  ['--bigkeys'],
  ['--memkeys'],
  ['--hotkeys'],
  ['--stat'],
  ['--latency'],
  ['--latency-history'],
  ['--latency-dist'],
  ['--pipe'],
  ['--rdb', '/tmp/never.rdb'],
  ['--functions-rdb', '/tmp/never.rdb'],
  ['--replica'],
  ['--lru-test', '10'],
] as const;

test.each(MODES.map((mode) => [mode]))('%j without a server, and with a wrong password', async (mode) => {
  await compare(['-p', '1', ...mode]);
  await compare(['-a', 'wrong', '--no-auth-warning', ...mode]);
});
