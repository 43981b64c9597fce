/** The basic functions: types, metatables, errors, iteration, loading of source. */
import { compile } from '../compiler.js';
import { BadArgument, Complaint, LuaError, LuaSyntaxError } from '../error.js';
import { call, CallbackFunction, Closure, NativeFunction, type Callback } from '../function.js';
import type { Machine } from '../machine.js';
import { numberToString } from '../numbers.js';
import { metamethod, toNumber } from '../operations.js';
import { LuaTable } from '../table.js';
import { isTruthy, typeName, type LuaValue } from '../value.js';
import {
  addFunctions,
  checkAny,
  checkInteger,
  checkNumber,
  checkString,
  checkTable,
  checkFunction,
  optionalInteger,
  optionalString,
  type Args,
} from './arguments.js';

/** More results than this would not fit on C's stack. */
const MAX_UNPACKED = 7999;
const CHUNK_FROM_FUNCTION = '=(load)';

export function openBase(machine: Machine): void {
  const { globals } = machine;
  const next = new NativeFunction(nextEntry);
  const ipairsStep = new NativeFunction((args) => {
    const position = checkNumber(args, 1) + 1;
    const value = checkTable(args, 0).get(position);
    return value === undefined ? [undefined] : [position, value];
  });
  machine.nextFunction = next;
  globals.set('_G', globals);
  globals.set('_VERSION', 'Lua 5.1');
  globals.set('next', next);
  globals.set('pcall', new CallbackFunction(protectedCall));
  globals.set('xpcall', new CallbackFunction(protectedCallWithHandler));
  globals.set('tostring', new CallbackFunction((args, owner) => toStringCallback(owner, checkAny(args, 0))));
  globals.set('load', new CallbackFunction(loadFromFunction));
  addFunctions(globals, {
    type: (args) => [typeName(checkAny(args, 0))],
    rawget: (args) => [checkTable(args, 0).get(checkAny(args, 1))],
    rawequal: (args) => [checkAny(args, 0) === checkAny(args, 1)],
    rawset: (args, owner) => rawSet(args, owner),
    pairs: (args) => [next, checkTable(args, 0), undefined],
    ipairs: (args) => [ipairsStep, checkTable(args, 0), 0],
    getmetatable: (args, owner) => {
      const metatable = owner.metatableOf(checkAny(args, 0));
      return [metatable === null ? undefined : (metatable.getString('__metatable') ?? metatable)];
    },
    setmetatable: setMetatable,
    assert: (args) => {
      if (isTruthy(checkAny(args, 0))) return args;
      throw new Complaint(optionalString(args, 1, 'assertion failed!'));
    },
    error: raise,
    select,
    tonumber: convertToNumber,
    unpack,
    loadstring: (args, owner) => {
      const source = checkString(args, 0);
      return load(owner, source, optionalString(args, 1, source));
    },
    collectgarbage: (args, owner) => collectGarbage(args, owner),
    gcinfo: (_args, owner) => [Math.floor(owner.heap.shownBytes / 1024)],
  });
}

function nextEntry(args: Args, machine: Machine): LuaValue[] {
  const table = checkTable(args, 0);
  const place = table.placeAfter(args[1]);
  if (place < 0) machine.complainPlainly("invalid key to 'next'");
  const occupied = table.occupiedPlace(place);
  return occupied < 0 ? [undefined] : [table.keyAt(occupied), table.valueAt(occupied)];
}

function* protectedCall(args: LuaValue[]): Callback {
  checkAny(args, 0);
  try {
    return [true, ...(yield* call(args[0], args.slice(1)))];
  } catch (error) {
    return [false, caught(error)];
  }
}

function* protectedCallWithHandler(args: LuaValue[]): Callback {
  checkAny(args, 1);
  try {
    return [true, ...(yield* call(args[0], []))];
  } catch (error) {
    return [false, ...(yield* call(args[1], [caught(error)]))];
  }
}

/** The value of an error a script may catch: of a table with an `err` field, as Redis makes them, that field. */
export function caught(error: unknown): LuaValue {
  if (!(error instanceof LuaError)) throw error;
  const { value } = error;
  const text = value instanceof LuaTable ? value.getString('err') : undefined;
  return typeof text === 'string' ? text : value;
}

function rawSet(args: Args, machine: Machine): LuaValue[] {
  const table = checkTable(args, 0);
  const key = checkAny(args, 1);
  const value = checkAny(args, 2);
  if (table.isReadOnly) machine.complainPlainly('Attempt to modify a readonly table');
  if (key === undefined) machine.complainPlainly('table index is nil');
  if (key !== key) machine.complainPlainly('table index is NaN');
  table.set(key, value);
  return [table];
}

