/** The instructions of one function while they are emitted: constants, jumps to patch, registers, names for errors. */
import type { OperandName, Prototype, UpvalueSource } from './function.js';
import type { Op } from './interpreter.js';
import { INSTRUCTION_SIZE } from './interpreter.js';
import type { LuaValue } from './value.js';

export class CodeBuffer {
  readonly prototypes: Prototype[] = [];
  /** The next free register. */
  free = 0;
  private readonly code: number[] = [];
  private readonly lines: number[] = [];
  private readonly constants: LuaValue[] = [];
  private readonly constantIndexes = new Map<unknown, number>();
  private readonly names = new Map<number, readonly (OperandName | null)[]>();
  private registerCount = 2;

  /** Position of the next instruction, as jumps name it. */
  get here(): number {
    return this.code.length;
  }

  /** Emits an instruction; returns its position. */
  emit(
    op: Op,
    a: number,
    b: number,
    c: number,
    line: number,
    names?: readonly (OperandName | null)[],
  ): number {
    const position = this.code.length;
    this.code.push(op, a, b, c);
    this.lines.push(line);
    if (names?.some((name) => name !== null) === true) this.names.set(position / INSTRUCTION_SIZE, names);
    return position;
  }

  /** Makes jumps go to the next instruction, or to a given one. */
  patch(jumps: readonly number[], target = this.here): void {
    for (const jump of jumps) this.code[jump + 3] = target;
  }

  /** The operand that means a constant. */
  constant(value: LuaValue): number {
    const key = Object.is(value, -0) ? '\0negative zero' : typeof value === 'string' ? `s${value}` : value;
    let index = this.constantIndexes.get(key);
    if (index === undefined) {
      index = this.constants.push(value) - 1;
      this.constantIndexes.set(key, index);
    }
    return ~index;
  }

  /** Takes registers at the top; returns the first. */
  reserve(count = 1): number {
    const first = this.free;
    this.free += count;
    this.registerCount = Math.max(this.registerCount, this.free + 1);
    return first;
  }

  finish(
    description: Pick<Prototype, 'chunkName' | 'parameterCount' | 'isVararg'> & {
      readonly upvalues: readonly UpvalueSource[];
    },
  ): Prototype {
    return {
      ...description,
      code: Int32Array.from(this.code),
      lines: Int32Array.from(this.lines),
      constants: this.constants,
      prototypes: this.prototypes,
      registerCount: this.registerCount,
      operandNames: this.names,
    };
  }
}
