/**
 * Reads a snapshot from chunks as they arrive, from a file or a replication link, and tells its sink what it finds.
 * It can stop at any byte. It owns no keyspace; what becomes of an entry is the sink's matter.
 *
 * Memory stays bounded by what is received: nothing is allocated because a length promises it. Whatever the
 * bytes are, the outcome is a complete snapshot or one RdbError with offset and reason.
 */

import type { EncodingLimits, Value } from '../../keyspace/values/value.js';
import { Crc64 } from './crc64.js';
import { MalformedPart, RdbError, type RdbErrorCode } from './errors.js';
import { FIRST_VERSION_WITH_CHECKSUM, NEWEST_RDB_VERSION, Opcode, ValueTypeCode } from './format.js';
import { RdbInput, UNDERFLOW } from './input.js';
import { readModuleName, skipModuleValue } from './module-data.js';
import { builderFor, type ValueBuilder } from './value-builder.js';

/** A key with all that a snapshot says of it. */
export interface RdbEntry {
  readonly key: string;
  readonly value: Value;
  /** Unix time in milliseconds; -1 for none. */
  readonly expireAtMs: number;
  /** Seconds since the last access; -1 when not told. */
  readonly idleSeconds: number;
  /** LFU counter 0..255; -1 when not told. */
  readonly frequency: number;
}

/** Hears what is in a snapshot, in order. May call {@link RdbReader.fail} and {@link RdbReader.pause}. */
export interface RdbSink {
  onAux(name: string, value: string): void;
  /** The source of a function library. */
  onFunction(source: string): void;
  onSelectDatabase(index: number): void;
  /** What the current database is about to hold. */
  onSizeHint(keys: number, keysWithExpiry: number): void;
  onEntry(entry: RdbEntry): void;
  /** A collection without elements, which is skipped. */
  onEmptyKey(key: string): void;
  /** Data of a module that belongs to no key; it is skipped. */
  onModuleAux(moduleName: string): void;
  /** The snapshot is complete and its checksum right. */
  onEnd(): void;
}

export interface RdbReaderOptions {
  readonly limits: EncodingLimits;
  /** False ignores the checksum (`rdbchecksum no`). */
  readonly verifyChecksum: boolean;
}

/** What comes next. */
export type ReaderState =
  'magic' | 'opcode' | 'key' | 'value' | 'module data' | 'checksum' | 'complete' | 'failed';

const MAGIC_BYTES = 9;

export class RdbReader {
  private readonly input = new RdbInput();
  private readonly crc = new Crc64();
  private readonly sink: RdbSink;
  private readonly options: RdbReaderOptions;
  private state: ReaderState = 'magic';
  /** What was being read when it failed. */
  private failedAt: ReaderState | null = null;
  private version = 0;
  private isPaused = false;
  /** Up to where in the input's window the checksum has run. */
  private summedTo = 0;

  private moduleName = '';
  private key = '';
  private builder: ValueBuilder | null = null;
  private expireAtMs = -1;
  private idleSeconds = -1;
  private frequency = -1;

  constructor(sink: RdbSink, options: RdbReaderOptions) {
    this.sink = sink;
    this.options = options;
  }

  get isComplete(): boolean {
    return this.state === 'complete';
  }

  /** What is being read, or was when it failed; and of which key, if it is a key's value. */
  get activity(): { readonly state: ReaderState; readonly key: string | null } {
    const state = this.failedAt ?? this.state;
    return { state, key: state === 'value' ? this.key : null };
  }

  /** Bytes consumed from the start of the snapshot. */
  get offset(): number {
    return this.input.offset;
  }

  /**
   * Takes the next bytes, which may be reused after the call, and reads as far as they go.
   * @throws RdbError when the snapshot is bad; the reader is then dead.
   */
  push(chunk: Buffer): void {
    this.input.append(chunk);
    this.run();
  }

  /** To be called by the sink: stop after the current entry and keep the other bytes for {@link resume}. */
  pause(): void {
    this.isPaused = true;
  }

  /** Goes on after {@link pause}. */
  resume(): void {
    this.isPaused = false;
    this.run();
  }

  get paused(): boolean {
    return this.isPaused;
  }

  /**
   * The input has ended.
   * @throws RdbError when the snapshot has not.
   */
  end(): void {
    if (this.state !== 'complete') this.fail('truncated', 'Unexpected end of the RDB file');
  }

  /** The bytes that followed the complete snapshot in what was pushed. */
  takeRest(): Buffer {
    return this.input.takeRest();
  }

  /** Gives up with the reader's offset; for the sink, too. */
  fail(code: RdbErrorCode, reason: string): never {
    this.failedAt = this.state;
    this.state = 'failed';
    throw new RdbError(code, reason, this.input.offset);
  }

  private run(): void {
    const { input } = this;
    this.summedTo = input.mark;
    let mark = input.mark;
    try {
      while (!this.isPaused && !this.isComplete) {
        mark = input.mark;
        this.step();
      }
    } catch (problem) {
      if (problem === UNDERFLOW) input.rewind(mark);
      else if (problem instanceof MalformedPart) this.fail(problem.code, this.withKey(problem.reason));
      else throw problem;
    }
    if (this.state !== 'checksum' && this.state !== 'complete') this.sumUpToHere();
    input.keep();
  }

