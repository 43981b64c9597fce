/** `cjson.decode`. Refuses with the texts of the original. */
import { bytesFromText } from '../../resp/ascii.js';
import { Complaint } from '../lua/error.js';
import type { Machine } from '../lua/machine.js';
import { hexNumber } from '../lua/numbers.js';
import { LuaTable } from '../lua/table.js';
import type { LuaValue, Opaque } from '../lua/value.js';
import type { JsonSettings } from './cjson.js';

const STRICT_NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?/y;
const LAX_NUMBER =
  /-?(?:0[xX]([0-9a-fA-F]+)|inf(?:inity)?|nan|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)/iy;
const PLAIN_RUN = /[^"\\\0]*/y;
const ESCAPES: Readonly<Record<string, string | undefined>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

type Token =
  | 'T_OBJ_BEGIN'
  | 'T_OBJ_END'
  | 'T_ARR_BEGIN'
  | 'T_ARR_END'
  | 'T_STRING'
  | 'T_NUMBER'
  | 'T_BOOLEAN'
  | 'T_NULL'
  | 'T_COLON'
  | 'T_COMMA'
  | 'T_END'
  | 'T_ERROR';

const PUNCTUATION: Readonly<Record<string, Token | undefined>> = {
  '{': 'T_OBJ_BEGIN',
  '}': 'T_OBJ_END',
  '[': 'T_ARR_BEGIN',
  ']': 'T_ARR_END',
  ':': 'T_COLON',
  ',': 'T_COMMA',
};

export class JsonDecoder {
  private position = 0;
  private depth = 0;
  private token: Token = 'T_END';
  private tokenStart = 0;
  private value: LuaValue = undefined;
  private problem = '';

  constructor(
    private readonly machine: Machine,
    private readonly text: string,
    private readonly settings: JsonSettings,
    private readonly nullValue: Opaque,
  ) {}

  decode(): LuaValue {
    if (this.text.length >= 2 && (this.text[0] === '\0' || this.text[1] === '\0')) {
      throw new Complaint('JSON parser does not support UTF-16 or UTF-32');
    }
    this.next();
    const value = this.readValue();
    this.next();
    if (!this.isAt('T_END')) this.fail('the end');
    return value;
  }

  /** The value that begins with the current token. */
  private readValue(): LuaValue {
    switch (this.token) {
      case 'T_STRING':
      case 'T_NUMBER':
      case 'T_BOOLEAN':
        return this.value;
      case 'T_NULL':
        return this.nullValue;
      case 'T_OBJ_BEGIN':
        return this.readObject();
      case 'T_ARR_BEGIN':
        return this.readArray();
      default:
        return this.fail('value');
    }
  }

  private readObject(): LuaTable {
    this.descend();
    const table = new LuaTable(this.machine.heap);
    this.next();
    if (!this.isAt('T_OBJ_END')) {
      for (;;) {
        if (!this.isAt('T_STRING')) this.fail('object key string');
        const key = this.value;
        this.next();
        if (!this.isAt('T_COLON')) this.fail('colon');
        this.next();
        table.set(key, this.readValue());
        this.next();
        if (this.isAt('T_OBJ_END')) break;
        if (!this.isAt('T_COMMA')) this.fail('comma or object end');
        this.next();
      }
    }
    this.depth--;
    return table;
  }

  private readArray(): LuaTable {
    this.descend();
    const table = new LuaTable(this.machine.heap);
    this.next();
    if (!this.isAt('T_ARR_END')) {
      for (;;) {
        table.append(this.readValue());
        this.next();
        if (this.isAt('T_ARR_END')) break;
        if (!this.isAt('T_COMMA')) this.fail('comma or array end');
        this.next();
      }
    }
    this.depth--;
    return table;
  }

  private isAt(token: Token): boolean {
    return this.token === token;
  }

  private descend(): void {
    if (++this.depth > this.settings.decodeMaxDepth) {
      throw new Complaint(
        `Found too many nested data structures (${this.depth}) at character ${this.position}`,
      );
    }
  }

  private fail(expected: string): never {
    const found = this.token === 'T_ERROR' ? this.problem : this.token;
    throw new Complaint(`Expected ${expected} but found ${found} at character ${this.tokenStart + 1}`);
  }

  private next(): void {
    const { text } = this;
    while (isBlank(text.charCodeAt(this.position))) this.position++;
    this.tokenStart = this.position;
    if (this.position >= text.length) {
      this.token = 'T_END';
      return;
    }
    const first = text[this.position];
    const punctuation = PUNCTUATION[first];
    if (punctuation !== undefined) {
      this.position++;
      this.token = punctuation;
    } else if (first === '"') this.readString();
    else if (first === '-' || (first >= '0' && first <= '9')) this.readNumber();
    else if (this.acceptWord('true')) this.setValue('T_BOOLEAN', true);
    else if (this.acceptWord('false')) this.setValue('T_BOOLEAN', false);
    else if (this.acceptWord('null')) this.token = 'T_NULL';
    else if (
      this.settings.decodesInvalidNumbers &&
      /^(?:inf|nan)/i.test(text.slice(this.position, this.position + 3))
    ) {
      this.readNumber();
    } else this.setProblem('invalid token');
  }

  private acceptWord(word: string): boolean {
    if (!this.text.startsWith(word, this.position)) return false;
    this.position += word.length;
    return true;
  }

  private setValue(token: Token, value: LuaValue): void {
    this.token = token;
    this.value = value;
  }

  private setProblem(problem: string): void {
    this.token = 'T_ERROR';
    this.problem = problem;
    this.tokenStart = this.position;
  }

  private readNumber(): void {
    const pattern = this.settings.decodesInvalidNumbers ? LAX_NUMBER : STRICT_NUMBER;
    pattern.lastIndex = this.position;
    const match = pattern.exec(this.text);
    if (match === null || match[0] === '') {
      this.setProblem('invalid number');
      return;
    }
    this.position += match[0].length;
    this.setValue('T_NUMBER', numberFrom(match[0], match[1]));
  }

  private readString(): void {
    const { text } = this;
    let bytes = '';
    this.position++;
    for (;;) {
      PLAIN_RUN.lastIndex = this.position;
      const run = PLAIN_RUN.exec(text)?.[0] ?? '';
      bytes += run;
      this.position += run.length;
      const stop = text[this.position];
      if (stop === undefined) {
        this.setProblem('unexpected end of string');
        return;
      }
      if (stop === '\0') {
        bytes += stop;
        this.position++;
        continue;
      }
      if (stop === '"') break;
      const escaped = this.readEscape();
      if (escaped === null) return;
      bytes += escaped;
    }
    this.position++;
    this.machine.account(bytes.length);
    this.setValue('T_STRING', bytes);
  }

  /** What stands behind a backslash, or null when it is wrong. */
  private readEscape(): string | null {
    const { text } = this;
    const letter = text[this.position + 1] ?? '';
    if (letter === 'u') return this.readUnicode();
    const simple = ESCAPES[letter];
    if (simple === undefined) {
      this.setProblem('invalid escape code');
      return null;
    }
    this.position += 2;
    return simple;
  }

  private readUnicode(): string | null {
    const first = this.codeUnit(this.position);
    if (first === null) return this.badUnicode();
    if (first < 0xd800 || first > 0xdfff) {
      this.position += 6;
      return bytesFromText(String.fromCharCode(first));
    }
    const second = this.codeUnit(this.position + 6);
    if (first > 0xdbff || second === null || second < 0xdc00 || second > 0xdfff) return this.badUnicode();
    this.position += 12;
    return bytesFromText(String.fromCharCode(first, second));
  }

  private badUnicode(): null {
    this.setProblem('invalid unicode escape code');
    return null;
  }

  private codeUnit(position: number): number | null {
    const match = /^\\u([0-9a-fA-F]{4})/.exec(this.text.slice(position, position + 6));
    return match === null ? null : parseInt(match[1], 16);
  }
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9 || code === 10 || code === 13;
}

function numberFrom(text: string, hexDigits: string | undefined): number {
  const sign = text.startsWith('-') ? -1 : 1;
  if (hexDigits !== undefined) return sign * hexNumber(hexDigits);
  const magnitude = sign < 0 ? text.slice(1) : text;
  if (/^inf/i.test(magnitude)) return sign * Infinity;
  return /^nan/i.test(magnitude) ? NaN : sign * Number(magnitude);
}
