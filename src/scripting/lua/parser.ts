/** Parses Lua 5.1: from tokens to the syntax tree. Refuses with the texts of Lua's own parser. */
import { Lexer, type Punctuation, type TokenKind } from './lexer.js';
import { FunctionScope } from './scope.js';
import type {
  Assignable,
  Block,
  Branch,
  CallExpression,
  Expression,
  FunctionBody,
  LocalVariable,
  Statement,
  TableItem,
} from './syntax.js';

/** Nesting beyond this does not compile in Lua either. */
const MAX_LEVELS = 200;

/** Left and right binding power of the binary operators. */
const PRIORITY: Readonly<Partial<Record<TokenKind, readonly [number, number]>>> = {
  or: [1, 1],
  and: [2, 2],
  '<': [3, 3],
  '>': [3, 3],
  '<=': [3, 3],
  '>=': [3, 3],
  '~=': [3, 3],
  '==': [3, 3],
  '..': [5, 4],
  '+': [6, 6],
  '-': [6, 6],
  '*': [7, 7],
  '/': [7, 7],
  '%': [7, 7],
  '^': [10, 9],
};
const UNARY_PRIORITY = 8;

/** Parses a chunk, which is a vararg function without parameters. Throws {@link LuaSyntaxError}. */
export function parse(source: string, chunkName: string): FunctionBody {
  return new Parser(new Lexer(source, chunkName)).chunk();
}

class Parser {
  private scope: FunctionScope;
  private level = 0;
  private loopDepth = 0;

  constructor(private readonly lexer: Lexer) {
    this.scope = new FunctionScope(null, 0, lexer);
  }

  chunk(): FunctionBody {
    const { lexer, scope } = this;
    lexer.next();
    scope.isVararg = true;
    const body = this.block();
    if (lexer.kind !== 'end-of-source') this.failExpected('<eof>');
    return {
      parameters: [],
      isVararg: true,
      argVariable: null,
      fillsArg: false,
      body,
      upvalues: [],
      line: 0,
      endLine: lexer.line,
    };
  }

  private block(): Block {
    const statements: Statement[] = [];
    this.scope.openBlock();
    this.enter();
    while (!this.blockEnds()) {
      const statement = this.statement();
      statements.push(statement);
      this.accept(';');
      if (statement.kind === 'return' || statement.kind === 'break') break;
    }
    this.leave();
    this.scope.closeBlock();
    return statements;
  }

  private blockEnds(): boolean {
    const { kind } = this.lexer;
    return (
      kind === 'end' || kind === 'else' || kind === 'elseif' || kind === 'until' || kind === 'end-of-source'
    );
  }

  private statement(): Statement {
    const { lexer } = this;
    const { line } = lexer;
    switch (lexer.kind) {
      case 'if':
        return this.ifStatement(line);
      case 'while': {
        lexer.next();
        const condition = this.expression();
        this.expect('do');
        const body = this.loopBody();
        this.expectMatch('end', 'while', line);
        return { kind: 'while', condition, body, line };
      }
      case 'do': {
        lexer.next();
        const body = this.block();
        this.expectMatch('end', 'do', line);
        return { kind: 'do', body };
      }
      case 'for':
        return this.forStatement(line);
      case 'repeat':
        return this.repeatStatement(line);
      case 'function':
        return this.functionStatement(line);
      case 'local':
        lexer.next();
        return this.accept('function') ? this.localFunction(line) : this.localStatement(line);
      case 'return': {
        lexer.next();
        const isEmpty = this.blockEnds() || this.isAt(';');
        return { kind: 'return', values: isEmpty ? [] : this.expressionList(), line };
      }
      case 'break':
        lexer.next();
        if (this.loopDepth === 0) this.lexer.fail('no loop to break');
        return { kind: 'break', line };
      default:
        return this.expressionStatement(line);
    }
  }

  private ifStatement(line: number): Statement {
    const { lexer } = this;
    const branches: Branch[] = [];
    do {
      lexer.next();
      const condition = this.expression();
      this.expect('then');
      branches.push({ condition, body: this.block() });
    } while (lexer.kind === 'elseif');
    const otherwise = this.accept('else') ? this.block() : null;
    this.expectMatch('end', 'if', line);
    return { kind: 'if', branches, otherwise, line };
  }

