import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Database } from '../../../../src/keyspace/database.js';
import { Keyspace } from '../../../../src/keyspace/keyspace.js';
import { DEFAULT_ENCODING_LIMITS } from '../../../../src/keyspace/values/encoding-limits.js';
import { HashValue } from '../../../../src/keyspace/values/hash-value.js';
import { ListValue } from '../../../../src/keyspace/values/list-value.js';
import { SetValue } from '../../../../src/keyspace/values/set-value.js';
import { SortedSetValue } from '../../../../src/keyspace/values/sorted-set-value.js';
import { makeStreamId, nextStreamId } from '../../../../src/keyspace/values/stream-id.js';
import { StreamValue } from '../../../../src/keyspace/values/stream-value.js';
import type { Value } from '../../../../src/keyspace/values/value.js';
import { SnapshotFrame } from '../../../../src/persistence/snapshot/snapshot-frame.js';
import {
  SnapshotWalk,
  type SnapshotOptions,
  type SnapshotReceiver,
} from '../../../../src/persistence/snapshot/snapshot-walk.js';
import { SeededRandom } from '../../../../src/platform/virtual/index.js';
import { plainOf, type Plain } from '../rdb/plain.js';
import { readSnapshot } from '../rdb/snapshot-bytes.js';
import { ManualTimers } from './manual-timers.js';

const limits = DEFAULT_ENCODING_LIMITS;
const options: SnapshotOptions = {
  version: 10,
  compression: true,
  keyDelayMicroseconds: 0,
  accessOf: () => ({ idleSeconds: -1, frequency: -1 }),
};

class Collector implements SnapshotReceiver {
  readonly frame = new SnapshotFrame({ version: 10, aux: [], functions: [], checksum: true });
  readonly pieces: Buffer[] = [this.frame.header()];
  outcome: 'running' | 'complete' | 'aborted' = 'running';
  onBytes(bytes: Buffer): void {
    this.frame.body(bytes);
    this.pieces.push(bytes);
  }
  onComplete(): void {
    this.pieces.push(this.frame.trailer());
    this.outcome = 'complete';
  }
  onAborted(): void {
    this.outcome = 'aborted';
  }
}

interface Contents {
  value: Plain;
  expireAtMs: number;
}

/** Everything in a keyspace, by database and key. */
function contentsOf(keyspace: Keyspace): Map<string, Contents> {
  const contents = new Map<string, Contents>();
  for (const { index, entries } of keyspace.databases) {
    entries.forEach(({ key, value, expiry }) => {
      contents.set(`${index}/${key}`, { value: plainOf(value), expireAtMs: expiry?.atMs ?? -1 });
    });
  }
  return contents;
}

/** The same of a snapshot; fails when a key is in it twice. */
function contentsOfSnapshot(bytes: Buffer): Map<string, Contents> {
  const contents = new Map<string, Contents>();
  let database = -1;
  for (const heard of readSnapshot(bytes)) {
    if (heard[0] === 'database') database = heard[1];
    if (heard[0] !== 'entry') continue;
    const { key, value, expireAtMs } = heard[1];
    expect(contents.has(`${database}/${key}`)).toBe(false);
    contents.set(`${database}/${key}`, { value, expireAtMs });
  }
  return contents;
}

function makeValue(random: SeededRandom, large: boolean): Value {
  const count = large ? 1500 + random.integer(3000) : 1 + random.integer(40);
  switch (random.integer(7)) {
    case 0:
      return random.integer(100_000);
    case 1:
      return 'text '.repeat(large ? 20_000 : 1 + random.integer(20));
    case 2:
      return Buffer.alloc(large ? 200_000 : 40, 'b');
    case 3: {
      const list = new ListValue(limits);
      for (let i = 0; i < count; i++) list.pushTail(`element ${i}`);
      return list;
    }
    case 4: {
      const hash = new HashValue(limits);
      for (let i = 0; i < count; i++) hash.set(`field ${i}`, `value ${i}`);
      return hash;
    }
    case 5: {
      const set = new SetValue(limits);
      for (let i = 0; i < count; i++) set.add(`member ${i}`);
      return set;
    }
    default: {
      if (random.chance(0.5)) {
        const set = new SortedSetValue(limits);
        for (let i = 0; i < count; i++) set.set(`member ${i}`, (i * 7919) % 1000);
        return set;
      }
      const stream = new StreamValue(limits);
      for (let i = 1; i <= count; i++) stream.append(makeStreamId(i, 0), ['field'], [`value ${i}`]);
      const group = stream.addGroup('group', stream.lastId, count);
      const consumer = group?.addConsumer('consumer', 1, 1);
      if (consumer === undefined) throw new Error('no group');
      for (let i = 1; i <= count; i += 2) group?.assign(makeStreamId(i, 0), consumer, i, 1);
      return stream;
    }
  }
}

