/**
 * Turns the bytes of a client into commands: RESP arrays of bulk strings and inline commands.
 *
 * Feed a chunk, then take commands until {@link RequestDecoder.next} says there is no whole one; what is left
 * over is kept. Arguments are strings cut from the input with one `latin1Slice` each, so that none pins a
 * larger one. Error texts are Redis's own; after one the connection is beyond repair.
 */
import { splitWords } from './ascii.js';
import { LONGEST_SHORT_BYTES, shortBytes } from './short-bytes.js';

/** What {@link RequestDecoder.next} found. */
export const enum Decoded {
  /** A whole command is in `args` (which may be empty: an empty line or `*0`, to be ignored). */
  Command,
  /** More bytes are needed. */
  Incomplete,
  /** The input breaks the protocol; `errorText` says how. */
  Error,
}

const INLINE_LIMIT_BYTES = 64 * 1024;
const MAX_ARGUMENTS = 0x7fffffff;
const MAX_ARGUMENTS_UNAUTHENTICATED = 10;
const MAX_BULK_UNAUTHENTICATED_BYTES = 16384;
/** A bulk at least this long gets a buffer of its own, so that its bytes are copied once. */
const LARGE_BULK_BYTES = 32 * 1024;

const LONGEST_REUSED_NAME = 24;

/** A string's header and its place in the array. */
const ARGUMENT_OVERHEAD_BYTES = 24;

const LF = 10;
const CR = 13;
const EMPTY = Buffer.alloc(0);

export class RequestDecoder {
  /** The command that `next` found. Every command gets a fresh array, which the receiver may keep. */
  args: string[] = [];
  errorText = '';
  /** Until a client has authenticated it may only send small requests. */
  authenticated = true;
  /** `proto-max-bulk-len`. */
  maxBulkBytes = 512 * 1024 * 1024;
  /** Bytes of all commands returned so far, exactly as received: replication offsets count with it. */
  consumedBytes = 0;

  private buffer: Buffer = EMPTY;
  private position = 0;
  /** Where the unconsumed part of the current command began within `buffer` (for `consumedBytes`). */
  private countedTo = 0;

  /** Arguments still to come of the array being read; 0 between commands. */
  private remaining = 0;
  private partial: string[] = [];
  /** What the arguments read so far take, up to {@link partialCounted}; kept up when a chunk has been used up. */
  private partialBytes = 0;
  private partialCounted = 0;
  /** Length of the bulk being read, -1 while its header is due. */
  private bulkLength = -1;
  private lastName = '';
  private large: Buffer | null = null;
  private largeFilled = 0;

  /** Bytes received and not yet returned as a command. */
  get bufferedBytes(): number {
    return this.buffer.length - this.position + this.largeFilled + this.partialBytes;
  }

  /** Bytes that are held for this input: those of commands being executed now count, too. */
  get heldBytes(): number {
    return this.buffer.length + this.largeFilled;
  }

  /** True when part of a command has been received. */
  get isMidCommand(): boolean {
    return this.remaining > 0 || this.position < this.buffer.length;
  }

  /** Gives the decoder the bytes just received. The chunk may be reused after {@link retain}. */
  feed(chunk: Buffer): void {
    this.buffer = this.position < this.buffer.length ? this.joined(chunk) : chunk;
    this.position = 0;
    this.countedTo = 0;
  }

  /** Call when `next` has returned everything of this chunk: copies what is left, so the chunk can be reused. */
  retain(): void {
    this.count();
    while (this.partialCounted < this.partial.length) {
      this.partialBytes += (this.partial[this.partialCounted++] ?? '').length + ARGUMENT_OVERHEAD_BYTES;
    }
    if (this.position >= this.buffer.length) this.buffer = EMPTY;
    else this.buffer = Buffer.from(this.buffer.subarray(this.position));
    this.position = 0;
    this.countedTo = 0;
  }

