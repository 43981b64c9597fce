/** Functions: prototypes as the compiler makes them, closures over them, and functions written in TypeScript. */
import type { Coroutine } from './coroutine.js';
import type { Machine } from './machine.js';
import type { LuaValue } from './value.js';

/** Where an upvalue of a closure comes from when the closure is made. */
export interface UpvalueSource {
  /** True: a register of the enclosing function, which holds a cell; false: an upvalue of the enclosing function. */
  readonly fromRegister: boolean;
  readonly index: number;
}

/** What a value is called in the source, for error texts: `local 'x'`, `global 'f'`, `field 'y'`, `method 'm'`. */
export interface OperandName {
  readonly kind: 'local' | 'global' | 'field' | 'upvalue' | 'method';
  readonly name: string;
}

/** A compiled function. */
export interface Prototype {
  readonly chunkName: string;
  /** Four numbers an instruction: operation, a, b, c (see opcodes.ts). */
  readonly code: Int32Array;
  readonly constants: readonly LuaValue[];
  readonly prototypes: readonly Prototype[];
  readonly upvalues: readonly UpvalueSource[];
  readonly parameterCount: number;
  readonly isVararg: boolean;
  readonly registerCount: number;
  /** The line of each instruction. */
  readonly lines: Int32Array;
  /** Names of the operands of an instruction by its index: `a`, `b` and `c` as far as they have one. */
  readonly operandNames: ReadonlyMap<number, readonly (OperandName | null)[]>;
}

/** A local variable that a closure has captured. */
export class Cell {
  constructor(public value: LuaValue) {}
}

/** A function written in Lua. */
export class Closure {
  readonly typeName = 'function';
  constructor(
    readonly prototype: Prototype,
    readonly cells: readonly Cell[],
  ) {}
}

/** What a {@link Callback} generator asks of the machine: call a function and come back with its results. */
export interface CallRequest {
  readonly kind: 'call';
  readonly target: LuaValue;
  readonly args: readonly LuaValue[];
}

/** Requests of the coroutine library. */
export interface ResumeRequest {
  readonly kind: 'resume';
  readonly coroutine: Coroutine;
  readonly args: readonly LuaValue[];
}
export interface YieldRequest {
  readonly kind: 'yield';
  readonly values: readonly LuaValue[];
}

export type MachineRequest = CallRequest | ResumeRequest | YieldRequest;

/** A running function of TypeScript that calls Lua functions: the machine drives it, so it can be suspended too. */
export type Callback = Generator<MachineRequest, LuaValue[], LuaValue[]>;

/** A function written in TypeScript that calls no other. */
export class NativeFunction {
  readonly typeName = 'function';
  constructor(readonly run: (args: LuaValue[], machine: Machine) => LuaValue[]) {}
}

/** A function written in TypeScript that calls functions of the script: sort, gsub, pcall, ... */
export class CallbackFunction {
  readonly typeName = 'function';
  constructor(readonly start: (args: LuaValue[], machine: Machine) => Callback) {}
}

export type LuaFunction = Closure | NativeFunction | CallbackFunction;

/** Calls a function from a {@link Callback} and gives back its results. */
export function* call(target: LuaValue, args: readonly LuaValue[]): Callback {
  return yield { kind: 'call', target, args };
}