/** Changes a value in place, as commands do. */
function changeValue(random: SeededRandom, value: Value): void {
  if (typeof value !== 'object') return;
  if (Buffer.isBuffer(value)) {
    value.fill(random.integer(256), random.integer(value.length));
    return;
  }
  const i = random.integer(2000);
  switch (value.type) {
    case 'list':
      if (random.chance(0.3)) value.popHead();
      else if (random.chance(0.5)) value.set(random.integer(value.length), 'changed');
      else if (random.chance(0.5)) value.insert(random.integer(value.length), 'inserted');
      else value.pushHead('pushed');
      if (value.length === 0) value.pushTail('never empty');
      return;
    case 'hash':
      if (random.chance(0.5)) value.set(`field ${i}`, 'changed');
      else if (value.size > 1) value.delete(`field ${i}`);
      return;
    case 'set':
      if (random.chance(0.5)) value.add(`new ${i}`);
      else if (value.size > 1) value.delete(`member ${i}`);
      return;
    case 'zset':
      if (random.chance(0.7)) value.set(`member ${i}`, random.integer(1000));
      else if (value.size > 1) value.delete(`member ${i}`);
      return;
    case 'stream': {
      const group = value.group('group');
      const consumer = group?.addConsumer(`consumer ${i}`, 5, 5) ?? group?.consumer('consumer');
      if (random.chance(0.3)) value.delete(makeStreamId(1 + i, 0));
      else if (random.chance(0.3)) group?.acknowledge(makeStreamId(1 + i, 0));
      else if (consumer !== undefined && random.chance(0.3))
        group?.assign(makeStreamId(1 + i, 0), consumer, 9, 9);
      else value.append(nextStreamId(value.lastId) ?? value.lastId, ['other'], ['late']);
      return;
    }
  }
}

function randomKey(random: SeededRandom, database: Database): string {
  return database.entries.randomEntry(random)?.key ?? 'none';
}

/** Something that a client might do. */
function disturb(random: SeededRandom, keyspace: Keyspace, step: number): void {
  const database = keyspace.databases[random.integer(keyspace.databases.length)];
  const key = randomKey(random, database);
  switch (random.integer(20)) {
    case 0:
      if (step > 20) database.flush();
      return;
    case 1:
      keyspace.swap(keyspace.databases[0], keyspace.databases[1]);
      return;
    case 2:
    case 3:
    case 4:
      database.delete(key);
      return;
    case 5:
    case 6:
      database.set(`new ${step}`, makeValue(random, false));
      return;
    case 7:
      database.set(key, 'overwritten');
      return;
    case 8: {
      const entry = database.entryForWrite(key);
      if (entry === undefined) return;
      const value = entry.value;
      database.remove(entry);
      database.delete(`renamed ${step}`);
      database.add(`renamed ${step}`, value);
      changeValue(random, database.valueForWrite(`renamed ${step}`) ?? 0);
      return;
    }
    case 9: {
      const entry = database.entryForWrite(key);
      if (entry !== undefined) database.setExpiry(entry, 5_000_000_000_000 + step);
      return;
    }
    default: {
      const value = database.valueForWrite(key);
      if (value !== undefined) changeValue(random, value);
      return;
    }
  }
}

function filledKeyspace(random: SeededRandom, keys: number, largeKeys: number): Keyspace {
  const keyspace = new Keyspace(3, limits);
  for (let i = 0; i < keys; i++) {
    const database = keyspace.databases[random.integer(3)];
    const entry = database.set(`key ${i}`, makeValue(random, i < largeKeys));
    if (random.chance(0.2)) database.setExpiry(entry, 4_000_000_000_000 + i);
  }
  return keyspace;
}

