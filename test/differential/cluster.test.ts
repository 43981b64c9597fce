/**
 * The commands and redirections of a cluster against stock redis-server 7.0: two clusters of three masters, ours and a
 * stock one, are asked the same. Ids and ports are shown as the places of the nodes.
 *
 * What 7.2 has changed is left out here and held in test/unit/cluster: MYSHARDID, the texts of MEET about ports, the text
 * of COPY to another database, of which there is none in 7.2.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ErrorReply, type TestReply } from '../support/resp.js';
import { RunningCluster } from '../support/running-cluster.js';
import { hasStockServer, OUR_SERVER, RunningServer, STOCK_SERVER } from '../support/running-server.js';

type Argument = string | number;

/** One of the two clusters, with its nodes shown by their places. */
class Side {
  private constructor(readonly cluster: RunningCluster) {}

  static async start(program: string): Promise<Side> {
    return new Side(await RunningCluster.start({ programs: [program, program, program], masters: 3 }));
  }

  /** With `#0` to `#2` for the ids of the nodes, for their ports and for those of their bus. */
  private anonymous(text: string): string {
    const { ids, servers, busPorts } = this.cluster;
    let shown = text;
    for (const [index, id] of ids.entries()) {
      for (const name of [id, String(busPorts[index]), String(servers[index]!.port)])
        shown = shown.replaceAll(name, `#${index}`);
    }
    return shown;
  }

  show(reply: TestReply): unknown {
    if (reply instanceof ErrorReply) return `-${this.anonymous(reply.text)}`;
    if (typeof reply === 'string' || typeof reply === 'number') return this.anonymous(String(reply));
    return Array.isArray(reply) ? reply.map((item) => this.show(item)) : reply;
  }

