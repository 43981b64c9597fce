/**
 * The payloads of DUMP and RESTORE: type byte, value, two bytes of RDB version, CRC-64 of all that. FUNCTION DUMP
 * has function opcodes in place of the value.
 */

import { freezeValue, type EncodingLimits, type Value } from '../../keyspace/values/value.js';
import { writeLatin1 } from '../../resp/output-buffer.js';
import { Crc64 } from './crc64.js';
import { MalformedPart } from './errors.js';
import {
  DEFAULT_RDB_VERSION,
  NEWEST_RDB_VERSION,
  Opcode,
  ValueTypeCode,
  type WritableRdbVersion,
} from './format.js';
import { RdbInput, UNDERFLOW } from './input.js';
import { RdbOutput } from './output.js';
import { builderFor } from './value-builder.js';
import { ValueEncoder, type EncodingOptions } from './value-encoder.js';
import { writeFunction } from './writer.js';

const FOOTER_BYTES = 10;
/** Payloads up to this size are turned into bytes in memory that is kept for it. */
const SCRATCH_BYTES = 16 * 1024;

/**
 * - `footer`: version or checksum are wrong; RESTORE says "DUMP payload version or checksum are wrong"
 * - `format`: the value cannot be decoded, or is an empty collection; RESTORE says "Bad data format"
 */
export type DumpProblem = 'footer' | 'format';

export type DecodedDump<T> =
  | { readonly ok: true; readonly content: T }
  | { readonly ok: false; readonly problem: DumpProblem; readonly reason: string };

const WRONG_FOOTER = {
  ok: false,
  problem: 'footer',
  reason: 'DUMP payload version or checksum are wrong',
} as const;

export interface DumpOptions extends Partial<EncodingOptions> {
  readonly listMaxListpackSize: number;
  /** `rdbcompression`. */
  readonly compression: boolean;
}

export function encodeDumpPayload(value: Value, options: DumpOptions): Buffer {
  return new DumpEncoder(options).whole(value);
}

/** Makes many payloads, at once or in steps. */
export class DumpEncoder {
  private readonly output: RdbOutput;
  private readonly encoder: ValueEncoder;
  private readonly version: WritableRdbVersion;

  constructor(options: DumpOptions) {
    this.version = options.version ?? DEFAULT_RDB_VERSION;
    this.output = new RdbOutput(options.compression);
    const { listMaxListpackSize } = options;
    this.encoder = new ValueEncoder(this.output, { version: this.version, listMaxListpackSize });
  }

  whole(value: Value): Buffer {
    this.prepare(value);
    return this.output.take();
  }

  /** Makes a payload that {@link moveTo} will put somewhere; returns its length in bytes. Allocates next to nothing. */
  prepare(value: Value): number {
    const { output, encoder } = this;
    const frozen = freezeValue(value);
    output.byte(encoder.typeOf(frozen));
    encoder.writeWhole(frozen);
    this.addFooter(new Crc64());
    return output.length;
  }

  /** Copies the payload that was prepared to a place with enough room. */
  moveTo(target: Buffer, position: number): void {
    const { output } = this;
    output.collected.copy(target, position, 0, output.length);
    output.clear();
  }

  /** The payload of a large value in pieces of about 16 KiB, of the value that it is now. */
  *pieces(value: Value): Generator<Buffer, void> {
    const { output, encoder } = this;
    const crc = new Crc64();
    const frozen = freezeValue(value);
    output.byte(encoder.typeOf(frozen));
    for (const step of encoder.steps(frozen)) {
      void step;
      const piece = output.take();
      crc.update(piece);
      yield piece;
    }
    this.addFooter(crc);
    yield output.take();
  }

  /** @param crc of what has been taken out of the output before */
  private addFooter(crc: Crc64): void {
    const { output, version } = this;
    output.byte(version & 0xff);
    output.byte(version >>> 8);
    const checksumAt = output.length;
    output.int64(0);
    crc.update(output.collected, 0, checksumAt);
    crc.writeTo(output.collected, checksumAt);
  }
}

/**
 * @param verifyChecksum false after DEBUG SET-SKIP-CHECKSUM-VALIDATION.
 */