describe('SnapshotWalk', () => {
  it('shows the dataset of the moment it began, whatever is done meanwhile', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const random = new SeededRandom(`snapshot ${seed}`);
        const keyspace = filledKeyspace(random, 300 + random.integer(900), random.integer(10));
        const before = contentsOf(keyspace);
        const timers = new ManualTimers();
        const collector = new Collector();
        new SnapshotWalk(keyspace, timers, options, collector, () => undefined);
        for (let step = 0; collector.outcome === 'running'; step++) {
          for (let i = random.integer(30); i > 0; i--) disturb(random, keyspace, step);
          timers.turn();
        }
        expect(keyspace.snapshot).toBeNull();
        expect(contentsOfSnapshot(Buffer.concat(collector.pieces))).toEqual(before);
      }),
      { numRuns: 20 },
    );
  }, 60_000);

  it('can be followed by another, which shows its own moment', () => {
    const random = new SeededRandom('rounds');
    const keyspace = filledKeyspace(random, 500, 5);
    const timers = new ManualTimers();
    for (let round = 0; round < 4; round++) {
      const before = contentsOf(keyspace);
      const collector = new Collector();
      new SnapshotWalk(keyspace, timers, options, collector, () => undefined);
      while (collector.outcome === 'running') {
        for (let i = 0; i < 20; i++) disturb(random, keyspace, 1);
        timers.turn();
      }
      expect(contentsOfSnapshot(Buffer.concat(collector.pieces))).toEqual(before);
    }
  });

  it('gives its bytes in slices, none of which is much larger than 64 KiB', () => {
    const keyspace = new Keyspace(1, limits);
    const hash = new HashValue(limits);
    for (let i = 0; i < 100_000; i++) hash.set(`field ${i}`, `value ${i}`);
    keyspace.databases[0].set('hash', hash);
    keyspace.databases[0].set('string', 'x'.repeat(5_000_000));
    for (let i = 0; i < 20_000; i++) keyspace.databases[0].set(`key ${i}`, i);
    const timers = new ManualTimers();
    const collector = new Collector();
    new SnapshotWalk(keyspace, timers, options, collector, () => undefined);
    let turns = 0;
    while (timers.turn()) turns++;
    expect(collector.outcome).toBe('complete');
    expect(turns).toBeGreaterThan(100);
    expect(Math.max(...collector.pieces.map((piece) => piece.length))).toBeLessThan(100 * 1024);
  });

  it('does not serialise a large collection because one element of it changes', () => {
    const keyspace = new Keyspace(1, limits);
    const set = new SortedSetValue(limits);
    for (let i = 0; i < 100_000; i++) set.set(`member ${i}`, i);
    keyspace.databases[0].set('set', set);
    const timers = new ManualTimers();
    const collector = new Collector();
    new SnapshotWalk(keyspace, timers, options, collector, () => undefined);
    keyspace.databases[0].valueForWrite('set');
    set.set('member 5', 1e9);
    expect(collector.pieces.length).toBe(1);
    while (timers.turn());
    const heard = readSnapshot(Buffer.concat(collector.pieces)).find(([what]) => what === 'entry');
    const members = heard?.[0] === 'entry' && heard[1].value.type === 'zset' ? heard[1].value.value : [];
    expect(members.length).toBe(100_000);
    expect(members[5]).toEqual(['member 5', 5]);
  });

  it('gives nothing while it is paused, and goes on when resumed', () => {
    const keyspace = filledKeyspace(new SeededRandom('keys'), 3000, 0);
    const timers = new ManualTimers();
    const collector = new Collector();
    const walk = new SnapshotWalk(keyspace, timers, options, collector, () => undefined);
    timers.turn();
    walk.pause();
    timers.turn();
    const { length } = collector.pieces;
    expect(timers.turn()).toBe(false);
    expect(collector.pieces.length).toBe(length);
    walk.resume();
    walk.resume();
    while (timers.turn());
    expect(collector.outcome).toBe('complete');
    expect(contentsOfSnapshot(Buffer.concat(collector.pieces))).toEqual(contentsOf(keyspace));
  });

  it('lets go of the keyspace when it is aborted', () => {
    const keyspace = filledKeyspace(new SeededRandom('keys'), 3000, 0);
    const timers = new ManualTimers();
    const collector = new Collector();
    const outcomes: boolean[] = [];
    const walk = new SnapshotWalk(keyspace, timers, options, collector, (isComplete) =>
      outcomes.push(isComplete),
    );
    timers.turn();
    walk.abort('test');
    expect(collector.outcome).toBe('aborted');
    expect(keyspace.snapshot).toBeNull();
    const { length } = collector.pieces;
    while (timers.turn());
    expect(collector.pieces.length).toBe(length);
    expect(outcomes).toEqual([false]);
  });

  it('waits as rdb-key-save-delay asks', () => {
    const keyspace = filledKeyspace(new SeededRandom('keys'), 100, 0);
    const timers = new ManualTimers();
    const collector = new Collector();
    new SnapshotWalk(
      keyspace,
      timers,
      { ...options, keyDelayMicroseconds: 2000 },
      collector,
      () => undefined,
    );
    while (timers.turn());
    expect(timers.delaysMs.reduce((sum, ms) => sum + ms, 0)).toBe(200);
  });

  it('tells how far it is', () => {
    const keyspace = filledKeyspace(new SeededRandom('keys'), 3000, 0);
    const timers = new ManualTimers();
    const walk = new SnapshotWalk(keyspace, timers, options, new Collector(), () => undefined);
    expect(walk.totalKeys).toBe(keyspace.size);
    timers.turn();
    expect(walk.processedKeys).toBeGreaterThan(0);
    expect(walk.processedKeys).toBeLessThan(walk.totalKeys);
    while (timers.turn());
    expect(walk.processedKeys).toBe(walk.totalKeys);
  });

  it('tells how much it had to put aside', () => {
    const keyspace = new Keyspace(1, limits);
    const [database] = keyspace.databases;
    for (let i = 0; i < 100; i++) database.set(`key ${i}`, 'x'.repeat(500));
    const walk = new SnapshotWalk(keyspace, new ManualTimers(), options, new Collector(), () => undefined);
    expect(walk.copiedBytes).toBe(0);
    for (let i = 0; i < 10; i++) database.set(`key ${i}`, 'y');
    for (let i = 0; i < 10; i++) database.set(`key ${i}`, 'z');
    expect(walk.copiedBytes).toBeGreaterThan(5000);
    expect(walk.copiedBytes).toBeLessThan(6000);
  });
});
