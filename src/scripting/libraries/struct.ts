/** `struct`: numbers and strings packed as C lays them out. */
import { BadArgument, Complaint } from '../lua/error.js';
import type { Machine } from '../lua/machine.js';
import { addFunctions, checkNumber, checkString, optionalInteger } from '../lua/library/arguments.js';
import { toInt64 } from '../lua/library/format.js';
import { LuaTable } from '../lua/table.js';
import type { LuaValue } from '../lua/value.js';

const MAX_INTEGER_BYTES = 32;
const MAX_ALIGNMENT = 8;

/** One directive of a format. */
type Item =
  | { readonly kind: 'integer'; readonly bytes: number; readonly isSigned: boolean }
  | { readonly kind: 'float' | 'double' }
  | { readonly kind: 'padding' }
  | { readonly kind: 'string' }
  /** `c`: of that many bytes; 0: the rest when packing, the number before it when unpacking. */
  | { readonly kind: 'characters'; readonly bytes: number };

export function openStruct(machine: Machine): void {
  const library = new LuaTable(machine.heap);
  addFunctions(library, { pack, unpack, size });
  machine.globals.set('struct', library);
}

/** Reads a format: its items, and the byte order and alignment in force at each. */
class FormatReader {
  isLittle = true;
  private alignment = 1;
  private position = 0;

  constructor(private readonly format: string) {}

  get isAtEnd(): boolean {
    return this.position >= this.format.length;
  }

  /** The next item, or null for a directive that only changes how the others are read. */
  next(): Item | null {
    const directive = this.format[this.position++];
    switch (directive) {
      case 'b':
      case 'B':
        return { kind: 'integer', bytes: 1, isSigned: directive === 'b' };
      case 'h':
      case 'H':
        return { kind: 'integer', bytes: 2, isSigned: directive === 'h' };
      case 'l':
      case 'L':
        return { kind: 'integer', bytes: 8, isSigned: directive === 'l' };
      case 'T':
        return { kind: 'integer', bytes: 8, isSigned: false };
      case 'i':
      case 'I': {
        const bytes = this.number(4);
        if (bytes > MAX_INTEGER_BYTES) {
          throw new Complaint(`integral size ${bytes} is larger than limit of ${MAX_INTEGER_BYTES}`);
        }
        return { kind: 'integer', bytes, isSigned: directive === 'i' };
      }
      case 'f':
        return { kind: 'float' };
      case 'd':
      case 'n':
        return { kind: 'double' };
      case 'x':
        return { kind: 'padding' };
      case 's':
        return { kind: 'string' };
      case 'c':
        return { kind: 'characters', bytes: this.number(1) };
      case ' ':
        return null;
      case '<':
        this.isLittle = true;
        return null;
      case '>':
        this.isLittle = false;
        return null;
      case '!': {
        const alignment = this.number(MAX_ALIGNMENT);
        if (alignment === 0 || (alignment & (alignment - 1)) !== 0) {
          throw new Complaint('alignment is not a power of 2');
        }
        this.alignment = alignment;
        return null;
      }
      default:
        throw new BadArgument(1, `invalid format option '${directive}'`);
    }
  }

  /** Bytes to skip before an item at an offset. */
  paddingBefore(item: Item, offset: number): number {
    const size = sizeOf(item);
    if (item.kind === 'characters' || item.kind === 'padding' || item.kind === 'string') return 0;
    const alignment = Math.min(size, this.alignment);
    if (alignment <= 1) return 0;
    return (alignment - (offset & (alignment - 1))) & (alignment - 1);
  }

  private number(otherwise: number): number {
    const digits = /^[0-9]+/.exec(this.format.slice(this.position))?.[0];
    if (digits === undefined) return otherwise;
    this.position += digits.length;
    const value = Number(digits);
    if (value > 0x7fffffff) throw new Complaint('integral size overflow');
    return value;
  }
}

function sizeOf(item: Item): number {
  switch (item.kind) {
    case 'integer':
    case 'characters':
      return item.bytes;
    case 'float':
      return 4;
    case 'double':
      return 8;
    case 'padding':
      return 1;
    case 'string':
      return 0;
  }
}

