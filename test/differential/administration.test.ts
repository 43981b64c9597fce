/**
 * The commands about the server and its connections against a stock redis-server 7.0: fields of INFO, declarations of
 * commands, access rules, digests and error texts. What 7.2 has changed is listed with its reason.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ErrorReply, type TestReply } from '../support/resp.js';
import {
  hasStockServer,
  OUR_SERVER,
  RunningServer,
  STOCK_SERVER,
  type RawClient,
} from '../support/running-server.js';

let servers: RunningServer[];
let ours: RawClient;
let stock: RawClient;

describe.skipIf(!hasStockServer)('ours and a stock server', () => {
  beforeAll(async () => {
    servers = await Promise.all(
      [OUR_SERVER, STOCK_SERVER].map((program) =>
        RunningServer.start(program, '--enable-debug-command', 'yes', '--latency-tracking', 'yes'),
      ),
    );
    [ours, stock] = (await Promise.all(servers.map((server) => server.connect()))) as [RawClient, RawClient];
  });

  afterAll(async () => {
    await Promise.all((servers ?? []).map((server) => server.stop()));
  });

  /** The replies of both servers; errors as their text. */
  async function both(...args: (string | number)[]): Promise<[ours: unknown, stock: unknown]> {
    const replies = await Promise.all([ours.call(...args), stock.call(...args)]);
    const shown = replies.map((reply: TestReply) => (reply instanceof ErrorReply ? `-${reply.text}` : reply));
    return [shown[0], shown[1]];
  }

  /** Field names by section. */
  function fieldsOf(info: unknown): Map<string, string[]> {
    const sections = new Map<string, string[]>();
    let fields: string[] = [];
    for (const line of String(info).split('\r\n')) {
      if (line.startsWith('# ')) {
        fields = [];
        sections.set(line.slice(2), fields);
      } else if (line !== '') {
        fields.push(line.slice(0, line.indexOf(':')));
      }
    }
    return sections;
  }

  describe('INFO', () => {
    /** What 7.2 shows beyond 7.0, and what is ours. */
    const ADDED = new Set([
      'vedette_version',
      'listener0',
      'total_blocking_keys',
      'total_blocking_keys_on_nokey',
      'eventloop_cycles',
      'eventloop_duration_sum',
      'eventloop_duration_cmd_sum',
      'instantaneous_eventloop_cycles_per_sec',
      'instantaneous_eventloop_duration_usec',
      'acl_access_denied_auth',
      'acl_access_denied_cmd',
      'acl_access_denied_key',
      'acl_access_denied_channel',
    ]);

    /** Fields that depend on which commands came before, and the section that replication adds. */
    const OTHERS = new Set(['Commandstats', 'Latencystats', 'Errorstats', 'Replication']);

    test('has the same sections with the same fields, in the same order', async () => {
      await both('set', 'a', 'b');
      const [mine, theirs] = await both('info', 'everything');
      const expected = fieldsOf(theirs);
      const found = fieldsOf(mine);
      for (const [section, fields] of expected) {
        if (OTHERS.has(section)) continue;
        expect([section, found.get(section)?.filter((field) => !ADDED.has(field))]).toEqual([
          section,
          fields,
        ]);
      }
      const titles = (sections: Map<string, string[]>): string[] =>
        [...sections.keys()].filter((title) => title !== 'Replication');
      expect(titles(found)).toEqual(titles(expected));
    });

    test('writes counters of commands and errors in the same form', async () => {
      await both('config', 'resetstat');
      await both('get', 'a');
      await both('set', 'a');
      const form = (text: unknown): string => String(text).replace(/=[0-9.]+/g, '=N');
      for (const section of ['commandstats', 'errorstats', 'latencystats']) {
        const lines = (await both('info', section)).map((text) =>
          form(text)
            .split('\r\n')
            .filter((line) => /_(get|set|ERR):/.test(line))
            .sort(),
        );
        expect(lines[0]).toEqual(lines[1]);
      }
    });
  });

  describe('COMMAND', () => {
    type Description = TestReply[];

    /** Every command and subcommand by its full name. */
    function byName(commands: unknown): Map<string, Description> {
      const found = new Map<string, Description>();
      for (const command of commands as Description[]) {
        found.set(String(command[0]), command);
        for (const [name, sub] of byName(command[9])) found.set(name, sub);
      }
      return found;
    }

    const ASPECTS = [
      'arity',
      'flags',
      'first key',
      'last key',
      'step',
      'categories',
      'tips',
      'key specifications',
    ];
    /** Changed in 7.2: tips of these, the arity of GETKEYS, and blocking commands in scripts. */
    const CHANGED: Readonly<Record<string, readonly string[]>> = {
      'acl|deluser': ['tips'],
      'acl|save': ['tips'],
      'acl|setuser': ['tips'],
      'client|setname': ['tips'],
      'latency|reset': ['tips'],
      randomkey: ['tips'],
      scan: ['tips'],
      msetnx: ['tips'],
      'command|getkeys': ['arity'],
      'command|getkeysandflags': ['arity'],
      blpop: ['flags'],
      brpop: ['flags'],
      blmove: ['flags'],
      brpoplpush: ['flags'],
      bzpopmin: ['flags'],
      bzpopmax: ['flags'],
      wait: ['flags'],
      'config|resetstat': ['tips'],
      'config|rewrite': ['tips'],
      zrank: ['arity'],
      zrevrank: ['arity'],
    };
    /**
     * Ours on purpose. MIGRATE waits for its target while others are served, which nothing can do inside a transaction or
     * a script. Stock loads a small dataset in one go and so is never asked meanwhile; ours is, and tells of the cluster.
     */
    const OURS: Readonly<Record<string, readonly string[]>> = {
      migrate: ['flags'],
      'cluster|info': ['flags'],
      'cluster|nodes': ['flags'],
      'cluster|replicas': ['flags'],
      'cluster|slaves': ['flags'],
      'cluster|links': ['flags'],
      'cluster|myid': ['flags'],
      'cluster|count-failure-reports': ['flags'],
      'cluster|slots': ['flags'],
      'cluster|shards': ['flags'],
      'cluster|keyslot': ['flags'],
    };
    /** Sorted where the order means nothing; notes of key specifications are prose. */
    function comparable(aspect: TestReply | undefined): string {
      if (!Array.isArray(aspect)) return JSON.stringify(aspect);
      return JSON.stringify(
        aspect.map((item) => JSON.stringify(Array.isArray(item) ? withoutNotes(item) : item)).sort(),
      );
    }

    function withoutNotes(pairs: TestReply[]): TestReply[] {
      const at = pairs.indexOf('notes');
      return at === -1 ? pairs : [...pairs.slice(0, at), ...pairs.slice(at + 2)];
    }

    test('describes the commands they share alike', async () => {
      const [mine, theirs] = (await both('command')).map(byName) as [
        Map<string, Description>,
        Map<string, Description>,
      ];
      const differences: string[] = [];
      for (const [name, command] of mine) {
        const expected = theirs.get(name);
        if (expected === undefined) continue;
        ASPECTS.forEach((aspect, index) => {
          const [found, wanted] = [comparable(command[index + 1]), comparable(expected[index + 1])];
          const isMeant = CHANGED[name]?.includes(aspect) === true || OURS[name]?.includes(aspect) === true;
          if (found !== wanted && !isMeant) {
            differences.push(`${name} ${aspect}: ${found} instead of ${wanted}`);
          }
        });
      }
      expect(differences).toEqual([]);
    });
  });

  describe('COMMAND DOCS', () => {
    /** What 7.2 tells in another way than 7.0: arguments that are added or simplified, words on deprecation. */
    const CHANGED = new Set([
      'bitop',
      'client|kill',
      'client|list',
      'client|pause',
      'command|getkeys',
      'command|getkeysandflags',
      'config|get',
      'geohash',
      'geopos',
      'georadius',
      'georadiusbymember',
      'migrate',
      'module|loadex',
      'pfmerge',
      'psetex',
      'psubscribe',
      'quit',
      'setex',
      'setnx',
      'xinfo|stream',
      'zrank',
      'zrevrank',
    ]);

    const fieldsOfPairs = (pairs: TestReply | undefined): Map<string, TestReply> => {
      const list = (pairs ?? []) as TestReply[];
      return new Map(
        list.flatMap((name, at) => (at % 2 === 0 ? [[String(name), list[at + 1] as TestReply]] : [])),
      );
    };

    /** Every command and subcommand by its full name. */
    function byName(docs: TestReply): Map<string, Map<string, TestReply>> {
      const found = new Map<string, Map<string, TestReply>>();
      for (const [name, pairs] of fieldsOfPairs(docs)) {
        const fields = fieldsOfPairs(pairs);
        found.set(name, fields);
        for (const [subName, sub] of byName(fields.get('subcommands') ?? [])) found.set(subName, sub);
      }
      return found;
    }

    /** The arguments as a tree whose fields have one order. 7.2 has renamed many, and tells how to show each. */
    function tree(list: TestReply | undefined): unknown {
      return ((list ?? []) as TestReply[]).map((pairs) => {
        const fields = fieldsOfPairs(pairs);
        const parts = tree(fields.get('arguments'));
        const others = [...fields]
          .filter(([name]) => !['display_text', 'arguments', 'name'].includes(name))
          .sort();
        return [others, parts];
      });
    }

    test('tells the same arguments, groups and versions', async () => {
      const [mine, theirs] = (await both('command', 'docs')).map((docs) => byName(docs as TestReply));
      const told = (fields: Map<string, TestReply>): unknown => ({
        group: fields.get('group'),
        since: fields.get('since'),
        deprecatedSince: fields.get('deprecated_since'),
        changedIn: ((fields.get('history') ?? []) as TestReply[][]).map(([version]) => version),
        arguments: tree(fields.get('arguments')),
      });
      const differences: unknown[] = [];
      for (const [name, expected] of theirs ?? []) {
        const found = mine?.get(name);
        if (found === undefined || CHANGED.has(name)) continue;
        if (JSON.stringify(told(found)) !== JSON.stringify(told(expected))) {
          differences.push([name, told(found), told(expected)]);
        }
      }
      expect(differences).toEqual([]);
    });
  });

  describe('access rules', () => {
    /** 7.2 always shows whether payloads are sanitized, 7.0 only after somebody said so. */
    const withoutDefault = (text: string): string => text.replace(' sanitize-payload', '');
    /** Stock tells the rules of single commands in the order of a hash table whose seed changes with every start. */
    const sorted = (text: string): string[] => withoutDefault(text).split(' ').sort();

    test.each([
      ['on >p ~k* %R~r &c +get -@all +@read (+set ~x)'],
      ['reset on nopass ~* &* +@all -@dangerous'],
      ['reset +@all -client +client|id'],
      ['reset -@all +select|0 +debug'],
      ['reset %R~foo %W~foo %RW~bar'],
      ['reset skip-sanitize-payload off #148de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940'],
    ])('%s make the same user', async (rules) => {
      await both('acl', 'setuser', 'u', ...rules.split(' '));
      const [mine, theirs] = (await both('acl', 'list')).map((list) =>
        (list as string[]).find((line) => line.startsWith('user u ')),
      );
      expect(sorted(mine ?? '')).toEqual(sorted(theirs ?? ''));
    });

    test.each([
      ['+nosuch'],
      ['-nosuch'],
      ['+@nosuch'],
      ['+client|nosuch'],
      ['+client|id|x'],
      ['+get|a|b'],
      ['~* ~b'],
      ['&* &b'],
      ['#12'],
      ['<nopw'],
      ['!12'],
      ['nonsense'],
      ['(+get'],
      [')'],
      ['(nonsense)'],
      ['%~a'],
      ['%X~a'],
    ])('%s is refused alike', async (rules) => {
      const [mine, theirs] = await both('acl', 'setuser', 'other', ...rules.split(' '));
      expect(mine).toBe(theirs);
    });

    test('put the same commands into every category', async () => {
      const [categories] = await both('acl', 'cat');
      const [all, theirAll] = (await both('command', 'list')).map((names) => new Set(names as string[]));
      for (const category of categories as string[]) {
        const [mine, theirs] = await both('acl', 'cat', category);
        const shared = (names: unknown): string[] =>
          (names as string[])
            .filter((name) => all?.has(name) === true && theirAll?.has(name) === true)
            .sort();
        expect([category, shared(mine)]).toEqual([category, shared(theirs)]);
      }
    });
  });

  test('the digests of a dataset of all types are the same', async () => {
    for (const command of [
      ['flushall'],
      ['set', 'string', 'caf\xe9'],
      ['set', 'integer', '-12345'],
      ['set', 'expiring', 'x', 'px', '1000000'],
      ['rpush', 'list', 'a', 'b', '3', 'x'.repeat(100)],
      ['sadd', 'set', 'a', 'b', 'c'],
      ['sadd', 'integers', '1', '2', '-3'],
      [
        'zadd',
        'zset',
        '1',
        'a',
        '2.5',
        'b',
        '0.1',
        'c',
        '1e100',
        'd',
        '-inf',
        'e',
        '123456789012345678',
        'f',
      ],
      ['hset', 'hash', 'f', 'v', 'g', 'w'],
      ['xadd', 'stream', '1-1', 'f', 'v'],
      ['select', '7'],
      ['set', 'other', 'database'],
    ]) {
      const [mine, theirs] = await both(...command);
      // A type that this server does not have yet has no digest either.
      if (typeof mine === 'string' && mine.startsWith('-ERR unknown command'))
        await stock.call('del', String(command[1]));
      else expect(mine).toEqual(theirs);
    }
    const [mine, theirs] = await both('debug', 'digest');
    expect(mine).toBe(theirs);
    await both('select', '0');
  });

  test.each([
    ['slowlog get -2'],
    ['slowlog get x y'],
    ['slowlog nosuch'],
    ['latency graph x'],
    ['latency history x'],
    ['memory usage nosuch'],
    ['memory usage a foo'],
    ['memory usage a samples -1'],
    ['shutdown foo'],
    ['shutdown abort'],
    ['shutdown save nosave'],
    ['hello foo'],
    ['hello 4'],
    ['hello 2 foo'],
    ['hello 2 auth x'],
    ['client pause 10 foo'],
    ['client pause 10 write foo'],
    ['client pause x'],
    ['client unblock x'],
    ['client unblock 99'],
    ['client unblock 99 foo'],
    ['client reply foo'],
    ['client no-evict foo'],
    ['client list foo'],
    ['client list id foo'],
    ['client list id'],
    ['client list type foo'],
    ['client kill 1.1.1.1:4'],
    ['client kill foo bar'],
    ['client kill id x'],
    ['client kill type x'],
    ['client kill user x'],
    ['client kill skipme x'],
    ['client foo'],
    ['client'],
    ['client trackinginfo'],
    ['client getredir'],
    ['client getname'],
    ['acl foo'],
    ['acl log abc'],
    ['acl log -3'],
    ['acl getuser nobody'],
    ['acl dryrun default client nope'],
    ['acl dryrun nobody get x'],
    ['acl dryrun default get'],
    ['acl genpass 0'],
    ['acl genpass 5000'],
    ['acl cat foo'],
    ['acl cat a b'],
    ['acl deluser default'],
    ['acl whoami'],
    ['acl load'],
    ['acl save'],
    ['auth a b c'],
    ['auth x'],
    ['auth nobody x'],
    ['debug sleep'],
    ['debug foo'],
    ['debug object nosuch'],
    ['debug protocol map'],
    ['command foo'],
    ['command getkeys ping a'],
    ['command getkeys nosuch a'],
    ['command getkeys get a b c'],
    ['command info nosuch'],
    ['command docs nosuch'],
    ['command list filterby'],
    ['ping a b'],
    ['select x'],
    ['select 99'],
    ['echo'],
    ['reset x'],
    ['monitor x'],
    ['time x'],
    ['nosuch a b c'],
  ])('%s is answered alike', async (command) => {
    const [mine, theirs] = await both(...command.split(' '));
    expect(mine).toEqual(theirs);
  });
});