  private forStatement(line: number): Statement {
    const { lexer, scope } = this;
    lexer.next();
    const first = this.name();
    scope.openBlock();
    let statement: Statement;
    if (this.isAt('=')) statement = this.numericFor(first, line);
    else if (this.isAt(',') || this.isAt('in')) statement = this.genericFor(first, line);
    else this.lexer.fail("'=' or 'in' expected");
    this.expectMatch('end', 'for', line);
    scope.closeBlock();
    return statement;
  }

  private numericFor(name: string, line: number): Statement {
    const { lexer, scope } = this;
    lexer.next();
    const start = this.expression();
    this.expect(',');
    const limit = this.expression();
    const step = this.accept(',') ? this.expression() : null;
    this.expect('do');
    const variable = scope.variable(name);
    scope.activate([variable]);
    return { kind: 'numeric-for', variable, start, limit, step, body: this.loopBody(), line };
  }

  private genericFor(first: string, line: number): Statement {
    const { scope } = this;
    const names = [first];
    while (this.accept(',')) names.push(this.name());
    this.expect('in');
    const values = this.expressionList();
    this.expect('do');
    const variables = names.map((name) => scope.variable(name));
    scope.activate(variables);
    return { kind: 'generic-for', variables, values, body: this.loopBody(), line };
  }

  /** The condition sees the variables of the body. */
  private repeatStatement(line: number): Statement {
    const { lexer, scope } = this;
    lexer.next();
    scope.openBlock();
    this.loopDepth++;
    this.enter();
    const body: Statement[] = [];
    while (!this.blockEnds()) {
      const statement = this.statement();
      body.push(statement);
      this.accept(';');
      if (statement.kind === 'return' || statement.kind === 'break') break;
    }
    this.leave();
    this.loopDepth--;
    this.expectMatch('until', 'repeat', line);
    const condition = this.expression();
    scope.closeBlock();
    return { kind: 'repeat', body, condition, line };
  }

  private functionStatement(line: number): Statement {
    const { lexer } = this;
    lexer.next();
    let target: Assignable = this.scope.resolve(this.name(), line);
    let isMethod = false;
    while (!isMethod && (this.isAt('.') || this.isAt(':'))) {
      isMethod = this.isAt(':');
      lexer.next();
      const key: Expression = { kind: 'constant', value: this.name() };
      target = { kind: 'index', object: target, key, line };
    }
    const body = this.functionBody(isMethod, line);
    return { kind: 'assign', targets: [target], values: [{ kind: 'function', body, line }], line };
  }

  private localFunction(line: number): Statement {
    const variable = this.scope.variable(this.name());
    this.scope.activate([variable]);
    return { kind: 'local-function', variable, body: this.functionBody(false, line), line };
  }

  private localStatement(line: number): Statement {
    const variables: LocalVariable[] = [];
    do variables.push(this.scope.variable(this.name()));
    while (this.accept(','));
    const values = this.accept('=') ? this.expressionList() : [];
    this.scope.activate(variables);
    return { kind: 'local', variables, values, line };
  }

  private expressionStatement(line: number): Statement {
    const first = this.suffixedExpression();
    if (first.kind === 'call') return { kind: 'call', call: first };
    const targets: Assignable[] = [];
    let target: Expression = first;
    for (;;) {
      if (!isAssignable(target)) this.lexer.fail('syntax error');
      targets.push(target);
      if (!this.accept(',')) break;
      target = this.suffixedExpression();
    }
    this.expect('=');
    return { kind: 'assign', targets, values: this.expressionList(), line };
  }

  private loopBody(): Block {
    this.loopDepth++;
    const body = this.block();
    this.loopDepth--;
    return body;
  }

  private expressionList(): Expression[] {
    const list = [this.expression()];
    while (this.accept(',')) list.push(this.expression());
    return list;
  }

