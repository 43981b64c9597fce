/** Cuts Lua source into tokens. Source is bytes; nothing but ASCII has a meaning outside strings and comments. */
import { LuaSyntaxError } from './error.js';
import { hexNumber } from './numbers.js';

const RESERVED = [
  'and',
  'break',
  'do',
  'else',
  'elseif',
  'end',
  'false',
  'for',
  'function',
  'if',
  'in',
  'local',
  'nil',
  'not',
  'or',
  'repeat',
  'return',
  'then',
  'true',
  'until',
  'while',
] as const;

export type Reserved = (typeof RESERVED)[number];
export type Punctuation =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '^'
  | '#'
  | '=='
  | '~='
  | '<='
  | '>='
  | '<'
  | '>'
  | '='
  | '('
  | ')'
  | '{'
  | '}'
  | '['
  | ']'
  | ';'
  | ':'
  | ','
  | '.'
  | '..'
  | '...';

/** `other`: a byte that begins no token; the parser complains about it. */
export type TokenKind = Reserved | Punctuation | 'name' | 'string' | 'number' | 'end-of-source' | 'other';

const RESERVED_WORDS: ReadonlySet<string> = new Set(RESERVED);
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMERAL = /[0-9.](?:[eE][-+]|[A-Za-z0-9_.])*/y;
const DECIMAL = /^(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$/;
const HEXADECIMAL = /^0[xX]([0-9a-fA-F]+)$/;
const SYMBOLS: readonly Punctuation[] = ['...', '..', '==', '~=', '<=', '>='];
const SINGLE_SYMBOLS = '+-*/%^#<>=(){}[];:,.';
const SIMPLE_ESCAPES: Readonly<Record<string, string | undefined>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
/** Longer sources of a message are cut, as Lua's own buffer for them is 80 bytes. */
const SHOWN_CHUNK_LENGTH = 60;

export class Lexer {
  kind: TokenKind = 'end-of-source';
  /** The name, the string's bytes. */
  text = '';
  number = 0;
  line = 1;
  /** The line of the token before this one. */
  previousLine = 1;

  private position = 0;
  private start = 0;
  private peeked: { kind: TokenKind; text: string; number: number; line: number; start: number } | null =
    null;

  constructor(
    private readonly source: string,
    readonly chunkName: string,
  ) {}

  next(): void {
    this.previousLine = this.line;
    const { peeked } = this;
    if (peeked !== null) {
      this.peeked = null;
      ({
        kind: this.kind,
        text: this.text,
        number: this.number,
        line: this.line,
        start: this.start,
      } = peeked);
      return;
    }
    this.scan();
  }

  /** The kind of the token after this one. */
  peek(): TokenKind {
    if (this.peeked !== null) return this.peeked.kind;
    const { kind, text, number, line, start } = this;
    this.scan();
    this.peeked = {
      kind: this.kind,
      text: this.text,
      number: this.number,
      line: this.line,
      start: this.start,
    };
    this.kind = kind;
    this.text = text;
    this.number = number;
    this.line = line;
    this.start = start;
    return this.peeked.kind;
  }

  /** Refuses the source at the current token. */
  fail(reason: string): never {
    this.failNear(reason, this.shownToken());
  }

  /** Refuses the source without naming a token. */
  failPlainly(reason: string): never {
    throw new LuaSyntaxError(`${shownChunk(this.chunkName)}:${this.line}: ${reason}`);
  }

  private failNear(reason: string, token: string): never {
    throw new LuaSyntaxError(`${shownChunk(this.chunkName)}:${this.line}: ${reason} near '${token}'`);
  }

  private shownToken(): string {
    switch (this.kind) {
      case 'name':
      case 'string':
      case 'number':
        return this.source.slice(this.start, this.peeked?.start ?? this.position).trimEnd();
      case 'end-of-source':
        return '<eof>';
      case 'other':
        return this.shownByte();
      default:
        return this.kind;
    }
  }

  private shownByte(): string {
    const code = this.text.charCodeAt(0);
    return code < 32 ? `char(${code})` : this.text;
  }

  private scan(): void {
    const { source } = this;
    this.skipBlanks();
    this.start = this.position;
    if (this.position >= source.length) {
      this.kind = 'end-of-source';
      return;
    }
    NAME.lastIndex = this.position;
    const name = NAME.exec(source);
    if (name !== null) {
      this.position = NAME.lastIndex;
      this.text = name[0];
      this.kind = RESERVED_WORDS.has(this.text) ? (this.text as Reserved) : 'name';
      return;
    }
    const first = source[this.position];
    if (first === '"' || first === "'") this.scanString(first);
    else if (first === '[' && this.longBracketLevel(this.position) >= 0) {
      this.text = this.scanLongBracket('string');
      this.kind = 'string';
    } else if (isDigit(first) || (first === '.' && isDigit(source[this.position + 1] ?? '')))
      this.scanNumber();
    else this.scanSymbol(first);
  }

  private scanSymbol(first: string): void {
    for (const symbol of SYMBOLS) {
      if (this.source.startsWith(symbol, this.position)) {
        this.position += symbol.length;
        this.kind = symbol;
        return;
      }
    }
    this.position++;
    this.text = first;
    this.kind = SINGLE_SYMBOLS.includes(first) ? (first as Punctuation) : 'other';
  }

  private scanNumber(): void {
    NUMERAL.lastIndex = this.position;
    const text = NUMERAL.exec(this.source)?.[0] ?? '';
    this.position += text.length;
    const hexadecimal = HEXADECIMAL.exec(text);
    if (hexadecimal !== null) this.number = hexNumber(hexadecimal[1]);
    else if (DECIMAL.test(text)) this.number = Number(text);
    else this.failNear('malformed number', text);
    this.kind = 'number';
  }

  private scanString(quote: string): void {
    const { source } = this;
    let bytes = '';
    let runFrom = ++this.position;
    for (;;) {
      const current = source[this.position];
      if (current === quote) break;
      if (current === undefined) this.failNear('unfinished string', '<eof>');
      if (current === '\n' || current === '\r') {
        this.failNear('unfinished string', source.slice(this.start, this.position));
      }
      if (current !== '\\') {
        this.position++;
        continue;
      }
      bytes += source.slice(runFrom, this.position);
      this.position++;
      bytes += this.scanEscape();
      runFrom = this.position;
    }
    this.text = bytes + source.slice(runFrom, this.position);
    this.position++;
    this.kind = 'string';
  }

  private scanEscape(): string {
    const { source } = this;
    const current = source[this.position];
    if (current === undefined) return '';
    if (current === '\n' || current === '\r') {
      this.skipLineBreak();
      return '\n';
    }
    const digits = /^[0-9]{1,3}/.exec(source.slice(this.position, this.position + 3))?.[0];
    if (digits !== undefined) {
      const code = Number(digits);
      if (code > 255) {
        this.failNear('escape sequence too large', source.slice(this.start, this.position - 1));
      }
      this.position += digits.length;
      return String.fromCharCode(code);
    }
    this.position++;
    return SIMPLE_ESCAPES[current] ?? current;
  }

  private skipBlanks(): void {
    const { source } = this;
    for (;;) {
      const code = source.charCodeAt(this.position);
      if (code === 10 || code === 13) this.skipLineBreak();
      else if (code === 32 || code === 9 || code === 11 || code === 12) this.position++;
      else if (code === 45 && source.charCodeAt(this.position + 1) === 45) this.skipComment();
      else return;
    }
  }

  private skipComment(): void {
    this.start = this.position;
    this.position += 2;
    if (this.longBracketLevel(this.position) >= 0) this.scanLongBracket('comment');
    else this.position = this.endOfLine(this.position);
  }

  /** The number of equal signs of the long bracket that begins at a position; -1: none does. */
  private longBracketLevel(from: number): number {
    const { source } = this;
    if (source[from] !== '[') return -1;
    let at = from + 1;
    while (source[at] === '=') at++;
    if (source[at] === '[') return at - from - 1;
    if (at > from + 1 && from === this.start) {
      this.failNear('invalid long string delimiter', source.slice(from, at));
    }
    return -1;
  }

  private scanLongBracket(what: 'string' | 'comment'): string {
    const { source } = this;
    const level = this.longBracketLevel(this.position);
    this.position += level + 2;
    const code = source.charCodeAt(this.position);
    if (code === 10 || code === 13) this.skipLineBreak();
    const end = source.indexOf(`]${'='.repeat(level)}]`, this.position);
    const stop = end === -1 ? source.length : end;
    let bytes = '';
    let runFrom = this.position;
    while (this.position < stop) {
      const current = source.charCodeAt(this.position);
      if (current !== 10 && current !== 13) {
        this.position++;
        continue;
      }
      bytes += `${source.slice(runFrom, this.position)}\n`;
      this.skipLineBreak();
      runFrom = this.position;
    }
    if (end === -1) this.failNear(`unfinished long ${what}`, '<eof>');
    this.position = end + level + 2;
    return bytes + source.slice(runFrom, end);
  }

  /** A line break is one or two bytes, in any order of CR and LF. */
  private skipLineBreak(): void {
    const first = this.source.charCodeAt(this.position++);
    const second = this.source.charCodeAt(this.position);
    if ((second === 10 || second === 13) && second !== first) this.position++;
    this.line++;
  }

  private endOfLine(from: number): number {
    let at = from;
    while (at < this.source.length && this.source[at] !== '\n' && this.source[at] !== '\r') at++;
    return at;
  }
}

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9';
}

/** A chunk's name as messages show it: the name itself behind `@` or `=`, otherwise the beginning of the source. */
export function shownChunk(chunkName: string): string {
  if (chunkName.startsWith('@') || chunkName.startsWith('=')) return chunkName.slice(1);
  const line = chunkName.split('\n', 1)[0];
  const isWhole = line.length === chunkName.length && line.length <= SHOWN_CHUNK_LENGTH - 17;
  return isWhole ? `[string "${line}"]` : `[string "${line.slice(0, SHOWN_CHUNK_LENGTH - 17)}..."]`;
}
