/** Whole snapshots in memory: made from entries, and read back into a list of what the sink heard. */
import { DEFAULT_ENCODING_LIMITS } from '../../../../src/keyspace/values/encoding-limits.js';
import { freezeValue, type Value } from '../../../../src/keyspace/values/value.js';
import { Crc64 } from '../../../../src/persistence/rdb/crc64.js';
import type { WritableRdbVersion } from '../../../../src/persistence/rdb/format.js';
import { RdbOutput } from '../../../../src/persistence/rdb/output.js';
import { RdbReader, type RdbEntry, type RdbSink } from '../../../../src/persistence/rdb/reader.js';
import {
  makeTrailer,
  RdbWriter,
  writeAux,
  writeFunction,
  writeMagic,
} from '../../../../src/persistence/rdb/writer.js';
import { plainOf, type Plain } from './plain.js';

export interface EntryToWrite {
  readonly key: string;
  readonly value: Value;
  readonly expireAtMs?: number;
  readonly idleSeconds?: number;
  readonly frequency?: number;
}

export interface SnapshotToWrite {
  readonly version?: WritableRdbVersion;
  readonly compression?: boolean;
  readonly aux?: readonly [string, string][];
  readonly functions?: readonly string[];
  readonly databases: readonly { readonly index: number; readonly entries: readonly EntryToWrite[] }[];
}

export function snapshotBytes({
  version = 10,
  compression = true,
  aux,
  functions,
  databases,
}: SnapshotToWrite): Buffer {
  const output = new RdbOutput(compression);
  const writer = new RdbWriter(output, { version, listMaxListpackSize: -2 });
  writeMagic(output, version);
  for (const [name, value] of aux ?? []) writeAux(output, name, value);
  for (const source of functions ?? []) writeFunction(output, source);
  for (const { index, entries } of databases) {
    writer.selectDatabase(index);
    writer.sizeHint(entries.length, entries.filter((entry) => entry.expireAtMs !== undefined).length);
    for (const { key, value, expireAtMs = -1, idleSeconds = -1, frequency = -1 } of entries) {
      writer.entry(key, freezeValue(value), expireAtMs, { idleSeconds, frequency });
    }
  }
  const body = output.take();
  const crc = new Crc64();
  crc.update(body);
  return Buffer.concat([body, makeTrailer(crc)]);
}

export type Heard =
  | ['aux', string, string]
  | ['function', string]
  | ['database', number]
  | ['sizes', number, number]
  | ['entry', { key: string; value: Plain; expireAtMs: number; idleSeconds: number; frequency: number }]
  | ['empty key', string]
  | ['module aux', string]
  | ['end'];

/** A sink that writes down what it hears. */
export class RecordingSink implements RdbSink {
  readonly heard: Heard[] = [];

  onAux(name: string, value: string): void {
    this.heard.push(['aux', name, value]);
  }
  onFunction(source: string): void {
    this.heard.push(['function', source]);
  }
  onSelectDatabase(index: number): void {
    this.heard.push(['database', index]);
  }
  onSizeHint(keys: number, keysWithExpiry: number): void {
    this.heard.push(['sizes', keys, keysWithExpiry]);
  }
  onEntry({ key, value, expireAtMs, idleSeconds, frequency }: RdbEntry): void {
    this.heard.push(['entry', { key, value: plainOf(value), expireAtMs, idleSeconds, frequency }]);
  }
  onEmptyKey(key: string): void {
    this.heard.push(['empty key', key]);
  }
  onModuleAux(moduleName: string): void {
    this.heard.push(['module aux', moduleName]);
  }
  onEnd(): void {
    this.heard.push(['end']);
  }
}

/** Reads a snapshot cut into chunks of the given sizes, repeated as often as needed; 0 stands for all the rest. */
export function readSnapshot(
  bytes: Buffer,
  chunkSizes: readonly number[] = [0],
  verifyChecksum = true,
): Heard[] {
  const sink = new RecordingSink();
  const reader = new RdbReader(sink, { limits: DEFAULT_ENCODING_LIMITS, verifyChecksum });
  let turn = 0;
  for (let at = 0; at < bytes.length;) {
    const size = chunkSizes[turn++ % chunkSizes.length] || bytes.length;
    // A buffer that is overwritten after the call, as a socket's is.
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    reader.push(chunk);
    chunk.fill(0xaa);
    at += size;
  }
  reader.end();
  return sink.heard;
}
