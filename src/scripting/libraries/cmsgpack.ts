/** `cmsgpack`: MessagePack. */
import { BadArgument, Complaint } from '../lua/error.js';
import { addFunctions, checkString, optionalInteger } from '../lua/library/arguments.js';
import type { Machine } from '../lua/machine.js';
import { LuaTable } from '../lua/table.js';
import type { LuaValue } from '../lua/value.js';

/** Tables nested deeper are packed as nil. */
const MAX_NESTING = 16;
const UNPACK_ALL = 0;

export function openMessagePack(machine: Machine): void {
  const library = new LuaTable(machine.heap);
  library.set('_NAME', 'cmsgpack');
  library.set('_VERSION', 'lua-cmsgpack 0.4.0');
  library.set('_COPYRIGHT', 'Copyright (C) 2012, Redis Ltd.');
  library.set('_DESCRIPTION', 'MessagePack C implementation for Lua');
  addFunctions(library, {
    pack: (args, owner) => {
      if (args.length === 0) throw new BadArgument(0, 'MessagePack pack needs input.');
      const packed = args.map((value) => new Packer().pack(value)).join('');
      owner.account(packed.length);
      return [packed];
    },
    unpack: (args, owner) => unpack(owner, checkString(args, 0), UNPACK_ALL, 0, false),
    unpack_one: (args, owner) => unpack(owner, checkString(args, 0), 1, optionalInteger(args, 1, 0), true),
    unpack_limit: (args, owner) => {
      const data = checkString(args, 0);
      const limit = optionalInteger(args, 1, 0);
      return unpack(owner, data, limit, optionalInteger(args, 2, 0), true);
    },
  });
  machine.globals.set('cmsgpack', library);
}

function unpack(
  machine: Machine,
  data: string,
  limit: number,
  offset: number,
  tellsOffset: boolean,
): LuaValue[] {
  if (offset < 0 || limit < 0) {
    throw new Complaint(`Invalid request to unpack with offset of ${offset} and limit of ${limit}.`);
  }
  if (offset > data.length) {
    throw new Complaint(`Start offset ${offset} greater than input length ${data.length}.`);
  }
  const unpacker = new Unpacker(machine, data, offset);
  const values: LuaValue[] = [];
  while (!unpacker.isAtEnd && (limit === UNPACK_ALL || values.length < limit)) values.push(unpacker.next());
  if (!tellsOffset) return values;
  return [unpacker.isAtEnd ? -1 : unpacker.offset, ...values];
}

class Packer {
  private readonly view = new DataView(new ArrayBuffer(8));

  pack(value: LuaValue, level = 0): string {
    switch (typeof value) {
      case 'string':
        return this.header(value.length, 0xa0, 31, [0xd9, 0xda, 0xdb]) + value;
      case 'boolean':
        return value ? '\xc3' : '\xc2';
      case 'number':
        return this.number(value);
      case 'object':
        if (value instanceof LuaTable && level < MAX_NESTING) return this.table(value, level);
        return '\xc0';
      default:
        return '\xc0';
    }
  }

  private table(table: LuaTable, level: number): string {
    let packed = '';
    if (isArray(table)) {
      const count = table.length;
      for (let i = 1; i <= count; i++) packed += this.pack(table.get(i), level + 1);
      return this.header(count, 0x90, 15, [null, 0xdc, 0xdd]) + packed;
    }
    let count = 0;
    table.forEach((key, value) => {
      count++;
      packed += this.pack(key, level + 1) + this.pack(value, level + 1);
    });
    return this.header(count, 0x80, 15, [null, 0xde, 0xdf]) + packed;
  }

  /** The type and the length: in one byte up to `fixedMax`, otherwise behind the code for one, two or four bytes. */
  private header(
    length: number,
    fixed: number,
    fixedMax: number,
    [one, two, four]: readonly [number | null, number, number],
  ): string {
    if (length <= fixedMax) return String.fromCharCode(fixed | length);
    if (one !== null && length <= 0xff) return String.fromCharCode(one, length);
    if (length <= 0xffff) return String.fromCharCode(two, length >> 8, length & 0xff);
    this.view.setUint32(0, length);
    return String.fromCharCode(four) + this.bytes(4);
  }

  private number(value: number): string {
    if (Number.isInteger(value) && Math.abs(value) < 2 ** 63) return this.integer(value);
    if (Math.fround(value) === value) {
      this.view.setFloat32(0, value);
      return `\xca${this.bytes(4)}`;
    }
    this.view.setFloat64(0, value);
    return `\xcb${this.bytes(8)}`;
  }

