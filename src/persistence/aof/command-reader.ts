/**
 * Reads the commands of an append-only file from blocks as they come: RESP arrays of bulk strings, nothing else, and
 * annotations (lines that begin with #) between them. Knows at every moment up to which byte the file is whole.
 *
 * Memory grows with what was read, never with a length that is only promised.
 */

/** What {@link CommandReader.next} found. */
export type Found = 'command' | 'annotation' | 'more' | 'malformed';

/** Where and why a file is no append-only file. */
export interface Malformation {
  /** Bytes from the start of the file to the item that is wrong. */
  readonly offset: number;
  readonly reason: string;
}

/** Longer header lines are no header lines. */
const HEADER_LIMIT_BYTES = 128;
const ANNOTATION_LIMIT_BYTES = 1024;
const LARGEST_COUNT = 1024 * 1024 * 1024;
/** The longest string V8 can hold. */
const LONGEST_BULK_BYTES = 0x1fffffe8;

const CR = 13;
const LF = 10;
const HASH = 35;
const DOLLAR = 36;
const ASTERISK = 42;

export class CommandReader {
  /** The command that was found; a fresh array for each. */
  args: string[] = [];
  /** The line that was found, without its end. */
  annotation = '';
  malformation: Malformation | null = null;
  /** Lines of the file that were read whole, to be shown to people. */
  lines = 0;

  private buffer: Buffer = Buffer.alloc(0);
  private end = 0;
  private position = 0;
  /** Bytes of the file before the buffer. */
  private bytesBefore: number;
  /** Where the command or annotation being read begins. */
  private itemStart: number;
  private remaining = 0;
  private partial: string[] = [];
  private bulkLength = -1;

  /** @param startOffset bytes of the file before the first command: a snapshot may come first */
  constructor(startOffset = 0) {
    this.bytesBefore = startOffset;
    this.itemStart = startOffset;
  }

  /** Bytes from the start of the file to the first item that is not whole (or not there). */
  get wholeBytes(): number {
    return this.itemStart;
  }

  /** The file must not end here: something has begun. */
  get isInsideItem(): boolean {
    return this.remaining > 0 || this.position < this.end;
  }

  /** When the file ends inside a string: what is missing of it. */
  get missing(): { readonly offset: number; readonly wanted: number; readonly got: number } | null {
    if (this.bulkLength < 0 || this.remaining === 0) return null;
    return { offset: this.offset, wanted: this.bulkLength + 2, got: this.end - this.position };
  }

  /** Adds a block, which may be reused afterwards. */
  feed(block: Buffer): void {
    if (this.end + block.length > this.buffer.length) {
      const left = this.end - this.position;
      const needed = left + block.length;
      const target = needed > this.buffer.length ? Buffer.allocUnsafeSlow(needed * 2) : this.buffer;
      this.buffer.copy(target, 0, this.position, this.end);
      this.buffer = target;
      this.bytesBefore += this.position;
      this.position = 0;
      this.end = left;
    }
    block.copy(this.buffer, this.end);
    this.end += block.length;
  }

  /** The next command or annotation. After `malformed` there is no way on. */
  next(): Found {
    if (this.remaining === 0) {
      if (this.position >= this.end) return 'more';
      const first = this.buffer[this.position];
      if (first === HASH) return this.readAnnotation();
      const count = this.readHeader(ASTERISK);
      if (typeof count !== 'number') return count;
      if (count < 1 || count > LARGEST_COUNT) return this.fail(`Invalid number of arguments: ${count}`);
      this.remaining = count;
      this.partial = [];
      this.bulkLength = -1;
    }
    while (this.remaining > 0) {
      if (this.bulkLength < 0) {
        const length = this.readHeader(DOLLAR);
        if (typeof length !== 'number') return length;
        if (length < 0 || length > LONGEST_BULK_BYTES) {
          return this.fail(`Expected to read string of ${length} bytes, which is not in the suitable range`);
        }
        this.bulkLength = length;
      }
      const bulkEnd = this.position + this.bulkLength;
      if (bulkEnd + 2 > this.end) return 'more';
      if (this.buffer[bulkEnd] !== CR || this.buffer[bulkEnd + 1] !== LF) {
        const [a, b] = [this.buffer[bulkEnd], this.buffer[bulkEnd + 1]];
        return this.fail(`Expected \\r\\n, got: ${hex(a)}${hex(b)}`);
      }
      this.partial.push(this.buffer.latin1Slice(this.position, bulkEnd));
      this.position = bulkEnd + 2;
      this.lines++;
      this.bulkLength = -1;
      this.remaining--;
    }
    this.args = this.partial;
    this.itemStart = this.offset;
    return 'command';
  }

  private get offset(): number {
    return this.bytesBefore + this.position;
  }

  private readAnnotation(): Found {
    const newline = this.buffer.subarray(this.position, this.end).indexOf(LF);
    if (newline === -1 || newline > ANNOTATION_LIMIT_BYTES) {
      if (newline === -1 && this.end - this.position <= ANNOTATION_LIMIT_BYTES) return 'more';
      return this.fail('The annotation is too long');
    }
    const lineEnd = this.position + newline;
    const textEnd = this.buffer[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd;
    this.annotation = this.buffer.latin1Slice(this.position, textEnd);
    this.position = lineEnd + 1;
    this.itemStart = this.offset;
    return 'annotation';
  }

  /** A line of a type and a decimal number. */
  private readHeader(type: number): number | 'more' | 'malformed' {
    const { buffer, position, end } = this;
    if (position >= end) return 'more';
    if (buffer[position] !== type) {
      const [expected, got] = [type, buffer[position]].map((code) => String.fromCharCode(code));
      return this.fail(`Expected prefix '${expected}', got: '${got}'`);
    }
    let at = position + 1;
    const isNegative = buffer[at] === 45 && at < end;
    if (isNegative) at++;
    let value = 0;
    for (; at < end && buffer[at] >= 48 && buffer[at] <= 57; at++) value = value * 10 + buffer[at] - 48;
    if (at - position > HEADER_LIMIT_BYTES) return this.fail('The header line is too long');
    if (at + 1 >= end && (at >= end || buffer[at] === CR)) return 'more';
    if (buffer[at] !== CR || buffer[at + 1] !== LF) {
      return this.fail(`Expected \\r\\n, got: ${hex(buffer[at])}${hex(buffer[at + 1])}`);
    }
    this.position = at + 2;
    this.lines++;
    return isNegative ? -value : value;
  }

  private fail(reason: string): 'malformed' {
    this.malformation = { offset: this.offset, reason };
    return 'malformed';
  }
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
