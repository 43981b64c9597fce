/** MIGRATE as stock has it: its declaration, its errors, and what it says of targets that cannot be reached. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasStockServer, OUR_SERVER, RunningServer, STOCK_SERVER } from '../support/running-server.js';
import type { RawClient } from '../support/running-server.js';
import type { TestReply } from '../support/resp.js';

describe.skipIf(!hasStockServer)('MIGRATE beside a stock server', () => {
  const servers: RunningServer[] = [];
  const clients: RawClient[] = [];

  beforeAll(async () => {
    for (const program of [OUR_SERVER, STOCK_SERVER]) {
      const server = await RunningServer.start(program);
      servers.push(server);
      clients.push(await server.connect());
    }
    await both('set', 'k', 'v');
  }, 40_000);
  afterAll(async () => {
    for (const client of clients) client.close();
    await Promise.all(servers.map((server) => server.stop()));
  });

  function both(...args: (string | number)[]): Promise<TestReply[]> {
    return Promise.all(clients.map((client) => client.call(...args)));
  }

  const NOBODY_LISTENS = ['migrate', '127.0.0.1', '1'] as const;

  test.each([
    [[...NOBODY_LISTENS, 'missing', 0, 100]],
    [[...NOBODY_LISTENS, 'missing', 'x', 100]],
    [[...NOBODY_LISTENS, 'missing', 0, 'x']],
    [[...NOBODY_LISTENS, 'k', 0, 100]],
    [[...NOBODY_LISTENS, 'k', 0, 100, 'copy', 'COPY', 'replace']],
    [[...NOBODY_LISTENS, 'k', 0, 100, 'other']],
    [[...NOBODY_LISTENS, 'k', 0, 100, 'auth']],
    [[...NOBODY_LISTENS, 'k', 0, 100, 'auth2', 'user']],
    [[...NOBODY_LISTENS, 'k', 0, 100, 'keys', 'k']],
    [[...NOBODY_LISTENS, '', 0, 100, 'keys']],
    [[...NOBODY_LISTENS, '', 0, 100, 'auth', 'keys', 'keys', 'k']],
    [['migrate', '127.0.0.1', 'port', 'k', 0, 100]],
    [['migrate', 'no such host', 1, 'k', 0, 100]],
    [['migrate', '127.0.0.1', 1, 'k', 0]],
  ])('%j is answered alike', async (args) => {
    const [ours, theirs] = await both(...args);
    expect(ours).toEqual(theirs);
  });

  test('a target that refuses', async () => {
    const [target] = servers;
    const address = ['127.0.0.1', target.port] as const;
    await both('set', 'copied', 'v');
    for (const rest of [
      ['copied', 99, 1000, 'copy'],
      ['copied', 0, 1000, 'copy', 'auth', 'wrong'],
      ['copied', 0, 1000, 'copy', 'auth2', 'nobody', 'wrong'],
      ['copied', 1, 1000, 'copy', 'replace'],
    ]) {
      // Stock cannot move a key to itself, so both are asked to move it to ours.
      const [ours, theirs] = await both('migrate', ...address, ...rest);
      expect(ours).toEqual(theirs);
    }
  });

  test('is declared alike, but that it is refused where nothing can wait', async () => {
    const [ours, theirs] = await both('command', 'info', 'migrate', 'restore', 'restore-asking');
    const flagsOf = (reply: TestReply, index: number): string[] =>
      ((reply as TestReply[][])[index][2] as TestReply[]).map((flag) => JSON.stringify(flag));
    const added = flagsOf(ours, 0).filter((flag) => !flagsOf(theirs, 0).includes(flag));
    expect(added.sort()).toEqual(
      flagsOf(ours, 0)
        .filter((flag) => /no_multi|noscript/.test(flag))
        .sort(),
    );
    expect(added).toHaveLength(2);
    for (const [index, first] of [
      [0, 3],
      [1, 1],
      [2, 1],
    ]) {
      const [mine, stock] = [ours, theirs].map((reply) => (reply as TestReply[][])[index]);
      expect(mine.slice(3, 6)).toEqual(stock.slice(3, 6));
      expect(mine[3]).toBe(first);
      expect(JSON.stringify(mine[8])).toBe(JSON.stringify(stock[8]));
    }
  });
});
