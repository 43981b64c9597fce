/** `vedette-cli --cluster` against `redis-cli --cluster`: the same cluster must give the same output and status. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runRedisCli, runVedetteCli, type CliResult, type CliRun } from '../support/cluster-cli.js';
import { addressOf, idOf, RealCluster } from '../support/real-cluster.js';

let cluster: RealCluster;
let address: string;
let ids: string[];
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vedette-backup-'));
  cluster = await RealCluster.startStock(6);
  await cluster.form(3);
  address = addressOf(cluster.nodes[0]!);
  ids = await Promise.all(cluster.nodes.map(idOf));
  await runRedisCli(['-c', '-p', address.split(':')[1]!], {
    input: Array.from({ length: 50 }, (_, i) => `SET key:${i} ${i}\n`).join(''),
  });
});

afterAll(async () => {
  await cluster?.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Runs redis-cli, then ours, and expects no difference; gives the result, which a test may look at further. */
async function compare(words: readonly string[], run: CliRun = {}): Promise<CliResult> {
  const stock = await runRedisCli(['--cluster', ...words], run);
  expect(await runVedetteCli(['--cluster', ...words], run)).toEqual(stock);
  return stock;
}

/** What only looks, or stops before it does anything. */
describe('the same output and status', () => {
  test('info and check', async () => {
    expect(await compare(['info', address])).toMatchObject({ status: 0 });
    expect(await compare(['check', address])).toMatchObject({ status: 0 });
    await compare(['check', ...address.split(':')]);
    await compare(['check', addressOf(cluster.nodes[4]!)]);
    await compare(['check', address, '--cluster-search-multiple-owners']);
  });

  test('in colour', async () => {
    const { output } = await compare(['check', address], { environment: { TERM: 'xterm-256color' } });
    expect(output).toContain('\x1b[32;1m[OK]');
    await compare(['del-node', address, ids[0]!], { environment: { TERM: 'xterm' } });
  });

  test('fix with nothing to fix', async () => {
    await compare(['fix', address]);
  });

  test('call', async () => {
    await compare(['call', address, 'CONFIG', 'GET', 'maxmemory']);
    await compare(['call', address, 'GET', 'key:1', '--cluster-only-masters']);
    await compare(['call', address, 'DBSIZE', '--cluster-only-replicas']);
    await compare(['call', address, 'NOSUCH']);
  });

  test('rebalance that would move slots', async () => {
    await compare(['rebalance', address, '--cluster-simulate']);
    await compare(['rebalance', address, '--cluster-simulate', '--cluster-weight', `${ids[0]}=2`]);
    await compare([
      'rebalance',
      address,
      '--cluster-weight',
      `${ids[1]!.slice(0, 20)}=0`,
      '--cluster-simulate',
    ]);
    await compare(['rebalance', address, '--cluster-weight', 'nosuch=1']);
    await compare(['rebalance', address, '--cluster-threshold', '0.001', '--cluster-simulate']);
  });

  test('a reshard that is not confirmed', async () => {
    const options = ['--cluster-to', ids[0]!, '--cluster-from', 'all', '--cluster-slots', '10'];
    expect(await compare(['reshard', address, ...options], { input: 'no\n' })).toMatchObject({ status: 1 });
    await compare(['reshard', address, '--cluster-to', ids[3]!, '--cluster-slots', '1']);
    await compare([
      'reshard',
      address,
      '--cluster-to',
      ids[1]!,
      '--cluster-from',
      ids[1]!,
      '--cluster-slots',
      '1',
    ]);
    await compare([
      'reshard',
      address,
      '--cluster-to',
      ids[1]!,
      '--cluster-from',
      'x',
      '--cluster-slots',
      '1',
    ]);
  });

  test('a node that cannot be removed', async () => {
    await compare(['del-node', address, ids[0]!]);
    await compare(['del-node', address, 'f'.repeat(40)]);
  });

  test('nodes that cannot be added', async () => {
    await compare(['add-node', addressOf(cluster.nodes[1]!), address]);
    await compare(['add-node', '127.0.0.1:1', address]);
    await compare(['add-node', '127.0.0.1:1', address, '--cluster-slave', '--cluster-master-id', 'x']);
    await compare(['add-node', '127.0.0.1:1', address, '--cluster-slave']);
  });

  test('a cluster that cannot be created', async () => {
    await compare(['create', address, addressOf(cluster.nodes[1]!), addressOf(cluster.nodes[2]!)]);
    await compare(['create', '127.0.0.1:1', '127.0.0.1:2']);
    await compare(['create', 'nonsense', 'more']);
  });

  test.each([
    [['nosuch']],
    [['check']],
    [['check', 'nonsense']],
    [['check', '127.0.0.1:1']],
    [['add-node', '127.0.0.1:1']],
    [['set-timeout', '127.0.0.1:1', '50']],
    [['import', '127.0.0.1:1']],
    [['import', '127.0.0.1:1', '--cluster-from', 'nonsense']],
  ])('%j', async (words) => {
    await compare(words);
  });

  test('a timeout for all', async () => {
    expect(await compare(['set-timeout', address, '5000'])).toMatchObject({ status: 0 });
  });

  test('a backup, with the same description of the cluster', async () => {
    const { status } = await compare(['backup', address, directory]);
    expect(status).toBe(0);
    const ours = readFileSync(join(directory, 'nodes.json'), 'utf8');
    await runRedisCli(['--cluster', 'backup', address, directory]);
    expect(ours).toBe(readFileSync(join(directory, 'nodes.json'), 'utf8'));
  });

  test('help begins with the same list', async () => {
    const stock = await runRedisCli(['--cluster', 'help']);
    const ours = await runVedetteCli(['--cluster', 'help']);
    expect(ours.output.startsWith(stock.output)).toBe(true);
    // That of redis-cli is 1.
    expect(ours.status).toBe(0);
  });
});