  private expression(limit = 0): Expression {
    const { lexer } = this;
    this.enter();
    let left = this.unaryExpression();
    for (;;) {
      const operator = lexer.kind;
      const priority = PRIORITY[operator];
      if (priority === undefined || priority[0] <= limit) break;
      lexer.next();
      const right = this.expression(priority[1]);
      left = combine(operator, left, right, lexer.previousLine);
    }
    this.leave();
    return left;
  }

  private unaryExpression(): Expression {
    const { lexer } = this;
    const kind =
      lexer.kind === 'not' ? 'not' : lexer.kind === '-' ? 'negate' : lexer.kind === '#' ? 'length' : null;
    if (kind === null) return this.simpleExpression();
    lexer.next();
    const operand = this.expression(UNARY_PRIORITY);
    if (kind === 'negate' && operand.kind === 'constant' && typeof operand.value === 'number') {
      return { kind: 'constant', value: -operand.value };
    }
    return { kind, operand, line: lexer.previousLine };
  }

  private simpleExpression(): Expression {
    const { lexer } = this;
    const { line } = lexer;
    switch (lexer.kind) {
      case 'number':
        return this.constant(lexer.number);
      case 'string':
        return this.constant(lexer.text);
      case 'nil':
        return this.constant(undefined);
      case 'true':
        return this.constant(true);
      case 'false':
        return this.constant(false);
      case '...':
        if (!this.scope.isVararg) this.lexer.fail("cannot use '...' outside a vararg function");
        this.scope.usesVarargs = true;
        lexer.next();
        return { kind: 'vararg', line };
      case '{':
        return this.tableConstructor();
      case 'function':
        lexer.next();
        return { kind: 'function', body: this.functionBody(false, line), line };
      default:
        return this.suffixedExpression();
    }
  }

  private constant(value: undefined | boolean | number | string): Expression {
    this.lexer.next();
    return { kind: 'constant', value };
  }

  private primaryExpression(): Expression {
    const { lexer } = this;
    const { line } = lexer;
    if (lexer.kind === 'name') return this.scope.resolve(this.name(), line);
    if (lexer.kind !== '(') this.lexer.fail('unexpected symbol');
    lexer.next();
    const operand = this.expression();
    this.expectMatch(')', '(', line);
    const isOpen = operand.kind === 'call' || operand.kind === 'vararg';
    return isOpen || isAssignable(operand) ? { kind: 'single', operand } : operand;
  }

  private suffixedExpression(): Expression {
    const { lexer } = this;
    let expression = this.primaryExpression();
    for (;;) {
      const { line } = lexer;
      switch (lexer.kind) {
        case '.': {
          lexer.next();
          const key: Expression = { kind: 'constant', value: this.name() };
          expression = { kind: 'index', object: expression, key, line: lexer.previousLine };
          break;
        }
        case '[': {
          lexer.next();
          const key = this.expression();
          this.expect(']');
          expression = { kind: 'index', object: expression, key, line: lexer.previousLine };
          break;
        }
        case ':': {
          lexer.next();
          const method = this.name();
          expression = this.callArguments(expression, method);
          break;
        }
        case '(':
          if (line !== lexer.previousLine)
            this.lexer.fail('ambiguous syntax (function call x new statement)');
          expression = this.callArguments(expression, null);
          break;
        case 'string':
        case '{':
          expression = this.callArguments(expression, null);
          break;
        default:
          return expression;
      }
    }
  }

  private callArguments(target: Expression, method: string | null): CallExpression {
    const { lexer } = this;
    const { line } = lexer;
    let args: Expression[];
    if (lexer.kind === 'string') args = [this.constant(lexer.text)];
    else if (lexer.kind === '{') args = [this.tableConstructor()];
    else if (lexer.kind === '(') {
      if (line !== lexer.previousLine) this.lexer.fail('ambiguous syntax (function call x new statement)');
      lexer.next();
      args = this.isAt(')') ? [] : this.expressionList();
      this.expectMatch(')', '(', line);
    } else this.lexer.fail('function arguments expected');
    return { kind: 'call', target, method, args, line };
  }

