/** Data that goes into a cluster and out of it: `import`, `backup`; and what is done at every node. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runVedetteCli, type CliResult } from '../support/cluster-cli.js';
import { addressOf, RealCluster } from '../support/real-cluster.js';
import { RunningServer, STOCK_SERVER } from '../support/running-server.js';

const PASSWORD = 'secret';
const KEY_COUNT = 2500;

let cluster: RealCluster;
let entry: string;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vedette-backup-'));
  cluster = await RealCluster.startStock(4, { password: PASSWORD });
  await cluster.form(3);
  entry = addressOf(cluster.nodes[0]!);
});

afterAll(async () => {
  await cluster?.close();
  rmSync(directory, { recursive: true, force: true });
});

function manage(...words: string[]): Promise<CliResult> {
  return runVedetteCli(['-a', PASSWORD, '--no-auth-warning', '--cluster', ...words]);
}

describe('import', () => {
  let source: RunningServer;
  let from: string;

  beforeAll(async () => {
    source = await RunningServer.start(STOCK_SERVER, '--requirepass', 'other');
    from = `127.0.0.1:${source.port}`;
    const client = await source.connect();
    await client.call('AUTH', 'other');
    for (let i = 0; i < KEY_COUNT; i++) await client.call('SET', `import:${i}`, `value ${i}`);
    client.close();
  });

  afterAll(() => source?.stop());

  async function sourceSize(): Promise<unknown> {
    const client = await source.connect();
    await client.call('AUTH', 'other');
    const size = await client.call('DBSIZE');
    client.close();
    return size;
  }

  test('tells when the source lets nobody in', async () => {
    expect(await manage('import', entry, '--cluster-from', from)).toMatchObject({
      status: 1,
      output: expect.stringContaining('NOAUTH') as string,
    });
  });

  test('with --cluster-copy brings every key and leaves them where they were', async () => {
    const options = ['--cluster-from', from, '--cluster-from-pass', 'other', '--cluster-copy'];
    const { output, status } = await manage('import', entry, ...options);
    expect(output).toContain(`*** Importing ${KEY_COUNT} keys from DB 0\n`);
    expect(output).toMatch(/^Migrating import:7 to 127\.0\.0\.1:\d+: OK$/m);
    expect(status).toBe(0);
    expect(await cluster.keyCount()).toBe(KEY_COUNT);
    expect(await sourceSize()).toEqual(KEY_COUNT);
  });

  test('stops at a key that is there already', async () => {
    const options = ['--cluster-from', from, '--cluster-from-pass', 'other'];
    const { output, status } = await manage('import', entry, ...options);
    expect(output).toContain('BUSYKEY');
    expect(status).toBe(1);
  });

  test('with --cluster-replace moves them over it', async () => {
    const options = ['--cluster-from', from, '--cluster-from-pass', 'other', '--cluster-replace'];
    expect(await manage('import', entry, ...options)).toMatchObject({ status: 0 });
    expect(await cluster.keyCount()).toBe(KEY_COUNT);
    expect(await sourceSize()).toEqual(0);
  });

  test('refuses to take from a cluster', async () => {
    const other = addressOf(cluster.nodes[1]!);
    expect(
      await manage('import', entry, '--cluster-from', other, '--cluster-from-pass', PASSWORD),
    ).toMatchObject({
      status: 1,
      output: expect.stringContaining('[ERR] The source node should not be a cluster node.') as string,
    });
  });
});

describe('backup', () => {
  test('saves a file of every master that a server can load, and who had which slots', async () => {
    const { output, errors, status } = await manage('backup', entry, directory);
    expect(status).toBe(0);
    expect(output).toContain(`[OK] Backup created into: ${directory}`);
    expect(errors.match(/Transfer finished with success/g)).toHaveLength(3);
    const files = readdirSync(directory).sort();
    expect(files.filter((name) => name.endsWith('.rdb'))).toHaveLength(3);
    expect(files).toHaveLength(4);

    const described = JSON.parse(readFileSync(join(directory, 'nodes.json'), 'utf8')) as {
      slots_count: number;
      replicate: string | null;
    }[];
    expect(described.reduce((sum, { slots_count }) => sum + slots_count, 0)).toBe(16384);
    expect(described.filter(({ replicate }) => replicate !== null)).toHaveLength(1);

    let keys = 0;
    for (const name of files.filter((file) => file.endsWith('.rdb')))
      keys += await keysIn(join(directory, name));
    expect(keys).toBe(KEY_COUNT);
  });

  test('of a directory that is not there says why', async () => {
    const { errors, status } = await manage('backup', entry, join(directory, 'nosuch'));
    expect(errors).toContain('No such file or directory');
    expect(status).toBe(1);
  });
});

/** How many keys a stock server finds in an RDB file. */
async function keysIn(path: string): Promise<number> {
  const place = mkdtempSync(join(tmpdir(), 'vedette-load-'));
  copyFileSync(path, join(place, 'dump.rdb'));
  const server = await RunningServer.startIn(place, STOCK_SERVER);
  const client = await server.connect();
  const size = await client.call('DBSIZE');
  client.close();
  await server.stop();
  rmSync(place, { recursive: true, force: true });
  return Number(size);
}

describe('at every node', () => {
  test('a command is called, also at those of one role only', async () => {
    const all = await manage('call', entry, 'CLUSTER', 'MYID');
    expect(all.output.match(/^127\.0\.0\.1:\d+: [0-9a-f]{40}$/gm)).toHaveLength(4);
    const masters = await manage('call', entry, 'ROLE', '--cluster-only-masters');
    expect(masters.output.match(/^127\.0\.0\.1:\d+: master$/gm)).toHaveLength(3);
    const replicas = await manage('call', entry, 'ROLE', '--cluster-only-replicas');
    expect(replicas.output.match(/^127\.0\.0\.1:\d+: slave$/gm)).toHaveLength(1);
  });

  test('the timeout is set, and stays after a restart', async () => {
    const { output } = await manage('set-timeout', entry, '7000');
    expect(output).toContain('>>> New node timeout set. 4 OK, 0 ERR.');
    for (const node of cluster.nodes) {
      expect(await node.call('CONFIG', 'GET', 'cluster-node-timeout')).toEqual([
        'cluster-node-timeout',
        '7000',
      ]);
      expect(readFileSync(node.configurationFile, 'utf8')).toContain('cluster-node-timeout 7000');
    }
  });
});
