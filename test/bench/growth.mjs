/**
 * How costs grow: each command on values of ten thousand and of a million elements, the longest time that a single
 * command takes while a huge value and a huge database come into being and go, and the memory of a million strings.
 * Ratios mean more than times. Printed beside a stock redis-server where there is one.
 *
 * usage: node test/bench/growth.mjs [--huge] [--only costs|stalls|memory]
 *   --huge   ten million elements and seventeen million keys instead of a million of each; takes gigabytes and minutes
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance, PerformanceObserver } from 'node:perf_hooks';
import { killServer, OUR_SERVER, startServerIn, STOCK_SERVER } from './support/servers.mjs';

const SMALL = 10_000;
const LARGE = 1_000_000;
const CALLS = 1_000;
const ROUNDS = 5;
const BATCH = 500;
const STALL_BATCH = 200;
const NOTEWORTHY_MS = 10;

const isHuge = process.argv.includes('--huge');
const only = process.argv[process.argv.indexOf('--only') + 1] ?? '';
const wants = (part) => !process.argv.includes('--only') || only === part;

/** For each type: how a value of so many elements is made, and what is measured on it. `i` counts up, `n` is the size. */
const TYPES = {
  list: {
    fill: (i) => ['RPUSH', 'v', `e${i}`],
    commands: {
      LPUSH: (i) => ['LPUSH', 'v', `x${i}`],
      RPOP: () => ['RPOP', 'v'],
      'LINDEX near the head': (i) => ['LINDEX', 'v', String(i % 10)],
      'LINDEX near the tail': (i) => ['LINDEX', 'v', String(-1 - (i % 10))],
    },
  },
  set: {
    fill: (i) => ['SADD', 'v', `e${i}`],
    commands: {
      SADD: (i) => ['SADD', 'v', `x${i}`],
      SISMEMBER: (i, n) => ['SISMEMBER', 'v', `e${(i * 7919) % n}`],
      SRANDMEMBER: () => ['SRANDMEMBER', 'v'],
      SPOP: () => ['SPOP', 'v'],
      SSCAN: (i) => ['SSCAN', 'v', String(i + 1), 'COUNT', '10'],
    },
  },
  hash: {
    fill: (i) => ['HSET', 'v', `e${i}`, `v${i}`],
    commands: {
      HSET: (i) => ['HSET', 'v', `x${i}`, 'y'],
      HGET: (i, n) => ['HGET', 'v', `e${(i * 7919) % n}`],
      HDEL: (i, n) => ['HDEL', 'v', `e${(i * 7919) % n}`],
    },
  },
  'sorted set': {
    fill: (i) => ['ZADD', 'v', String((i * 7919) % 1_000_003), `e${i}`],
    commands: {
      ZADD: (i) => ['ZADD', 'v', String((i * 104729) % 1_000_003), `x${i}`],
      ZRANK: (i, n) => ['ZRANK', 'v', `e${(i * 7919) % n}`],
      ZSCORE: (i, n) => ['ZSCORE', 'v', `e${(i * 7919) % n}`],
      'ZRANGE of 10': (i, n) => ['ZRANGE', 'v', String((i * 7919) % n), String(((i * 7919) % n) + 9)],
      ZPOPMIN: () => ['ZPOPMIN', 'v'],
    },
  },
  stream: {
    fill: (i) => ['XADD', 'v', `${i + 1}-0`, 'f', 'v'],
    commands: {
      XADD: () => ['XADD', 'v', '*', 'f', 'v'],
      'XRANGE of 10': (i, n) => ['XRANGE', 'v', `${((i * 7919) % n) + 1}-0`, '+', 'COUNT', '10'],
    },
  },
  string: {
    fill: (i, n) => (i === 0 ? ['SETRANGE', 'v', String(n * 10), 'x'] : ['PING']),
    commands: {
      SETBIT: (i, n) => ['SETBIT', 'v', String((i * 7919) % n), '1'],
      APPEND: () => ['APPEND', 'v', 'x'],
      GETRANGE: (i, n) => ['GETRANGE', 'v', String((i * 7919) % n), String(((i * 7919) % n) + 9)],
    },
  },
  keys: {
    fill: (i) => ['SET', `key:${i}`, 'v'],
    commands: {
      SET: (i) => ['SET', `new:${i}`, 'v'],
      GET: (i, n) => ['GET', `key:${(i * 7919) % n}`],
      SCAN: (i) => ['SCAN', String(i + 1), 'COUNT', '10'],
      RANDOMKEY: () => ['RANDOMKEY'],
    },
  },
};

