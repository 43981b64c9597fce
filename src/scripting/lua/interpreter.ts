/**
 * Executes the instructions of Lua functions. A call of a Lua function is a frame more, never a call of TypeScript, so
 * that a script can stop after any amount of work and go on later.
 *
 * The instruction set is declared here because the switch is only fast while the cases are literals.
 */
import { LuaFrame, type Coroutine, type ResultTarget } from './coroutine.js';
import { Cell, Closure, NativeFunction } from './function.js';
import type { Machine } from './machine.js';
import {
  arithmetic,
  compareSlowly,
  concatenate,
  equalsSlowly,
  index,
  lengthOf,
  negate,
  setIndex,
} from './operations.js';
import { LuaTable } from './table.js';
import type { LuaValue } from './value.js';
import { numberToString } from './numbers.js';

/**
 * Each instruction is four numbers: the operation, `a`, `b` and `c`. R is a register; where an operand may be a
 * constant as well, a negative number means the constant of index `~operand` (R|K). A local variable that some closure
 * captures lives in a cell, which its register holds.
 */
export const enum Op {
  /** R[a] = R|K[b] */
  Move,
  /** R[a..a+b-1] = nil */
  LoadNil,
  /** R[a] = cell around R[a] */
  NewCell,
  /** R[a] = cell R[b] */
  GetCell,
  /** cell R[a] = R|K[b] */
  SetCell,
  /** R[a] = upvalue b */
  GetUpvalue,
  /** upvalue a = R|K[b] */
  SetUpvalue,
  /** R[a] = global K[b] */
  GetGlobal,
  /** global K[a] = R|K[b] */
  SetGlobal,
  /** R[a] = R|K[b][R|K[c]] */
  GetTable,
  /** R[a][R|K[b]] = R|K[c] */
  SetTable,
  /** R[a+1] = R[b]; R[a] = R[b][K[c]] */
  Self,
  /** R[a] = {} */
  NewTable,
  /** R[a][c..] = R[a+1..a+b]; b = -1: up to the top */
  SetList,
  /** R[a] = R|K[b] + R|K[c], and so on */
  Add,
  Subtract,
  Multiply,
  Divide,
  Modulo,
  Power,
  Concat,
  /** R[a] = -R|K[b], and so on */
  Negate,
  Not,
  Length,
  /** go to c */
  Jump,
  /** if R|K[a] is true go to c */
  JumpIfTrue,
  JumpIfFalse,
  /** if R|K[a] == R|K[b] go to c */
  JumpIfEqual,
  JumpIfNotEqual,
  JumpIfLess,
  JumpIfNotLess,
  JumpIfLessEqual,
  JumpIfNotLessEqual,
  /** R[a..] = R[a](R[a+1..a+b]); b = -1: arguments up to the top; c results, -1: all, which sets the top */
  Call,
  /** return R[a](R[a+1..a+b]) */
  TailCall,
  /** return R[a..a+b-1]; b = -1: up to the top */
  Return,
  /** R[a..a+b-1] = ...; b = -1: all, which sets the top */
  Vararg,
  /** R[a] = closure of prototype b */
  Closure,
  /** Checks the loop's R[a], R[a+1], R[a+2], steps back once and goes to c */
  ForPrepare,
  /** R[a] += step; if within the limit R[a+3] = R[a] and go to c */
  ForLoop,
  /** R[a+3..a+2+b] = R[a](R[a+1], R[a+2]) */
  ForCall,
  /** if R[a+3] is not nil R[a+2] = R[a+3] and go to c */
  ForNext,
}

export const INSTRUCTION_SIZE = 4;

/** How deep calls may nest. */
const MAX_FRAMES = 20_000;

/**
 * Runs the Lua function on top of a coroutine's frames until another kind of frame is on top, the coroutine has no
 * frame any more, another coroutine runs, or the machine's budget is used up.
 */
