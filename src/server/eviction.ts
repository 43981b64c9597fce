/**
 * Makes room when memory is short: which keys go is `maxmemory-policy`'s to say. As in Redis, the best of a few random
 * keys are kept in a pool from one eviction to the next, which comes close to the best of all.
 *
 * How much is done at once is counted in keys, not in time, which stands still in a simulated step.
 */
import type { Database } from '../keyspace/database.js';
import type { Entry } from '../keyspace/entry.js';
import type { Server } from './server.js';
import { EventClass } from './notifications.js';

const POOL_SIZE = 16;
const ACCESS_MARK_MASK = 0xff_ffff;
/** Keys that one command evicts at most, for each point of `maxmemory-eviction-tenacity`. */
const KEYS_PER_TENACITY = 16;
const UNLIMITED_TENACITY = 100;

interface Candidate {
  readonly database: Database;
  readonly key: string;
  /** The greater, the sooner it goes. */
  readonly score: number;
}

/** `done`: there is room. `more`: there will be, if one goes on. `stuck`: nothing is left that may go. */
export type EvictionResult = 'done' | 'more' | 'stuck';

export class Eviction {
  /** The best candidates, the best one last. */
  private pool: Candidate[] = [];
  private nextDatabase = 0;

  constructor(private readonly server: Server) {}

  /** Evicts keys until `isEnough` says so. */
  makeRoom(isEnough: () => boolean): EvictionResult {
    const { server } = this;
    const { values } = server.config;
    if (values['maxmemory-policy'] === 'noeviction') return 'stuck';
    const tenacity = values['maxmemory-eviction-tenacity'];
    let left = tenacity >= UNLIMITED_TENACITY ? Infinity : (tenacity + 1) * KEYS_PER_TENACITY;
    let result: EvictionResult = 'done';
    const beganMs = server.platform.clock.monotonicMs();
    while (!isEnough()) {
      if (left-- === 0) {
        result = 'more';
        break;
      }
      const victim = this.victim();
      if (victim === null) {
        result = 'stuck';
        break;
      }
      this.evict(victim.database, victim.entry);
    }
    server.propagation.endUnit(true);
    server.latencyMonitor.note('eviction-cycle', server.platform.clock.monotonicMs() - beganMs, server.nowMs);
    return result;
  }

  private evict(database: Database, entry: Entry): void {
    const { server } = this;
    const { key } = entry;
    database.remove(entry);
    server.statistics.evictedKeys++;
    const word = server.config.values['lazyfree-lazy-eviction'] ? 'UNLINK' : 'DEL';
    server.propagation.add(database.index, [word, key]);
    server.notify(EventClass.Evicted, 'evicted', key, database.index);
    database.touched(key);
    server.scheduleTurnEnd();
  }

  private victim(): { database: Database; entry: Entry } | null {
    const policy = this.server.config.values['maxmemory-policy'];
    return policy.endsWith('-random') ? this.randomVictim(policy) : this.bestVictim(policy);
  }

  private randomVictim(policy: string): { database: Database; entry: Entry } | null {
    const { databases } = this.server.keyspace;
    for (let i = 0; i < databases.length; i++) {
      const database = databases[this.nextDatabase];
      this.nextDatabase = (this.nextDatabase + 1) % databases.length;
      const entry = this.randomEntry(database, policy);
      if (entry !== undefined) return { database, entry };
    }
    return null;
  }

  private bestVictim(policy: string): { database: Database; entry: Entry } | null {
    const isVolatile = policy.startsWith('volatile-');
    for (;;) {
      if (!this.fillPool(policy)) return null;
      for (let best = this.pool.pop(); best !== undefined; best = this.pool.pop()) {
        const { database, key } = best;
        const entry = database.entries.get(key);
        // It may have gone, or have become persistent, since it was looked at.
        if (entry !== undefined && (!isVolatile || entry.expiry !== null)) return { database, entry };
      }
    }
  }

  /** Looks at some keys of each database; false when there are none. */
  private fillPool(policy: string): boolean {
    const samples = this.server.config.values['maxmemory-samples'];
    const isVolatile = policy.startsWith('volatile-');
    let found = false;
    for (const database of this.server.keyspace.databases) {
      const available = isVolatile ? database.expiries.size : database.entries.size;
      for (let i = Math.min(samples, available); i > 0; i--) {
        const entry = this.randomEntry(database, policy);
        if (entry === undefined) continue;
        found = true;
        this.offer({ database, key: entry.key, score: this.scoreOf(entry, policy) });
      }
    }
    return found;
  }

  private offer(candidate: Candidate): void {
    const { pool } = this;
    if (pool.some(({ database, key }) => key === candidate.key && database === candidate.database)) return;
    const at = pool.findIndex(({ score }) => score >= candidate.score);
    if (at === 0 && pool.length === POOL_SIZE) return;
    pool.splice(at === -1 ? pool.length : at, 0, candidate);
    if (pool.length > POOL_SIZE) pool.shift();
  }

  private scoreOf(entry: Entry, policy: string): number {
    if (policy === 'volatile-ttl') return -(entry.expiry?.atMs ?? Infinity);
    const { frequency, accessMark } = this.server.keyspace;
    if (frequency !== null) return -frequency.countOf(entry.access);
    return (accessMark - entry.access) & ACCESS_MARK_MASK;
  }

  private randomEntry(database: Database, policy: string): Entry | undefined {
    const { random } = this.server.platform;
    if (!policy.startsWith('volatile-')) return database.entries.randomEntry(random);
    const expiry = database.expiries.randomEntry(random);
    return expiry === undefined ? undefined : database.entries.get(expiry.key);
  }
}