class RunningServer {
  static async start(program, environment = {}) {
    const directory = mkdtempSync(join(tmpdir(), 'vedette-growth-'));
    const { child, port } = await startServerIn(environment, program, directory);
    const server = Object.assign(new RunningServer(), { child, directory, port });
    server.socket = await server.connect();
    server.socket.setNoDelay(true);
    return server;
  }

  connect() {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1', () => resolve(socket));
      socket.once('error', reject);
    });
  }

  /** Sends commands at once and waits for all replies: an ECHO behind them marks the end. */
  send(commands) {
    const mark = `end-${Math.random()}`;
    const text = [...commands, ['ECHO', mark]].map(encode).join('');
    return new Promise((resolve, reject) => {
      let tail = '';
      const onData = (chunk) => {
        tail = (tail + chunk.latin1Slice(Math.max(0, chunk.length - 65536))).slice(-65536);
        if (!tail.endsWith(`${mark}\r\n`)) return;
        this.socket.off('data', onData);
        this.socket.off('error', reject);
        resolve(tail);
      };
      this.socket.on('data', onData);
      this.socket.once('error', reject);
      this.socket.write(text, 'latin1');
    });
  }

  async fill(count, command) {
    for (let i = 0; i < count; i += BATCH) {
      const size = Math.min(BATCH, count - i);
      await this.send(Array.from({ length: size }, (_, j) => command(i + j, count)));
    }
  }

  get residentBytes() {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.child.pid}/status`, 'utf8'))?.[1]) * 1024;
  }

  async stop() {
    await killServer(this);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function encode(args) {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`;
}

/** Microseconds a call, of many in a pipeline: the least of several rounds, as other programs and the compiler only add. */
async function cost(server, command, size) {
  let least = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const began = process.hrtime.bigint();
    await server.fill(CALLS, (i) => command(i + round * CALLS, size));
    least = Math.min(least, Number(process.hrtime.bigint() - began) / 1000 / CALLS);
  }
  return least;
}

async function costs() {
  console.log(`microseconds a call at ${SMALL} and ${LARGE} elements, pipelined; the ratio is the growth\n`);
  for (const [type, { fill, commands }] of Object.entries(TYPES)) {
    const server = await RunningServer.start(OUR_SERVER);
    const measured = {};
    for (const size of [SMALL, LARGE]) {
      await server.send([['FLUSHALL']]);
      await server.fill(type === 'string' ? 1 : size, (i) => fill(i, size));
      for (const [name, command] of Object.entries(commands)) {
        (measured[name] ??= []).push(await cost(server, command, size));
      }
    }
    for (const [name, [small, large]] of Object.entries(measured)) {
      const cells = [
        small.toFixed(2).padStart(8),
        large.toFixed(2).padStart(8),
        (large / small).toFixed(2).padStart(6),
      ];
      console.log(`${type.padEnd(11)} ${name.padEnd(22)} ${cells.join(' ')}`);
    }
    await server.stop();
  }
}

/** When garbage was collected: intervals in milliseconds since 1970, ascending. */
class Collections {
  intervals = [];

  static ofFile(path) {
    const collections = new Collections();
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      const [began, duration] = line.split(' ').map(Number);
      if (duration > 0) collections.intervals.push([began, began + duration]);
    }
    return collections;
  }

  static ofThisProcess() {
    const collections = new Collections();
    const note = (entries) => {
      for (const { startTime, duration } of entries) {
        const began = performance.timeOrigin + startTime;
        collections.intervals.push([began, began + duration]);
      }
    };
    const observer = new PerformanceObserver((list) => note(list.getEntries()));
    observer.observe({ entryTypes: ['gc'] });
    return Object.assign(collections, {
      end() {
        note(observer.takeRecords());
        observer.disconnect();
      },
    });
  }

  /** What is left of each interval without its collections. */
  without(intervals) {
    let next = 0;
    return intervals.map(([began, ended]) => {
      while (next < this.intervals.length && this.intervals[next][1] < began) next++;
      let left = ended - began;
      for (let i = next; i < this.intervals.length && this.intervals[i][0] < ended; i++) {
        left -= Math.min(ended, this.intervals[i][1]) - Math.max(began, this.intervals[i][0]);
      }
      return left;
    });
  }
}