function pack(args: LuaValue[], machine: Machine): LuaValue[] {
  const reader = new FormatReader(checkString(args, 0));
  let packed = '';
  let argument = 1;
  while (!reader.isAtEnd) {
    const item = reader.next();
    if (item === null) continue;
    packed += '\0'.repeat(reader.paddingBefore(item, packed.length));
    switch (item.kind) {
      case 'integer':
        packed += integerBytes(checkNumber(args, argument++), item.bytes, reader.isLittle);
        break;
      case 'float':
      case 'double':
        packed += floatBytes(checkNumber(args, argument++), item.kind, reader.isLittle);
        break;
      case 'padding':
        packed += '\0';
        break;
      case 'string':
        packed += `${checkString(args, argument++)}\0`;
        break;
      case 'characters': {
        const text = checkString(args, argument);
        const bytes = item.bytes === 0 ? text.length : item.bytes;
        if (text.length < bytes) throw new BadArgument(argument + 1, 'string too short');
        packed += text.slice(0, bytes);
        argument++;
      }
    }
    machine.account(8);
  }
  machine.account(packed.length);
  return [packed];
}

function unpack(args: LuaValue[]): LuaValue[] {
  const reader = new FormatReader(checkString(args, 0));
  const data = checkString(args, 1);
  let position = optionalInteger(args, 2, 1) - 1;
  if (position < 0) throw new BadArgument(3, 'offset must be 1 or greater');
  const values: LuaValue[] = [];
  while (!reader.isAtEnd) {
    const item = reader.next();
    if (item === null) continue;
    position += reader.paddingBefore(item, position);
    let size = sizeOf(item);
    if (item.kind === 'characters' && item.bytes === 0) {
      const length = values.pop();
      if (typeof length !== 'number') throw new Complaint("format 'c0' needs a previous size");
      size = length;
    }
    if (size > data.length || position > data.length - size || size < 0) {
      throw new BadArgument(2, 'data string too short');
    }
    const bytes = data.slice(position, position + size);
    position += size;
    switch (item.kind) {
      case 'integer':
        values.push(integerFrom(bytes, item.isSigned, reader.isLittle));
        break;
      case 'float':
      case 'double':
        values.push(floatFrom(bytes, item.kind, reader.isLittle));
        break;
      case 'padding':
        break;
      case 'string': {
        const end = data.indexOf('\0', position);
        if (end === -1) throw new Complaint('unfinished string in data');
        values.push(data.slice(position, end));
        position = end + 1;
        break;
      }
      case 'characters':
        values.push(bytes);
    }
  }
  values.push(position + 1);
  return values;
}

function size(args: LuaValue[]): LuaValue[] {
  const reader = new FormatReader(checkString(args, 0));
  let total = 0;
  while (!reader.isAtEnd) {
    const item = reader.next();
    if (item === null) continue;
    if (item.kind === 'string') throw new BadArgument(1, "variable-size format in 'size'");
    if (item.kind === 'characters' && item.bytes === 0) {
      throw new BadArgument(1, "variable-length format in 'size'");
    }
    total += reader.paddingBefore(item, total) + sizeOf(item);
  }
  return [total];
}

function integerBytes(value: number, bytes: number, isLittle: boolean): string {
  let rest = BigInt.asUintN(64, toInt64(value));
  const codes: number[] = [];
  for (let i = 0; i < bytes; i++) {
    codes.push(Number(rest & 0xffn));
    rest >>= 8n;
  }
  if (!isLittle) codes.reverse();
  return String.fromCharCode(...codes);
}

function integerFrom(bytes: string, isSigned: boolean, isLittle: boolean): number {
  let value = 0n;
  for (let i = 0; i < bytes.length; i++) {
    const code = bytes.charCodeAt(isLittle ? bytes.length - 1 - i : i);
    value = BigInt.asUintN(64, (value << 8n) | BigInt(code));
  }
  const bits = Math.min(64, bytes.length * 8);
  return Number(isSigned ? BigInt.asIntN(bits, value) : value);
}

function floatBytes(value: number, kind: 'float' | 'double', isLittle: boolean): string {
  const view = new DataView(new ArrayBuffer(kind === 'float' ? 4 : 8));
  if (kind === 'float') view.setFloat32(0, value, isLittle);
  else view.setFloat64(0, value, isLittle);
  return String.fromCharCode(...new Uint8Array(view.buffer));
}

function floatFrom(bytes: string, kind: 'float' | 'double', isLittle: boolean): number {
  const view = new DataView(new ArrayBuffer(8));
  for (let i = 0; i < bytes.length; i++) view.setUint8(i, bytes.charCodeAt(i));
  return kind === 'float' ? view.getFloat32(0, isLittle) : view.getFloat64(0, isLittle);
}
