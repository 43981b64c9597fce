/** Compiles expressions: into a register, as an operand, as a condition to jump on, or as an open list of values. */
import type { CodeBuffer } from './code-buffer.js';
import type { OperandName, Prototype } from './function.js';
import { Op } from './interpreter.js';
import type { BinaryOperator, CallExpression, Expression, FunctionBody, TableItem } from './syntax.js';

/** Elements of a table constructor that are collected before they are stored. */
const LIST_BATCH = 50;

const BINARY_OPERATION: Readonly<Record<BinaryOperator, Op>> = {
  '+': Op.Add,
  '-': Op.Subtract,
  '*': Op.Multiply,
  '/': Op.Divide,
  '%': Op.Modulo,
  '^': Op.Power,
  '..': Op.Concat,
};

export class ExpressionCompiler {
  constructor(
    private readonly code: CodeBuffer,
    private readonly compileFunction: (body: FunctionBody) => Prototype,
  ) {}

  /** Evaluates into a register. Registers from `free` on may be used meanwhile. */
  into(expression: Expression, at: number): void {
    const { code } = this;
    switch (expression.kind) {
      case 'constant':
        code.emit(Op.Move, at, code.constant(expression.value), 0, 0);
        return;
      case 'local': {
        const { isCaptured, register } = expression.variable;
        if (isCaptured) code.emit(Op.GetCell, at, register, 0, 0);
        else if (register !== at) code.emit(Op.Move, at, register, 0, 0);
        return;
      }
      case 'upvalue':
        code.emit(Op.GetUpvalue, at, expression.index, 0, 0);
        return;
      case 'global':
        code.emit(Op.GetGlobal, at, code.constant(expression.name), 0, expression.line);
        return;
      case 'vararg':
        code.emit(Op.Vararg, at, 1, 0, expression.line);
        return;
      case 'index': {
        const { free } = code;
        const object = this.operand(expression.object);
        const key = this.operand(expression.key);
        code.emit(Op.GetTable, at, object, key, expression.line, [null, nameOf(expression.object)]);
        code.free = free;
        return;
      }
      case 'binary':
        this.binary(expression, at);
        return;
      case 'negate':
      case 'not':
      case 'length':
        this.unary(expression, at);
        return;
      case 'call':
        this.callInto(expression, at);
        return;
      case 'single':
        this.into(expression.operand, at);
        return;
      case 'function':
        code.emit(
          Op.Closure,
          at,
          code.prototypes.push(this.compileFunction(expression.body)) - 1,
          0,
          expression.line,
        );
        return;
      case 'table':
        this.table(expression.items, at, expression.line);
        return;
      case 'and':
      case 'or':
        this.choice(expression, at);
        return;
      case 'comparison': {
        const whenTrue = this.jumpIf(expression, true);
        code.emit(Op.Move, at, code.constant(false), 0, expression.line);
        const end = code.emit(Op.Jump, 0, 0, 0, expression.line);
        code.patch(whenTrue);
        code.emit(Op.Move, at, code.constant(true), 0, expression.line);
        code.patch([end]);
      }
    }
  }

  /** Evaluates to an operand: a constant, a variable's own register, or a new register. */
  operand(expression: Expression): number {
    if (expression.kind === 'constant') return this.code.constant(expression.value);
    return this.register(expression, false);
  }

  /** Evaluates to a register: a variable's own (unless it is to be copied), or a new one. */
  register(expression: Expression, copies: boolean): number {
    if (!copies && expression.kind === 'local' && !expression.variable.isCaptured) {
      return expression.variable.register;
    }
    const at = this.code.reserve();
    this.into(expression, at);
    return at;
  }

  /** Evaluates a list to exactly `count` new registers in a row; returns the first. */
  list(values: readonly Expression[], count: number, line: number): number {
    const { code } = this;
    const first = code.free;
    values.forEach((value, i) => {
      const missing = count - i;
      if (i === values.length - 1 && missing > 1 && isOpenEnded(value)) {
        this.open(value, missing);
        code.free = first;
        code.reserve(count);
      } else {
        this.into(value, code.reserve());
      }
    });
    const present = code.free - first;
    if (present < count) {
      code.emit(Op.LoadNil, code.reserve(count - present), count - present, 0, line);
    }
    code.free = first + count;
    return first;
  }

