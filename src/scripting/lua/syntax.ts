/** The syntax tree of Lua source, with every name resolved to the variable it means. */

/** A local variable. */
export interface LocalVariable {
  readonly name: string;
  /** Some inner function uses it, so it lives in a cell. Known when its scope has been parsed. */
  isCaptured: boolean;
  /** Set by the compiler. */
  register: number;
}

export type BinaryOperator = '+' | '-' | '*' | '/' | '%' | '^' | '..';
export type Comparison = '==' | '~=' | '<' | '<=' | '>' | '>=';

export type Expression =
  | { readonly kind: 'constant'; readonly value: undefined | boolean | number | string }
  | { readonly kind: 'vararg'; readonly line: number }
  | { readonly kind: 'local'; readonly variable: LocalVariable }
  | { readonly kind: 'upvalue'; readonly index: number; readonly name: string }
  | { readonly kind: 'global'; readonly name: string; readonly line: number }
  | { readonly kind: 'index'; readonly object: Expression; readonly key: Expression; readonly line: number }
  | CallExpression
  | { readonly kind: 'function'; readonly body: FunctionBody; readonly line: number }
  | { readonly kind: 'table'; readonly items: readonly TableItem[]; readonly line: number }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
      readonly line: number;
    }
  | {
      readonly kind: 'comparison';
      readonly operator: Comparison;
      readonly left: Expression;
      readonly right: Expression;
      readonly line: number;
    }
  | {
      readonly kind: 'and' | 'or';
      readonly left: Expression;
      readonly right: Expression;
      readonly line: number;
    }
  | { readonly kind: 'not' | 'negate' | 'length'; readonly operand: Expression; readonly line: number }
  /** In parentheses: exactly one value. */
  | { readonly kind: 'single'; readonly operand: Expression };

export interface CallExpression {
  readonly kind: 'call';
  readonly target: Expression;
  /** `target:method(...)`. */
  readonly method: string | null;
  readonly args: readonly Expression[];
  readonly line: number;
}

export type TableItem =
  | { readonly kind: 'element'; readonly value: Expression }
  | { readonly kind: 'entry'; readonly key: Expression; readonly value: Expression };

export type Assignable = Extract<Expression, { kind: 'local' | 'upvalue' | 'global' | 'index' }>;

export type Statement =
  | {
      readonly kind: 'local';
      readonly variables: readonly LocalVariable[];
      readonly values: readonly Expression[];
      readonly line: number;
    }
  | {
      readonly kind: 'local-function';
      readonly variable: LocalVariable;
      readonly body: FunctionBody;
      readonly line: number;
    }
  | {
      readonly kind: 'assign';
      readonly targets: readonly Assignable[];
      readonly values: readonly Expression[];
      readonly line: number;
    }
  | { readonly kind: 'call'; readonly call: CallExpression }
  | { readonly kind: 'do'; readonly body: Block }
  | { readonly kind: 'while'; readonly condition: Expression; readonly body: Block; readonly line: number }
  | { readonly kind: 'repeat'; readonly body: Block; readonly condition: Expression; readonly line: number }
  | {
      readonly kind: 'if';
      readonly branches: readonly Branch[];
      readonly otherwise: Block | null;
      readonly line: number;
    }
  | {
      readonly kind: 'numeric-for';
      readonly variable: LocalVariable;
      readonly start: Expression;
      readonly limit: Expression;
      readonly step: Expression | null;
      readonly body: Block;
      readonly line: number;
    }
  | {
      readonly kind: 'generic-for';
      readonly variables: readonly LocalVariable[];
      readonly values: readonly Expression[];
      readonly body: Block;
      readonly line: number;
    }
  | { readonly kind: 'return'; readonly values: readonly Expression[]; readonly line: number }
  | { readonly kind: 'break'; readonly line: number };

export interface Branch {
  readonly condition: Expression;
  readonly body: Block;
}

export type Block = readonly Statement[];

export interface UpvalueReference {
  readonly name: string;
  /** The variable itself when the enclosing function owns it, otherwise an upvalue of that function. */
  readonly source: { readonly variable: LocalVariable } | { readonly upvalue: number };
}

export interface FunctionBody {
  readonly parameters: readonly LocalVariable[];
  readonly isVararg: boolean;
  /** Vararg functions have Lua 5.0's variable `arg`, too. */
  readonly argVariable: LocalVariable | null;
  /** It holds the table of extra arguments only where the function does not use `...`. */
  readonly fillsArg: boolean;
  readonly body: Block;
  readonly upvalues: readonly UpvalueReference[];
  readonly line: number;
  readonly endLine: number;
}
