/**
 * Builds a dataset beside the one being served, from a snapshot that comes in pieces, and puts it in its place when
 * it is complete. Until then clients see nothing of it.
 */
import { Keyspace } from '../keyspace/keyspace.js';
import { RdbError } from '../persistence/rdb/errors.js';
import { RdbReader, type RdbEntry, type RdbSink } from '../persistence/rdb/reader.js';
import { parseSafeInteger } from '../resp/numbers.js';
import type { Server } from '../server/server.js';

export class DatasetBuilder implements RdbSink {
  /** The database that the snapshot says is selected in the stream. */
  streamDatabase = 0;
  keys = 0;
  private readonly built: Keyspace;
  private readonly reader: RdbReader;
  private databaseIndex = 0;

  constructor(private readonly server: Server) {
    const { keyspace, config } = server;
    this.built = new Keyspace(keyspace.databases.length, keyspace.limits);
    this.built.snapshotNumber = keyspace.snapshotNumber;
    this.reader = new RdbReader(this, {
      limits: keyspace.limits,
      verifyChecksum: config.values.rdbchecksum,
    });
  }

  /** Takes a piece. Returns why the snapshot is unusable, or null. */
  push(bytes: Buffer): string | null {
    return this.attempt(() => this.reader.push(bytes));
  }

  /** The snapshot has come to its end: null when it is complete. */
  end(): string | null {
    return this.attempt(() => this.reader.end());
  }

  /** Makes what was built the server's dataset. Clients that wait for keys are served from it. */
  install(): void {
    const { keyspace, blocking } = this.server;
    keyspace.databases.forEach((database, index) => {
      const source = this.built.databases[index];
      database.replaceContents(source.entries, source.expiries);
      blocking.databaseReplaced(database);
    });
    keyspace.dirty++;
  }

  onAux(name: string, value: string): void {
    if (name === 'repl-stream-db') {
      const index = parseSafeInteger(value);
      if (index >= 0) this.streamDatabase = index;
    }
  }

  onFunction(): void {
    // Function libraries have no home yet; their text is part of no key, so the keys are whole without.
  }

  onSelectDatabase(index: number): void {
    if (index >= this.built.databases.length) {
      this.reader.fail(
        'unsupported',
        `Data file was created with a server configured to handle more than ${this.built.databases.length} databases`,
      );
    }
    this.databaseIndex = index;
  }

  onSizeHint(): void {}

  onEntry({ key, value, expireAtMs, idleSeconds, frequency }: RdbEntry): void {
    const database = this.built.databases[this.databaseIndex];
    if (database.entries.has(key)) {
      this.reader.fail('duplicate', `Internal error in RDB reading, duplicated key '${key}'`);
    }
    this.built.accessMark = this.accessMarkFor(idleSeconds, frequency);
    const entry = database.add(key, value);
    // Expired ones are kept, too: only the master says when a key is gone.
    if (expireAtMs >= 0) database.setExpiry(entry, expireAtMs);
    this.keys++;
  }

  onEmptyKey(key: string): void {
    this.server.log.notice(`rdbLoadObject skipping empty key: ${key}`);
  }

  onModuleAux(): void {}

  onEnd(): void {}

  private accessMarkFor(idleSeconds: number, frequency: number): number {
    if (frequency >= 0) return frequency;
    const { accessMark } = this.server.keyspace;
    return idleSeconds > 0 ? Math.max(0, accessMark - idleSeconds) : accessMark;
  }

  private attempt(step: () => void): string | null {
    try {
      step();
      return null;
    } catch (error) {
      if (!(error instanceof RdbError)) throw error;
      return `Internal error in RDB reading offset ${error.offset}: ${error.reason}`;
    }
  }
}
