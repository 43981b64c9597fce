/**
 * The append-only log on a disk that fails, tears and forgets: whatever happens at whichever moment, what is there
 * afterwards is what a client had been told, and nothing that never was.
 *
 * One client writes numbers in order, so the dataset after a crash must be that of the first n writes, for an n that
 * is at least the number of those acknowledged (always), or acknowledged long enough ago (everysec). Every seed is a
 * schedule of its own; VEDETTE_CRASH_SEEDS says how many are tried.
 */
import { describe, expect, it } from 'vitest';
import { VirtualWorld } from '../../src/platform/virtual/index.js';
import { SeededRandom } from '../../src/platform/virtual/seeded-random.js';
import { LoggedServer } from '../support/logged-server.js';
import { ErrorReply } from '../support/resp.js';

const SEEDS = Number(process.env.VEDETTE_CRASH_SEEDS ?? 60);
/** What `everysec` may lose: a second until the next fsync is due, a tick of the timer, and the fsync itself. */
const LONGEST_LOSS_MS = 2000;
/** Far more than they need: a machine may be slow. */
const LIMIT_MS = 60_000 + SEEDS * 500;
const LIVES = 3;
const KEYS = 5;

type Policy = 'always' | 'everysec';

/** A writer and what it knows. */
class Witness {
  /** The last write that was sent, and the last one that was acknowledged. */
  sent = 0;
  acknowledged = 0;
  /** When each was acknowledged, by its number. */
  private readonly acknowledgedAtMs: number[] = [];
  private isRefused = false;
  /** When the disk was first made to fail in this life. */
  troubleAtMs = Infinity;

  /** Sends the next write: alone, or as one of the two effects of a transaction. */
  write(server: LoggedServer): void {
    const n = ++this.sent;
    const push = ['RPUSH', 'numbers', n] as const;
    if (n % 3 !== 0) {
      server.client.send(...push);
      return;
    }
    server.client.send('MULTI');
    server.client.send(...push);
    server.client.send('SET', `key:${n % KEYS}`, n);
    server.client.send('EXEC');
  }

  /** Takes note of the replies that have come. */
  listen(server: LoggedServer): void {
    for (const reply of server.client.replies()) {
      // Once a write was refused the numbers that follow are not in order any more.
      if (reply instanceof ErrorReply) this.isRefused = true;
      const counts = typeof reply === 'number' || Array.isArray(reply);
      if (!counts || this.isRefused) continue;
      this.acknowledged++;
      this.acknowledgedAtMs[this.acknowledged] = server.world.nowMs;
    }
  }

  /** A server that refuses writes is not written to. */
  get isStopped(): boolean {
    return this.isRefused;
  }

  /** How many writes had been acknowledged at a time. */
  acknowledgedBy(timeMs: number): number {
    let count = this.acknowledged;
    while (count > 0 && (this.acknowledgedAtMs[count] ?? 0) > timeMs) count--;
    return count;
  }

  /** A new life goes on where the dataset is. */
  restartAt(count: number): void {
    this.sent = count;
    this.acknowledged = count;
    this.acknowledgedAtMs.fill(0);
    this.isRefused = false;
    this.troubleAtMs = Infinity;
  }
}

/** Lets a server live for a while and ends that life somehow. */
function live(server: LoggedServer, witness: Witness, random: SeededRandom, withFaults: boolean): void {
  const { world, disk } = server;
  const steps = 5 + random.integer(60);
  for (let i = 0; i < steps && server.process.isAlive; i++) {
    if (!witness.isStopped) witness.write(server);
    const dice = random.integer(40);
    if (dice === 0) server.client.send('BGREWRITEAOF');
    if (dice === 1 && withFaults) {
      witness.troubleAtMs = Math.min(witness.troubleAtMs, world.nowMs);
      disk.faults.add({
        operation: random.chance(0.5) ? 'write' : random.chance(0.5) ? 'sync' : 'rename',
        code: random.chance(0.5) ? 'ENOSPC' : 'EIO',
        times: 1 + random.integer(3),
      });
    }
    world.advance(random.chance(0.1) ? random.integer(600) : random.integer(8));
    witness.listen(server);
  }
}

/** The numbers in the dataset, which must be the first ones, and what the transactions have set beside them. */
function survivors(server: LoggedServer): number {
  const numbers = server.call('LRANGE', 'numbers', 0, -1) as string[];
  expect(numbers).toEqual(numbers.map((_, index) => String(index + 1)));
  const count = numbers.length;
  for (let key = 0; key < KEYS; key++) {
    let last = count;
    while (last > 0 && !(last % 3 === 0 && last % KEYS === key)) last--;
    expect(server.call('GET', `key:${key}`)).toBe(last === 0 ? null : String(last));
  }
  return count;
}

function run(seed: string, policy: Policy, withFaults: boolean): void {
  const world = new VirtualWorld({
    seed,
    syncLatency: { minMs: 1, maxMs: 20 },
    diskLatency: { minMs: 0, maxMs: 2 },
  });
  const random = new SeededRandom(`${seed}/schedule`);
  const witness = new Witness();
  const directives = {
    appendfsync: policy,
    'aof-use-rdb-preamble': random.chance(0.5) ? 'yes' : 'no',
    'auto-aof-rewrite-min-size': '2000',
    'auto-aof-rewrite-percentage': '50',
    save: '""',
  };
  let crashedAtMs = 0;
  for (let life = 0; life < LIVES; life++) {
    const server = LoggedServer.started(world, directives);
    const found = survivors(server);
    if (life > 0) {
      // An fsync that fails makes nothing durable; the server then refuses further writes.
      const safeUntilMs = Math.min(crashedAtMs, witness.troubleAtMs) - LONGEST_LOSS_MS;
      expect(found).toBeGreaterThanOrEqual(
        policy === 'always' ? witness.acknowledged : witness.acknowledgedBy(safeUntilMs),
      );
      expect(found).toBeLessThanOrEqual(witness.sent);
    }
    witness.restartAt(found);
    live(server, witness, random, withFaults);
    const host = world.host('server');
    crashedAtMs = world.nowMs;
    if (random.chance(0.3)) server.process.kill();
    else host.powerLoss({ torn: random.chance(0.7) });
    host.powerOn();
    host.disk.faults.clear();
  }
}

describe.each(['always', 'everysec'] as const)('appendfsync %s', (policy) => {
  it(
    `keeps what it promised through crashes and power failures (${SEEDS} schedules)`,
    () => {
      for (let seed = 0; seed < SEEDS; seed++) {
        try {
          run(`${policy}-${seed}`, policy, false);
        } catch (error) {
          throw new Error(`seed ${policy}-${seed}: ${String(error)}`, { cause: error });
        }
      }
    },
    LIMIT_MS,
  );

  it(
    `keeps it on a disk that fails now and then, too (${SEEDS} schedules)`,
    () => {
      for (let seed = 0; seed < SEEDS; seed++) {
        try {
          run(`${policy}-faults-${seed}`, policy, true);
        } catch (error) {
          throw new Error(`seed ${policy}-faults-${seed}: ${String(error)}`, { cause: error });
        }
      }
    },
    LIMIT_MS,
  );
});
