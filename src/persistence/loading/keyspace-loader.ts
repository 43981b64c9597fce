/**
 * Puts what a snapshot holds into a keyspace: the sink of an RdbReader. Whoever owns the bytes (a file, a
 * replication link) pushes them into {@link KeyspaceLoader.reader}; what the fields of the snapshot said is
 * there when it is complete.
 *
 * Loading is no execution unit: nothing is notified, propagated or counted as a change.
 */

import { Entry, Expiry } from '../../keyspace/entry.js';
import type { Database } from '../../keyspace/database.js';
import type { Keyspace } from '../../keyspace/keyspace.js';
import type { Logger } from '../../log/logger.js';
import { quoteBytes } from '../../resp/ascii.js';
import { parseSafeInteger } from '../../resp/numbers.js';
import { markFor } from '../access-marks.js';
import { RdbReader, type RdbEntry, type RdbSink } from '../rdb/reader.js';
import { KeyDelay } from '../snapshot/delay.js';

export interface LoadOptions {
  /** `rdbchecksum`. */
  readonly verifyChecksum: boolean;
  /**
   * True for a master that loads its own snapshot: keys whose time has passed are left out. A replica keeps them
   * until its master deletes them, and the base of an AOF keeps them for the commands that follow.
   */
  readonly dropsExpired: boolean;
  readonly nowMs: number;
  /** DEBUG RELOAD MERGE replaces keys that exist; everywhere else they are an error. */
  readonly replacesExisting: boolean;
  /** `maxmemory-policy`: decides what is kept of the time or frequency of accesses. */
  readonly evictionPolicy: string;
  /** `key-load-delay`. */
  readonly keyDelayMicroseconds: number;
}

/** What a snapshot said of itself, as far as we want to know. */
export interface SnapshotFacts {
  /** Replication state at its moment; null when it has none. */
  readonly replication: { readonly id: string; readonly offset: number } | null;
  /** The database that the stream had selected, 0 when it does not say. */
  readonly streamDatabase: number;
  readonly functions: readonly string[];
  /** Keys that were left out because their time has passed, if replicas may have them (there is a replication state). */
  readonly expiredKeys: readonly ExpiredKey[];
}

export interface ExpiredKey {
  readonly databaseIndex: number;
  readonly key: string;
}

export class KeyspaceLoader implements RdbSink {
  readonly reader: RdbReader;
  keysLoaded = 0;
  keysExpired = 0;
  emptyKeysSkipped = 0;

  private database: Database;
  private readonly delay: KeyDelay;
  private readonly aux = new Map<string, string>();
  private readonly functions: string[] = [];
  private readonly expiredKeys: ExpiredKey[] = [];

  constructor(
    private readonly keyspace: Keyspace,
    private readonly options: LoadOptions,
    private readonly log: Logger,
  ) {
    this.database = keyspace.databases[0];
    this.delay = new KeyDelay(options.keyDelayMicroseconds);
    const { verifyChecksum } = options;
    this.reader = new RdbReader(this, { limits: keyspace.limits, verifyChecksum });
  }

  /** To be read when the snapshot is complete. */
  get facts(): SnapshotFacts {
    const id = this.aux.get('repl-id');
    const offset = parseSafeInteger(this.aux.get('repl-offset') ?? '');
    const streamDatabase = parseSafeInteger(this.aux.get('repl-stream-db') ?? '');
    return {
      replication: id === undefined || id.length !== 40 || !(offset >= 0) ? null : { id, offset },
      streamDatabase: streamDatabase >= 0 ? streamDatabase : 0,
      functions: this.functions,
      expiredKeys: this.expiredKeys,
    };
  }

  /** Milliseconds that `key-load-delay` asks to wait before the reader is resumed. */
  takeDelayMs(): number {
    return this.delay.take();
  }

  onAux(name: string, value: string): void {
    this.aux.set(name, value);
    if (name === 'redis-ver' || name === 'valkey-ver') {
      this.log.notice(`Loading RDB produced by version ${value}`);
    } else if (name === 'ctime') {
      const ageSeconds = Math.max(0, Math.floor(this.options.nowMs / 1000) - parseSafeInteger(value));
      this.log.notice(`RDB age ${ageSeconds} seconds`);
    } else if (name === 'used-mem') {
      this.log.notice(`RDB memory usage when created ${(parseSafeInteger(value) / 1048576).toFixed(2)} Mb`);
    } else if (name.startsWith('%')) {
      this.log.notice(`RDB '${name}': ${value}`);
    }
  }

  onFunction(source: string): void {
    this.functions.push(source);
  }

  onSelectDatabase(index: number): void {
    const database = this.keyspace.databases[index];
    if (database === undefined) {
      const count = this.keyspace.databases.length;
      this.reader.fail(
        'unsupported',
        `FATAL: Data file was created with a Redis server configured to handle more than ${count} databases`,
      );
    }
    this.database = database;
  }

  onSizeHint(): void {
    // Dictionaries grow without stalling, so there is nothing to prepare.
  }

  onEntry(read: RdbEntry): void {
    const { key, value, expireAtMs } = read;
    const { options, database, keyspace } = this;
    this.waitIfAsked();
    if (expireAtMs !== -1 && options.dropsExpired && expireAtMs < options.nowMs) {
      this.keysExpired++;
      if (this.aux.has('repl-id')) this.expiredKeys.push({ databaseIndex: database.index, key });
      return;
    }
    const access = markFor(read, options.evictionPolicy, keyspace.accessMark, options.nowMs);
    const entry = new Entry(key, value, access, keyspace.snapshotNumber);
    if (!database.entries.add(entry)) {
      if (!options.replacesExisting) {
        this.reader.fail('duplicate', `RDB has duplicated key ${quoteBytes(key)} in DB ${database.index}`);
      }
      database.delete(key);
      database.entries.add(entry);
    }
    if (expireAtMs !== -1) {
      entry.expiry = new Expiry(key, expireAtMs);
      database.expiries.add(entry.expiry);
    }
    this.keysLoaded++;
  }

  onEmptyKey(key: string): void {
    // The log is not to be flooded by a file full of them.
    if (this.emptyKeysSkipped++ < 10) this.log.notice(`rdbLoadObject skipping empty key: ${key}`);
  }

  onModuleAux(moduleName: string): void {
    this.log.warning(`The RDB file contains AUX data of the module '${moduleName}', which is skipped`);
  }

  onEnd(): void {
    this.log.notice(
      `Done loading RDB, keys loaded: ${this.keysLoaded}, keys expired: ${this.keysExpired}, ` +
        `empty keys skipped: ${this.emptyKeysSkipped}.`,
    );
  }

  private waitIfAsked(): void {
    if (!this.delay.isSet) return;
    this.delay.add();
    if (this.delay.isDue) this.reader.pause();
  }
}
