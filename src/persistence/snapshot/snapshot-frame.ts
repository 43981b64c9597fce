/**
 * What makes the shared body of a snapshot a whole RDB of its own: a header with the fields of one receiver, and the
 * checksum over all of it. Every receiver (a file, a replica) has its own frame.
 */

import { Crc64 } from '../rdb/crc64.js';
import type { WritableRdbVersion } from '../rdb/format.js';
import { RdbOutput } from '../rdb/output.js';
import { makeTrailer, writeAux, writeFunction, writeMagic } from '../rdb/writer.js';

export interface FrameContents {
  readonly version: WritableRdbVersion;
  /** Names and values, in order. */
  readonly aux: readonly (readonly [name: string, value: string])[];
  /** Sources of the function libraries. */
  readonly functions: readonly string[];
  /** `rdbchecksum`. */
  readonly checksum: boolean;
}

/** Call {@link header}, then {@link body} with all bytes in order, then {@link trailer}. */
export class SnapshotFrame {
  private readonly crc: Crc64 | null;

  constructor(private readonly contents: FrameContents) {
    this.crc = contents.checksum ? new Crc64() : null;
  }

  header(): Buffer {
    const { version, aux, functions } = this.contents;
    const output = new RdbOutput(false);
    writeMagic(output, version);
    for (const [name, value] of aux) writeAux(output, name, value);
    for (const source of functions) writeFunction(output, source);
    const bytes = output.take();
    this.crc?.update(bytes);
    return bytes;
  }

  /** Takes note of bytes of the body; it does not keep them. */
  body(bytes: Buffer): void {
    this.crc?.update(bytes);
  }

  trailer(): Buffer {
    return makeTrailer(this.crc);
  }
}

/** Where the replication stream is at the moment of a snapshot. */
export interface StreamPosition {
  readonly replid: string;
  readonly offset: number;
  /** The database that the stream has selected. */
  readonly streamDatabase: number;
}

/** What the aux fields of a snapshot tell of the server that makes it. */
export interface Origin {
  readonly redisVersion: string;
  readonly nowMs: number;
  readonly usedMemoryBytes: number;
  /** Null when no replica could continue the stream from this snapshot. */
  readonly position: StreamPosition | null;
  /** True for the base of an append-only file. */
  readonly isAofBase: boolean;
}

/** The aux fields in stock's order. */
export function auxFields(origin: Origin): [string, string][] {
  const fields: [string, string][] = [
    ['redis-ver', origin.redisVersion],
    ['redis-bits', '64'],
    ['ctime', String(Math.floor(origin.nowMs / 1000))],
    ['used-mem', String(origin.usedMemoryBytes)],
  ];
  if (origin.position !== null) {
    const { streamDatabase, replid, offset } = origin.position;
    fields.push(
      ['repl-stream-db', String(streamDatabase)],
      ['repl-id', replid],
      ['repl-offset', String(offset)],
    );
  }
  fields.push(['aof-base', origin.isAofBase ? '1' : '0']);
  return fields;
}
