/** Compiles the syntax tree to instructions: statements here, expressions in expression-compiler.ts. */
import { CodeBuffer } from './code-buffer.js';
import { ExpressionCompiler, nameOf } from './expression-compiler.js';
import type { Prototype } from './function.js';
import { Op } from './interpreter.js';
import { parse } from './parser.js';
import type { Assignable, Block, Expression, FunctionBody, LocalVariable, Statement } from './syntax.js';

/** Compiles a chunk of source. Throws {@link LuaSyntaxError}. */
export function compile(source: string, chunkName: string): Prototype {
  return compileFunction(parse(source, chunkName), chunkName);
}

function compileFunction(body: FunctionBody, chunkName: string): Prototype {
  return new StatementCompiler(body, chunkName).compile();
}

/** The target of an assignment, evaluated. */
type Place =
  | { readonly kind: 'local'; readonly variable: LocalVariable }
  | { readonly kind: 'upvalue'; readonly index: number }
  | { readonly kind: 'global'; readonly name: string }
  | { readonly kind: 'element'; readonly object: number; readonly key: number; readonly target: Assignable };

class StatementCompiler {
  private readonly code = new CodeBuffer();
  private readonly expressions: ExpressionCompiler;
  /** Jumps out of the loops around the current statement, innermost last. */
  private readonly breaks: number[][] = [];

  constructor(
    private readonly body: FunctionBody,
    private readonly chunkName: string,
  ) {
    this.expressions = new ExpressionCompiler(this.code, (inner) => compileFunction(inner, chunkName));
  }

  compile(): Prototype {
    const { code, body } = this;
    for (const parameter of body.parameters) {
      parameter.register = code.reserve();
    }
    for (const parameter of body.parameters) this.makeCell(parameter, body.line);
    if (body.argVariable !== null) this.makeArgTable(body.argVariable);
    this.block(body.body);
    code.emit(Op.Return, 0, 0, 0, body.endLine);
    return code.finish({
      chunkName: this.chunkName,
      parameterCount: body.parameters.length,
      isVararg: body.isVararg,
      upvalues: body.upvalues.map(({ source }) =>
        'variable' in source
          ? { fromRegister: true, index: source.variable.register }
          : { fromRegister: false, index: source.upvalue },
      ),
    });
  }

  private block(statements: Block): void {
    const { code } = this;
    const { free } = code;
    for (const statement of statements) {
      this.statement(statement);
    }
    code.free = free;
  }

  private statement(statement: Statement): void {
    const { code, expressions } = this;
    switch (statement.kind) {
      case 'local':
        this.localStatement(statement.variables, statement.values, statement.line);
        return;
      case 'local-function':
        this.localFunction(statement.variable, statement.body, statement.line);
        return;
      case 'assign':
        this.assignment(statement.targets, statement.values, statement.line);
        return;
      case 'call': {
        const { free } = code;
        expressions.call(statement.call, 0, code.reserve());
        code.free = free;
        return;
      }
      case 'do':
        this.block(statement.body);
        return;
      case 'while': {
        const start = code.here;
        const exits = expressions.jumpIf(statement.condition, false);
        this.loop(statement.body);
        code.emit(Op.Jump, 0, 0, start, statement.line);
        code.patch(exits);
        this.endLoop();
        return;
      }
      case 'repeat':
        this.repeat(statement.body, statement.condition);
        return;
      case 'if':
        this.ifStatement(statement);
        return;
      case 'numeric-for':
        this.numericFor(statement);
        return;
      case 'generic-for':
        this.genericFor(statement);
        return;
      case 'return':
        this.returnStatement(statement.values, statement.line);
        return;
      case 'break':
        this.breaks[this.breaks.length - 1].push(code.emit(Op.Jump, 0, 0, 0, statement.line));
        return;
    }
  }

  private localStatement(
    variables: readonly LocalVariable[],
    values: readonly Expression[],
    line: number,
  ): void {
    const first = this.expressions.list(values, variables.length, line);
    variables.forEach((variable, i) => {
      variable.register = first + i;
      this.makeCell(variable, line);
    });
    this.code.free = first + variables.length;
  }

  private localFunction(variable: LocalVariable, body: FunctionBody, line: number): void {
    const { code, expressions } = this;
    variable.register = code.reserve();
    if (!variable.isCaptured) {
      expressions.into({ kind: 'function', body, line }, variable.register);
      return;
    }
    // The function may call itself: its variable is there before it is.
    code.emit(Op.LoadNil, variable.register, 1, 0, line);
    this.makeCell(variable, line);
    const temporary = code.reserve();
    expressions.into({ kind: 'function', body, line }, temporary);
    code.emit(Op.SetCell, variable.register, temporary, 0, line);
    code.free = temporary;
  }

  private assignment(targets: readonly Assignable[], values: readonly Expression[], line: number): void {
    const { code, expressions } = this;
    const { free } = code;
    if (targets.length === 1 && values.length === 1) {
      const [target] = targets;
      const [value] = values;
      if (target.kind === 'local' && !target.variable.isCaptured && isWrittenLast(value)) {
        expressions.into(value, target.variable.register);
      } else {
        const place = this.place(target, false);
        this.store(place, expressions.operand(value), line);
      }
    } else {
      const places = targets.map((target) => this.place(target, true));
      const first = expressions.list(values, targets.length, line);
      for (let i = places.length - 1; i >= 0; i--) this.store(places[i], first + i, line);
    }
    code.free = free;
  }