/** The longest that commands keep everybody waiting while something huge comes into being, and when it goes. */
async function stalls() {
  const elements = isHuge ? 10_000_000 : LARGE;
  const keys = isHuge ? 17_000_000 : LARGE;
  console.log('\nwaiting while growing, in milliseconds');
  console.log(
    `own: the longest batch of ${STALL_BATCH} commands, which bounds each of them, without the collector's pauses,`,
  );
  console.log(
    `and how many were above ${NOTEWORTHY_MS}; of a server whose collector marks at once, as only pauses are told of`,
  );
  console.log(
    'all: the longest single command of a server as it is, the collector included, and how many were so long\n',
  );
  for (const [what, count, fill, end] of [
    ['list', elements, TYPES.list.fill, ['DEL', 'v']],
    ['set', elements, TYPES.set.fill, ['DEL', 'v']],
    ['hash', elements, TYPES.hash.fill, ['DEL', 'v']],
    ['sorted set', elements, TYPES['sorted set'].fill, ['UNLINK', 'v']],
    ['stream', elements, TYPES.stream.fill, ['DEL', 'v']],
    ['database', keys, TYPES.keys.fill, ['FLUSHALL']],
  ]) {
    const own = await grow(count, fill, end, { VEDETTE_MARK_AT_ONCE: 'yes' });
    const all = await grow(count, fill, end, {});
    console.log(
      `${what.padEnd(11)} of ${count}: own ${own.longest.toFixed(1)} (${own.long}), ${end[0]} ${own.ending.toFixed(1)}; ` +
        `all ${all.longestSlow.toFixed(1)} (${all.slow}); ${all.seconds.toFixed(0)} s`,
    );
  }
}

/** Builds something huge on a new server, removes it, and tells how long clients waited. */
async function grow(count, fill, end, environment) {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-collections-'));
  const file = join(directory, 'collections');
  const server = await RunningServer.start(OUR_SERVER, {
    NODE_OPTIONS: `--import ${new URL('support/collections.mjs', import.meta.url)}`,
    VEDETTE_COLLECTIONS: file,
    ...environment,
  });
  await server.send([
    ['CONFIG', 'SET', 'slowlog-log-slower-than', String(NOTEWORTHY_MS * 1000), 'slowlog-max-len', '1000'],
  ]);
  const own = Collections.ofThisProcess();
  const batches = [];
  const timed = async (commands) => {
    const began = now();
    await server.send(commands);
    batches.push([began, now()]);
  };
  const startedMs = now();
  for (let i = 0; i < count; i += STALL_BATCH) {
    await timed(Array.from({ length: STALL_BATCH }, (_, j) => fill(i + j, count)));
  }
  const seconds = (now() - startedMs) / 1000;
  await timed([end]);
  const slowLog = await server.send([['SLOWLOG', 'GET', '1000']]);
  const slow = [...slowLog.matchAll(/\*6\r\n:\d+\r\n:\d+\r\n:(\d+)\r\n/g)].map(
    (match) => Number(match[1]) / 1000,
  );
  // The observers tell of a collection in a later turn of their loops.
  await new Promise((resolve) => setTimeout(resolve, 200));
  own.end();
  const withoutTheirs = Collections.ofFile(file).without(batches);
  const withoutOwn = own.without(batches);
  const left = batches.map(([began, ended], i) =>
    Math.max(0, withoutTheirs[i] + withoutOwn[i] - (ended - began)),
  );
  const ending = left.pop();
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
  return {
    seconds,
    ending,
    longest: left.reduce((longest, time) => Math.max(longest, time), 0),
    long: left.filter((time) => time > NOTEWORTHY_MS).length,
    slow: slow.length,
    longestSlow: Math.max(0, ...slow),
  };
}

function now() {
  return performance.timeOrigin + performance.now();
}

async function memory() {
  console.log(`\nresident memory of ${LARGE} keys key:<n> with 64 bytes each\n`);
  const taken = {};
  for (const [name, program] of [
    ['ours', OUR_SERVER],
    ['stock', STOCK_SERVER],
  ]) {
    if (spawnSync(program, ['--version']).status !== 0) continue;
    const server = await RunningServer.start(program);
    const before = server.residentBytes;
    await server.fill(LARGE, (i) => ['SET', `key:${i}`, 'x'.repeat(64)]);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    taken[name] = server.residentBytes - before;
    console.log(`${name.padEnd(6)} ${(taken[name] / 2 ** 20).toFixed(0).padStart(6)} MiB`);
    await server.stop();
  }
  if (taken.stock !== undefined) console.log(`ratio  ${(taken.ours / taken.stock).toFixed(2).padStart(6)}`);
}

if (wants('costs')) await costs();
if (wants('stalls')) await stalls();
if (wants('memory')) await memory();