  private step(): void {
    const { input } = this;
    switch (this.state) {
      case 'magic':
        return this.readMagic();
      case 'opcode':
        return this.readOpcode();
      case 'key':
        this.key = input.string();
        this.state = 'value';
        return;
      case 'value':
        if ((this.builder as ValueBuilder).step(input)) this.finishEntry();
        return;
      case 'module data':
        if (!skipModuleValue(input)) return;
        this.state = 'opcode';
        return this.sink.onModuleAux(this.moduleName);
      case 'checksum':
        return this.readChecksum();
      case 'complete':
      case 'failed':
        throw new Error('rdb reader: used after its end');
    }
  }

  private readMagic(): void {
    const magic = this.input.rawText(MAGIC_BYTES);
    const digits = /^REDIS([0-9]{4})$/.exec(magic)?.[1];
    if (digits === undefined) this.fail('signature', 'Wrong signature trying to load DB from file');
    const version = Number(digits);
    if (version < 1 || version > NEWEST_RDB_VERSION) {
      this.fail('signature', `Can't handle RDB format version ${version}`);
    }
    this.version = version;
    this.state = 'opcode';
  }

  private readOpcode(): void {
    const { input, sink } = this;
    const code = input.byte();
    switch (code as Opcode) {
      case Opcode.ExpirySeconds:
        this.expireAtMs = input.int32() * 1000;
        return;
      case Opcode.ExpiryMs:
        this.expireAtMs = input.int64();
        return;
      case Opcode.Frequency:
        this.frequency = input.byte();
        return;
      case Opcode.Idle:
        this.idleSeconds = input.lengthOf();
        return;
      case Opcode.SelectDatabase:
        return sink.onSelectDatabase(input.lengthOf());
      case Opcode.ResizeDatabase: {
        const keys = input.lengthOf();
        return sink.onSizeHint(keys, input.lengthOf());
      }
      case Opcode.SlotInfo:
        for (let i = 0; i < 3; i++) input.lengthOf();
        return;
      case Opcode.Aux: {
        const name = input.string();
        return sink.onAux(name, input.string());
      }
      case Opcode.Function:
        return sink.onFunction(input.string());
      case Opcode.FunctionPreRelease:
        return this.fail('unsupported', 'Pre-release function format not supported.');
      case Opcode.ModuleAux:
        return this.readModuleAux();
      case Opcode.End:
        return this.finishBody();
      default:
        return this.beginEntry(code);
    }
  }

  private beginEntry(type: ValueTypeCode): void {
    if (type === ValueTypeCode.Module) return this.refuseModule();
    this.builder = builderFor(type, this.options.limits);
    this.state = 'key';
  }

  private finishEntry(): void {
    const value = (this.builder as ValueBuilder).value();
    const { key, expireAtMs, idleSeconds, frequency } = this;
    this.state = 'opcode';
    this.builder = null;
    this.key = '';
    this.expireAtMs = -1;
    this.idleSeconds = -1;
    this.frequency = -1;
    if (value === null) this.sink.onEmptyKey(key);
    else this.sink.onEntry({ key, value, expireAtMs, idleSeconds, frequency });
  }

  private finishBody(): void {
    if (this.version < FIRST_VERSION_WITH_CHECKSUM) return this.complete();
    this.sumUpToHere();
    this.state = 'checksum';
  }

  private readChecksum(): void {
    const { input } = this;
    const start = input.mark;
    input.skip(8);
    const { bytes } = input;
    const isAbsent = bytes.readInt32LE(start) === 0 && bytes.readInt32LE(start + 4) === 0;
    if (this.options.verifyChecksum && !isAbsent && !this.crc.equals(bytes, start)) {
      this.fail('checksum', 'RDB CRC error');
    }
    this.complete();
  }

  private complete(): void {
    this.state = 'complete';
    this.sink.onEnd();
  }

  private readModuleAux(): void {
    const { input } = this;
    const name = readModuleName(input);
    // An opcode, and the moment at which the module wrote this: before or after the keys.
    input.lengthOf();
    input.lengthOf();
    this.moduleName = name;
    this.state = 'module data';
  }

  /** A module's value cannot be held, and leaving its key out would be losing data. */
  private refuseModule(): never {
    const key = this.input.string();
    const name = readModuleName(this.input);
    return this.fail(
      'unsupported',
      `The RDB file contains module data I can't load: no matching module type '${name}' (key '${key}')`,
    );
  }

  private withKey(reason: string): string {
    return this.state === 'key' || this.state === 'value' ? `${reason} (key '${this.key}')` : reason;
  }

  private sumUpToHere(): void {
    const { input } = this;
    if (this.options.verifyChecksum) this.crc.update(input.bytes, this.summedTo, input.mark);
    this.summedTo = input.mark;
  }
}