export function decodeDumpPayload(
  payload: Buffer,
  limits: EncodingLimits,
  verifyChecksum: boolean,
): DecodedDump<Value> {
  return decodeBytes(new RdbInput(), payload, payload.length, limits, verifyChecksum);
}

/** Reads many payloads, small ones without leaving more garbage than their values. */
export class DumpDecoder {
  private readonly input = new RdbInput();
  private readonly scratch = Buffer.allocUnsafe(SCRATCH_BYTES);

  /** Decodes a payload that came as a byte string; see {@link decodeDumpPayload}. */
  decodeText(payload: string, limits: EncodingLimits, verifyChecksum: boolean): DecodedDump<Value> {
    const { length } = payload;
    if (length > SCRATCH_BYTES)
      return decodeDumpPayload(Buffer.from(payload, 'latin1'), limits, verifyChecksum);
    writeLatin1(this.scratch, 0, payload);
    return decodeBytes(this.input, this.scratch, length, limits, verifyChecksum);
  }
}

/** @param length how many of the bytes the payload has */
function decodeBytes(
  input: RdbInput,
  bytes: Buffer,
  length: number,
  limits: EncodingLimits,
  verifyChecksum: boolean,
): DecodedDump<Value> {
  if (!isFooterRight(bytes, length, verifyChecksum)) return WRONG_FOOTER;
  input.restart(bytes, length - FOOTER_BYTES);
  return decoding(() => readValue(input, limits));
}

function readValue(input: RdbInput, limits: EncodingLimits): Value | null {
  const type = input.byte() as ValueTypeCode;
  if (type === ValueTypeCode.String) return input.stringValue();
  const builder = builderFor(type, limits);
  while (!builder.step(input));
  return builder.value();
}

/** The payload of FUNCTION DUMP: the sources of all libraries. */
export function encodeFunctionsPayload(sources: readonly string[]): Buffer {
  const output = new RdbOutput(false);
  for (const source of sources) writeFunction(output, source);
  return withFooter(output.take(), DEFAULT_RDB_VERSION);
}

export function decodeFunctionsPayload(payload: Buffer, verifyChecksum: boolean): DecodedDump<string[]> {
  const { length } = payload;
  if (!isFooterRight(payload, length, verifyChecksum)) return WRONG_FOOTER;
  const input = new RdbInput();
  input.restart(payload, length - FOOTER_BYTES);
  return decoding(() => {
    const sources: string[] = [];
    while (input.availableBytes > 0) {
      if ((input.byte() as Opcode) !== Opcode.Function) return null;
      sources.push(input.string());
    }
    return sources;
  });
}

/** Runs a decoder on what comes before the footer; null, a malformed part or a missing byte is a bad format. */
function decoding<T>(decode: () => T | null): DecodedDump<T> {
  try {
    const content = decode();
    return content === null
      ? badFormat('The value is empty or not of a kind that is expected')
      : { ok: true, content };
  } catch (problem) {
    if (problem === UNDERFLOW) return badFormat('The payload ends before its value does');
    if (problem instanceof MalformedPart) return badFormat(problem.reason);
    throw problem;
  }
}

function badFormat(reason: string): { ok: false; problem: 'format'; reason: string } {
  return { ok: false, problem: 'format', reason };
}

function isFooterRight(payload: Buffer, length: number, verifyChecksum: boolean): boolean {
  if (length < FOOTER_BYTES) return false;
  const footer = length - FOOTER_BYTES;
  if (payload.readUInt16LE(footer) > NEWEST_RDB_VERSION) return false;
  if (!verifyChecksum) return true;
  const crc = new Crc64();
  crc.update(payload, 0, footer + 2);
  return crc.equals(payload, footer + 2);
}

function withFooter(body: Buffer, version: number): Buffer {
  const payload = Buffer.allocUnsafe(body.length + FOOTER_BYTES);
  body.copy(payload);
  payload.writeUInt16LE(version, body.length);
  const crc = new Crc64();
  crc.update(payload, 0, body.length + 2);
  crc.writeTo(payload, body.length + 2);
  return payload;
}
