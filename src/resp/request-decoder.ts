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
/** Redis allows 2^31 - 1; an array of more than some 10^8 elements is beyond V8, which then ends the process. */
const MAX_ARGUMENTS = 32 * 1024 * 1024;
const MAX_ARGUMENTS_UNAUTHENTICATED = 10;
const MAX_BULK_UNAUTHENTICATED_BYTES = 16384;
/** The longest string V8 can hold; a longer bulk could never become an argument. */
export const LONGEST_STRING_BYTES = 0x1fffffe8;
/** A bulk at least this long gets a buffer of its own instead of being joined chunk by chunk. */
const LARGE_BULK_BYTES = 32 * 1024;
/** That buffer is no larger than this at first: an announced length costs nothing until its bytes come. */
const LARGE_BULK_START_BYTES = 1024 * 1024;

const LONGEST_REUSED_NAME = 24;

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

  /** The input: the chunk that was fed, or a view of `store`. */
  private buffer: Buffer = EMPTY;
  private position = 0;
  /** What was left over of earlier chunks, with room for more; null while `buffer` is somebody else's. */
  private store: Buffer | null = null;
  /** Where the current command begins within `buffer`, and how many of its bytes are there no more. */
  private commandStart = 0;
  private commandBytesBefore = 0;

  /** Arguments still to come of the array being read; 0 between commands. */
  private remaining = 0;
  private partial: string[] = [];
  /** Length of the bulk being read, -1 while its header is due. */
  private bulkLength = -1;
  private lastName = '';
  private large: Buffer | null = null;
  private largeFilled = 0;

  /** Bytes received and not yet returned as a command, arguments already decoded included. */
  get unreturnedBytes(): number {
    return this.commandBytesBefore + this.buffer.length - this.commandStart;
  }

  /** Bytes that are held for this input: those of commands being executed now count, too. */
  get heldBytes(): number {
    return this.buffer.length + this.largeFilled;
  }

  /** Room that is kept for bytes that are to come: the rest of a large argument, more commands of a client that waits. */
  get spareBytes(): number {
    const largeBytes = this.large === null ? 0 : this.large.length - this.largeFilled;
    return largeBytes + (this.store === null ? 0 : this.store.length - this.buffer.length);
  }

  /** Gives the decoder the bytes just received. The chunk may be reused after {@link retain}. */
  feed(chunk: Buffer): void {
    if (this.position < this.buffer.length) {
      this.append(chunk);
      return;
    }
    this.rebase();
    this.buffer = chunk;
    this.store = null;
  }

  /** Call when `next` has returned everything of this chunk: copies what is left, so the chunk can be reused. */
  retain(): void {
    if (this.position >= this.buffer.length) {
      this.rebase();
      this.buffer = EMPTY;
      this.store = null;
    } else if (this.store === null || this.position > this.buffer.length / 2) {
      const rest = Buffer.from(this.buffer.subarray(this.position));
      this.rebase();
      this.buffer = rest;
      this.store = rest;
    }
  }

  /** Gives back the room for bytes that have not come; it is taken again if they do. */
  releaseSpare(): void {
    if (this.large !== null && this.large.length > this.largeFilled) {
      this.large = Buffer.from(this.large.subarray(0, this.largeFilled));
    }
    if (this.store !== null && this.store.length > this.buffer.length) {
      this.store = Buffer.from(this.buffer);
      this.buffer = this.store;
    }
  }

  /** Takes the next command. */
  next(): Decoded {
    if (this.remaining === 0) {
      if (this.position >= this.buffer.length) return Decoded.Incomplete;
      if (this.buffer[this.position] !== 42) return this.inline();
      if (this.smallCommand()) return Decoded.Command;
      const started = this.arrayHeader();
      if (started !== Decoded.Command) return started;
      if (this.remaining === 0) {
        this.args = [];
        this.commandEnded();
        return Decoded.Command;
      }
    }
    return this.bulks();
  }

  private commandEnded(): void {
    this.consumedBytes += this.commandBytesBefore + this.position - this.commandStart;
    this.commandBytesBefore = 0;
    this.commandStart = this.position;
  }

  /** Prepares for another buffer, which begins where this one has been decoded to. */
  private rebase(): void {
    this.commandBytesBefore += this.position - this.commandStart;
    this.commandStart = 0;
    this.position = 0;
  }

  /**
   * Adds a chunk to what is left over. A client that may not go on (it is blocked or paused) can send much
   * meanwhile, so the room for it doubles.
   */
  private append(chunk: Buffer): void {
    const { buffer, store } = this;
    const end = buffer.length + chunk.length;
    if (store !== null && end <= store.length) {
      chunk.copy(store, buffer.length);
      this.buffer = store.subarray(0, end);
      return;
    }
    const rest = buffer.length - this.position;
    const needed = rest + chunk.length;
    const grown = Buffer.allocUnsafeSlow(rest > chunk.length ? needed * 2 : needed);
    buffer.copy(grown, 0, this.position);
    chunk.copy(grown, rest);
    this.rebase();
    this.buffer = grown.subarray(0, needed);
    this.store = grown;
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
    this.commandEnded();
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
    this.partial = [];
    this.bulkLength = -1;
    return Decoded.Command;
  }

  /**
   * The common case: two to four short arguments, all of which have arrived. They go into an array of just their
   * number, and nothing is noted for going on later. False: nothing has been taken, and the general way decides.
   */
  private smallCommand(): boolean {
    const { buffer, position } = this;
    if (position + 4 > buffer.length || buffer[position + 2] !== CR) return false;
    const count = buffer[position + 1] - 48;
    if (count < 2 || count > 4) return false;
    this.position = position + 4;
    const args = this.smallArguments(count);
    if (args === null) {
      this.position = position;
      return false;
    }
    this.args = args;
    this.commandEnded();
    return true;
  }

  private smallArguments(count: number): string[] | null {
    const name = this.shortArgument(true);
    if (name === null) return null;
    const first = this.shortArgument(false);
    if (first === null) return null;
    if (count === 2) return [name, first];
    const second = this.shortArgument(false);
    if (second === null) return null;
    if (count === 3) return [name, first, second];
    const third = this.shortArgument(false);
    return third === null ? null : [name, first, second, third];
  }

  /** A whole bulk of up to 99 bytes; null, and then the position is of no use, when there is none here. */
  private shortArgument(isName: boolean): string | null {
    if (!this.shortBulkHeader()) return null;
    const { buffer, position, bulkLength } = this;
    const end = position + bulkLength + 2;
    if (end > buffer.length) return null;
    this.position = end;
    return isName ? this.sliceName(position, bulkLength) : sliceArgument(buffer, position, bulkLength);
  }

  /**
   * Takes the short bulks that have arrived, as many as there are, with everything in local variables: commands of
   * many arguments gain some 5 %.
   */
  private takeShortBulks(): void {
    const { buffer, partial } = this;
    const end = buffer.length;
    let at = this.position;
    let remaining = this.remaining;
    while (remaining > 0 && at + 5 <= end && buffer[at] === 36) {
      const first = buffer[at + 1] - 48;
      if (first < 0 || first > 9) break;
      let length = first;
      let start = at + 4;
      if (buffer[at + 2] !== CR) {
        const second = buffer[at + 2] - 48;
        if (second < 0 || second > 9 || first === 0 || buffer[at + 3] !== CR) break;
        length = first * 10 + second;
        start = at + 5;
      }
      if (start + length + 2 > end) break;
      partial.push(sliceArgument(buffer, start, length));
      at = start + length + 2;
      remaining--;
    }
    this.position = at;
    this.remaining = remaining;
  }

  private bulks(): Decoded {
    while (this.remaining > 0) {
      if (this.bulkLength < 0 && this.partial.length > 0) {
        this.takeShortBulks();
        if (this.remaining === 0) break;
      }
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
          this.large = Buffer.allocUnsafeSlow(Math.min(length + 2, LARGE_BULK_START_BYTES));
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
    this.partial = [];
    this.commandEnded();
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
    if (Number.isNaN(length) || length < 0 || length > Math.min(this.maxBulkBytes, LONGEST_STRING_BYTES)) {
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
    const total = this.bulkLength + 2;
    const available = Math.min(this.buffer.length - this.position, total - this.largeFilled);
    const filled = this.largeFilled + available;
    let large = this.large!;
    if (filled > large.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(total, Math.max(filled, large.length * 2)));
      large.copy(grown, 0, 0, this.largeFilled);
      this.large = large = grown;
    }
    this.buffer.copy(large, this.largeFilled, this.position, this.position + available);
    this.position += available;
    this.largeFilled = filled;
    if (filled < total) return false;
    this.partial.push(large.latin1Slice(0, total - 2));
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
  if (buffer[i] === 48 && (negative || end - i > 1)) return NaN;
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