export function execute(machine: Machine, thread: Coroutine): void {
  const { stack, frames } = thread;
  let frame = frames[frames.length - 1] as LuaFrame;
  let { pc } = frame;
  try {
    for (;;) {
      const { prototype, cells } = frame.closure;
      const { code, constants } = prototype;
      const { base } = frame;
      // Until the frame changes.
      within: for (;;) {
        const op = code[pc];
        const a = code[pc + 1];
        const b = code[pc + 2];
        const c = code[pc + 3];
        pc += INSTRUCTION_SIZE;
        switch (op) {
          case Op.Move:
            stack[base + a] = b >= 0 ? stack[base + b] : constants[~b];
            break;
          case Op.LoadNil:
            for (let i = 0; i < b; i++) stack[base + a + i] = undefined;
            break;
          case Op.NewCell:
            stack[base + a] = new Cell(stack[base + a]) as unknown as LuaValue;
            break;
          case Op.GetCell:
            stack[base + a] = (stack[base + b] as unknown as Cell).value;
            break;
          case Op.SetCell:
            (stack[base + a] as unknown as Cell).value = b >= 0 ? stack[base + b] : constants[~b];
            break;
          case Op.GetUpvalue:
            stack[base + a] = cells[b].value;
            break;
          case Op.SetUpvalue:
            cells[a].value = b >= 0 ? stack[base + b] : constants[~b];
            break;
          case Op.GetGlobal: {
            const key = constants[~b] as string;
            const value = machine.globals.getString(key);
            if (value !== undefined) {
              stack[base + a] = value;
              break;
            }
            frame.pc = pc;
            index(machine, machine.globals, key, base + a);
            if (machine.hasMoved(frame)) return;
            break;
          }
          case Op.SetGlobal:
            frame.pc = pc;
            setIndex(
              machine,
              machine.globals,
              constants[~a],
              b >= 0 ? stack[base + b] : constants[~b],
              base + prototype.registerCount,
            );
            if (machine.hasMoved(frame)) return;
            break;
          case Op.GetTable: {
            const object = b >= 0 ? stack[base + b] : constants[~b];
            const key = c >= 0 ? stack[base + c] : constants[~c];
            if (object instanceof LuaTable) {
              const value = typeof key === 'string' ? object.getString(key) : object.get(key);
              if (value !== undefined || object.metatable === null) {
                stack[base + a] = value;
                break;
              }
            }
            frame.pc = pc;
            index(machine, object, key, base + a);
            if (machine.hasMoved(frame)) return;
            break;
          }
          case Op.SetTable: {
            const object = stack[base + a];
            const key = b >= 0 ? stack[base + b] : constants[~b];
            const value = c >= 0 ? stack[base + c] : constants[~c];
            if (
              object instanceof LuaTable &&
              object.metatable === null &&
              !object.isReadOnly &&
              (typeof key === 'string' || (typeof key === 'number' && key === key))
            ) {
              object.set(key, value);
              break;
            }
            frame.pc = pc;
            setIndex(machine, object, key, value, base + prototype.registerCount);
            if (machine.hasMoved(frame)) return;
            break;
          }
          case Op.Self: {
            const object = stack[base + b];
            stack[base + a + 1] = object;
            frame.pc = pc;
            index(machine, object, constants[~c], base + a);
            if (machine.hasMoved(frame)) return;
            break;
          }
          case Op.NewTable:
            stack[base + a] = new LuaTable(machine.heap);
            break;
          case Op.SetList: {
            const from = base + a + 1;
            const to = b >= 0 ? from + b : frame.top;
            (stack[base + a] as LuaTable).setList(c, stack.slice(from, to));
            break;
          }
          case Op.Add: {
            const left = b >= 0 ? stack[base + b] : constants[~b];
            const right = c >= 0 ? stack[base + c] : constants[~c];
            if (typeof left === 'number' && typeof right === 'number') {
              stack[base + a] = left + right;
              break;
            }
            frame.pc = pc;
            arithmetic(machine, '__add', left, right, base + a);
            if (machine.hasMoved(frame)) return;
            break;
          }
          case Op.Subtract: {
            const left = b >= 0 ? stack[base + b] : constants[~b];
            const right = c >= 0 ? stack[base + c] : constants[~c];
            if (typeof left === 'number' && typeof right === 'number') {
              stack[base + a] = left - right;
              break;
            }
            frame.pc = pc;
            arithmetic(machine, '__sub', left, right, base + a);
            if (machine.hasMoved(frame)) return;
            break;
          }
          case Op.Multiply: {
            const left = b >= 0 ? stack[base + b] : constants[~b];
            const right = c >= 0 ? stack[base + c] : constants[~c];
            if (typeof left === 'number' && typeof right === 'number') {
              stack[base + a] = left * right;
              break;
            }
            frame.pc = pc;
            arithmetic(machine, '__mul', left, right, base + a);
            if (machine.hasMoved(frame)) return;
            break;
          }
          case Op.Modulo: {
            const left = b >= 0 ? stack[base + b] : constants[~b];
            const right = c >= 0 ? stack[base + c] : constants[~c];
            if (typeof left === 'number' && typeof right === 'number') {
              stack[base + a] = left - Math.floor(left / right) * right;
              break;
            }
            frame.pc = pc;
            arithmetic(machine, '__mod', left, right, base + a);
            if (machine.hasMoved(frame)) return;
            break;
          }
          case Op.Divide:
          case Op.Power: {
            frame.pc = pc;
            arithmetic(
              machine,
              op === Op.Divide ? '__div' : '__pow',
              b >= 0 ? stack[base + b] : constants[~b],
              c >= 0 ? stack[base + c] : constants[~c],
              base + a,
            );
            if (machine.hasMoved(frame)) return;
            break;
          }
          case Op.Concat: {
            const left = b >= 0 ? stack[base + b] : constants[~b];
            const right = c >= 0 ? stack[base + c] : constants[~c];
            if (typeof left === 'string' && (typeof right === 'string' || typeof right === 'number')) {
              const tail = typeof right === 'string' ? right : numberToString(right);
              machine.account(left.length + tail.length);
              stack[base + a] = left + tail;
              break;
            }
            frame.pc = pc;
            concatenate(machine, left, right, base + a);
            if (machine.hasMoved(frame)) return;
            break;
          }
          case Op.Negate: {
            frame.pc = pc;
            negate(machine, b >= 0 ? stack[base + b] : constants[~b], base + a);
            if (machine.hasMoved(frame)) return;
            break;
          }
          case Op.Not: {
            const value = b >= 0 ? stack[base + b] : constants[~b];
            stack[base + a] = value === undefined || value === false;
            break;
          }
          case Op.Length: {
            frame.pc = pc;
            lengthOf(machine, b >= 0 ? stack[base + b] : constants[~b], base + a);
            if (machine.hasMoved(frame)) return;
            break;
          }
          case Op.Jump:
            if (c < pc && machine.spend()) {
              frame.pc = c;
              pc = c;
              return;
            }
            pc = c;
            break;
          case Op.JumpIfTrue: {
            const value = a >= 0 ? stack[base + a] : constants[~a];
            if (value !== undefined && value !== false) pc = c;
            break;
          }
          case Op.JumpIfFalse: {
            const value = a >= 0 ? stack[base + a] : constants[~a];
            if (value === undefined || value === false) {
              // The end of `repeat ... until`.
              if (c < pc && machine.spend()) {
                pc = c;
                return;
              }
              pc = c;
            }
            break;
          }
          case Op.JumpIfEqual:
          case Op.JumpIfNotEqual: {
            const left = a >= 0 ? stack[base + a] : constants[~a];
            const right = b >= 0 ? stack[base + b] : constants[~b];
            const wanted = op === Op.JumpIfEqual;
            if (left === right || typeof left !== 'object' || typeof right !== 'object') {
              if ((left === right) === wanted) pc = c;
            } else {
              frame.pc = pc;
              equalsSlowly(machine, left, right, c, wanted);
              if (machine.hasMoved(frame)) return;
              pc = frame.pc;
            }
            if (pc === c && machine.spend()) return;
            break;
          }
          case Op.JumpIfLess:
          case Op.JumpIfNotLess: {
            const left = a >= 0 ? stack[base + a] : constants[~a];
            const right = b >= 0 ? stack[base + b] : constants[~b];
            const wanted = op === Op.JumpIfLess;
            if (typeof left === 'number' && typeof right === 'number') {
              if (left < right === wanted) pc = c;
            } else {
              frame.pc = pc;
              compareSlowly(machine, '__lt', left, right, c, wanted);
              if (machine.hasMoved(frame)) return;
              pc = frame.pc;
            }
            if (pc === c && machine.spend()) return;
            break;
          }
          case Op.JumpIfLessEqual:
          case Op.JumpIfNotLessEqual: {
            const left = a >= 0 ? stack[base + a] : constants[~a];
            const right = b >= 0 ? stack[base + b] : constants[~b];
            const wanted = op === Op.JumpIfLessEqual;
            if (typeof left === 'number' && typeof right === 'number') {
              if (left <= right === wanted) pc = c;
            } else {
              frame.pc = pc;
              compareSlowly(machine, '__le', left, right, c, wanted);
              if (machine.hasMoved(frame)) return;
              pc = frame.pc;
            }
            if (pc === c && machine.spend()) return;
            break;
          }
          case Op.Call: {
            const at = base + a;
            const argumentCount = b >= 0 ? b : frame.top - at - 1;
            const target = stack[at];
            frame.pc = pc;
            if (target instanceof Closure) {
              frame = enter(thread, target, at + 1, argumentCount, { kind: 'registers', at, count: c });
              pc = 0;
              if (machine.spend()) return;
              break within;
            }
            if (target instanceof NativeFunction) {
              const results = target.run(stack.slice(at + 1, at + 1 + argumentCount), machine);
              if (c >= 0) {
                for (let i = 0; i < c; i++) stack[at + i] = results[i];
              } else {
                for (let i = 0; i < results.length; i++) stack[at + i] = results[i];
                frame.top = at + results.length;
              }
              if (machine.spend()) return;
              break;
            }
            machine.invoke(target, stack.slice(at + 1, at + 1 + argumentCount), {
              kind: 'registers',
              at,
              count: c,
            });
            if (machine.hasMoved(frame)) return;
            if (machine.spend()) return;
            break;
          }
          case Op.TailCall: {
            const at = base + a;
            const argumentCount = b >= 0 ? b : frame.top - at - 1;
            const target = stack[at];
            const args = stack.slice(at + 1, at + 1 + argumentCount);
            frame.pc = pc;
            if (!(target instanceof Closure)) {
              // Its errors belong to this function, so it stays until the results come; a Return follows.
              machine.invoke(target, args, { kind: 'registers', at, count: -1 });
              if (machine.hasMoved(frame)) return;
              break;
            }
            frames.pop();
            for (let i = 0; i < argumentCount; i++) stack[base + i] = args[i];
            frame = enter(thread, target, base, argumentCount, frame.results);
            pc = 0;
            if (machine.spend()) return;
            break within;
          }
          case Op.Return: {
            const from = base + a;
            const count = b >= 0 ? b : frame.top - from;
            const { results } = frame;
            frames.pop();
            if (results.kind !== 'registers') {
              frame.pc = pc;
              machine.deliver(results, stack.slice(from, from + count));
              return;
            }
            const wanted = results.count;
            const caller = frames[frames.length - 1] as LuaFrame;
            if (wanted >= 0) {
              for (let i = 0; i < wanted; i++)
                stack[results.at + i] = i < count ? stack[from + i] : undefined;
            } else {
              for (let i = 0; i < count; i++) stack[results.at + i] = stack[from + i];
              caller.top = results.at + count;
            }
            frame = caller;
            pc = caller.pc;
            break within;
          }
          case Op.Vararg: {
            const { varargs } = frame;
            const count = b >= 0 ? b : varargs.length;
            for (let i = 0; i < count; i++) stack[base + a + i] = varargs[i];
            if (b < 0) frame.top = base + a + count;
            break;
          }
          case Op.Closure: {
            const inner = prototype.prototypes[b];
            const captured = inner.upvalues.map((source) =>
              source.fromRegister ? (stack[base + source.index] as unknown as Cell) : cells[source.index],
            );
            machine.account(64);
            stack[base + a] = new Closure(inner, captured);
            break;
          }
          case Op.ForPrepare: {
            const at = base + a;
            frame.pc = pc;
            machine.prepareLoop(stack, at);
            stack[at] = (stack[at] as number) - (stack[at + 2] as number);
            pc = c;
            break;
          }
          case Op.ForLoop: {
            const at = base + a;
            const step = stack[at + 2] as number;
            const value = (stack[at] as number) + step;
            const limit = stack[at + 1] as number;
            if (step > 0 ? value <= limit : value >= limit) {
              stack[at] = value;
              stack[at + 3] = value;
              pc = c;
              if (machine.spend()) return;
            }
            break;
          }
          case Op.ForCall: {
            const at = base + a;
            const target = stack[at];
            const state = stack[at + 1];
            frame.pc = pc;
            if (target === machine.nextFunction && state instanceof LuaTable) {
              const place = state.placeAfter(stack[at + 2]);
              if (place < 0) machine.complainPlainly("invalid key to 'next'");
              const occupied = state.occupiedPlace(place);
              for (let i = 1; i < b; i++) stack[at + 3 + i] = undefined;
              stack[at + 3] = occupied < 0 ? undefined : state.keyAt(occupied);
              if (occupied >= 0 && b > 1) stack[at + 4] = state.valueAt(occupied);
              break;
            }
            machine.invoke(target, [state, stack[at + 2]], { kind: 'registers', at: at + 3, count: b });
            if (machine.hasMoved(frame)) return;
            break;
          }
          case Op.ForNext: {
            const at = base + a;
            if (stack[at + 3] !== undefined) {
              stack[at + 2] = stack[at + 3];
              pc = c;
              if (machine.spend()) return;
            }
            break;
          }
          default:
            throw new Error(`no such instruction: ${String(op)}`);
        }
      }
    }
  } finally {
    frame.pc = pc;
  }
}

/** Puts a Lua function on top of the frames; its arguments are on the stack from `base` on. */
export function enter(
  thread: Coroutine,
  closure: Closure,
  base: number,
  argumentCount: number,
  results: ResultTarget,
): LuaFrame {
  const { stack, frames } = thread;
  const { parameterCount, isVararg, registerCount } = closure.prototype;
  if (frames.length >= MAX_FRAMES) throw new StackOverflow();
  const varargs =
    isVararg && argumentCount > parameterCount
      ? stack.slice(base + parameterCount, base + argumentCount)
      : NO_VALUES;
  while (stack.length < base + registerCount) stack.push(undefined);
  for (let i = argumentCount; i < parameterCount; i++) stack[base + i] = undefined;
  const frame = new LuaFrame(closure, base, varargs, results);
  frames.push(frame);
  return frame;
}

const NO_VALUES: readonly LuaValue[] = [];

/** Calls nest too deeply. */
export class StackOverflow extends Error {}
