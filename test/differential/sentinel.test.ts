/**
 * Our sentinel and a stock redis-sentinel 7.0 that watch the same servers: commands, fields, error texts. What 7.2
 * has changed, and what is ours, is listed with its reason.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ReplyError, type Reply } from '../../src/client/reply.js';
import { startSentinelTopology, type SentinelTopology } from '../../src/lab/sentinel-topology.js';
import { createNodePlatform } from '../../src/platform/node/index.js';
import { hasStockServer } from '../support/running-server.js';

let topology: SentinelTopology;

describe.skipIf(!hasStockServer)('ours and a stock sentinel', () => {
  beforeAll(async () => {
    topology = await startSentinelTopology(createNodePlatform(), {
      sentinels: ['vedette', 'stock'],
      quorum: 2,
    });
  });

  afterAll(async () => {
    await topology?.close();
  });

  /** The replies of both; errors as their text. */
  async function both(...args: (string | number)[]): Promise<[ours: Reply, stock: Reply]> {
    const replies = await Promise.all(
      topology.sentinels.map((sentinel) =>
        sentinel.call(...args.map(String)).catch((error: unknown) => {
          if (error instanceof ReplyError) return error;
          throw error;
        }),
      ),
    );
    return replies.map(shown) as [Reply, Reply];
  }

  function shown(reply: Reply): Reply {
    if (reply instanceof ReplyError) return `-${reply.message}`;
    return Array.isArray(reply) ? reply.map(shown) : reply;
  }

  /** The names in a flat array of names and values. */
  function names(reply: Reply): string[] {
    if (!Array.isArray(reply)) throw new Error(`not a map: ${String(reply)}`);
    return reply.filter((_, i) => i % 2 === 0).map(String);
  }

  function first(reply: Reply): Reply {
    return Array.isArray(reply) ? (reply[0] ?? null) : reply;
  }

  test('show instances with the same fields in the same order', async () => {
    for (const what of ['MASTER', 'REPLICAS', 'SLAVES', 'SENTINELS']) {
      const [ours, stock] = await both('SENTINEL', what, 'mymaster');
      const [one, other] = what === 'MASTER' ? [ours, stock] : [first(ours), first(stock)];
      expect(names(one), what).toEqual(names(other));
    }
    const [ours, stock] = await both('SENTINEL', 'MASTERS');
    expect(names(first(ours))).toEqual(names(first(stock)));
  });

  test('show the same state of healthy instances', async () => {
    const stable = [
      'name',
      'ip',
      'port',
      'runid',
      'flags',
      'role-reported',
      'config-epoch',
      'num-slaves',
      'quorum',
    ];
    const further = ['num-other-sentinels', 'failover-timeout', 'parallel-syncs', 'down-after-milliseconds'];
    const [ours, stock] = await both('SENTINEL', 'MASTER', 'mymaster');
    const pick = (reply: Reply): [string, Reply][] =>
      names(reply).flatMap((name, i): [string, Reply][] =>
        [...stable, ...further].includes(name) && Array.isArray(reply) ? [[name, reply[2 * i + 1]]] : [],
      );
    expect(pick(ours)).toEqual(pick(stock));
    expect(pick(ours)).toHaveLength(stable.length + further.length);
  });

  const errors: readonly (string | number)[][] = [
    ['SENTINEL'],
    ['SENTINEL', 'nonsense'],
    ['SENTINEL', 'MASTER'],
    ['SENTINEL', 'MASTER', 'nobody'],
    ['SENTINEL', 'REPLICAS', 'nobody'],
    ['SENTINEL', 'SENTINELS', 'nobody'],
    ['SENTINEL', 'CKQUORUM', 'nobody'],
    ['SENTINEL', 'FAILOVER', 'nobody'],
    ['SENTINEL', 'REMOVE', 'nobody'],
    ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'nobody'],
    ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME'],
    ['SENTINEL', 'MASTERS', 'x'],
    ['SENTINEL', 'IS-MASTER-DOWN-BY-ADDR', '127.0.0.1', 'x', '0', '*'],
    ['SENTINEL', 'IS-MASTER-DOWN-BY-ADDR', '127.0.0.1', '1', 'x', '*'],
    ['SENTINEL', 'IS-MASTER-DOWN-BY-ADDR', '127.0.0.1', '1', '0', '*'],
    ['SENTINEL', 'MONITOR', 'm', '127.0.0.1', 'x', '1'],
    ['SENTINEL', 'MONITOR', 'm', '127.0.0.1', '1', 'x'],
    ['SENTINEL', 'MONITOR', 'm', '127.0.0.1', '1', '0'],
    ['SENTINEL', 'MONITOR', 'm', 'no-name', '1', '1'],
    ['SENTINEL', 'MONITOR', 'm', '127.0.0.1', '65536', '1'],
    ['SENTINEL', 'MONITOR', 'm', '127.0.0.1', '-1', '1'],
    ['SENTINEL', 'MONITOR', 'mymaster', '127.0.0.1', '1', '1'],
    ['SENTINEL', 'SET', 'mymaster', 'quorum'],
    ['SENTINEL', 'SET', 'nobody', 'quorum', '1'],
    ['SENTINEL', 'SET', 'mymaster', 'quorum', '0'],
    ['SENTINEL', 'SET', 'mymaster', 'quorum', 'x'],
    ['SENTINEL', 'SET', 'mymaster', 'down-after-milliseconds', '-20'],
    ['SENTINEL', 'SET', 'mymaster', 'parallel-syncs', '0'],
    ['SENTINEL', 'SET', 'mymaster', 'fakeoption', 'x'],
    ['SENTINEL', 'SET', 'mymaster', 'rename-command', 'ping'],
    ['SENTINEL', 'SET', 'mymaster', 'rename-command', '', 'x'],
    ['SENTINEL', 'SET', 'mymaster', 'notification-script', '/bin/true'],
    ['SENTINEL', 'SET', 'mymaster', 'master-reboot-down-after-period', '-1'],
    ['SENTINEL', 'CONFIG', 'GET'],
    ['SENTINEL', 'CONFIG', 'SET', 'nonsense', 'x'],
    ['SENTINEL', 'CONFIG', 'SET', 'announce-port', 'x'],
    ['SENTINEL', 'CONFIG', 'SET', 'resolve-hostnames', 'maybe'],
    ['SENTINEL', 'SIMULATE-FAILURE', 'nonsense'],
    ['SENTINEL', 'SIMULATE-FAILURE', 'HELP'],
    ['SENTINEL', 'DEBUG', 'nonsense', '1'],
    ['SENTINEL', 'DEBUG', 'info-period'],
    ['SENTINEL', 'DEBUG', 'info-period', '0'],
    ['SENTINEL', 'DEBUG', 'info-period', 'x'],
    ['SENTINEL', 'INFO-CACHE', 'nobody'],
    ['SENTINEL', 'PENDING-SCRIPTS'],
    ['SENTINEL', 'RESET', 'nobody*'],
    ['PUBLISH', 'news', 'x'],
    ['ROLE'],
    ['COMMAND', 'COUNT'],
    ['SAVE'],
    ['QUIT', 'x'],
    ['CONFIG', 'GET', '*'],
    ['MULTI'],
    ['PING', 'x'],
    ['SHUTDOWN', 'x'],
    ['INFO', 'replication'],
  ];

  test.each(errors.map((args) => [args.join(' '), args] as const))('answer alike: %s', async (line, args) => {
    const [ours, stock] = await both(...args);
    // 7.2 takes several parameters, and names its errors accordingly.
    const changed: Record<string, Reply> = {
      'SENTINEL CONFIG GET': "-ERR wrong number of arguments for 'sentinel|config' command",
      'SENTINEL CONFIG SET nonsense x': "-ERR Invalid argument 'nonsense' to SENTINEL CONFIG SET",
      'SENTINEL CONFIG SET announce-port x': "-ERR Invalid value 'x' to SENTINEL CONFIG SET 'announce-port'",
      'SENTINEL CONFIG SET resolve-hostnames maybe':
        "-ERR Invalid value 'maybe' to SENTINEL CONFIG SET 'resolve-hostnames'",
    };
    expect(ours).toEqual(changed[line] ?? stock);
  });

  test('have the same commands', async () => {
    const [ours, stock] = await both('COMMAND', 'LIST');
    // CLIENT SETINFO is new in 7.2; the rest is ours beyond Redis.
    const added = ['client|setinfo', 'sentinel|ranking', 'sentinel|standing', 'sentinel|stand-down'];
    // Of no use where there are no keys.
    const left = ['client|caching', 'client|tracking'];
    const sorted = (reply: Reply, without: readonly string[]): string[] =>
      Array.isArray(reply)
        ? reply
            .map(String)
            .filter((name) => !without.includes(name))
            .sort()
        : [];
    expect(sorted(ours, added)).toEqual(sorted(stock, left));
  });

  test('declare SENTINEL and what it shares with servers alike', async () => {
    for (const name of ['sentinel', 'publish', 'role', 'ping', 'subscribe']) {
      const [ours, stock] = (await both('COMMAND', 'INFO', name)).map((reply) => first(reply));
      const declaration = (reply: Reply): Reply[] => (Array.isArray(reply) ? reply.slice(0, 7) : []);
      expect(declaration(ours), name).toEqual(declaration(stock));
    }
  });

  test('have the same fields in INFO', async () => {
    const fields = (reply: Reply): string[] =>
      String(reply)
        .split('\r\n')
        .map((line) => line.split(':')[0] ?? '');
    const [ours, stock] = await both('INFO', 'sentinel');
    expect(fields(ours)).toEqual(fields(stock));
    for (const section of ['', 'all', 'everything', 'default']) {
      const [one, other] = await both('INFO', ...(section === '' ? [] : [section]));
      const titles = (reply: Reply): string[] => fields(reply).filter((line) => line.startsWith('#'));
      expect(titles(one), section).toEqual(titles(other));
    }
  });

  test('list the same periods and settings', async () => {
    const [ours, stock] = await both('SENTINEL', 'DEBUG');
    expect(ours).toEqual(stock);
    const [one, other] = await both('SENTINEL', 'CONFIG', 'GET', '*');
    // 7.2 has the log level among them.
    expect(names(one).filter((name) => name !== 'loglevel')).toEqual(names(other));
  });

  test('write the same lines into their files', async () => {
    await both('SENTINEL', 'FLUSHCONFIG');
    const [ours, stock] = topology.sentinels.map((sentinel) => {
      const text = createNodePlatform().disk.readFileSync(sentinel.configurationFile).toString();
      const lines = text.split('\n').filter((line) => line.startsWith('sentinel '));
      return lines
        .map((line) => line.replace(/[0-9a-f]{40}/, '<id>').replace(/ 127\.0\.0\.1 \d+/, ' <address>'))
        .sort();
    });
    expect(ours).toEqual(stock);
  });
});
