/**
 * Takes a snapshot without a fork: the dataset of the moment it begins, serialised in slices between requests.
 *
 * The invariant: every entry that existed at the beginning is written exactly once, with the value it had then. An
 * entry carries the number of the last snapshot that has it. The walk writes entries that do not carry the
 * present number; whoever is about to change or remove such an entry announces it first, and the walk then puts
 * its old value aside. New entries are born with the present number. Flushing or swapping databases replaces
 * dictionaries, and the walk goes on with those that it began with.
 *
 * No call takes longer than a slice (about half a millisecond): a large collection is frozen, which costs next to
 * nothing, and written piece by piece later. What is put aside meanwhile is bounded by what is written.
 *
 * The receiver may pause the walk. What is put aside waits then, too.
 */

import type { Database } from '../../keyspace/database.js';
import type { Entry, EntryDictionary } from '../../keyspace/entry.js';
import type { Keyspace, SnapshotObserver } from '../../keyspace/keyspace.js';
import { Deque } from '../../keyspace/values/deque.js';
import { freezeValue, memoryOf, type FrozenValue } from '../../keyspace/values/value.js';
import type { Timer, Timers } from '../../platform/platform.js';
import type { Access } from '../access-marks.js';
import type { WritableRdbVersion } from '../rdb/format.js';
import { RdbOutput } from '../rdb/output.js';
import { isLargeValue } from '../rdb/value-encoder.js';
import { RdbWriter } from '../rdb/writer.js';
import { KeyDelay } from './delay.js';

/** Takes the body of a snapshot: everything between header and trailer of an RDB. */
export interface SnapshotReceiver {
  /**
   * The next bytes. They never change, unless the receiver gives them back with {@link SnapshotWalk.recycle}. May
   * pause or abort the walk.
   */
  onBytes(bytes: Buffer, walk: SnapshotWalk): void;
  /** All bytes have been given. */
  onComplete(): void;
  /** There will be no more; the snapshot is worthless. */
  onAborted(reason: string): void;
}

export interface SnapshotOptions {
  readonly version: WritableRdbVersion;
  /** `rdbcompression`. */
  readonly compression: boolean;
  /** `rdb-key-save-delay`. */
  readonly keyDelayMicroseconds: number;
  /** What to tell of a key's last access. */
  readonly accessOf: (entry: Entry) => Access;
}

/** A database as it was at the beginning. */
interface Section {
  readonly index: number;
  readonly entries: EntryDictionary;
  readonly keys: number;
  readonly keysWithExpiry: number;
}

/** An entry whose value is too large to be written at once. */
interface LargeEntry {
  readonly section: Section;
  readonly key: string;
  readonly value: FrozenValue;
  readonly expireAtMs: number;
  readonly access: Access;
}

const SLICE_BYTES = 64 * 1024;
const SLICE_ENTRIES = 512;

export class SnapshotWalk implements SnapshotObserver {
  /** Keys to be written in all, and written or put aside so far: for INFO. */
  readonly totalKeys: number;
  processedKeys = 0;
  /** Memory of the values that were put aside because they changed: what copy-on-write is to a fork. */
  copiedBytes = 0;

  private readonly output: RdbOutput;
  private readonly writer: RdbWriter;
  /** What was put aside because it was about to change; nothing of it may come inside a large entry. */
  private readonly aside: RdbOutput;
  private readonly asideWriter: RdbWriter;
  private readonly number: number;
  private readonly sections: Section[] = [];
  private readonly sectionsByEntries = new Map<EntryDictionary, Section>();
  private readonly delay: KeyDelay;

  private sectionNumber = -1;
  private cursor = 0;
  /** The database that the bytes of each output have selected; -1 for none. */
  private selected = -1;
  private asideSelected = -1;
  private readonly largeEntries = new Deque<LargeEntry>();
  private current: { readonly entry: Entry | null; readonly steps: Generator<void, void> } | null = null;
  private timer: Timer | null = null;
  private isPaused = false;
  private isScheduled = false;
  private isRunning = true;

  /**
   * Begins a snapshot of this moment, which must be the end of an execution unit. Bytes come from the next turn
   * of the event loop on. There must be no other snapshot of the keyspace.
   */
  constructor(
    private readonly keyspace: Keyspace,
    private readonly timers: Timers,
    private readonly options: SnapshotOptions,
    private readonly receiver: SnapshotReceiver,
    private readonly onDone: (isComplete: boolean) => void,
  ) {
    if (keyspace.snapshot !== null) throw new Error('snapshot: there is one already');
    const encoding = {
      version: options.version,
      listMaxListpackSize: keyspace.limits.listMaxListpackSize,
    };
    this.output = new RdbOutput(options.compression);
    this.writer = new RdbWriter(this.output, encoding);
    this.aside = new RdbOutput(options.compression);
    this.asideWriter = new RdbWriter(this.aside, encoding);
    this.delay = new KeyDelay(options.keyDelayMicroseconds);
    for (const { index, entries, expiries } of keyspace.databases) {
      if (entries.size === 0) continue;
      const section = { index, entries, keys: entries.size, keysWithExpiry: expiries.size };
      this.sections.push(section);
      this.sectionsByEntries.set(entries, section);
    }
    this.totalKeys = this.sections.reduce((sum, section) => sum + section.keys, 0);
    this.number = ++keyspace.snapshotNumber;
    keyspace.snapshot = this;
    this.schedule();
  }