  /** Takes the next command. */
  next(): Decoded {
    if (this.remaining === 0) {
      if (this.position >= this.buffer.length) return Decoded.Incomplete;
      if (this.buffer[this.position] !== 42) return this.inline();
      const started = this.arrayHeader();
      if (started !== Decoded.Command) return started;
      if (this.remaining === 0) {
        this.args = [];
        this.count();
        return Decoded.Command;
      }
    }
    return this.bulks();
  }

  /** The rest of the input that is not yet decoded; afterwards the decoder is empty. */
  takeRest(): Buffer {
    const rest = Buffer.from(this.buffer.subarray(this.position));
    this.buffer = EMPTY;
    this.position = 0;
    this.countedTo = 0;
    return rest;
  }

  private count(): void {
    this.consumedBytes += this.position - this.countedTo;
    this.countedTo = this.position;
  }

  private joined(chunk: Buffer): Buffer {
    const rest = this.buffer.length - this.position;
    const joined = Buffer.allocUnsafe(rest + chunk.length);
    this.buffer.copy(joined, 0, this.position);
    chunk.copy(joined, rest);
    return joined;
  }

  private forgetPartial(): void {
    this.partial = [];
    this.partialBytes = 0;
    this.partialCounted = 0;
  }

  private fail(text: string): Decoded {
    this.errorText = text;
    return Decoded.Error;
  }

  private inline(): Decoded {
    const end = this.buffer.indexOf(LF, this.position);
    if (end === -1 || end - this.position > INLINE_LIMIT_BYTES) {
      return this.buffer.length - this.position > INLINE_LIMIT_BYTES
        ? this.fail('ERR Protocol error: too big inline request')
        : Decoded.Incomplete;
    }
    const stop = end > this.position && this.buffer[end - 1] === CR ? end - 1 : end;
    const words = splitWords(this.buffer.latin1Slice(this.position, stop));
    if (words === null) return this.fail('ERR Protocol error: unbalanced quotes in request');
    this.position = end + 1;
    this.args = words;
    this.count();
    return Decoded.Command;
  }

  private arrayHeader(): Decoded {
    const end = this.lineEnd();
    if (end < 0) {
      return this.buffer.length - this.position > INLINE_LIMIT_BYTES
        ? this.fail('ERR Protocol error: too big mbulk count string')
        : Decoded.Incomplete;
    }
    const count = parseLength(this.buffer, this.position + 1, end);
    if (Number.isNaN(count) || count > MAX_ARGUMENTS)
      return this.fail('ERR Protocol error: invalid multibulk length');
    if (count > MAX_ARGUMENTS_UNAUTHENTICATED && !this.authenticated) {
      return this.fail('ERR Protocol error: unauthenticated multibulk length');
    }
    this.position = end + 2;
    this.remaining = count > 0 ? count : 0;
    this.forgetPartial();
    this.bulkLength = -1;
    return Decoded.Command;
  }

  private bulks(): Decoded {
    while (this.remaining > 0) {
      if (this.bulkLength < 0) {
        const header = this.bulkHeader();
        if (header !== Decoded.Command) return header;
      }
      if (this.large !== null) {
        if (!this.fillLarge()) return Decoded.Incomplete;
        continue;
      }
      const length = this.bulkLength;
      const start = this.position;
      if (this.buffer.length - start < length + 2) {
        if (length >= LARGE_BULK_BYTES) {
          this.large = Buffer.allocUnsafeSlow(length + 2);
          this.largeFilled = 0;
          continue;
        }
        return Decoded.Incomplete;
      }
      this.partial.push(
        this.partial.length === 0 ? this.sliceName(start, length) : sliceArgument(this.buffer, start, length),
      );
      this.position = start + length + 2;
      this.bulkLength = -1;
      this.remaining--;
    }
    this.args = this.partial;
    this.forgetPartial();
    this.count();
    return Decoded.Command;
  }

