/** Coroutines: a stack of frames each. The script itself runs in one, too. */
import type { Callback, Closure, LuaFunction } from './function.js';
import type { LuaValue } from './value.js';

/** A running Lua function. */
export class LuaFrame {
  readonly isLua = true;
  /** Index of the next instruction. */
  pc = 0;
  /** The absolute end of values of unknown number, after an open call or `...`. */
  top = 0;
  constructor(
    readonly closure: Closure,
    /** Where its registers begin in the stack. */
    readonly base: number,
    readonly varargs: readonly LuaValue[],
    readonly results: ResultTarget,
  ) {}
}

/** A running function of TypeScript that calls others. Their results are given to it. */
export class CallbackFrame {
  readonly isLua = false;
  constructor(
    readonly callback: Callback,
    readonly results: ResultTarget,
    /** The first stack position that what it calls may use. */
    readonly stackFrom: number,
  ) {}
}

export type Frame = LuaFrame | CallbackFrame;

/** What happens to a function's results. */
export interface ResultTarget {
  /**
   * `registers`: they go to the caller's registers; `test`: a metamethod's answer decides a jump; `callback`: they go
   * to the function of TypeScript below.
   */
  readonly kind: 'registers' | 'test' | 'callback';
  /** Absolute position of the first result; for `test` the instruction to go to. */
  readonly at: number;
  /** How many are wanted, -1: all; for `test` 1 when a true answer jumps, 0 when a false one does. */
  readonly count: number;
}

export const TO_CALLBACK: ResultTarget = { kind: 'callback', at: 0, count: -1 };

export class Coroutine {
  readonly typeName = 'thread';
  readonly stack: LuaValue[] = [];
  readonly frames: Frame[] = [];
  status: 'suspended' | 'running' | 'normal' | 'dead' = 'suspended';
  /** Who resumed it. */
  resumer: Coroutine | null = null;

  constructor(
    /** What it begins with; null once it has begun. */
    public body: LuaFunction | null,
  ) {}
}
