/** Arguments of library functions, checked with the texts of Lua's own checks. Positions count from 0. */
import { BadArgument } from '../error.js';
import { NativeFunction, type LuaFunction } from '../function.js';
import { numberToString } from '../numbers.js';
import { toNumber } from '../operations.js';
import { LuaTable } from '../table.js';
import { typeName, type LuaValue } from '../value.js';
import type { Machine } from '../machine.js';

export type Args = readonly LuaValue[];

function wrongType(args: Args, position: number, expected: string): never {
  const found = position < args.length ? typeName(args[position]) : 'no value';
  throw new BadArgument(position + 1, `${expected} expected, got ${found}`);
}

export function checkNumber(args: Args, position: number): number {
  const value = args[position];
  if (typeof value === 'number') return value;
  return toNumber(value) ?? wrongType(args, position, 'number');
}

/** A number cut to a whole one, as C does it. */
export function checkInteger(args: Args, position: number): number {
  const value = Math.trunc(checkNumber(args, position));
  return Number.isNaN(value) ? 0 : value;
}

export function optionalInteger(args: Args, position: number, otherwise: number): number {
  return args[position] === undefined ? otherwise : checkInteger(args, position);
}

export function checkString(args: Args, position: number): string {
  const value = args[position];
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? numberToString(value) : wrongType(args, position, 'string');
}

export function optionalString(args: Args, position: number, otherwise: string): string {
  return args[position] === undefined ? otherwise : checkString(args, position);
}

export function checkTable(args: Args, position: number): LuaTable {
  const value = args[position];
  return value instanceof LuaTable ? value : wrongType(args, position, 'table');
}

export function checkFunction(args: Args, position: number): LuaFunction {
  const value = args[position];
  if (typeName(value) !== 'function') wrongType(args, position, 'function');
  return value as LuaFunction;
}

export function checkAny(args: Args, position: number): LuaValue {
  if (position >= args.length) throw new BadArgument(position + 1, 'value expected');
  return args[position];
}

/** Puts functions into a table by name. */
export function addFunctions(
  table: LuaTable,
  functions: Readonly<Record<string, (args: LuaValue[], machine: Machine) => LuaValue[]>>,
): LuaTable {
  for (const [name, run] of Object.entries(functions)) table.set(name, new NativeFunction(run));
  return table;
}
