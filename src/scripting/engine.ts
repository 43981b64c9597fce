/**
 * A Lua machine as Redis's scripts see it: the libraries, `redis.*`, and globals that nobody can change. A server
 * has one for EVAL and one for functions, made when the first script comes.
 */
import { openBit } from './libraries/bit.js';
import { openJson } from './libraries/cjson.js';
import { openMessagePack } from './libraries/cmsgpack.js';
import { openStruct } from './libraries/struct.js';
import { takeCensus } from './lua/census.js';
import { compile } from './lua/compiler.js';
import { Closure, NativeFunction } from './lua/function.js';
import { Heap } from './lua/heap.js';
import { openBase } from './lua/library/base.js';
import { checkString } from './lua/library/arguments.js';
import { openCoroutines } from './lua/library/coroutines.js';
import { openMath, ScriptRandom } from './lua/library/math.js';
import { openStrings } from './lua/library/strings.js';
import { openTables } from './lua/library/tables.js';
import { Machine } from './lua/machine.js';
import { LuaTable } from './lua/table.js';
import type { LuaValue } from './lua/value.js';

/** What tells the time to scripts and nothing else of the system: `os.clock`. */
export type CpuClock = () => number;

export class Engine {
  readonly machine: Machine;

  /**
   * @param memoryLimitBytes what one script may hold at most
   * @param randomSeed where `math.random` begins
   */
  constructor(memoryLimitBytes: number, cpuClock: CpuClock, randomSeed: number) {
    const machine = new Machine(new Heap(memoryLimitBytes));
    this.machine = machine;
    openBase(machine);
    openStrings(machine);
    openTables(machine);
    openMath(machine, new ScriptRandom(randomSeed));
    openCoroutines(machine);
    openJson(machine);
    openMessagePack(machine);
    openStruct(machine);
    openBit(machine);
    const system = new LuaTable(machine.heap);
    system.set('clock', new NativeFunction(() => [cpuClock()]));
    machine.globals.set('os', system);
    const metatable = new LuaTable(machine.heap);
    metatable.set('__index', new NativeFunction(refuseUnknownGlobal));
    machine.globals.metatable = metatable;
  }

  /** Makes everything that can be reached from the globals unchangeable. */
  seal(): void {
    const seen = new Set<LuaTable>();
    const visit = (value: LuaValue): void => {
      if (!(value instanceof LuaTable) || seen.has(value)) return;
      seen.add(value);
      value.isReadOnly = true;
      visit(value.metatable ?? undefined);
      value.forEach((_key, element) => visit(element));
    };
    visit(this.machine.globals);
    visit(this.machine.stringMetatable ?? undefined);
  }

  /** Compiles a chunk. Throws `LuaSyntaxError`. */
  compile(source: string, chunkName: string): Closure {
    return new Closure(compile(source, chunkName), []);
  }

  /** Sets a global although scripts cannot. */
  setGlobal(name: string, value: LuaValue): void {
    this.machine.globals.set(name, value);
  }

  list(items: readonly string[]): LuaTable {
    const table = new LuaTable(this.machine.heap);
    table.setList(1, items);
    return table;
  }

  /** What the machine holds between scripts. */
  get usedBytes(): number {
    const { globals, roots, heap } = this.machine;
    return takeCensus([globals, ...roots], heap.limitBytes);
  }
}

function refuseUnknownGlobal(args: LuaValue[], machine: Machine): LuaValue[] {
  const name = checkString(args, 1);
  return machine.complain(`Script attempted to access nonexistent global variable '${name}'`);
}
