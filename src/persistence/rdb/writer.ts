/**
 * Writes the parts of a snapshot around the values: header, aux fields, functions, databases, entries. The bytes
 * go to an {@link RdbOutput}; checksums and trailers belong to whoever sends the bytes somewhere.
 */

import type { FrozenValue } from '../../keyspace/values/value.js';
import type { Access } from '../access-marks.js';
import type { Crc64 } from './crc64.js';
import { Opcode, type WritableRdbVersion } from './format.js';
import type { RdbOutput } from './output.js';
import { ValueEncoder, type EncodingOptions } from './value-encoder.js';

export class RdbWriter {
  private readonly encoder: ValueEncoder;

  constructor(
    private readonly output: RdbOutput,
    options: EncodingOptions,
  ) {
    this.encoder = new ValueEncoder(output, options);
  }

  selectDatabase(index: number): void {
    this.output.byte(Opcode.SelectDatabase);
    this.output.lengthOf(index);
  }

  /** Lets a loader make room; the numbers need not be exact. */
  sizeHint(keys: number, keysWithExpiry: number): void {
    this.output.byte(Opcode.ResizeDatabase);
    this.output.lengthOf(keys);
    this.output.lengthOf(keysWithExpiry);
  }

  /** Writes a whole entry at once. @param expireAtMs -1 for none */
  entry(key: string, value: FrozenValue, expireAtMs: number, access: Access): void {
    this.entryHead(key, value, expireAtMs, access);
    this.encoder.writeWhole(value);
  }

  /** Writes an entry in steps of about 16 KiB; nothing else may be written until it is complete. */
  *entrySteps(key: string, value: FrozenValue, expireAtMs: number, access: Access): Generator<void, void> {
    this.entryHead(key, value, expireAtMs, access);
    yield* this.encoder.steps(value);
  }

  private entryHead(key: string, value: FrozenValue, expireAtMs: number, access: Access): void {
    const { output } = this;
    const { idleSeconds, frequency } = access;
    if (expireAtMs !== -1) {
      output.byte(Opcode.ExpiryMs);
      output.int64(expireAtMs);
    }
    if (idleSeconds !== -1) {
      output.byte(Opcode.Idle);
      output.lengthOf(idleSeconds);
    }
    if (frequency !== -1) {
      output.byte(Opcode.Frequency);
      output.byte(frequency);
    }
    output.byte(this.encoder.typeOf(value));
    output.string(key);
  }
}

/** Writes the magic and version that a snapshot begins with. */
export function writeMagic(output: RdbOutput, version: WritableRdbVersion): void {
  output.rawText(`REDIS${String(version).padStart(4, '0')}`);
}

export function writeAux(output: RdbOutput, name: string, value: string): void {
  output.byte(Opcode.Aux);
  output.string(name);
  output.string(value);
}

export function writeFunction(output: RdbOutput, source: string): void {
  output.byte(Opcode.Function);
  output.string(source);
}

/** The end of a snapshot: its mark, and the checksum of all before and the mark; zeros without checksum. */
export function makeTrailer(crc: Crc64 | null): Buffer {
  const trailer = Buffer.alloc(9);
  trailer[0] = Opcode.End;
  if (crc !== null) {
    crc.update(trailer, 0, 1);
    crc.writeTo(trailer, 1);
  }
  return trailer;
}
