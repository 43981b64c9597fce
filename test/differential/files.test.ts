/**
 * Our files and those of a stock redis-server are the same files: either server starts from the directory that the other
 * left, and DEBUG DIGEST says that nothing was lost. Snapshots in both versions that we write, and append-only
 * directories with a base of either kind and commands after it.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fill } from '../support/every-type.js';
import { hasStockServer, OUR_SERVER, RunningServer, STOCK_SERVER } from '../support/running-server.js';

const KEYS = 8;
const PATIENCE_MS = 60_000;

let directory: string;

beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'vedette-files-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A server that works in the test's directory. */
class FileServer {
  private constructor(
    private readonly server: RunningServer,
    readonly client: Redis,
  ) {}

  static async start(program: string, ...options: string[]): Promise<FileServer> {
    const debug = ['--enable-debug-command', 'yes'];
    const server = await RunningServer.startIn(directory, program, ...debug, ...options);
    return new FileServer(server, server.connectRedis());
  }

  async digest(): Promise<string> {
    return String(await this.client.call('DEBUG', 'DIGEST'));
  }

  async until(field: string): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while (!(await this.client.info('persistence')).includes(`${field}\r\n`)) {
      if (Date.now() > deadline) throw new Error(`${field}: waited in vain`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  shutDown(): Promise<void> {
    return this.server.shutDown();
  }
}

/** What comes after the base: commands of every kind that are logged in another form than they came in. */
async function change(client: Redis): Promise<void> {
  const pipeline = client.pipeline();
  pipeline.select(1);
  pipeline.set('later', 'value', 'EX', 100_000);
  pipeline.incrbyfloat('sum', 0.1);
  pipeline.spop('set 1', 2);
  pipeline.call('MULTI');
  pipeline.select(2);
  pipeline.lpush('list 2', 'more');
  pipeline.hincrbyfloat('hash new', 'field', 1.5);
  pipeline.call('EXEC');
  pipeline.xadd('stream 3', '*', 'name', 'value');
  pipeline.xreadgroup('GROUP', 'readers', 'carol', 'COUNT', 2, 'STREAMS', 'stream 3', '>');
  pipeline.restore('copy', 0, Buffer.from('000568656c6c6f0a006372df766534200a', 'hex'));
  pipeline.del('zset 4', 'string 5');
  for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
}

const PROGRAMS = { ours: OUR_SERVER, stock: STOCK_SERVER };
const DIRECTIONS = [
  ['ours', 'stock'],
  ['stock', 'ours'],
] as const;

describe.skipIf(!hasStockServer)('an append-only directory', () => {
  it.each(
    DIRECTIONS.flatMap((direction) => ['yes', 'no'].map((preamble) => [...direction, preamble] as const)),
  )('of %s is loaded by %s (aof-use-rdb-preamble %s)', async (writer, reader, preamble) => {
    const options = ['--appendonly', 'yes', '--aof-use-rdb-preamble', preamble];
    const first = await FileServer.start(PROGRAMS[writer], ...options, '--aof-timestamp-enabled', 'yes');
    await fill(first.client, `files ${preamble}`, KEYS);
    await first.client.bgrewriteaof();
    await first.until('aof_rewrite_in_progress:0');
    await change(first.client);
    const digest = await first.digest();
    await first.shutDown();
    const second = await FileServer.start(PROGRAMS[reader], ...options);
    expect(await second.digest()).toBe(digest);
    // The reader goes on with the log of the writer, who can read that again.
    await second.client.set('of the other', 1);
    const together = await second.digest();
    await second.shutDown();
    const third = await FileServer.start(PROGRAMS[writer], ...options);
    expect(await third.digest()).toBe(together);
    await third.shutDown();
    expect(readdirSync(join(directory, 'appendonlydir')).sort()).toEqual([
      `appendonly.aof.2.base.${preamble === 'yes' ? 'rdb' : 'aof'}`,
      'appendonly.aof.2.incr.aof',
      'appendonly.aof.manifest',
    ]);
  });

  it('of ours is right for the stock checker, and the other way round', async () => {
    for (const writer of [OUR_SERVER, STOCK_SERVER]) {
      const server = await FileServer.start(writer, '--appendonly', 'yes');
      await fill(server.client, 'checked', 3);
      await server.shutDown();
      const manifest = join(directory, 'appendonlydir', 'appendonly.aof.manifest');
      const ours = spawnSync(OUR_SERVER.replace('vedette-server', 'vedette-check-aof'), [manifest]);
      const stock = spawnSync('redis-check-aof', [manifest]);
      const lines = (output: Buffer): string[] =>
        output
          .toString()
          .split('\n')
          .filter((line) => !line.includes('AUX FIELD'));
      expect(ours.status).toBe(0);
      expect(stock.status).toBe(0);
      expect(lines(ours.stdout)).toEqual(lines(stock.stdout));
      rmSync(join(directory, 'appendonlydir'), { recursive: true });
    }
  });
});

describe.skipIf(!hasStockServer)('a snapshot file', () => {
  it.each(DIRECTIONS)('of %s is loaded by %s', async (writer, reader) => {
    const first = await FileServer.start(PROGRAMS[writer]);
    await fill(first.client, 'snapshot', KEYS);
    const digest = await first.digest();
    await first.client.save();
    await first.shutDown();
    const second = await FileServer.start(PROGRAMS[reader]);
    expect(await second.digest()).toBe(digest);
    await second.shutDown();
  });

  it('of version 11 is loaded by us, and says more of consumers', async () => {
    const first = await FileServer.start(OUR_SERVER, '--rdb-version', '11');
    await fill(first.client, 'newer', 6);
    const digest = await first.digest();
    await first.client.save();
    await first.shutDown();
    const second = await FileServer.start(OUR_SERVER);
    expect(await second.digest()).toBe(digest);
    await second.shutDown();
  });
});
