/** Snapshots taken in one go: enough for tests of what is done with them. */
import { freezeValue } from '../../src/keyspace/values/value.js';
import { Crc64 } from '../../src/persistence/rdb/crc64.js';
import { RdbOutput } from '../../src/persistence/rdb/output.js';
import { makeTrailer, RdbWriter, writeAux, writeMagic } from '../../src/persistence/rdb/writer.js';
import type {
  SnapshotJob,
  SnapshotReceiver,
  SnapshotSource,
  StreamPosition,
} from '../../src/replication/snapshot-source.js';
import type { Server } from '../../src/server/server.js';

const PIECE_BYTES = 100_000;

export function wholeSnapshotSource(server: Server): SnapshotSource {
  const { timers, disk } = server.platform;
  const path = (): string => `${server.config.values.dir}/${server.config.values.dbfilename}`;
  const job = (run: (isAborted: () => boolean) => void): SnapshotJob => {
    let aborted = false;
    timers.after(0, () => run(() => aborted));
    return { abort: () => (aborted = true), pause: () => undefined, resume: () => undefined };
  };
  return {
    isBusy: false,
    get filePath() {
      return path();
    },
    saveFile(position, done) {
      const bytes = takeSnapshot(server, position, true);
      return job((isAborted) => {
        disk.replaceFileSync(path(), bytes, 0o644);
        if (!isAborted()) done(null);
      });
    },
    stream(position, filter, receiver: SnapshotReceiver) {
      const bytes = takeSnapshot(server, position, filter.data);
      return job((isAborted) => {
        for (let at = 0; at < bytes.length && !isAborted(); at += PIECE_BYTES) {
          receiver.onBytes(bytes.subarray(at, at + PIECE_BYTES));
        }
        if (!isAborted()) receiver.onEnd(null);
      });
    },
    onIdle: () => undefined,
  };
}

/** A whole RDB file of the dataset as it is now. */
export function takeSnapshot(server: Server, position: StreamPosition | null, withData = true): Buffer {
  const output = new RdbOutput(false);
  writeMagic(output, 10);
  writeAux(output, 'redis-ver', '7.2.6');
  if (position !== null) {
    writeAux(output, 'repl-stream-db', String(position.streamDatabase));
    writeAux(output, 'repl-id', position.replid);
    writeAux(output, 'repl-offset', String(position.offset));
  }
  const writer = new RdbWriter(output, { version: 10, listMaxListpackSize: -2 });
  for (const database of withData ? server.keyspace.databases : []) {
    if (database.size === 0) continue;
    writer.selectDatabase(database.index);
    database.entries.forEach((entry) =>
      writer.entry(entry.key, freezeValue(entry.value), {
        expireAtMs: entry.expiry?.atMs ?? -1,
        idleSeconds: -1,
        frequency: -1,
      }),
    );
  }
  const body = output.take();
  const crc = new Crc64();
  crc.update(body);
  return Buffer.concat([body, makeTrailer(crc)]);
}
