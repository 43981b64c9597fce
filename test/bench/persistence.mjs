/**
 * What persistence costs, as ratios from one run: how long requests take while a snapshot is being saved or the log is
 * being rewritten, against the same load without; memory that a snapshot takes, against what is written meanwhile; time
 * to load, against a stock redis-server that loads the same files.
 *
 *   npm run bench:persistence -- [--keys 1000000] [--seconds 8] [--rounds 3] [--clients 8]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { OUR_SERVER, startServer, STOCK_SERVER } from './support/servers.mjs';
import { median } from './support/statistics.mjs';

const BETWEEN_REQUESTS_MS = 1;

const { values: options } = parseArgs({
  options: {
    keys: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
    clients: { type: 'string', default: '8' },
  },
});
const keys = Number(options.keys);
const loadMs = Number(options.seconds) * 1000;
const rounds = Number(options.rounds);
const clientCount = Number(options.clients);

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** A connection that sends one command at a time. Replies are text; good enough for what is asked here. */
class Client {
  #waiting = [];

  constructor(socket) {
    this.socket = socket.setNoDelay(true);
    socket.on('data', (bytes) => this.#waiting.shift()?.(bytes.toString()));
  }

  static open(port) {
    return new Promise((done, fail) => {
      const socket = connect(port, '127.0.0.1', () => done(new Client(socket)));
      socket.once('error', fail);
    });
  }

  call(...args) {
    return new Promise((done) => {
      this.#waiting.push(done);
      this.socket.write(
        `*${args.length}\r\n${args.map((arg) => `$${String(arg).length}\r\n${arg}\r\n`).join('')}`,
      );
    });
  }

  async info(field) {
    const text = await this.call('INFO', 'persistence');
    return new RegExp(`^${field}:(.*)\r$`, 'm').exec(text)?.[1];
  }
}

/** Starts a server in a directory, and a client of it; `startedMs` says how long it took until it served its dataset. */
async function start(program, directory, ...more) {
  const server = await startServer(program, directory, ...more, '--enable-debug-command', 'yes');
  return { ...server, client: await Client.open(server.port) };
}

async function stop({ child, client }, graceful) {
  const ended = new Promise((done) => child.once('exit', done));
  client.socket.on('error', () => undefined);
  if (graceful) void client.call('SHUTDOWN');
  else child.kill('SIGKILL');
  await ended;
}

/** Latencies in milliseconds under a steady load, for as long as `goesOn` says. */
async function measure(port, goesOn) {
  const latencies = [];
  let writes = 0;
  const clients = await Promise.all(Array.from({ length: clientCount }, () => Client.open(port)));
  await Promise.all(
    clients.map(async (client) => {
      while (goesOn()) {
        const key = `key:${Math.floor(Math.random() * keys)}`;
        const began = performance.now();
        await (writes++ % 2 === 0 ? client.call('SET', key, 'changed') : client.call('GET', key));
        latencies.push(performance.now() - began);
        await sleep(BETWEEN_REQUESTS_MS);
      }
      client.socket.destroy();
    }),
  );
  latencies.sort((a, b) => a - b);
  const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))];
  return { p50: at(0.5), p999: at(0.999), longest: at(1), requests: latencies.length, writes: writes / 2 };
}

function residentMegabytes({ child }) {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024;
}

const ms = (value) => `${value.toFixed(2)} ms`;

function show(name, { p50, p999, longest, requests }) {
  console.log(
    `  ${name.padEnd(22)} p50 ${ms(p50)}, p99.9 ${ms(p999)}, longest ${ms(longest)} (${requests} requests)`,
  );
}

/** The load again while a background command runs over and over. */
async function duringBackgroundWork(server, command, busyField) {
  const until = performance.now() + loadMs;
  let isOver = false;
  let times = 0;
  let peak = 0;
  let copiedBytes = 0;
  const work = async () => {
    while (performance.now() < until) {
      await server.client.call(command);
      do {
        await sleep(20);
        peak = Math.max(peak, residentMegabytes(server));
      } while ((await server.client.info(busyField)) === '1');
      copiedBytes = Math.max(copiedBytes, Number(await server.client.info('rdb_last_cow_size')));
      times++;
    }
    isOver = true;
  };
  const [figures] = await Promise.all([measure(server.port, () => !isOver), work()]);
  return { ...figures, times, peak, copiedBytes };
}

async function latencies() {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-bench-'));
  const server = await start(
    OUR_SERVER,
    directory,
    '--appendonly',
    'yes',
    '--auto-aof-rewrite-percentage',
    '0',
  );
  await server.client.call('DEBUG', 'POPULATE', keys);
  console.log(`requests to a server with ${keys} keys, ${clientCount} clients:`);
  await measure(server.port, deadline(1000));
  const quiet = await measure(server.port, deadline(loadMs));
  const before = residentMegabytes(server);
  show('without', quiet);
  for (const [command, field] of [
    ['BGSAVE', 'rdb_bgsave_in_progress'],
    ['BGREWRITEAOF', 'aof_rewrite_in_progress'],
  ]) {
    const busy = await duringBackgroundWork(server, command, field);
    show(`during ${command}`, busy);
    console.log(
      `    p99.9 is ${(busy.p999 / quiet.p999).toFixed(2)} times that without; the longest stall is ` +
        `${ms(busy.longest - quiet.longest)} longer; ${busy.times} times in ${loadMs / 1000} s`,
    );
    console.log(
      `    memory: ${busy.copiedBytes} bytes put aside at most, resident ${before.toFixed(0)} -> ` +
        `${busy.peak.toFixed(0)} MB, ${Math.round(busy.writes)} writes`,
    );
  }
  await server.client.call('SAVE');
  await stop(server, true);
  return directory;
}

function deadline(forMs) {
  const until = performance.now() + forMs;
  return () => performance.now() < until;
}

/** Both servers load the same files, alternately; the time of an empty start is taken off. */
async function loadTimes(directory, name, ...more) {
  const times = { ours: [], stock: [] };
  const empty = { ours: [], stock: [] };
  for (let round = 0; round < rounds; round++) {
    for (const [who, program] of Object.entries({ ours: OUR_SERVER, stock: STOCK_SERVER })) {
      const nothing = mkdtempSync(join(tmpdir(), 'vedette-bench-'));
      const idle = await start(program, nothing, ...more);
      empty[who].push(idle.startedMs);
      await stop(idle, false);
      rmSync(nothing, { recursive: true, force: true });
      const server = await start(program, directory, ...more);
      times[who].push(server.startedMs);
      await stop(server, false);
    }
  }
  const of = (who) => median(times[who]) - median(empty[who]);
  console.log(
    `loading ${name}: ${ms(of('ours'))}, stock ${ms(of('stock'))}: ${(of('ours') / of('stock')).toFixed(2)} times`,
  );
}

const directory = await latencies();
try {
  if (spawnSync(STOCK_SERVER, ['--version']).status === 0) {
    await loadTimes(directory, 'the snapshot');
    await loadTimes(directory, 'the append-only log', '--appendonly', 'yes');
  } else {
    console.log('no stock redis-server here to compare the time to load with');
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
