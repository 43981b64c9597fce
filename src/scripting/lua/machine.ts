/**
 * A Lua machine: globals, coroutines, and whatever is being run. It runs in slices: {@link Machine.run} does a given
 * amount of work and comes back, wherever the script is, and goes on when it is called again.
 *
 * It must never call TypeScript recursively for what a script calls, or it could not stop there.
 */
import type { LuaFrame } from './coroutine.js';
import { CallbackFrame, Coroutine, TO_CALLBACK, type ResultTarget } from './coroutine.js';
import { takeCensus } from './census.js';
import { BadArgument, Complaint, LuaError, type SourcePosition } from './error.js';
import {
  CallbackFunction,
  Closure,
  NativeFunction,
  type LuaFunction,
  type MachineRequest,
  type OperandName,
} from './function.js';
import type { Heap } from './heap.js';
import { enter, execute, INSTRUCTION_SIZE, StackOverflow } from './interpreter.js';
import { shownChunk } from './lexer.js';
import { metamethod, toNumber } from './operations.js';
import { LuaTable } from './table.js';
import { isTruthy, typeName, type LuaValue } from './value.js';

const OUT_OF_MEMORY = 'not enough memory';

export class Machine {
  readonly globals: LuaTable;
  /** What strings' methods are looked up in. */
  stringMetatable: LuaTable | null = null;
  /** `next`, which loops call without the detour of a function call. */
  nextFunction: LuaFunction | null = null;
  /** The coroutine that runs. */
  current = new Coroutine(null);
  /** What the script returned. Valid when {@link run} said it finished. */
  results: readonly LuaValue[] = [];
  /** Tables that stay reachable besides the globals, for the census. */
  readonly roots: LuaValue[] = [];

  private main = this.current;
  private finished = true;
  /** Work left in this slice: one unit for a call or a step of a loop. */
  private budget = 0;
  /** What the callback on top is to be given: results, or an error to be thrown into it. */
  private delivery: LuaValue[] | LuaError = [];
  private killing: LuaError | null = null;

  constructor(readonly heap: Heap) {
    this.globals = new LuaTable(heap);
  }

  /** Begins to run a function; {@link run} does the work. */
  start(target: LuaFunction, args: readonly LuaValue[]): void {
    this.main = new Coroutine(null);
    this.main.status = 'running';
    this.current = this.main;
    this.finished = false;
    this.killing = null;
    this.results = [];
    try {
      this.invoke(target, args, TO_CALLBACK);
    } catch (error) {
      this.unwind(this.asLuaError(error));
    }
  }

  /**
   * Goes on with the script for `work` units. Throws the {@link LuaError} that nothing in the script caught.
   * @returns whether it has finished
   */
  run(work: number): boolean {
    this.budget = work;
    while (!this.finished) {
      if (this.killing !== null) this.unwind(this.killing);
      const { frames } = this.current;
      const top = frames[frames.length - 1];
      try {
        if (top.isLua) execute(this, this.current);
        else this.drive(top);
        if (this.heap.needsCensus) this.checkMemory();
      } catch (error) {
        this.unwind(this.asLuaError(error));
      }
      if (this.budget <= 0 && !this.finished) return false;
    }
    return true;
  }

  /** Makes the script end with an error that it cannot catch, when it is run again. */
  kill(error: LuaValue): void {
    this.killing = new LuaError(error, this.position(), true);
  }

  /** Spends a unit of work; true when the slice is over. */
  spend(): boolean {
    return --this.budget <= 0;
  }

  /** Counts memory that a string or an object takes. A look at what is alive comes soon after too much. */
  account(bytes: number): void {
    const { heap } = this;
    heap.madeBytes += bytes;
    if (heap.needsCensus) {
      if (bytes > heap.limitBytes) throw new Complaint(OUT_OF_MEMORY);
      this.budget = 0;
    }
  }

  /** Whether something else than this frame is to be run next. */
  hasMoved(frame: LuaFrame): boolean {
    const { frames } = this.current;
    return frames[frames.length - 1] !== frame || this.finished;
  }

  metatableOf(value: LuaValue): LuaTable | null {
    if (value instanceof LuaTable) return value.metatable;
    return typeof value === 'string' ? this.stringMetatable : null;
  }

