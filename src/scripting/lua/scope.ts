/** Names and what they mean while a function is parsed. */
import type { Lexer } from './lexer.js';
import type { Expression, LocalVariable, UpvalueReference } from './syntax.js';

/** Lua's own limits: sources beyond them do not compile there either. */
const MAX_LOCALS = 200;
const MAX_UPVALUES = 60;

export class FunctionScope {
  readonly upvalues: UpvalueReference[] = [];
  isVararg = false;
  usesVarargs = false;
  private readonly active: LocalVariable[] = [];
  private readonly blockStarts: number[] = [];

  constructor(
    readonly parent: FunctionScope | null,
    /** 0: the whole chunk. */
    private readonly line: number,
    private readonly lexer: Lexer,
  ) {}

  openBlock(): void {
    this.blockStarts.push(this.active.length);
  }

  closeBlock(): void {
    this.active.length = this.blockStarts.pop() ?? 0;
  }

  /** Makes a variable that {@link activate} brings into scope: `local x = x` sees the outer one. */
  variable(name: string): LocalVariable {
    return { name, isCaptured: false, register: -1 };
  }

  activate(variables: readonly LocalVariable[]): void {
    this.active.push(...variables);
    if (this.active.length > MAX_LOCALS) this.failAtLimit(MAX_LOCALS, 'local variables');
  }

  resolve(name: string, line: number): Expression & { kind: 'local' | 'upvalue' | 'global' } {
    const variable = this.findLocal(name);
    if (variable !== null) return { kind: 'local', variable };
    const index = this.findUpvalue(name);
    return index === -1 ? { kind: 'global', name, line } : { kind: 'upvalue', index, name };
  }

  private findLocal(name: string): LocalVariable | null {
    for (let i = this.active.length - 1; i >= 0; i--) {
      if (this.active[i].name === name) return this.active[i];
    }
    return null;
  }

  private findUpvalue(name: string): number {
    const { parent } = this;
    if (parent === null) return -1;
    const variable = parent.findLocal(name);
    if (variable !== null) {
      variable.isCaptured = true;
      const known = this.upvalues.findIndex(
        ({ source }) => 'variable' in source && source.variable === variable,
      );
      return known === -1 ? this.addUpvalue({ name, source: { variable } }) : known;
    }
    const outer = parent.findUpvalue(name);
    if (outer === -1) return -1;
    const known = this.upvalues.findIndex(({ source }) => 'upvalue' in source && source.upvalue === outer);
    return known === -1 ? this.addUpvalue({ name, source: { upvalue: outer } }) : known;
  }

  private addUpvalue(reference: UpvalueReference): number {
    this.upvalues.push(reference);
    if (this.upvalues.length > MAX_UPVALUES) this.failAtLimit(MAX_UPVALUES, 'upvalues');
    return this.upvalues.length - 1;
  }

  private failAtLimit(limit: number, what: string): never {
    const where = this.line === 0 ? 'main function' : `function at line ${this.line}`;
    this.lexer.fail(`${where} has more than ${limit} ${what}`);
  }
}