function setMetatable(args: LuaValue[], machine: Machine): LuaValue[] {
  const table = checkTable(args, 0);
  const metatable = args[1];
  if (!(args.length > 1 && (metatable === undefined || metatable instanceof LuaTable))) {
    throw new BadArgument(2, 'nil or table expected');
  }
  if (table.metatable?.getString('__metatable') !== undefined) {
    throw new Complaint('cannot change a protected metatable');
  }
  if (table.isReadOnly) machine.complainPlainly('Attempt to modify a readonly table');
  table.metatable = metatable ?? null;
  return [table];
}

function raise(args: LuaValue[], machine: Machine): LuaValue[] {
  const level = optionalInteger(args, 1, 1);
  const [value] = args;
  const text = typeof value === 'number' ? numberToString(value) : value;
  const located = typeof text === 'string' && level > 0 ? machine.where(level) + text : value;
  throw new LuaError(located, machine.position());
}

function select(args: LuaValue[]): LuaValue[] {
  if (args[0] === '#') return [args.length - 1];
  const position = checkInteger(args, 0);
  const from = position < 0 ? args.length + position : position;
  if (from < 1) throw new BadArgument(1, 'index out of range');
  return args.slice(from);
}

function convertToNumber(args: LuaValue[]): LuaValue[] {
  const base = optionalInteger(args, 1, 10);
  if (base === 10) return [toNumber(checkAny(args, 0))];
  const text = checkString(args, 0);
  if (base < 2 || base > 36) throw new BadArgument(2, 'base out of range');
  const match = /^[ \t-\r]*(-?)(?:0[xX](?=[0-9a-fA-F]))?([0-9a-zA-Z]+)[ \t-\r]*$/.exec(
    base === 16 ? text : text.replace(/^([ \t-\r]*-?)0[xX]/, '$1@'),
  );
  if (match === null) return [undefined];
  let value = 0;
  for (const digit of match[2]) {
    const worth = parseInt(digit, 36);
    if (worth >= base) return [undefined];
    value = value * base + worth;
  }
  return [match[1] === '-' ? -value : value];
}

function unpack(args: LuaValue[], machine: Machine): LuaValue[] {
  const table = checkTable(args, 0);
  const from = optionalInteger(args, 1, 1);
  const to = optionalInteger(args, 2, table.length);
  if (to - from + 1 > MAX_UNPACKED) machine.complain('too many results to unpack');
  const values: LuaValue[] = [];
  for (let i = from; i <= to; i++) values.push(table.get(i));
  return values;
}

/** Compiles source: the function, or nil and why not. */
function load(machine: Machine, source: string, chunkName: string): LuaValue[] {
  try {
    machine.account(source.length);
    return [new Closure(compile(source, chunkName), [])];
  } catch (error) {
    if (error instanceof LuaSyntaxError) return [undefined, error.message];
    throw error;
  }
}

function* loadFromFunction(args: LuaValue[], machine: Machine): Callback {
  const source = checkFunction(args, 0);
  const chunkName = optionalString(args, 1, CHUNK_FROM_FUNCTION);
  let text = '';
  for (;;) {
    const [piece] = yield* call(source, []);
    if (piece === undefined || piece === '') break;
    if (typeof piece !== 'string') throw new Complaint('reader function must return a string');
    machine.account(piece.length);
    text += piece;
  }
  return load(machine, text, chunkName);
}

function collectGarbage(args: LuaValue[], machine: Machine): LuaValue[] {
  const option = optionalString(args, 0, 'collect');
  switch (option) {
    case 'count':
      return [machine.heap.shownBytes / 1024];
    case 'collect':
    case 'stop':
    case 'restart':
      return [0];
    case 'step':
      return [true];
    case 'setpause':
    case 'setstepmul':
      return [200];
    default:
      throw new BadArgument(1, `invalid option '${option}'`);
  }
}

/** A value as text, with the help of its `__tostring`. */
export function* toStringCallback(machine: Machine, value: LuaValue): Callback {
  const handler = metamethod(machine, value, '__tostring');
  if (handler === undefined) return [plainText(machine, value)];
  const [text] = yield* call(handler, [value]);
  return [text];
}

export function plainText(machine: Machine, value: LuaValue): string {
  switch (typeof value) {
    case 'undefined':
      return 'nil';
    case 'boolean':
      return String(value);
    case 'number':
      return numberToString(value);
    case 'string':
      return value;
    default:
      if (value.typeName === 'userdata') return value.label;
      return value instanceof NativeFunction || value instanceof CallbackFunction
        ? `function: ${machine.heap.addressOf(value)}`
        : `${value.typeName}: ${machine.heap.addressOf(value)}`;
  }
}