  /** Evaluates a list to new registers in a row; true: the last one gives as many values as it has. */
  openList(values: readonly Expression[]): boolean {
    let isOpen = false;
    values.forEach((value, i) => {
      isOpen = i === values.length - 1 && isOpenEnded(value);
      if (isOpen) this.open(value, -1);
      else this.into(value, this.code.reserve());
    });
    return isOpen;
  }

  /** Calls; the results are in registers from `at` on, which must be the last one reserved. */
  call(expression: CallExpression, resultCount: number, at: number): void {
    const { code } = this;
    const argumentCount = this.prepareCall(expression, at);
    code.emit(Op.Call, at, argumentCount, resultCount, expression.line, [calledName(expression)]);
    code.free = at + 1;
  }

  tailCall(expression: CallExpression): void {
    const { code } = this;
    const at = code.reserve();
    const argumentCount = this.prepareCall(expression, at);
    code.emit(Op.TailCall, at, argumentCount, 0, expression.line, [calledName(expression)]);
    // What is no Lua function has left its results.
    code.emit(Op.Return, at, -1, 0, expression.line);
  }

  /** Jumps when the truth of the expression is `wanted`; returns the jumps to patch. */
  jumpIf(expression: Expression, wanted: boolean): number[] {
    const { code } = this;
    switch (expression.kind) {
      case 'constant': {
        const isTrue = expression.value !== undefined && expression.value !== false;
        return isTrue === wanted ? [code.emit(Op.Jump, 0, 0, 0, 0)] : [];
      }
      case 'not':
        return this.jumpIf(expression.operand, !wanted);
      case 'and':
      case 'or': {
        // One operand alone decides `and` when it is false, `or` when it is true.
        const deciding = expression.kind === 'or';
        if (wanted === deciding) {
          return [...this.jumpIf(expression.left, wanted), ...this.jumpIf(expression.right, wanted)];
        }
        const skips = this.jumpIf(expression.left, deciding);
        const jumps = this.jumpIf(expression.right, wanted);
        code.patch(skips);
        return jumps;
      }
      case 'comparison':
        return [this.comparison(expression, wanted)];
      default: {
        const { free } = code;
        const value = this.operand(expression);
        code.free = free;
        return [code.emit(wanted ? Op.JumpIfTrue : Op.JumpIfFalse, value, 0, 0, 0)];
      }
    }
  }

  private comparison(expression: Extract<Expression, { kind: 'comparison' }>, wanted: boolean): number {
    const { code } = this;
    const { operator, line } = expression;
    const { free } = code;
    const left = this.operand(expression.left);
    const right = this.operand(expression.right);
    code.free = free;
    switch (operator) {
      case '==':
      case '~=': {
        const op = (operator === '==') === wanted ? Op.JumpIfEqual : Op.JumpIfNotEqual;
        return code.emit(op, left, right, 0, line);
      }
      case '<':
        return code.emit(wanted ? Op.JumpIfLess : Op.JumpIfNotLess, left, right, 0, line);
      case '>':
        return code.emit(wanted ? Op.JumpIfLess : Op.JumpIfNotLess, right, left, 0, line);
      case '<=':
        return code.emit(wanted ? Op.JumpIfLessEqual : Op.JumpIfNotLessEqual, left, right, 0, line);
      case '>=':
        return code.emit(wanted ? Op.JumpIfLessEqual : Op.JumpIfNotLessEqual, right, left, 0, line);
    }
  }

  private binary(expression: Extract<Expression, { kind: 'binary' }>, at: number): void {
    const { code } = this;
    const { free } = code;
    const left = this.operand(expression.left);
    const right = this.operand(expression.right);
    const names = [null, nameOf(expression.left), nameOf(expression.right)];
    code.emit(BINARY_OPERATION[expression.operator], at, left, right, expression.line, names);
    code.free = free;
  }