  private integer(value: number): string {
    const { view } = this;
    if (value >= 0) {
      if (value <= 127) return String.fromCharCode(value);
      if (value <= 0xff) return String.fromCharCode(0xcc, value);
      if (value <= 0xffff) return String.fromCharCode(0xcd, value >> 8, value & 0xff);
      if (value <= 0xffffffff) {
        view.setUint32(0, value);
        return `\xce${this.bytes(4)}`;
      }
      view.setBigUint64(0, BigInt(value));
      return `\xcf${this.bytes(8)}`;
    }
    if (value >= -32) return String.fromCharCode(value & 0xff);
    if (value >= -128) return String.fromCharCode(0xd0, value & 0xff);
    if (value >= -32768) return String.fromCharCode(0xd1, (value >> 8) & 0xff, value & 0xff);
    if (value >= -2147483648) {
      view.setInt32(0, value);
      return `\xd2${this.bytes(4)}`;
    }
    view.setBigInt64(0, BigInt(value));
    return `\xd3${this.bytes(8)}`;
  }

  private bytes(count: number): string {
    return String.fromCharCode(...new Uint8Array(this.view.buffer, 0, count));
  }
}

/** Whether the keys are 1..n and nothing else. An empty table is an array. */
function isArray(table: LuaTable): boolean {
  let max = 0;
  let count = 0;
  let isPlain = true;
  table.forEach((key) => {
    if (typeof key !== 'number' || key <= 0 || !Number.isInteger(key)) isPlain = false;
    else max = Math.max(max, key);
    count++;
  });
  return isPlain && max === count;
}

class Unpacker {
  private readonly view: DataView;
  private readonly buffer: Buffer;

  constructor(
    private readonly machine: Machine,
    data: string,
    public offset: number,
  ) {
    this.buffer = Buffer.from(data, 'latin1');
    this.view = new DataView(this.buffer.buffer, this.buffer.byteOffset, this.buffer.length);
  }

  get isAtEnd(): boolean {
    return this.offset >= this.buffer.length;
  }

  next(level = 0): LuaValue {
    if (level > 1000) throw new Complaint('Bad data format in input.');
    const code = this.buffer[this.take(1)];
    if (code <= 0x7f) return code;
    if (code >= 0xe0) return code - 0x100;
    if (code <= 0x8f) return this.map(code & 15, level);
    if (code <= 0x9f) return this.array(code & 15, level);
    if (code <= 0xbf) return this.string(code & 31);
    const { view } = this;
    switch (code) {
      case 0xc0:
        return undefined;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xca:
        return view.getFloat32(this.take(4));
      case 0xcb:
        return view.getFloat64(this.take(8));
      case 0xcc:
        return view.getUint8(this.take(1));
      case 0xcd:
        return view.getUint16(this.take(2));
      case 0xce:
        return view.getUint32(this.take(4));
      case 0xcf:
        return Number(view.getBigUint64(this.take(8)));
      case 0xd0:
        return view.getInt8(this.take(1));
      case 0xd1:
        return view.getInt16(this.take(2));
      case 0xd2:
        return view.getInt32(this.take(4));
      case 0xd3:
        return Number(view.getBigInt64(this.take(8)));
      case 0xc4:
      case 0xd9:
        return this.string(view.getUint8(this.take(1)));
      case 0xc5:
      case 0xda:
        return this.string(view.getUint16(this.take(2)));
      case 0xc6:
      case 0xdb:
        return this.string(view.getUint32(this.take(4)));
      case 0xdc:
        return this.array(view.getUint16(this.take(2)), level);
      case 0xdd:
        return this.array(view.getUint32(this.take(4)), level);
      case 0xde:
        return this.map(view.getUint16(this.take(2)), level);
      case 0xdf:
        return this.map(view.getUint32(this.take(4)), level);
      default:
        throw new Complaint('Bad data format in input.');
    }
  }

  private string(length: number): string {
    const from = this.take(length);
    this.machine.account(length);
    return this.buffer.latin1Slice(from, from + length);
  }

  private array(count: number, level: number): LuaTable {
    const table = new LuaTable(this.machine.heap);
    for (let i = 1; i <= count; i++) table.set(i, this.next(level + 1));
    return table;
  }

  private map(count: number, level: number): LuaTable {
    const table = new LuaTable(this.machine.heap);
    for (let i = 0; i < count; i++) {
      const key = this.next(level + 1);
      const value = this.next(level + 1);
      if (key === undefined || key !== key) throw new Complaint('table index is nil');
      table.set(key, value);
    }
    return table;
  }

  private take(bytes: number): number {
    const from = this.offset;
    if (from + bytes > this.buffer.length) throw new Complaint('Missing bytes in input.');
    this.offset += bytes;
    return from;
  }
}
