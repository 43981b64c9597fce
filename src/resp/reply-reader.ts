/**
 * Reads replies of both protocol versions, RESP2 and RESP3, and keeps every distinction the wire makes: for a
 * program that shows replies to people. (Links between servers need plain values and RESP2 only; see client/.)
 *
 * Feed chunks as they come, then take replies until there is none. What has been read of a reply is kept, so that
 * a large one in many chunks is read once; nothing recurses, so that nesting cannot exhaust the stack.
 */

/** A reply as it was on the wire. Strings are bytes, one per character. */
export type WireReply =
  | { readonly type: 'simple' | 'error' | 'bulk' | 'double'; readonly text: string }
  | { readonly type: 'integer' | 'bigNumber'; readonly digits: string }
  | { readonly type: 'boolean'; readonly value: boolean }
  /** `format` has three letters: txt or mkd. */
  | { readonly type: 'verbatim'; readonly format: string; readonly text: string }
  /** RESP3's null, and the null string and null array of RESP2. */
  | { readonly type: 'null' }
  | { readonly type: 'array' | 'set' | 'push'; readonly items: readonly WireReply[] }
  /** An attribute comes before the reply that it describes; inside aggregates attributes are left out. */
  | { readonly type: 'map' | 'attribute'; readonly entries: readonly (readonly [WireReply, WireReply])[] };

type AggregateType = 'array' | 'set' | 'push' | 'map' | 'attribute';

/** An aggregate some of whose elements are still to come. */
interface OpenAggregate {
  readonly type: AggregateType;
  readonly elements: WireReply[];
  /** How many elements it will have; a pair is two. */
  readonly expected: number;
}

const CR = 13;
const LF = 10;
const EMPTY = Buffer.alloc(0);
const MAX_LINE_BYTES = 64 * 1024;
const MAX_BULK_BYTES = 512 * 1024 * 1024;
const MAX_DEPTH = 1000;
const MAX_ELEMENTS = 2 ** 32;

export class ReplyReader {
  /** Why nothing can be read any more; null while all is well. */
  problem: string | null = null;

  private buffer: Buffer = EMPTY;
  private position = 0;
  /** Chunks that have not been joined to the buffer yet: a long bulk is joined once, when all of it is there. */
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  /** How many unread bytes are needed before it is worth looking again. */
  private neededBytes = 1;
  private readonly open: OpenAggregate[] = [];

  /** Takes bytes just received. They are copied: the chunk may be reused. */
  feed(chunk: Buffer): void {
    this.waiting.push(Buffer.from(chunk));
    this.waitingBytes += chunk.length;
  }

  /** True in the middle of a reply. */
  get isMidReply(): boolean {
    return this.open.length > 0 || this.unreadBytes > 0;
  }

  /** The next whole reply; null when there is none yet, or none any more (see {@link problem}). */
  next(): WireReply | null {
    if (this.unreadBytes >= this.neededBytes) this.join();
    for (;;) {
      if (this.problem !== null || this.buffer.length - this.position < this.neededBytes) return null;
      const element = this.element();
      if (element === null) return null;
      const reply = element === 'opened' ? this.close(null) : this.close(element);
      if (reply !== null) return reply;
    }
  }

  private get unreadBytes(): number {
    return this.buffer.length - this.position + this.waitingBytes;
  }

  private join(): void {
    if (this.waiting.length === 0) return;
    const rest = this.buffer.subarray(this.position);
    this.buffer =
      rest.length === 0 && this.waiting.length === 1
        ? this.waiting[0]!
        : Buffer.concat([rest, ...this.waiting]);
    this.position = 0;
    this.waiting = [];
    this.waitingBytes = 0;
  }

  /** Puts a finished element into the aggregate it belongs to; returns the outermost reply once it is whole. */
  private close(finished: WireReply | null): WireReply | null {
    let element = finished;
    for (;;) {
      const innermost = this.open.at(-1);
      if (innermost === undefined) return element;
      // An attribute does not count as an element: what it describes follows.
      if (element !== null && element.type !== 'attribute') innermost.elements.push(element);
      if (innermost.elements.length < innermost.expected) return null;
      this.open.pop();
      element = aggregate(innermost);
    }
  }

