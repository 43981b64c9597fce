/** `math`. */
import { BadArgument } from '../error.js';
import { NativeFunction } from '../function.js';
import type { Machine } from '../machine.js';
import { power } from '../operations.js';
import { LuaTable } from '../table.js';
import type { LuaValue } from '../value.js';
import { addFunctions, checkInteger, checkNumber } from './arguments.js';

const MULTIPLIER = 0x5deece66dn;
const ADDEND = 0xbn;
const MASK = (1n << 48n) - 1n;
const RANDOM_MAX = 0x7fffffff;

/** The linear congruential generator of `lrand48`, which Redis's scripts are given. */
export class ScriptRandom {
  private state = 0n;

  constructor(seed: number) {
    this.seed(seed);
  }

  seed(value: number): void {
    this.state = (BigInt(value >>> 0) << 16n) | 0x330en;
  }

  /** 31 bits. */
  next(): number {
    this.state = (this.state * MULTIPLIER + ADDEND) & MASK;
    return Number(this.state >> 17n);
  }
}

export function openMath(machine: Machine, random: ScriptRandom): void {
  const library = new LuaTable(machine.heap);
  const unary: Readonly<Record<string, (x: number) => number>> = {
    abs: Math.abs,
    acos: Math.acos,
    asin: Math.asin,
    atan: Math.atan,
    ceil: Math.ceil,
    cos: Math.cos,
    cosh: Math.cosh,
    deg: (x) => x / (Math.PI / 180),
    exp: Math.exp,
    floor: Math.floor,
    log: Math.log,
    log10: Math.log10,
    rad: (x) => x * (Math.PI / 180),
    sin: Math.sin,
    sinh: Math.sinh,
    sqrt: Math.sqrt,
    tan: Math.tan,
    tanh: Math.tanh,
  };
  for (const [name, compute] of Object.entries(unary)) {
    library.set(name, new NativeFunction((args) => [compute(checkNumber(args, 0))]));
  }
  const remainder = new NativeFunction((args) => [checkNumber(args, 0) % checkNumber(args, 1)]);
  library.set('fmod', remainder);
  library.set('mod', remainder);
  library.set('pi', Math.PI);
  library.set('huge', Infinity);
  addFunctions(library, {
    atan2: (args) => [Math.atan2(checkNumber(args, 0), checkNumber(args, 1))],
    pow: (args) => [power(checkNumber(args, 0), checkNumber(args, 1))],
    max: (args) => [extreme(args, (a, b) => a > b)],
    min: (args) => [extreme(args, (a, b) => a < b)],
    modf: (args) => {
      const value = checkNumber(args, 0);
      const whole = Math.trunc(value);
      return [whole, Number.isFinite(value) ? value - whole : Number.isNaN(value) ? value : 0];
    },
    frexp: (args) => splitExponent(checkNumber(args, 0)),
    ldexp: (args) => [checkNumber(args, 0) * 2 ** checkInteger(args, 1)],
    random: (args) => [randomNumber(args, random)],
    randomseed: (args) => {
      random.seed(checkInteger(args, 0));
      return [];
    },
  });
  machine.globals.set('math', library);
}

function extreme(args: readonly LuaValue[], isBetter: (a: number, b: number) => boolean): number {
  let best = checkNumber(args, 0);
  for (let i = 1; i < args.length; i++) {
    const value = checkNumber(args, i);
    if (isBetter(value, best)) best = value;
  }
  return best;
}

function splitExponent(value: number): LuaValue[] {
  if (value === 0 || !Number.isFinite(value)) return [value, 0];
  let exponent = Math.max(-1023, Math.floor(Math.log2(Math.abs(value))) + 1);
  let mantissa = value * 2 ** -exponent;
  while (Math.abs(mantissa) < 0.5) {
    mantissa *= 2;
    exponent--;
  }
  while (Math.abs(mantissa) >= 1) {
    mantissa /= 2;
    exponent++;
  }
  return [mantissa, exponent];
}

function randomNumber(args: readonly LuaValue[], random: ScriptRandom): number {
  const fraction = (random.next() % RANDOM_MAX) / RANDOM_MAX;
  if (args.length === 0) return fraction;
  if (args.length > 2) throw new BadArgument(3, 'wrong number of arguments');
  const low = args.length === 1 ? 1 : checkInteger(args, 0);
  const position = args.length === 1 ? 0 : 1;
  const high = checkInteger(args, position);
  if (low > high) throw new BadArgument(position + 1, 'interval is empty');
  return Math.floor(fraction * (high - low + 1)) + low;
}
