/**
 * EVALSHA of a small script (GET, compare, SET) as a ratio of stock redis-server's throughput, both driven by
 * redis-benchmark, alternately, in one run.
 *
 *   node test/bench/scripts.mjs [--rounds 3] [--depths 1,16] [--requests N]
 */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../..');
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

function freePort() {
  return new Promise((done, fail) => {
    const server = createServer().once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

function answersPing(port) {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => done(false));
    socket.once('data', (bytes) => {
      socket.destroy();
      done(bytes.toString().startsWith('+PONG'));
    });
    socket.write('PING\r\n');
  });
}

async function startServer(command, directory) {
  const port = await freePort();
  const child = spawn(
    command,
    ['--port', String(port), '--save', '', '--dir', directory, '--loglevel', 'warning'],
    {
      stdio: 'ignore',
    },
  );
  for (let tries = 0; !(await answersPing(port)); tries++) {
    if (tries > 500 || child.exitCode !== null) throw new Error(`${command} did not start`);
    await new Promise((done) => setTimeout(done, 20));
  }
  const { stdout } = await run('redis-cli', ['-p', String(port), 'script', 'load', SCRIPT]);
  return { port, child, sha: stdout.trim() };
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

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

const directory = await mkdtemp(join(tmpdir(), 'vedette-bench-'));
const stock = await startServer('redis-server', directory);
const ours = await startServer(join(ROOT, 'bin/vedette-server'), directory);
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
  for (const { child } of [stock, ours]) child.kill('SIGKILL');
  await rm(directory, { recursive: true, force: true });
}
