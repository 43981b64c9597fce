/** `bit`: operations on 32-bit integers, as LuaBitOp defines them. */
import type { Machine } from '../lua/machine.js';
import { addFunctions, checkNumber, type Args } from '../lua/library/arguments.js';
import { LuaTable } from '../lua/table.js';
import type { LuaValue } from '../lua/value.js';

const HEX_DIGITS = 8;

export function openBit(machine: Machine): void {
  const library = new LuaTable(machine.heap);
  addFunctions(library, {
    tobit: (args) => [toBits(args, 0)],
    bnot: (args) => [~toBits(args, 0)],
    band: (args) => [fold(args, (a, b) => a & b)],
    bor: (args) => [fold(args, (a, b) => a | b)],
    bxor: (args) => [fold(args, (a, b) => a ^ b)],
    lshift: (args) => [toBits(args, 0) << (toBits(args, 1) & 31)],
    rshift: (args) => [(toBits(args, 0) >>> (toBits(args, 1) & 31)) | 0],
    arshift: (args) => [toBits(args, 0) >> (toBits(args, 1) & 31)],
    rol: (args) => [rotate(toBits(args, 0), toBits(args, 1) & 31)],
    ror: (args) => [rotate(toBits(args, 0), (32 - (toBits(args, 1) & 31)) & 31)],
    bswap: (args) => [swapBytes(toBits(args, 0))],
    tohex: (args) => [toHex(args)],
  });
  machine.globals.set('bit', library);
}

/** A number modulo 2^32, rounded to the nearest even, as adding 2^52 + 2^51 in C does. */
function toBits(args: Args, position: number): number {
  const value = checkNumber(args, position);
  const floor = Math.floor(value);
  const rest = value - floor;
  const rounded = rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1;
  return rounded | 0;
}

function fold(args: Args, combine: (a: number, b: number) => number): number {
  let result = toBits(args, 0);
  for (let i = 1; i < args.length; i++) result = combine(result, toBits(args, i));
  return result;
}

function rotate(value: number, by: number): number {
  return by === 0 ? value : (value << by) | (value >>> (32 - by));
}

function swapBytes(value: number): number {
  return (
    ((value >>> 24) & 0xff) | ((value >>> 8) & 0xff00) | ((value << 8) & 0xff0000) | ((value & 0xff) << 24)
  );
}

function toHex(args: readonly LuaValue[]): string {
  const value = toBits(args, 0);
  const wanted = args.length > 1 ? toBits(args, 1) : HEX_DIGITS;
  const digits = Math.min(Math.abs(wanted), HEX_DIGITS);
  const text = (value >>> 0).toString(16).padStart(HEX_DIGITS, '0');
  const shown = digits === 0 ? '' : text.slice(-digits);
  return wanted < 0 ? shown.toUpperCase() : shown;
}
