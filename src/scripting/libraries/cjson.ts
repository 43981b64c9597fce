/** `cjson`: JSON, with the settings scripts can change. */
import { BadArgument } from '../lua/error.js';
import { addFunctions, checkInteger, checkString } from '../lua/library/arguments.js';
import type { Machine } from '../lua/machine.js';
import { LuaTable } from '../lua/table.js';
import { Opaque, typeName, type LuaValue } from '../lua/value.js';
import { JsonDecoder } from './json-decoder.js';
import { JsonEncoder } from './json-encoder.js';

export interface JsonSettings {
  /** A sparse array becomes an object instead of an error. */
  convertsSparse: boolean;
  /** An array is sparse when its highest index is more than so many times the number of its elements ... */
  sparseRatio: number;
  /** ... and above this. */
  sparseSafe: number;
  encodeMaxDepth: number;
  decodeMaxDepth: number;
  numberPrecision: number;
  keepsBuffer: boolean;
  encodesInvalidNumbers: boolean | 'null';
  decodesInvalidNumbers: boolean;
}

export function openJson(machine: Machine): void {
  const nullValue = new Opaque('userdata', 'userdata: (nil)');
  machine.globals.set('cjson', library(machine, nullValue));
}

function library(machine: Machine, nullValue: Opaque): LuaTable {
  const settings: JsonSettings = {
    convertsSparse: false,
    sparseRatio: 2,
    sparseSafe: 10,
    encodeMaxDepth: 1000,
    decodeMaxDepth: 1000,
    numberPrecision: 14,
    keepsBuffer: true,
    encodesInvalidNumbers: false,
    decodesInvalidNumbers: true,
  };
  const table = new LuaTable(machine.heap);
  table.set('null', nullValue);
  table.set('_NAME', 'cjson');
  table.set('_VERSION', '2.1.0');
  return addFunctions(table, {
    encode: (args, owner) => {
      checkCount(args, 1);
      return [new JsonEncoder(owner, settings).encode(args[0])];
    },
    decode: (args, owner) => {
      checkCount(args, 1);
      return [new JsonDecoder(owner, checkString(args, 0), settings, nullValue).decode()];
    },
    new: (_args, owner) => [library(owner, nullValue)],
    encode_sparse_array: (args) => {
      if (args[0] !== undefined) settings.convertsSparse = checkBoolean(args, 0);
      if (args[1] !== undefined) settings.sparseRatio = checkWithin(args, 1, 0, 0x7fffffff);
      if (args[2] !== undefined) settings.sparseSafe = checkWithin(args, 2, 0, 0x7fffffff);
      return [settings.convertsSparse, settings.sparseRatio, settings.sparseSafe];
    },
    encode_max_depth: (args) => {
      if (args.length > 0) settings.encodeMaxDepth = checkWithin(args, 0, 1, 0x7fffffff);
      return [settings.encodeMaxDepth];
    },
    decode_max_depth: (args) => {
      if (args.length > 0) settings.decodeMaxDepth = checkWithin(args, 0, 1, 0x7fffffff);
      return [settings.decodeMaxDepth];
    },
    encode_number_precision: (args) => {
      if (args.length > 0) settings.numberPrecision = checkWithin(args, 0, 1, 14);
      return [settings.numberPrecision];
    },
    encode_keep_buffer: (args) => {
      if (args.length > 0) settings.keepsBuffer = checkBoolean(args, 0);
      return [settings.keepsBuffer];
    },
    encode_invalid_numbers: (args) => {
      if (args.length > 0) {
        settings.encodesInvalidNumbers = args[0] === 'null' ? 'null' : checkBoolean(args, 0);
      }
      return [settings.encodesInvalidNumbers];
    },
    decode_invalid_numbers: (args) => {
      if (args.length > 0) settings.decodesInvalidNumbers = checkBoolean(args, 0);
      return [settings.decodesInvalidNumbers];
    },
  });
}

function checkCount(args: readonly LuaValue[], count: number): void {
  if (args.length !== count)
    throw new BadArgument(args.length > count ? count + 1 : count, `expected ${count} argument`);
}

function checkBoolean(args: readonly LuaValue[], position: number): boolean {
  const value = args[position];
  if (value === true || value === 'on') return true;
  if (value === false || value === 'off') return false;
  const shown =
    typeof value === 'string' ? `invalid option '${value}'` : `string expected, got ${typeName(value)}`;
  throw new BadArgument(position + 1, shown);
}

function checkWithin(args: readonly LuaValue[], position: number, min: number, max: number): number {
  const value = checkInteger(args, position);
  if (value < min || value > max) {
    throw new BadArgument(position + 1, `expected integer between ${min} and ${max}`);
  }
  return value;
}