  /** `#0` among the arguments is the id of a node. */
  async call(node: number, ...args: Argument[]): Promise<unknown> {
    const { ids, clients } = this.cluster;
    const sent = args.map((arg) => (/^#\d$/.test(String(arg)) ? ids[Number(String(arg)[1])]! : arg));
    return this.show(await clients[node]!.call(...sent));
  }
}

describe.skipIf(!hasStockServer)('a cluster of ours and a stock one', () => {
  let ours: Side;
  let stock: Side;

  beforeAll(async () => {
    [ours, stock] = await Promise.all([Side.start(OUR_SERVER), Side.start(STOCK_SERVER)]);
  });

  afterAll(async () => {
    await Promise.all([ours?.cluster.stop(), stock?.cluster.stop()]);
  });

  async function both(node: number, ...args: Argument[]): Promise<[ours: unknown, stock: unknown]> {
    return [await ours.call(node, ...args), await stock.call(node, ...args)];
  }

  /** Asks both the same, one command after the other. */
  async function expectSame(...steps: (readonly [node: number, ...args: Argument[]])[]): Promise<void> {
    for (const step of steps) {
      const [mine, theirs] = await both(...step);
      expect({ step, reply: mine }).toEqual({ step, reply: theirs });
    }
  }

  const line = (text: string): readonly [number, ...Argument[]] => [0, ...text.split(' ')];

  test('answer wrong requests in the same words', () =>
    expectSame(
      ...[
        ['CLUSTER', 'CLUSTER FOO', 'CLUSTER KEYSLOT', 'CLUSTER KEYSLOT foo', 'CLUSTER KEYSLOT {a}{b}'],
        ['CLUSTER ADDSLOTS', 'CLUSTER ADDSLOTS x', 'CLUSTER ADDSLOTS 16384', 'CLUSTER ADDSLOTS 1'],
        ['CLUSTER DELSLOTS 1 1', 'CLUSTER ADDSLOTSRANGE 1', 'CLUSTER ADDSLOTSRANGE 1 2 3'],
        ['CLUSTER ADDSLOTSRANGE 5 2', 'CLUSTER DELSLOTSRANGE 1 x', 'CLUSTER DELSLOTSRANGE 1 3 2 4'],
        [
          'CLUSTER SETSLOT 1',
          'CLUSTER SETSLOT 1 FOO',
          'CLUSTER SETSLOT x STABLE',
          'CLUSTER SETSLOT 1 STABLE',
        ],
        ['CLUSTER SETSLOT 9000 MIGRATING #1', 'CLUSTER SETSLOT 1 MIGRATING nobody'],
        ['CLUSTER SETSLOT 1 IMPORTING #1', 'CLUSTER SETSLOT 9000 IMPORTING nobody'],
        ['CLUSTER SETSLOT 1 NODE nobody', 'CLUSTER SETSLOT 1 NODE', 'CLUSTER COUNTKEYSINSLOT x'],
        ['CLUSTER COUNTKEYSINSLOT 16384', 'CLUSTER GETKEYSINSLOT 1 -1', 'CLUSTER GETKEYSINSLOT 1 x'],
        ['CLUSTER MEET localhost 7000', 'CLUSTER MEET 127.0.0.1 0', 'CLUSTER MEET 127.0.0.1 60000'],
        [
          'CLUSTER MEET 127.0.0.1',
          'CLUSTER MEET 127.0.0.1 1 2 3',
          'CLUSTER FORGET nobody',
          'CLUSTER FORGET #0',
        ],
        [
          'CLUSTER REPLICATE nobody',
          'CLUSTER REPLICATE #0',
          'CLUSTER REPLICATE #1',
          'CLUSTER REPLICAS nobody',
        ],
        ['CLUSTER REPLICAS #0', 'CLUSTER SLAVES #1', 'CLUSTER COUNT-FAILURE-REPORTS #1'],
        [
          'CLUSTER COUNT-FAILURE-REPORTS x',
          'CLUSTER FAILOVER',
          'CLUSTER FAILOVER FOO',
          'CLUSTER FAILOVER a b',
        ],
        ['CLUSTER RESET FOO', 'CLUSTER RESET a b', 'CLUSTER SET-CONFIG-EPOCH x'],
        ['CLUSTER SET-CONFIG-EPOCH -1', 'CLUSTER SET-CONFIG-EPOCH 1', 'CLUSTER SAVECONFIG', 'CLUSTER MYID'],
        ['ASKING', 'ASKING x', 'READONLY', 'READWRITE', 'SELECT 0', 'SELECT 1', 'SWAPDB 0 1', 'MOVE {3}a 1'],
        ['REPLICAOF NO ONE', 'FAILOVER', 'SORT {3}a BY x*', 'SORT {3}a GET x*'],
        ['DEBUG CLUSTERLINK KILL to nobody', 'DEBUG DROP-CLUSTER-PACKET-FILTER x'],
      ]
        .flat()
        .map(line),
    ));

  test('send clients to the same nodes', () =>
    expectSame(
      ...['SET foo 1', 'GET foo', 'GET {3}a', 'MGET {3}a foo', 'MSET foo 1 {3}a 2', 'DEL foo {3}a'].map(line),
      ...['OBJECT FREQ foo', 'XREAD STREAMS foo 0', 'ZUNIONSTORE foo 1 {3}a'].map(line),
      ...['SPUBLISH foo x', 'SPUBLISH {3}a x', 'SSUBSCRIBE foo', 'SUNSUBSCRIBE foo', 'PUBLISH foo x'].map(
        line,
      ),
      ...['DBSIZE', 'KEYS *', 'FLUSHALL', 'WATCH foo', 'BLPOP foo 1', 'SORT foo STORE {3}a'].map(line),
    ));

  test('treat transactions alike', () =>
    expectSame(
      ...['MULTI', 'SET {3}a 1', 'SET foo 2', 'EXEC', 'EXEC'].map(line),
      ...['MULTI', 'SET {3}a 1', 'SET {7}a 1', 'EXEC', 'EXISTS {3}a'].map(line),
      ...['MULTI', 'PING', 'EXEC', 'MULTI', 'SPUBLISH {3}a x', 'SET {3}a 1', 'EXEC', 'DEL {3}a'].map(line),
    ));

  test('describe the cluster in the same form', async () => {
    for (const args of [['SLOTS'], ['SHARDS'], ['LINKS'], ['NODES']]) {
      const [mine, theirs] = await both(1, 'CLUSTER', ...args);
      expect({ args, shape: shapeOf(mine) }).toEqual({ args, shape: shapeOf(theirs) });
    }
    const fields = (info: unknown): string[] =>
      [...String(info).matchAll(/^(\w[\w-]*):/gm)]
        .map((match) => match[1]!)
        // Which messages there were is chance.
        .filter((name) => !/^cluster_stats_messages_.+_/.test(name));
    const [mine, theirs] = await both(0, 'CLUSTER', 'INFO');
    expect(fields(mine)).toEqual(fields(theirs));
  });

  test('lead clients through the move of a slot in the same way', async () => {
    const slot = 12182;
    await expectSame(
      [2, 'MSET', '{foo}1', 'a', '{foo}2', 'b'],
      [0, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', '#2'],
      [2, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', '#0'],
      [2, 'GET', '{foo}1'],
      [2, 'GET', '{foo}3'],
      [2, 'SET', '{foo}3', 'x'],
      [2, 'MGET', '{foo}1', '{foo}3'],
      [2, 'MGET', '{foo}3', '{foo}4'],
      [2, 'MGET', '{foo}1', '{foo}2'],
      [2, 'CLUSTER', 'COUNTKEYSINSLOT', slot],
      [2, 'CLUSTER', 'GETKEYSINSLOT', slot, 10],
      [0, 'GET', '{foo}1'],
      [0, 'ASKING'],
      [0, 'GET', '{foo}1'],
      [0, 'GET', '{foo}1'],
      [0, 'ASKING'],
      [0, 'MGET', '{foo}1', '{foo}2'],
      [0, 'ASKING'],
      [0, 'SET', '{foo}3', 'c'],
      [0, 'ASKING'],
      [0, 'MULTI'],
      [0, 'GET', '{foo}3'],
      [0, 'INCR', '{foo}4'],
      [0, 'EXEC'],
      [0, 'GET', '{foo}3'],
      [2, 'CLUSTER', 'SETSLOT', slot, 'NODE', '#0'],
      [2, 'DEL', '{foo}1', '{foo}2'],
      [0, 'CLUSTER', 'SETSLOT', slot, 'NODE', '#0'],
      [2, 'CLUSTER', 'SETSLOT', slot, 'NODE', '#0'],
      [2, 'GET', '{foo}3'],
      [0, 'GET', '{foo}3'],
      [0, 'DEL', '{foo}3', '{foo}4'],
    );
  });

  test('declare the commands alike', async () => {
    for (const name of ['CLUSTER', 'ASKING', 'READONLY', 'READWRITE']) {
      const [mine, theirs] = await both(0, 'COMMAND', 'INFO', name);
      const declarations = (reply: unknown): unknown[] => {
        const [[fullName, arity, flags, first, last, step, categories, tips, keys, subcommands]] =
          reply as unknown[][][];
        // What is about the cluster is answered while a dataset is loaded as well (7.2: SLOTS and SHARDS only).
        const kept = (flags as unknown[]).filter((flag) => flag !== 'loading');
        const own = [fullName, arity, sorted(kept), first, last, step, sorted(categories), tips, keys];
        return [own, ...(subcommands ?? []).flatMap((sub) => declarations([sub]))];
      };
      const known = declarations(theirs);
      const names = new Set(known.map((declaration) => String((declaration as unknown[])[0])));
      const byName = (a: unknown, b: unknown): number => (String(a) < String(b) ? -1 : 1);
      const found = declarations(mine).filter((declaration) =>
        names.has(String((declaration as unknown[])[0])),
      );
      expect(found.sort(byName)).toEqual(known.sort(byName));
    }
  });

  test('end waits in the same words when a slot leaves', async () => {
    const answers = await Promise.all(
      [ours, stock].map(async (side) => {
        const waiting = await side.cluster.servers[1]!.connect();
        const subscriber = await side.cluster.servers[1]!.connect();
        await subscriber.call('SSUBSCRIBE', '{1}c');
        const reply = waiting.call('BLPOP', '{1}b', 0);
        const slot = Number(await side.cluster.clients[1]!.call('CLUSTER', 'KEYSLOT', '{1}'));
        for (const node of [0, 1, 2]) await side.call(node, 'CLUSTER', 'SETSLOT', slot, 'NODE', '#0');
        const shown = [side.show(await reply), side.show(await subscriber.next())];
        waiting.close();
        subscriber.close();
        return shown;
      }),
    );
    expect(answers[0]).toEqual(answers[1]);
  });
});

describe.skipIf(!hasStockServer)('servers in no cluster, ours and a stock one', () => {
  test('refuse what is about clusters in the same words', async () => {
    const servers = await Promise.all(
      [OUR_SERVER, STOCK_SERVER].map((program) => RunningServer.start(program)),
    );
    const [mine, theirs] = await Promise.all(
      servers.map(async (server) => {
        const client = await server.connect();
        const replies: TestReply[] = [];
        for (const request of [
          'CLUSTER INFO',
          'CLUSTER HELP',
          'CLUSTER FOO',
          'CLUSTER',
          'CLUSTER KEYSLOT',
          'ASKING',
        ])
          replies.push(await client.call(...request.split(' ')));
        for (const request of ['READONLY', 'READWRITE', 'READONLY x', 'SSUBSCRIBE a b', 'SPUBLISH a x'])
          replies.push(await client.call(...request.split(' ')));
        client.close();
        return replies;
      }),
    );
    await Promise.all(servers.map((server) => server.stop()));
    expect(mine).toEqual(theirs);
  });
});

function sorted(words: unknown): unknown {
  return Array.isArray(words) ? [...(words as string[])].sort() : words;
}

/** What stays of a description when the order of the nodes, times and counts are taken away. */
function shapeOf(reply: unknown): unknown {
  if (!Array.isArray(reply)) {
    const lines = String(reply).split('\n');
    const lineShape = (text: string): string =>
      text
        .split(' ')
        .map((word, index) => (index === 4 || index === 5 ? 'time' : index === 6 ? 'epoch' : word))
        .join(' ');
    return lines.length > 1 ? lines.map(lineShape).sort() : wordShape(lines[0]!);
  }
  const items = reply.map((item, index) =>
    String(reply[index - 1]).startsWith('send-buffer-') ? 'number' : shapeOf(item),
  );
  return Array.isArray(reply[0])
    ? items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
    : items;
}

/** Times and the sizes of buffers differ from one moment to the next. */
function wordShape(word: string): string {
  return /^\d{6,}$/.test(word) ? 'number' : word;
}