  /** Clients mostly repeat themselves: the name of the last command is reused when it comes again. */
  private sliceName(start: number, length: number): string {
    const { buffer, lastName } = this;
    if (length === lastName.length) {
      let i = 0;
      while (i < length && buffer[start + i] === lastName.charCodeAt(i)) i++;
      if (i === length) return lastName;
    }
    const name = sliceArgument(buffer, start, length);
    if (length <= LONGEST_REUSED_NAME) this.lastName = name;
    return name;
  }

  private bulkHeader(): Decoded {
    if (this.shortBulkHeader()) return Decoded.Command;
    const end = this.lineEnd();
    if (end < 0) {
      return this.buffer.length - this.position > INLINE_LIMIT_BYTES
        ? this.fail('ERR Protocol error: too big bulk count string')
        : Decoded.Incomplete;
    }
    if (this.buffer[this.position] !== 36) {
      const found = String.fromCharCode(this.buffer[this.position]);
      return this.fail(`ERR Protocol error: expected '$', got '${found}'`);
    }
    const length = parseLength(this.buffer, this.position + 1, end);
    if (Number.isNaN(length) || length < 0 || length > this.maxBulkBytes) {
      return this.fail('ERR Protocol error: invalid bulk length');
    }
    if (length > MAX_BULK_UNAUTHENTICATED_BYTES && !this.authenticated) {
      return this.fail('ERR Protocol error: unauthenticated bulk length');
    }
    this.position = end + 2;
    this.bulkLength = length;
    return Decoded.Command;
  }

  /** The common case, `$` and one or two digits, without searching for the end of the line. */
  private shortBulkHeader(): boolean {
    const { buffer, position } = this;
    if (position + 5 > buffer.length || buffer[position] !== 36) return false;
    const first = buffer[position + 1] - 48;
    if (first < 0 || first > 9) return false;
    if (buffer[position + 2] === CR) {
      this.bulkLength = first;
      this.position = position + 4;
      return true;
    }
    const second = buffer[position + 2] - 48;
    if (second < 0 || second > 9 || first === 0 || buffer[position + 3] !== CR) return false;
    this.bulkLength = first * 10 + second;
    this.position = position + 5;
    return true;
  }

  /** Copies what has arrived into the buffer of a large bulk; true when it is complete. */
  private fillLarge(): boolean {
    const large = this.large!;
    const available = Math.min(this.buffer.length - this.position, large.length - this.largeFilled);
    this.buffer.copy(large, this.largeFilled, this.position, this.position + available);
    this.position += available;
    this.largeFilled += available;
    if (this.largeFilled < large.length) return false;
    this.partial.push(large.latin1Slice(0, large.length - 2));
    this.large = null;
    this.largeFilled = 0;
    this.bulkLength = -1;
    this.remaining--;
    return true;
  }

  /** Position of the CR that ends the current line, when its LF has arrived too; otherwise -1. */
  private lineEnd(): number {
    const buffer = this.buffer;
    const last = buffer.length - 1;
    // Header lines are a few bytes: a loop beats indexOf.
    const near = Math.min(last, this.position + 32);
    for (let i = this.position; i < near; i++) if (buffer[i] === CR) return i;
    if (near === last) return -1;
    const found = buffer.indexOf(CR, near);
    return found >= 0 && found < last ? found : -1;
  }
}

/** A decimal integer in buffer[start, end); NaN when it is not a canonical one. */
function parseLength(buffer: Buffer, start: number, end: number): number {
  let i = start;
  const negative = buffer[i] === 45;
  if (negative) i++;
  if (i >= end || end - i > 15) return NaN;
  if (buffer[i] === 48 && end - i > 1) return NaN;
  let value = 0;
  for (; i < end; i++) {
    const digit = buffer[i] - 48;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  return negative ? -value : value;
}

function sliceArgument(buffer: Buffer, start: number, length: number): string {
  return length <= LONGEST_SHORT_BYTES
    ? shortBytes(buffer, start, length)
    : buffer.latin1Slice(start, start + length);
}
