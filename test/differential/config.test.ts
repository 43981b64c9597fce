/**
 * CONFIG against a stock redis-server: the same directives with the same values, the same answers to good and bad
 * values, and files that both can read after either has rewritten them. Differences are listed with their reasons.
 */

import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DIRECTIVES } from '../../src/config/directives/index.js';
import type { Directive } from '../../src/config/directive.js';
import { hasStockServer, OUR_SERVER, RunningServer, STOCK_SERVER } from '../support/running-server.js';

/** A running server, ours or a stock one, with a client. */
class ConfiguredServer {
  readonly client: Redis;

  private constructor(readonly server: RunningServer) {
    this.client = server.connectRedis();
  }

  static async start(program: string, configuration = ''): Promise<ConfiguredServer> {
    const lines = `enable-protected-configs yes\n${configuration}`;
    return new ConfiguredServer(await RunningServer.startFromFile(program, lines));
  }

  async get(pattern: string): Promise<Map<string, string>> {
    const flat = (await this.client.call('CONFIG', 'GET', pattern)) as string[];
    const values = new Map<string, string>();
    for (let i = 0; i < flat.length; i += 2) values.set(flat[i] ?? '', flat[i + 1] ?? '');
    return values;
  }

  /** The reply to CONFIG SET, an error's text included. */
  async set(...args: string[]): Promise<string> {
    try {
      return String(await this.client.call('CONFIG', 'SET', ...args));
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  stop(): Promise<void> {
    return this.server.stop();
  }
}

/** What a stock 7.0 does not have: directives of 7.2. Our own are hidden. */
const NOT_IN_STOCK = new Set([
  'cluster-announce-human-nodename',
  'locale-collate',
  'set-max-listpack-entries',
  'set-max-listpack-value',
]);

/** Differ by their nature: where each of the two runs. */
const OWN_PLACE = ['port', 'dir'];

describe.skipIf(!hasStockServer)('CONFIG, compared with a stock server', () => {
  let ours: ConfiguredServer;
  let stock: ConfiguredServer;

  beforeAll(async () => {
    [ours, stock] = await Promise.all([
      ConfiguredServer.start(OUR_SERVER),
      ConfiguredServer.start(STOCK_SERVER),
    ]);
  });

  afterAll(async () => {
    await Promise.all([ours.stop(), stock.stop()]);
  });

  it('knows the same directives, with the same values at start', async () => {
    const [mine, theirs] = await Promise.all([ours.get('*'), stock.get('*')]);
    for (const name of OWN_PLACE) for (const values of [mine, theirs]) values.delete(name);
    // Hidden since 7.2.
    theirs.delete('aof-disable-auto-gc');
    expect([...mine.keys()].filter((name) => !theirs.has(name)).sort()).toEqual([...NOT_IN_STOCK].sort());
    const expected = Object.fromEntries([...theirs].sort());
    const shared = [...mine].filter(([name]) => !NOT_IN_STOCK.has(name));
    expect(Object.fromEntries(shared.sort())).toEqual(expected);
  });

  /** Values to try on every directive: numbers at the borders, units, words, lists. */
  const PROBES = [
    ...['', 'abc', 'yes', 'NO', '0', '1', '007', '-1', '+1', ' 1', '5.5', '70000', '2147483648'],
    ...['10mb', '1Kb', '1g', '1tb', '5%', '101%', '1 2', '1 2 3', 'normal 1 2 3'],
    ...['slave 1mb 2mb 3', 'KEA', 'always', 'noeviction', 'debug', 'local', 'hostname', 'a b.c', 'a/b'],
    ...['save nosave', 'now FORCE', 'default', '{title}', '{nope}', '3600 1 300 100'],
  ];

  /** Setting them would cut the test off from its servers, or asks for what a stock server does differently. */
  const NOT_PROBED = new Map([
    ...['port', 'bind', 'dir', 'requirepass', 'masteruser', 'tls-port'].map(
      (name) => [name, 'its own tests'] as const,
    ),
    ['maxclients', 'limited by the open files of each process'],
    ['maxmemory', 'the sizes of the two differ, and so does what is evicted or refused'],
    ['oom-score-adj', 'stock writes it to the kernel, which may refuse'],
    ['oom-score-adj-values', 'as oom-score-adj'],
    ['activedefrag', 'depends on how stock was built'],
    ['client-query-buffer-limit', 'our bound is the largest exact integer, which its error text shows'],
    ['appendonly', 'starts to write files'],
    ['watchdog-period', 'a signal handler of stock'],
    ['use-exit-on-panic', 'not in stock 7.0'],
    ['rdb-version', 'our own'],
    ['cluster-announce-ip', 'refused where it would break the file of nodes; that has tests of its own'],
    ['cluster-ping-interval', 'not in stock 7.0'],
    ['crash-log-enabled', 'signal handlers of stock'],
    ['loglevel', "7.2 knows the level 'nothing' as well, which the error text shows"],
    ['rdb-key-save-delay', 'slows saving down'],
  ]);

  const table: Record<string, Directive<unknown>> = DIRECTIVES;
  const probed = Object.entries(table)
    .filter(([name, { immutable }]) => immutable !== true && !NOT_PROBED.has(name) && !NOT_IN_STOCK.has(name))
    .filter(([name]) => !name.startsWith('tls-'))
    .map(([name]) => name);

  /** Bounds of 64 bits are shown as they are in C; ours end where JavaScript's integers are exact. */
  function withoutBounds(reply: string): string {
    return reply.replace(/\b(9223372036854775807|18446744073709551615|9007199254740991)\b/, 'MAX');
  }

  it.each(probed)('answers every kind of value of %s alike', async (name) => {
    const initial = (await stock.get(name)).get(name) ?? '';
    for (const probe of PROBES) {
      const [mine, theirs] = await Promise.all([ours.set(name, probe), stock.set(name, probe)]);
      expect([probe, withoutBounds(mine)]).toEqual([probe, withoutBounds(theirs)]);
      const [value, expected] = await Promise.all([ours.get(name), stock.get(name)]);
      expect([probe, value.get(name)]).toEqual([probe, expected.get(name)]);
    }
    expect(await Promise.all([ours.set(name, initial), stock.set(name, initial)])).toEqual(['OK', 'OK']);
  });

  it.each([
    [['maxmemory']],
    [['maxmemory', '1', 'hz']],
    [['nope', '1']],
    [['hz', '20', 'nope', '1']],
    [['hz', '20', 'HZ', '30']],
    [['hz', '20', 'daemonize', 'yes']],
    [['replicaof', 'a 1']],
    [['hz', '20', 'timeout', 'abc']],
    [['slave-priority', 'abc']],
    [['maxmemory-clients', '200%']],
  ])('refuses CONFIG SET %j alike, and nothing changes', async (args) => {
    const [mine, theirs] = await Promise.all([ours.set(...args), stock.set(...args)]);
    expect(mine).toBe(theirs);
    expect(mine).toMatch(/^ERR /);
    expect((await ours.get('hz')).get('hz')).toBe('10');
  });

  it('answers CONFIG GET with several patterns, aliases and other case alike', async () => {
    for (const patterns of [
      ['slave-*', 'replica-priority'],
      ['MAXMEMORY', '*hz'],
      ['[mn]axmemory*', '?z'],
      ['x'],
    ]) {
      const replies = await Promise.all(
        [ours, stock].map(
          async ({ client }) => (await client.call('CONFIG', 'GET', ...patterns)) as string[],
        ),
      );
      const [mine, theirs] = replies.map((flat) =>
        flat.flatMap((name, index) => (index % 2 === 0 ? [`${name}=${flat[index + 1]}`] : [])).sort(),
      );
      expect(mine).toEqual(theirs);
    }
  });
});

describe.skipIf(!hasStockServer)('CONFIG REWRITE, compared with a stock server', () => {
  const FILE =
    '# a comment\n\n\nsave 900 1\nsave 300 10\n# another\nhash-max-ziplist-entries 20\nmaxmemory 100mb\n' +
    'slave-priority 50\nclient-output-buffer-limit pubsub 1mb 1mb 10\nloglevel verbose\nunixsocketperm 700\n' +
    'rename-command DEBUG ""\nuser alice on nopass sanitize-payload ~x* &* +get\n';

  async function change(server: ConfiguredServer): Promise<void> {
    await server.set('save', '60 5');
    await server.set('maxmemory', '2gb');
    await server.set('replica-priority', '7');
    await server.set('notify-keyspace-events', 'KEx');
    await server.set('masterauth', 'p w"\x01');
    await server.set('timeout', '9');
    await server.client.call('CONFIG', 'REWRITE');
  }

  /** The lines of a rewritten file; those appended come in no particular order from stock. */
  function linesOf({ server }: ConfiguredServer): { kept: string[]; appended: string[] } {
    const text = readFileSync(server.configurationFile, 'latin1')
      .replaceAll(server.directory, '<dir>')
      .replace(/port \d+/, 'port 0')
      // Since 7.2 the rules of a user show it.
      .replaceAll(' sanitize-payload', '');
    const [kept = '', appended = ''] = text.split('# Generated by CONFIG REWRITE\n');
    return { kept: kept.trimEnd().split('\n'), appended: appended.trimEnd().split('\n').sort() };
  }

  it('leaves the same file behind', async () => {
    const servers = await Promise.all([
      ConfiguredServer.start(OUR_SERVER, FILE),
      ConfiguredServer.start(STOCK_SERVER, FILE),
    ]);
    try {
      await Promise.all(servers.map(change));
      const [mine, theirs] = servers.map(linesOf);
      expect(mine?.kept).toEqual(theirs?.kept);
      // Stock writes these always, default or not.
      const always = /^latency-tracking-info-percentiles/;
      expect(mine?.appended).toEqual(theirs?.appended.filter((line) => !always.test(line)));
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  });

  it('writes a file that the other one starts with, to the same values', async () => {
    for (const [writer, reader] of [
      [OUR_SERVER, STOCK_SERVER],
      [STOCK_SERVER, OUR_SERVER],
    ] as const) {
      const first = await ConfiguredServer.start(writer, FILE);
      let second: ConfiguredServer | null = null;
      try {
        await change(first);
        const rewritten = readFileSync(first.server.configurationFile, 'latin1').replace(
          /^(port|dir|bind) .*$/gm,
          '',
        );
        second = await ConfiguredServer.start(reader, rewritten);
        const [before, after] = await Promise.all([first.get('*'), second.get('*')]);
        for (const [name, value] of before) {
          if (!OWN_PLACE.includes(name) && after.has(name))
            expect([name, after.get(name)]).toEqual([name, value]);
        }
      } finally {
        await first.stop();
        await second?.stop();
      }
    }
  });
});