  private tableConstructor(): Expression {
    const { lexer } = this;
    const { line } = lexer;
    this.expect('{');
    const items: TableItem[] = [];
    while (lexer.kind !== '}') {
      items.push(this.tableItem());
      if (!this.accept(',') && !this.accept(';')) break;
    }
    this.expectMatch('}', '{', line);
    return { kind: 'table', items, line };
  }

  private tableItem(): TableItem {
    const { lexer } = this;
    if (lexer.kind === '[') {
      lexer.next();
      const key = this.expression();
      this.expect(']');
      this.expect('=');
      return { kind: 'entry', key, value: this.expression() };
    }
    if (lexer.kind === 'name' && lexer.peek() === '=') {
      const key: Expression = { kind: 'constant', value: this.name() };
      lexer.next();
      return { kind: 'entry', key, value: this.expression() };
    }
    return { kind: 'element', value: this.expression() };
  }

  private functionBody(isMethod: boolean, line: number): FunctionBody {
    const { lexer } = this;
    const outerLoopDepth = this.loopDepth;
    this.loopDepth = 0;
    const scope = new FunctionScope(this.scope, line, lexer);
    this.scope = scope;
    scope.openBlock();
    const parameters = isMethod ? [scope.variable('self')] : [];
    this.expect('(');
    while (!this.isAt(')')) {
      if (lexer.kind === '...') {
        lexer.next();
        scope.isVararg = true;
        break;
      }
      if (lexer.kind !== 'name') this.lexer.fail("<name> or '...' expected");
      parameters.push(scope.variable(this.name()));
      if (!this.accept(',')) break;
      if (this.isAt(')')) this.lexer.fail("<name> or '...' expected");
    }
    this.expect(')');
    const argVariable = scope.isVararg ? scope.variable('arg') : null;
    scope.activate(argVariable === null ? parameters : [...parameters, argVariable]);
    const body = this.block();
    const endLine = lexer.line;
    this.expectMatch('end', 'function', line);
    scope.closeBlock();
    this.scope = scope.parent ?? scope;
    this.loopDepth = outerLoopDepth;
    return {
      parameters,
      isVararg: scope.isVararg,
      argVariable,
      fillsArg: !scope.usesVarargs,
      body,
      upvalues: scope.upvalues,
      line,
      endLine,
    };
  }

  private name(): string {
    const { lexer } = this;
    if (lexer.kind !== 'name') this.failExpected('<name>');
    const { text } = lexer;
    lexer.next();
    return text;
  }

  private isAt(kind: TokenKind): boolean {
    return this.lexer.kind === kind;
  }

  private accept(kind: TokenKind): boolean {
    if (this.lexer.kind !== kind) return false;
    this.lexer.next();
    return true;
  }

  private expect(kind: TokenKind): void {
    if (!this.accept(kind)) this.failExpected(kind);
  }

  /** Expects what closes something that was opened on another line, perhaps. */
  private expectMatch(kind: TokenKind, opener: TokenKind, line: number): void {
    if (this.accept(kind)) return;
    if (line === this.lexer.line) this.failExpected(kind);
    this.lexer.fail(`'${kind}' expected (to close '${opener}' at line ${line})`);
  }

  private failExpected(what: TokenKind | '<name>' | '<eof>'): never {
    this.lexer.fail(`'${what}' expected`);
  }

  private enter(): void {
    if (++this.level > MAX_LEVELS) this.lexer.failPlainly('chunk has too many syntax levels');
  }

  private leave(): void {
    this.level--;
  }
}

function isAssignable(expression: Expression): expression is Assignable {
  const { kind } = expression;
  return kind === 'local' || kind === 'upvalue' || kind === 'global' || kind === 'index';
}

function combine(operator: TokenKind, left: Expression, right: Expression, line: number): Expression {
  switch (operator as Punctuation | 'and' | 'or') {
    case 'and':
      return { kind: 'and', left, right, line };
    case 'or':
      return { kind: 'or', left, right, line };
    case '==':
    case '~=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return { kind: 'comparison', operator: operator as '==', left, right, line };
    default:
      return { kind: 'binary', operator: operator as '+', left, right, line };
  }
}