  /** @param copies variables in the place are copied, since the same statement may assign to them */
  private place(target: Assignable, copies: boolean): Place {
    const { expressions } = this;
    if (target.kind !== 'index') return target;
    const object = expressions.register(target.object, copies);
    const key =
      copies && target.key.kind === 'local'
        ? expressions.register(target.key, true)
        : expressions.operand(target.key);
    return { kind: 'element', object, key, target };
  }

  private store(place: Place, value: number, line: number): void {
    const { code } = this;
    switch (place.kind) {
      case 'local':
        if (place.variable.isCaptured) code.emit(Op.SetCell, place.variable.register, value, 0, line);
        else code.emit(Op.Move, place.variable.register, value, 0, line);
        return;
      case 'upvalue':
        code.emit(Op.SetUpvalue, place.index, value, 0, line);
        return;
      case 'global':
        code.emit(Op.SetGlobal, code.constant(place.name), value, 0, line);
        return;
      case 'element': {
        const object = place.target.kind === 'index' ? nameOf(place.target.object) : null;
        code.emit(Op.SetTable, place.object, place.key, value, line, [object]);
      }
    }
  }

  /** A loop's body; what breaks out of it is patched by {@link endLoop}. */
  private loop(body: Block): void {
    this.breaks.push([]);
    this.block(body);
  }

  private endLoop(): void {
    this.code.patch(this.breaks.pop() ?? []);
  }

  private repeat(body: Block, condition: Expression): void {
    const { code, expressions } = this;
    const { free } = code;
    const start = code.here;
    this.breaks.push([]);
    for (const statement of body) this.statement(statement);
    code.patch(expressions.jumpIf(condition, false), start);
    code.free = free;
    this.endLoop();
  }

  private ifStatement({ branches, otherwise, line }: Extract<Statement, { kind: 'if' }>): void {
    const { code, expressions } = this;
    const exits: number[] = [];
    branches.forEach(({ condition, body }, i) => {
      const skips = expressions.jumpIf(condition, false);
      this.block(body);
      const isLast = i === branches.length - 1 && otherwise === null;
      if (!isLast) exits.push(code.emit(Op.Jump, 0, 0, 0, line));
      code.patch(skips);
    });
    if (otherwise !== null) this.block(otherwise);
    code.patch(exits);
  }

  private numericFor(statement: Extract<Statement, { kind: 'numeric-for' }>): void {
    const { code, expressions } = this;
    const { variable, start, limit, step, body, line } = statement;
    const { free } = code;
    const base = expressions.list([start, limit, step ?? { kind: 'constant', value: 1 }], 3, line);
    variable.register = code.reserve();
    const prepare = code.emit(Op.ForPrepare, base, 0, 0, line);
    const bodyStart = code.here;
    this.makeCell(variable, line);
    this.loop(body);
    code.patch([prepare]);
    code.emit(Op.ForLoop, base, 0, bodyStart, line);
    this.endLoop();
    code.free = free;
  }

  private genericFor(statement: Extract<Statement, { kind: 'generic-for' }>): void {
    const { code, expressions } = this;
    const { variables, values, body, line } = statement;
    const { free } = code;
    const base = expressions.list(values, 3, line);
    const first = code.reserve(Math.max(variables.length, 3));
    variables.forEach((variable, i) => (variable.register = first + i));
    code.free = first + variables.length;
    const entry = code.emit(Op.Jump, 0, 0, 0, line);
    const bodyStart = code.here;
    for (const variable of variables) this.makeCell(variable, line);
    this.loop(body);
    code.patch([entry]);
    code.emit(Op.ForCall, base, variables.length, 0, line);
    code.emit(Op.ForNext, base, 0, bodyStart, line);
    this.endLoop();
    code.free = free;
  }

  private returnStatement(values: readonly Expression[], line: number): void {
    const { code, expressions } = this;
    const { free } = code;
    const [value] = values;
    if (values.length === 1 && value.kind === 'call') {
      expressions.tailCall(value);
    } else if (values.length === 1 && value.kind !== 'vararg') {
      code.emit(Op.Return, expressions.register(value, false), 1, 0, line);
    } else {
      const isOpen = expressions.openList(values);
      code.emit(Op.Return, free, isOpen ? -1 : values.length, 0, line);
    }
    code.free = free;
  }

  private makeCell(variable: LocalVariable, line: number): void {
    if (variable.isCaptured) this.code.emit(Op.NewCell, variable.register, 0, 0, line);
  }

  /** Lua 5.0's `arg`, which 5.1 still offers. */
  private makeArgTable(variable: LocalVariable): void {
    const { code, body } = this;
    variable.register = code.reserve();
    if (!body.fillsArg) {
      code.emit(Op.LoadNil, variable.register, 1, 0, body.line);
      this.makeCell(variable, body.line);
      return;
    }
    const count = code.reserve();
    code.emit(Op.NewTable, variable.register, 0, 0, body.line);
    code.emit(Op.Vararg, count, -1, 0, body.line);
    code.emit(Op.SetList, variable.register, -1, 1, body.line);
    code.emit(Op.Length, count, variable.register, 0, body.line);
    code.emit(Op.SetTable, variable.register, code.constant('n'), count, body.line);
    code.free = count;
    this.makeCell(variable, body.line);
  }
}

/** Whether an expression reads everything before its result is written, so that it may go into a variable it uses. */
function isWrittenLast({ kind }: Expression): boolean {
  return (
    kind === 'constant' ||
    kind === 'local' ||
    kind === 'upvalue' ||
    kind === 'global' ||
    kind === 'index' ||
    kind === 'binary' ||
    kind === 'negate' ||
    kind === 'not' ||
    kind === 'length'
  );
}