  beforeChange(database: Database, entry: Entry): void {
    if (this.current !== null && this.current.entry === entry) {
      // A Buffer in the middle of being written: what is left of it is copied now.
      while (this.current.steps.next().done !== true);
      this.current = null;
      return;
    }
    const section = this.sectionsByEntries.get(database.entries);
    // Entries of a dataset that came into its place meanwhile have never been part of this snapshot.
    if (section === undefined) return;
    this.processedKeys++;
    this.delay.add();
    const { key, value } = entry;
    const expireAtMs = expiryOf(entry);
    const access = this.options.accessOf(entry);
    this.copiedBytes += memoryOf(value) + key.length;
    if (isLargeValue(value) && !Buffer.isBuffer(value)) {
      this.largeEntries.pushBack({ section, key, value: freezeValue(value), expireAtMs, access });
      return;
    }
    if (this.asideSelected !== section.index) {
      this.asideWriter.selectDatabase(section.index);
      this.asideSelected = section.index;
    }
    this.asideWriter.entry(key, freezeValue(value), expireAtMs, access);
  }

  /** Holds the bytes back until {@link resume}. */
  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.schedule();
  }

  /** `rdb-key-save-delay` has changed: a wait that has begun under the old one ends. */
  changeKeyDelay(microseconds: number): void {
    this.delay.change(microseconds);
    if (this.timer === null) return;
    this.timer.cancel();
    this.timer = null;
    this.isScheduled = false;
    this.schedule();
  }

  /** Takes back bytes that the receiver has no more use for. */
  recycle(bytes: Buffer): void {
    this.output.recycle(bytes);
  }

  /** Gives up. The receiver is told; nothing is called afterwards. */
  abort(reason: string): void {
    if (!this.isRunning) return;
    this.end();
    this.receiver.onAborted(reason);
    this.onDone(false);
  }

  /** Runs to the end at once: for SAVE, which stops the server by contract. */
  runToEnd(sleep: (ms: number) => void): void {
    while (this.isRunning) {
      this.slice();
      const delayMs = this.delay.take();
      if (delayMs > 0) sleep(delayMs);
    }
  }

  private schedule(): void {
    if (!this.isRunning || this.isPaused || this.isScheduled) return;
    this.isScheduled = true;
    const delayMs = this.delay.take();
    if (delayMs > 0) this.timer = this.timers.after(delayMs, this.turn);
    else this.timers.endOfTurn(this.turn);
  }

  private readonly turn = (): void => {
    this.timer = null;
    this.isScheduled = false;
    if (!this.isRunning || this.isPaused) return;
    this.slice();
    this.schedule();
  };

  private slice(): void {
    let steps = 0;
    let isFinished = false;
    while (this.output.length < SLICE_BYTES && steps < SLICE_ENTRIES && !this.delay.isDue && !isFinished) {
      isFinished = !this.step();
      steps++;
    }
    if (this.output.length > 0) this.receiver.onBytes(this.output.take(), this);
    // The receiver may have given up the snapshot with these bytes.
    if (!isFinished || !this.isRunning) return;
    this.end();
    this.receiver.onComplete();
    this.onDone(true);
  }

  /** Does the next piece of work; false when there is none left. */
  private step(): boolean {
    if (this.current !== null) {
      if (this.current.steps.next().done === true) this.finishCurrent();
    } else if (this.aside.length > 0) {
      const bytes = this.aside.take();
      this.output.raw(bytes);
      this.aside.recycle(bytes);
      this.selected = this.asideSelected;
      this.asideSelected = -1;
    } else {
      const large = this.largeEntries.popFront();
      if (large === undefined) return this.walk();
      this.beginLarge(large, null);
    }
    return true;
  }

  private walk(): boolean {
    const section = this.sections[this.sectionNumber];
    if (this.cursor === 0 || section === undefined) {
      this.sectionNumber++;
      if (this.sectionNumber >= this.sections.length) return false;
      const next = this.sections[this.sectionNumber];
      this.select(next);
      this.writer.sizeHint(next.keys, next.keysWithExpiry);
      this.cursor = next.entries.size;
      return true;
    }
    this.cursor = section.entries.scan(this.cursor, 1, this.visit);
    return true;
  }

  private readonly visit = (entry: Entry): void => {
    if (entry.snapshotNumber === this.number) return;
    const section = this.sections[this.sectionNumber];
    const { key, value } = entry;
    this.processedKeys++;
    this.delay.add();
    const expireAtMs = expiryOf(entry);
    const access = this.options.accessOf(entry);
    if (!isLargeValue(value)) {
      entry.snapshotNumber = this.number;
      this.select(section);
      this.writer.entry(key, freezeValue(value), expireAtMs, access);
      return;
    }
    // A Buffer cannot be frozen: it counts as saved only when it is, so that a change is still announced.
    const isBuffer = Buffer.isBuffer(value);
    if (!isBuffer) entry.snapshotNumber = this.number;
    this.beginLarge({ section, key, value: freezeValue(value), expireAtMs, access }, isBuffer ? entry : null);
  };

  private beginLarge(large: LargeEntry, entry: Entry | null): void {
    const { section, key, value, expireAtMs, access } = large;
    this.select(section);
    this.current = { entry, steps: this.writer.entrySteps(key, value, expireAtMs, access) };
  }

  private finishCurrent(): void {
    const entry = this.current?.entry ?? null;
    if (entry !== null) entry.snapshotNumber = this.number;
    this.current = null;
  }

  private select(section: Section): void {
    if (this.selected === section.index) return;
    this.writer.selectDatabase(section.index);
    this.selected = section.index;
  }

  private end(): void {
    this.isRunning = false;
    this.timer?.cancel();
    this.timer = null;
    if (this.keyspace.snapshot === this) this.keyspace.snapshot = null;
  }
}

function expiryOf(entry: Entry): number {
  return entry.expiry === null ? -1 : entry.expiry.atMs;
}
