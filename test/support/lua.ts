/** Runs Lua source in a machine with nothing of Redis, for tests of the language itself. */
import { compile } from '../../src/scripting/lua/compiler.js';
import { LuaError } from '../../src/scripting/lua/error.js';
import { Closure } from '../../src/scripting/lua/function.js';
import { Heap } from '../../src/scripting/lua/heap.js';
import { openBase, plainText } from '../../src/scripting/lua/library/base.js';
import { openCoroutines } from '../../src/scripting/lua/library/coroutines.js';
import { openMath, ScriptRandom } from '../../src/scripting/lua/library/math.js';
import { openStrings } from '../../src/scripting/lua/library/strings.js';
import { openTables } from '../../src/scripting/lua/library/tables.js';
import { Machine } from '../../src/scripting/lua/machine.js';
import { LuaTable } from '../../src/scripting/lua/table.js';
import type { LuaValue } from '../../src/scripting/lua/value.js';

export class LuaBench {
  readonly machine: Machine;
  /** How many slices the last script took. */
  slices = 0;

  /** @param workPerSlice the machine stops after so much, wherever it is */
  constructor(
    private readonly workPerSlice = 1000,
    memoryLimitBytes = 64 * 1024 * 1024,
  ) {
    this.machine = new Machine(new Heap(memoryLimitBytes));
    openBase(this.machine);
    openStrings(this.machine);
    openTables(this.machine);
    openMath(this.machine, new ScriptRandom(1));
    openCoroutines(this.machine);
  }

  /** The results of a chunk as text, or the text of its error. */
  run(source: string): string {
    try {
      this.machine.start(new Closure(compile(source, '@script'), []), []);
      for (this.slices = 1; !this.machine.run(this.workPerSlice); this.slices++);
      return this.machine.results.map((value) => this.show(value)).join(' ');
    } catch (error) {
      if (error instanceof LuaError) return `error: ${this.show(error.value)}`;
      return `error: ${(error as Error).message}`;
    }
  }

  private show(value: LuaValue): string {
    if (!(value instanceof LuaTable)) return plainText(this.machine, value);
    const items: string[] = [];
    value.forEach((key, element) => items.push(`${this.show(key)}=${this.show(element)}`));
    return `{${items.join(' ')}}`;
  }
}