  /** Calls a function: at once, or by putting it on top of the frames. */
  invoke(target: LuaValue, args: readonly LuaValue[], results: ResultTarget): void {
    if (target instanceof NativeFunction) {
      this.deliver(results, target.run(args as LuaValue[], this));
      return;
    }
    const thread = this.current;
    const stackFrom = this.stackEnd();
    if (target instanceof Closure) {
      while (thread.stack.length < stackFrom + args.length) thread.stack.push(undefined);
      for (let i = 0; i < args.length; i++) thread.stack[stackFrom + i] = args[i];
      enter(thread, target, stackFrom, args.length, results);
    } else if (target instanceof CallbackFunction) {
      const callback = target.start(args as LuaValue[], this);
      if (thread.frames.length > 20_000) throw new StackOverflow();
      thread.frames.push(new CallbackFrame(callback, results, stackFrom));
      this.delivery = [];
    } else {
      const handler = metamethod(this, target, '__call');
      if (typeName(handler) !== 'function') this.failOn('call', target, 0);
      this.invoke(handler, [target, ...args], results);
    }
  }

  /** Gives a function's results to who called it. Its frame is gone. */
  deliver(target: ResultTarget, values: LuaValue[]): void {
    const { frames, stack } = this.current;
    if (target.kind === 'callback') {
      if (frames.length === 0) this.endCoroutine(values);
      else this.delivery = values;
      return;
    }
    const frame = frames[frames.length - 1] as LuaFrame;
    if (target.kind === 'test') {
      if (isTruthy(values[0]) === (target.count === 1)) frame.pc = target.at;
    } else if (target.count >= 0) {
      for (let i = 0; i < target.count; i++) stack[target.at + i] = values[i];
    } else {
      for (let i = 0; i < values.length; i++) stack[target.at + i] = values[i];
      frame.top = target.at + values.length;
    }
  }

  /** Checks the three values of a numeric loop. */
  prepareLoop(stack: LuaValue[], at: number): void {
    const names = ['initial value', 'limit', 'step'];
    names.forEach((name, i) => {
      const number = toNumber(stack[at + i]);
      if (number === undefined) this.complain(`'for' ${name} must be a number`);
      stack[at + i] = number;
    });
  }

  /** Fails with the position of the running Lua function in front. */
  complain(text: string): never {
    throw new Complaint(text);
  }

  /** Fails with just this text: what Lua's core says to functions in C. */
  complainPlainly(text: string): never {
    throw new LuaError(text, this.position());
  }

  /** Fails because an operand has the wrong type. @param operand which operand of the instruction it is, -1: none */
  failOn(operation: string, value: LuaValue, operand: number): never {
    const name = operand === -1 ? null : this.operandName(operand);
    const type = typeName(value);
    throw new Complaint(
      name === null
        ? `attempt to ${operation} a ${type} value`
        : `attempt to ${operation} ${name.kind} '${name.name}' (a ${type} value)`,
    );
  }

  /** Where the innermost Lua function is. */
  position(): SourcePosition | null {
    return this.positionAtLevel(1);
  }

  /** Where the Lua function at a level is: 1 is the running one, 2 the one that called it. */
  positionAtLevel(level: number): SourcePosition | null {
    const { frames } = this.current;
    let remaining = level;
    for (let i = frames.length - 1; i >= 0; i--) {
      const frame = frames[i];
      if (frame.isLua && --remaining === 0) return positionOf(frame);
    }
    return null;
  }

  /** What `error` puts in front of a text: the position of the function at that level, if it is a Lua function. */
  where(level: number): string {
    const { frames } = this.current;
    const frame = frames[frames.length - level];
    return frame?.isLua === true ? prefix(positionOf(frame)) : '';
  }

  private checkMemory(): void {
    const { heap } = this;
    const coroutines = [this.current];
    for (let thread = this.current.resumer; thread !== null; thread = thread.resumer) coroutines.push(thread);
    heap.liveBytes = takeCensus([this.globals, ...this.roots, ...coroutines], heap.limitBytes);
    heap.madeBytes = 0;
    if (heap.liveBytes > heap.limitBytes) throw new LuaError(OUT_OF_MEMORY, this.position());
  }