  private unary(expression: Extract<Expression, { kind: 'not' | 'negate' | 'length' }>, at: number): void {
    const { code } = this;
    const { free } = code;
    const op = expression.kind === 'not' ? Op.Not : expression.kind === 'negate' ? Op.Negate : Op.Length;
    const operand = this.operand(expression.operand);
    code.emit(op, at, operand, 0, expression.line, [null, nameOf(expression.operand)]);
    code.free = free;
  }

  /** `and` and `or` as values: the left operand unless it does not decide. */
  private choice(expression: Extract<Expression, { kind: 'and' | 'or' }>, at: number): void {
    const { code } = this;
    this.into(expression.left, at);
    const op = expression.kind === 'or' ? Op.JumpIfTrue : Op.JumpIfFalse;
    const end = code.emit(op, at, 0, 0, expression.line);
    this.into(expression.right, at);
    code.patch([end]);
  }

  private callInto(expression: CallExpression, at: number): void {
    const { code } = this;
    if (at === code.free - 1) {
      this.call(expression, 1, at);
      return;
    }
    const { free } = code;
    const base = code.reserve();
    this.call(expression, 1, base);
    code.emit(Op.Move, at, base, 0, expression.line);
    code.free = free;
  }

  /** Puts the function and its arguments in a row from `at` on; returns how many arguments, -1: open. */
  private prepareCall({ target, method, args, line }: CallExpression, at: number): number {
    const { code } = this;
    if (method === null) {
      this.into(target, at);
    } else {
      const object = this.register(target, false);
      code.emit(Op.Self, at, object, code.constant(method), line, [null, nameOf(target)]);
      code.free = at + 1;
      code.reserve();
    }
    const isOpen = this.openList(args);
    if (isOpen) return -1;
    return args.length + (method === null ? 0 : 1);
  }

  private open(expression: Expression, count: number): void {
    const { code } = this;
    const at = code.reserve();
    if (expression.kind === 'call') this.call(expression, count, at);
    else code.emit(Op.Vararg, at, count, 0, 0);
    if (count > 0) {
      code.free = at;
      code.reserve(count);
    }
  }

  private table(items: readonly TableItem[], at: number, line: number): void {
    const { code } = this;
    const { free } = code;
    // Elements wait in the registers behind the table's own.
    const table = at === free - 1 ? at : code.reserve();
    code.emit(Op.NewTable, table, 0, 0, line);
    let waiting = 0;
    let next = 1;
    const store = (count: number): void => {
      code.emit(Op.SetList, table, count, next, line);
      next += waiting;
      waiting = 0;
      code.free = table + 1;
    };
    items.forEach((item, i) => {
      if (item.kind === 'entry') {
        const mark = code.free;
        const key = this.operand(item.key);
        const value = this.operand(item.value);
        code.emit(Op.SetTable, table, key, value, line);
        code.free = mark;
      } else if (i === items.length - 1 && isOpenEnded(item.value)) {
        this.open(item.value, -1);
        store(-1);
      } else {
        this.into(item.value, code.reserve());
        if (++waiting === LIST_BATCH) store(waiting);
      }
    });
    if (waiting > 0) store(waiting);
    if (table !== at) code.emit(Op.Move, at, table, 0, line);
    code.free = free;
  }
}

function isOpenEnded(expression: Expression): boolean {
  return expression.kind === 'call' || expression.kind === 'vararg';
}

/** What the source calls a value, for error texts. */
export function nameOf(expression: Expression): OperandName | null {
  switch (expression.kind) {
    case 'local':
      return { kind: 'local', name: expression.variable.name };
    case 'upvalue':
      return { kind: 'upvalue', name: expression.name };
    case 'global':
      return { kind: 'global', name: expression.name };
    case 'index': {
      const { key } = expression;
      const isNamed = key.kind === 'constant' && typeof key.value === 'string';
      return { kind: 'field', name: isNamed ? String(key.value) : '?' };
    }
    case 'single':
      return nameOf(expression.operand);
    default:
      return null;
  }
}

function calledName({ target, method }: CallExpression): OperandName | null {
  return method === null ? nameOf(target) : { kind: 'method', name: method };
}
