/** `cjson.encode`. */
import { Complaint } from '../lua/error.js';
import type { Machine } from '../lua/machine.js';
import { formatGeneral } from '../lua/numbers.js';
import { LuaTable } from '../lua/table.js';
import { Opaque, typeName, type LuaValue } from '../lua/value.js';
import type { JsonSettings } from './cjson.js';

const NEEDS_ESCAPE = /[\0-\x1f"\\/\x7f]/;
const ESCAPED = /[\0-\x1f"\\/\x7f]/g;
const SHORT_ESCAPES: Readonly<Record<string, string | undefined>> = {
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
  '"': '\\"',
  '\\': '\\\\',
  '/': '\\/',
};

export class JsonEncoder {
  private depth = 0;

  constructor(
    private readonly machine: Machine,
    private readonly settings: JsonSettings,
  ) {}

  encode(value: LuaValue): string {
    switch (typeof value) {
      case 'undefined':
        return 'null';
      case 'boolean':
        return String(value);
      case 'number':
        return this.number(value);
      case 'string':
        return encodeString(value);
      default:
        if (value instanceof LuaTable) return this.table(value);
        if (value instanceof Opaque) return 'null';
        throw new Complaint(`Cannot serialise ${typeName(value)}: type not supported`);
    }
  }

  private number(value: number): string {
    if (!Number.isFinite(value)) {
      if (this.settings.encodesInvalidNumbers === 'null') return 'null';
      if (this.settings.encodesInvalidNumbers === false) {
        throw new Complaint('Cannot serialise number: must not be NaN or Inf');
      }
      return formatGeneral(value, this.settings.numberPrecision);
    }
    const isShort = Number.isInteger(value) && Math.abs(value) < 1e14 && this.settings.numberPrecision >= 14;
    return isShort && !Object.is(value, -0)
      ? String(value)
      : formatGeneral(value, this.settings.numberPrecision);
  }

  private table(table: LuaTable): string {
    if (++this.depth > this.settings.encodeMaxDepth) {
      throw new Complaint(`Cannot serialise, excessive depth (${this.depth})`);
    }
    const length = this.arrayLength(table);
    const encoded = length > 0 ? this.array(table, length) : this.object(table);
    this.depth--;
    this.machine.account(encoded.length);
    return encoded;
  }

  /** How long the table is as an array; -1: it is an object. */
  private arrayLength(table: LuaTable): number {
    let max = 0;
    let count = 0;
    let isArray = true;
    table.forEach((key) => {
      if (typeof key === 'number' && Number.isInteger(key) && key >= 1) {
        max = Math.max(max, key);
        count++;
      } else isArray = false;
    });
    if (!isArray) return -1;
    const { sparseRatio, sparseSafe, convertsSparse } = this.settings;
    if (sparseRatio > 0 && max > count * sparseRatio && max > sparseSafe) {
      if (!convertsSparse) throw new Complaint('Cannot serialise table: excessively sparse array');
      return -1;
    }
    return max;
  }

  private array(table: LuaTable, length: number): string {
    let text = '[';
    for (let i = 1; i <= length; i++) text += (i > 1 ? ',' : '') + this.encode(table.get(i));
    return `${text}]`;
  }

  private object(table: LuaTable): string {
    let text = '{';
    table.forEach((key, value) => {
      if (text.length > 1) text += ',';
      if (typeof key === 'number') text += `"${this.number(key)}":`;
      else if (typeof key === 'string') text += `${encodeString(key)}:`;
      else throw new Complaint(`Cannot serialise ${typeName(key)}: table key must be a number or string`);
      text += this.encode(value);
    });
    return `${text}}`;
  }
}

function encodeString(text: string): string {
  if (!NEEDS_ESCAPE.test(text)) return `"${text}"`;
  return `"${text.replace(
    ESCAPED,
    (character) => SHORT_ESCAPES[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )}"`;
}