/** What changes something is done by one with empty nodes and by the other with others like them. */
describe('creating', () => {
  /** Ids and ports differ, and so does how long nodes take to find each other. */
  function normal(result: CliResult, nodes: RealCluster): CliResult {
    let { output } = result;
    for (const [index, node] of nodes.nodes.entries()) {
      output = output.replaceAll(addressOf(node), `node-${index}`);
    }
    for (const [index, id] of idsInOrder(output).entries()) output = output.replaceAll(id, `id-${index}`);
    const lines = output.replace(/join\n\.+\n/, 'join\n').split('\n');
    const isAfter = lines.findIndex((line) => line.startsWith('>>> Performing Cluster Check'));
    // Nodes tell of each other in no particular order.
    return { ...result, output: [...lines.slice(0, isAfter), ...lines.slice(isAfter).sort()].join('\n') };
  }

  function idsInOrder(output: string): string[] {
    return [...new Set(output.match(/[0-9a-f]{40}/g))];
  }

  test('gives the same roles and says the same', async () => {
    const clusters = await Promise.all([RealCluster.startStock(7), RealCluster.startStock(7)]);
    try {
      const [first, second] = clusters;
      const words = (nodes: RealCluster) => [
        ...['--cluster', 'create', ...nodes.nodes.map(addressOf)],
        ...['--cluster-replicas', '1', '--cluster-yes'],
      ];
      const stock = await runRedisCli(words(first!));
      const ours = await runVedetteCli(words(second!));
      const isUnplanned = (text: string) => text.includes('anti-affinity');
      expect(isUnplanned(ours.output)).toBe(isUnplanned(stock.output));
      // Which replica is swapped with which is up to chance, so only the plan before that is compared.
      const plan = (result: CliResult, nodes: RealCluster) =>
        normal(result, nodes).output.split('>>> Trying')[0];
      expect(plan(ours, second!)).toBe(plan(stock, first!));
      const said = (result: CliResult) => result.output.split('\n').filter((line) => /^(>>>|\[)/.test(line));
      const withoutAddress = (line: string) => line.replace(/127.0.0.1:\d+/, 'address');
      expect(said(ours).map(withoutAddress)).toEqual(said(stock).map(withoutAddress));
      expect(ours.status).toBe(0);
    } finally {
      await Promise.all(clusters.map((nodes) => nodes.close()));
    }
  });
});