  /** Lets the TypeScript function on top go on. */
  private drive(frame: CallbackFrame): void {
    const { delivery } = this;
    this.delivery = [];
    const { frames } = this.current;
    const height = frames.length;
    let step: IteratorResult<MachineRequest, LuaValue[]>;
    try {
      step = delivery instanceof LuaError ? frame.callback.throw(delivery) : frame.callback.next(delivery);
    } catch (error) {
      frames.length = height - 1;
      throw error;
    }
    if (step.done === true) {
      frames.length = height - 1;
      this.deliver(frame.results, step.value);
      this.spend();
      return;
    }
    const request = step.value;
    this.spend();
    switch (request.kind) {
      case 'call':
        this.invoke(request.target, request.args, TO_CALLBACK);
        return;
      case 'resume':
        this.resume(request.coroutine, request.args);
        return;
      case 'yield':
        this.yield(request.values);
        return;
    }
  }

  private resume(coroutine: Coroutine, args: readonly LuaValue[]): void {
    coroutine.resumer = this.current;
    this.current.status = 'normal';
    coroutine.status = 'running';
    this.current = coroutine;
    const { body } = coroutine;
    coroutine.body = null;
    if (body === null) this.delivery = [...args];
    else this.invoke(body, args, TO_CALLBACK);
  }

  private yield(values: readonly LuaValue[]): void {
    const { resumer } = this.current;
    if (resumer === null) throw new LuaError('attempt to yield outside a coroutine', this.position());
    this.leaveCoroutine('suspended', resumer);
    this.delivery = [...values];
  }

  private endCoroutine(values: LuaValue[]): void {
    const { resumer } = this.current;
    if (resumer === null) {
      this.results = values;
      this.finished = true;
      return;
    }
    this.leaveCoroutine('dead', resumer);
    this.delivery = values;
  }

  private leaveCoroutine(status: 'dead' | 'suspended', resumer: Coroutine): void {
    this.current.status = status;
    this.current.resumer = null;
    this.current = resumer;
    resumer.status = 'running';
  }

  /** Drops frames down to the next function of TypeScript, which gets the error; throws it when there is none. */
  private unwind(error: LuaError): void {
    for (;;) {
      const { frames, resumer } = this.current;
      while (frames.length > 0 && (error.isFinal || frames[frames.length - 1].isLua)) frames.pop();
      if (frames.length > 0) {
        this.delivery = error;
        return;
      }
      if (resumer === null) {
        this.finished = true;
        throw error;
      }
      this.leaveCoroutine('dead', resumer);
    }
  }

  private asLuaError(error: unknown): LuaError {
    if (error instanceof LuaError) return error;
    const position = this.position();
    if (error instanceof StackOverflow) return new LuaError(`${this.where(1)}stack overflow`, position);
    if (error instanceof BadArgument) return new LuaError(this.where(1) + this.argumentText(error), position);
    if (error instanceof Complaint) return new LuaError(this.where(1) + error.message, position);
    // V8's own: a string that is too long.
    if (error instanceof RangeError) return new LuaError(OUT_OF_MEMORY, position);
    throw error;
  }

  private argumentText({ position, reason }: BadArgument): string {
    const { frames } = this.current;
    const isCalledByLua = frames[frames.length - 1]?.isLua === true;
    const called = isCalledByLua ? this.operandName(0) : null;
    if (called?.kind !== 'method') return `bad argument #${position} to '${called?.name ?? '?'}' (${reason})`;
    if (position === 1) return `calling '${called.name}' on bad self (${reason})`;
    return `bad argument #${position - 1} to '${called.name}' (${reason})`;
  }

  /** The name of an operand of the instruction that runs. */
  private operandName(operand: number): OperandName | null {
    const { frames } = this.current;
    const frame = frames[frames.length - 1];
    if (frame === undefined || !frame.isLua) return null;
    const names = frame.closure.prototype.operandNames.get(frame.pc / INSTRUCTION_SIZE - 1);
    return names?.[operand] ?? null;
  }

  /** The first position of the stack above everything that runs. */
  private stackEnd(): number {
    const { frames } = this.current;
    const top = frames[frames.length - 1];
    if (top === undefined) return 0;
    if (!top.isLua) return top.stackFrom;
    return Math.max(top.base + top.closure.prototype.registerCount, top.top);
  }
}

function positionOf(frame: LuaFrame): SourcePosition {
  const { prototype } = frame.closure;
  const line = prototype.lines[Math.max(0, frame.pc / INSTRUCTION_SIZE - 1)];
  return { source: shownChunk(prototype.chunkName), line };
}

function prefix({ source, line }: SourcePosition): string {
  return `${source}:${line}: `;
}
