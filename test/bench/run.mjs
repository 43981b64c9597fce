/**
 * Throughput of vedette-server as a ratio of stock redis-server's, both driven by redis-benchmark, alternately,
 * in one run: absolute figures say more about the machine than about the server.
 *
 *   npm run bench -- [--rounds 3] [--depths 1,16,64] [--tests set,get,incr,lpush,hset,mset] [--requests N] [--keyspace N]
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { killServer, OUR_SERVER, startServer, STOCK_SERVER } from './support/servers.mjs';
import { median } from './support/statistics.mjs';

const run = promisify(execFile);

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    depths: { type: 'string', default: '1,16,64' },
    tests: { type: 'string', default: 'set,get,incr,lpush,hset,mset' },
    requests: { type: 'string' },
    clients: { type: 'string', default: '50' },
    // Random keys out of so many; without it every request has the same key, as redis-benchmark has by default.
    keyspace: { type: 'string' },
  },
});

const depths = options.depths.split(',').map(Number);
const tests = options.tests.split(',');
const rounds = Number(options.rounds);

/** Requests per second of each test at one depth. */
async function measure(server, depth) {
  const requests = options.requests ?? String(depth === 1 ? 60_000 : depth * 25_000);
  const results = new Map();
  for (const test of tests) {
    const { stdout } = await run('redis-benchmark', [
      '-p',
      String(server.port),
      '-t',
      test,
      '-P',
      String(depth),
      '-c',
      options.clients,
      '-n',
      requests,
      '-d',
      '16',
      '--csv',
      ...(options.keyspace === undefined ? [] : ['-r', options.keyspace]),
    ]);
    const row = stdout
      .trim()
      .split('\n')
      .at(-1)
      .split(',')
      .map((cell) => cell.replaceAll('"', ''));
    results.set(test, Number(row[1]));
    await run('redis-cli', ['-p', String(server.port), 'flushall']);
  }
  return results;
}

const directory = await mkdtemp(join(tmpdir(), 'vedette-bench-'));
const [stock, ours] = [
  await startServer(STOCK_SERVER, directory, '--loglevel', 'warning'),
  await startServer(OUR_SERVER, directory, '--loglevel', 'warning'),
];
try {
  console.log(
    `ratio vedette-server / redis-server, median of ${rounds} alternating rounds (stock requests/s)`,
  );
  console.log(['depth', ...tests].map((cell) => cell.padStart(16)).join(''));
  for (const depth of depths) {
    const ratios = new Map(tests.map((test) => [test, []]));
    const absolute = new Map(tests.map((test) => [test, []]));
    await measure(ours, depth); // warms the JIT up; stock has nothing to warm
    for (let round = 0; round < rounds; round++) {
      const [theirs, own] = [await measure(stock, depth), await measure(ours, depth)];
      for (const test of tests) {
        ratios.get(test).push(own.get(test) / theirs.get(test));
        absolute.get(test).push(theirs.get(test));
      }
    }
    const cells = tests.map((test) => {
      const perSecond = Math.round(median(absolute.get(test)) / 1000);
      return `${median(ratios.get(test)).toFixed(2)} (${perSecond}k)`.padStart(16);
    });
    console.log([String(depth).padStart(16), ...cells].join(''));
  }
} finally {
  await Promise.all([stock, ours].map(killServer));
  await rm(directory, { recursive: true, force: true });
}