  /** Reads one element: a scalar, or the header of an aggregate. Null when more bytes are needed. */
  private element(): WireReply | 'opened' | null {
    this.neededBytes = 1;
    const end = this.lineEnd();
    if (end < 0) return null;
    const kind = String.fromCharCode(this.buffer[this.position]!);
    const line = this.buffer.latin1Slice(this.position + 1, end);
    const next = end + 2;
    switch (kind) {
      case '$':
      case '!':
      case '=':
        return this.bulk(kind, line, next);
      case '*':
        return this.header('array', line, 1, next);
      case '~':
        return this.header('set', line, 1, next);
      case '>':
        return this.header('push', line, 1, next);
      case '%':
        return this.header('map', line, 2, next);
      case '|':
        return this.header('attribute', line, 2, next);
      default: {
        const scalar = scalarOf(kind, line);
        if (scalar === null) return this.problemWith(`${JSON.stringify(kind + line)} is no reply`);
        this.position = next;
        return scalar;
      }
    }
  }

  private bulk(kind: '$' | '!' | '=', line: string, start: number): WireReply | null {
    const length = lengthOf(line);
    if (length === -1 && kind === '$') {
      this.position = start;
      return { type: 'null' };
    }
    if (!(length >= 0 && length <= MAX_BULK_BYTES))
      return this.problemWith(`bulk length ${JSON.stringify(line)}`);
    const end = start + length;
    if (this.buffer.length < end + 2) {
      this.neededBytes = end + 2 - this.position;
      return null;
    }
    if (this.buffer[end] !== CR || this.buffer[end + 1] !== LF)
      return this.problemWith('a bulk without its end');
    const text = this.buffer.latin1Slice(start, end);
    this.position = end + 2;
    if (kind === '$') return { type: 'bulk', text };
    if (kind === '!') return { type: 'error', text };
    if (text[3] !== ':') return this.problemWith('a verbatim string without a format');
    return { type: 'verbatim', format: text.slice(0, 3), text: text.slice(4) };
  }

  private header(
    type: AggregateType,
    line: string,
    perEntry: number,
    next: number,
  ): WireReply | 'opened' | null {
    const count = lengthOf(line);
    if (count === -1 && type === 'array') {
      this.position = next;
      return { type: 'null' };
    }
    if (!(count >= 0 && count <= MAX_ELEMENTS)) return this.problemWith(`length ${JSON.stringify(line)}`);
    if (this.open.length === MAX_DEPTH) return this.problemWith('nested too deeply');
    this.position = next;
    this.open.push({ type, elements: [], expected: count * perEntry });
    return 'opened';
  }

  /** Position of the CR LF that ends the line at the current position; -1 when it has not come. */
  private lineEnd(): number {
    let from = this.position;
    for (;;) {
      const found = this.buffer.indexOf(CR, from);
      if (found >= 0 && found + 1 < this.buffer.length) {
        if (this.buffer[found + 1] === LF) return found;
        from = found + 1;
        continue;
      }
      const length = this.buffer.length - this.position;
      if (length > MAX_LINE_BYTES) this.problemWith('a line without end');
      this.neededBytes = length + 1;
      return -1;
    }
  }

  private problemWith(text: string): null {
    this.problem = `Protocol error: ${text}`;
    return null;
  }
}

function aggregate({ type, elements }: OpenAggregate): WireReply {
  if (type !== 'map' && type !== 'attribute') return { type, items: elements };
  const entries: [WireReply, WireReply][] = [];
  for (let i = 0; i + 1 < elements.length; i += 2) entries.push([elements[i]!, elements[i + 1]!]);
  return { type, entries };
}

function scalarOf(kind: string, line: string): WireReply | null {
  switch (kind) {
    case '+':
      return { type: 'simple', text: line };
    case '-':
      return { type: 'error', text: line };
    case ':':
      return /^[+-]?[0-9]+$/.test(line) ? { type: 'integer', digits: line } : null;
    case '(':
      return /^[+-]?[0-9]+$/.test(line) ? { type: 'bigNumber', digits: line } : null;
    case ',':
      return { type: 'double', text: line };
    case '_':
      return line === '' ? { type: 'null' } : null;
    case '#':
      return line === 't' || line === 'f' ? { type: 'boolean', value: line === 't' } : null;
    default:
      return null;
  }
}

/** A length of a bulk or an aggregate: -1 or a count; NaN for anything else. */
function lengthOf(line: string): number {
  return line === '-1' || /^[0-9]{1,15}$/.test(line) ? Number(line) : NaN;
}
