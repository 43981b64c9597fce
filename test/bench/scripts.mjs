/**
 * EVALSHA of a small script (GET, compare, SET) as a ratio of stock redis-server's throughput, both driven by
 * redis-benchmark, alternately, in one run.
 *
 *   node test/bench/scripts.mjs [--rounds 3] [--depths 1,16] [--requests N]
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { killServer, OUR_SERVER, startServer, STOCK_SERVER } from './support/servers.mjs';
import { median } from './support/statistics.mjs';

const run = promisify(execFile);
const SCRIPT =
  "if redis.call('GET', KEYS[1]) == ARGV[1] then return 0 else return redis.call('SET', KEYS[1], ARGV[1]) end";

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    depths: { type: 'string', default: '1,16' },
    requests: { type: 'string' },
    clients: { type: 'string', default: '50' },
  },
});

/** A server that knows the script. */
async function startWithScript(program) {
  const server = await startServer(program, directory, '--loglevel', 'warning');
  const { stdout } = await run('redis-cli', ['-p', String(server.port), 'script', 'load', SCRIPT]);
  return { ...server, sha: stdout.trim() };
}

/** Calls per second. The argument is random, so that most calls write. */
async function measure({ port, sha }, depth) {
  const requests = options.requests ?? String(depth === 1 ? 60_000 : 200_000);
  const { stdout } = await run('redis-benchmark', [
    ...[
      '-p',
      String(port),
      '-P',
      String(depth),
      '-c',
      options.clients,
      '-n',
      requests,
      '-r',
      '1000',
      '--csv',
    ],
    ...['evalsha', sha, '1', 'key:__rand_int__', 'value:__rand_int__'],
  ]);
  const row = stdout.trim().split('\n').at(-1).split('","');
  return Number(row[1]);
}

const directory = await mkdtemp(join(tmpdir(), 'vedette-bench-'));
const stock = await startWithScript(STOCK_SERVER);
const ours = await startWithScript(OUR_SERVER);
try {
  console.log('depth   redis-server   vedette-server   ratio');
  for (const depth of options.depths.split(',').map(Number)) {
    const rates = { stock: [], ours: [] };
    for (let round = 0; round < Number(options.rounds); round++) {
      rates.stock.push(await measure(stock, depth));
      rates.ours.push(await measure(ours, depth));
    }
    const [theirs, mine] = [median(rates.stock), median(rates.ours)];
    console.log(
      `${String(depth).padStart(5)} ${theirs.toFixed(0).padStart(14)} ${mine.toFixed(0).padStart(16)} ${(mine / theirs).toFixed(2).padStart(7)}`,
    );
  }
} finally {
  await Promise.all([stock, ours].map(killServer));
  await rm(directory, { recursive: true, force: true });
}
